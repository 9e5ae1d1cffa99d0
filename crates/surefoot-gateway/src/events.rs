//! Every log line and metric of the path, named once.

use std::time::Duration;

use metrics::{counter, gauge, histogram};
use surefoot_types::{Fault, Money, Usage, ids::ResponseId, ports::StoreError, trace::Trace};

use crate::health::TargetHealth;

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

/// A request could not be recorded.
pub(crate) fn record_lost(trace: &Trace, error: &StoreError) {
    counter!("surefoot_records_lost_total").increment(1);
    tracing::error!(trace = %trace.id, %error, "a request could not be recorded");
}

/// A target is tried again after a wait.
pub(crate) fn attempt_waits(wait: Duration) {
    tracing::debug!(wait_ms = wait.as_millis() as u64, "waiting before another try");
}

fn seconds(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64()
}

/// So much of a budget is spent that a warning was asked for.
pub(crate) fn budget_warned(name: &str, per: &str, limit: i64, percent: u8, spent: i64) {
    let (limit, spent) = (Money::nanos(limit), Money::nanos(spent));
    counter!("surefoot_budget_warnings_total", "budget" => name.to_owned(), "percent" => percent.to_string())
        .increment(1);
    tracing::warn!(budget = name, per, percent, %spent, %limit, "a budget has been spent so far");
}

/// What is left of a budget, for the subject that has least left.
pub(crate) fn budget_left(name: String, per: String, left: i64) {
    gauge!("surefoot_budget_remaining_nanodollars", "budget" => name, "per" => per).set(left as f64);
}

/// A request was refused by a limit or a budget.
pub(crate) fn request_limited(name: &str, kind: &'static str) {
    counter!("surefoot_limited_requests_total", "name" => name.to_owned(), "kind" => kind).increment(1);
}

/// The store was asked to change leases.
pub(crate) fn leases_changed(asks: usize, error: Option<&StoreError>) {
    let outcome = if error.is_some() { "failed" } else { "changed" };
    counter!("surefoot_lease_changes_total", "outcome" => outcome).increment(asks as u64);
    if let Some(error) = error {
        ledger_unreachable(error);
    }
}

/// The ledger cannot be asked: budgets go on from what is leased, limits on each process's own.
pub(crate) fn ledger_unreachable(error: &StoreError) {
    tracing::error!(%error, "budgets and limits cannot be looked up in the store");
}

/// This hour's spending is far above its usual.
pub(crate) fn spending_unusual(spent: Money, usual: Money) {
    counter!("surefoot_spend_anomalies_total").increment(1);
    tracing::warn!(%spent, %usual, "this hour's spending is far above what is usual for an hour");
}

/// A response was answered and could not be kept: nothing can go on from it.
pub(crate) fn response_lost(id: ResponseId, error: &StoreError) {
    counter!("surefoot_responses_lost_total").increment(1);
    tracing::error!(response = %id, %error, "a response could not be kept");
}

/// A breaker of a target opened, lets a probe through, or closed.
pub(crate) fn circuit_changed(target: &str, circuit: &'static str) {
    counter!("surefoot_circuit_changes_total", "target" => target.to_owned(), "circuit" => circuit).increment(1);
    tracing::warn!(target_model = target, circuit, "the circuit of a target changed");
}

/// A provider refused a key: it is left out for a while.
pub(crate) fn key_parked(target: &str, key: &str) {
    tracing::warn!(target_model = target, key, "a provider refused a key, which is left out for a while");
}

/// A target is slow: another call for the same answer was made.
pub(crate) fn hedged(target: &str) {
    counter!("surefoot_hedges_total", "target" => target.to_owned()).increment(1);
}

/// A retry was not made, since the target was sent as many as it may be.
pub(crate) fn retry_withheld(target: &str) {
    counter!("surefoot_retries_withheld_total", "target" => target.to_owned()).increment(1);
}

/// A request was refused, since too many wait already.
pub(crate) fn request_shed(line: &str) {
    counter!("surefoot_shed_requests_total", "line" => line.to_owned()).increment(1);
}

/// How a target is now.
pub(crate) fn target_gauged(health: &TargetHealth) {
    let target = || health.target.clone();
    let open = match health.circuit {
        "closed" => 0.0,
        "half_open" => 0.5,
        _ => 1.0,
    };
    gauge!("surefoot_target_circuit_open", "target" => target()).set(open);
    gauge!("surefoot_target_under_way", "target" => target()).set(f64::from(health.under_way));
    gauge!("surefoot_target_keys_parked", "target" => target()).set(health.parked.len() as f64);
    gauge!("surefoot_target_retries_left", "target" => target()).set(health.retries_left as f64);
    if let Some(millis) = health.first_token_ms {
        gauge!("surefoot_target_first_token_seconds", "target" => target()).set(millis as f64 / 1_000.0);
    }
}
