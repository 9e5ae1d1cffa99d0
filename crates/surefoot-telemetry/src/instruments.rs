//! Metrics by the GenAI semantic conventions, with the bucket boundaries that they ask for.

use opentelemetry::{
    KeyValue,
    metrics::{Histogram, MeterProvider},
};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use surefoot_types::trace::{Attempt, Trace};

use crate::spans::{SCOPE, operation, split};

/// The instruments.
pub(crate) struct Instruments {
    duration: Histogram<f64>,
    first: Histogram<f64>,
    tokens: Histogram<u64>,
}

impl Instruments {
    pub(crate) fn new(meters: &SdkMeterProvider) -> Self {
        let meter = meters.meter(SCOPE);
        // 0.01 s doubled thirteen times; tokens by powers of four.
        let seconds: Vec<f64> = (0..14).map(|n| 0.01 * f64::from(1u32 << n)).collect();
        let tokens: Vec<f64> = (0..14).map(|n| 4f64.powi(n)).collect();
        Self {
            duration: meter
                .f64_histogram("gen_ai.client.operation.duration")
                .with_unit("s")
                .with_boundaries(seconds.clone())
                .build(),
            first: meter
                .f64_histogram("gen_ai.client.operation.time_to_first_chunk")
                .with_unit("s")
                .with_boundaries(seconds)
                .build(),
            tokens: meter
                .u64_histogram("gen_ai.client.token.usage")
                .with_unit("{token}")
                .with_boundaries(tokens)
                .build(),
        }
    }

    /// Counts the attempts of a request.
    pub(crate) fn record(&self, trace: &Trace) {
        trace.attempts.iter().for_each(|attempt| self.attempt(trace, attempt));
    }

    fn attempt(&self, trace: &Trace, attempt: &Attempt) {
        let (provider, model) = split(&attempt.target);
        let mut labels = vec![
            KeyValue::new("gen_ai.operation.name", operation(trace)),
            KeyValue::new("gen_ai.provider.name", provider.to_owned()),
            KeyValue::new("gen_ai.request.model", model.to_owned()),
        ];
        if let Some(usage) = attempt.usage {
            for (kind, tokens) in [("input", usage.input_total()), ("output", usage.output_total())] {
                let kind = KeyValue::new("gen_ai.token.type", kind);
                self.tokens.record(tokens, &[labels.as_slice(), &[kind]].concat());
            }
        }
        if let Some(fault) = &attempt.fault {
            labels.push(KeyValue::new("error.type", fault.code.name()));
        }
        self.duration.record(seconds(attempt.took_us), &labels);
        if let Some(first) = attempt.first_us.filter(|_| trace.streamed) {
            self.first.record(seconds(first), &labels);
        }
    }
}

fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}
