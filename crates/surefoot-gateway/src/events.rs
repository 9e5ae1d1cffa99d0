//! Every log line and metric of the path, named once.

use std::time::Duration;

use metrics::{counter, histogram};
use surefoot_types::{Fault, Usage, ports::StoreError, trace::Trace};

/// A request ended, one way or another.
pub(crate) fn request_ended(trace: &Trace) {
    let model = trace.function.clone().or_else(|| trace.target().map(str::to_owned)).unwrap_or_else(|| "none".into());
    let outcome = trace.outcome.name();
    let code = trace.fault.as_ref().map_or("none", |fault| fault.code.name());
    counter!("surefoot_requests_total", "door" => trace.door.clone(), "model" => model.clone(), "outcome" => outcome, "fault" => code)
        .increment(1);
    histogram!("surefoot_request_seconds", "model" => model.clone()).record(seconds(trace.took_us));
    if let Some(first) = trace.first_us {
        histogram!("surefoot_first_token_seconds", "model" => model.clone()).record(seconds(first));
    }
    if let Some(cost) = trace.cost {
        let nanos = u64::try_from(cost.as_nanos()).unwrap_or(0);
        counter!("surefoot_cost_nanodollars_total", "model" => model).increment(nanos);
    }
    match &trace.fault {
        None => tracing::debug!(trace = %trace.id, took_us = trace.took_us, "answered"),
        Some(fault) => tracing::info!(trace = %trace.id, code = code, fault = %fault, "not answered"),
    }
}

/// A call to a target ended.
pub(crate) fn attempt_ended(target: &str, usage: Option<&Usage>, fault: Option<&Fault>) {
    let outcome = fault.map_or("answered", |fault| fault.code.name());
    counter!("surefoot_attempts_total", "target" => target.to_owned(), "outcome" => outcome).increment(1);
    if let Some(usage) = usage {
        let tokens = |kind, count| {
            counter!("surefoot_tokens_total", "target" => target.to_owned(), "kind" => kind).increment(count);
        };
        tokens("input", usage.input);
        tokens("cache_read", usage.cache_read);
        tokens("cache_write", usage.cache_write);
        tokens("output", usage.output);
    }
    if let Some(fault) = fault {
        tracing::info!(target_model = target, code = fault.code.name(), fault = %fault, "attempt failed");
    }
}

/// A trace could not be kept, and nobody is left to be told.
pub(crate) fn record_lost(error: &StoreError) {
    counter!("surefoot_records_lost_total").increment(1);
    tracing::error!(error = %error, "a refused request could not be recorded");
}

/// A target is tried again after a wait.
pub(crate) fn attempt_waits(wait: Duration) {
    tracing::debug!(wait_ms = wait.as_millis() as u64, "waiting before another try");
}

fn seconds(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64()
}
