//! Answers for tests.

use std::time::Duration;

use surefoot_types::ids::TraceId;

use super::Asked;

/// An answer of these words, without anything else.
pub(crate) fn asked(text: &str) -> Asked {
    Asked {
        text: text.into(),
        citations: Vec::new(),
        trace_id: TraceId::from_bits(1),
        cost: None,
        took: Duration::from_millis(3),
        tools: Vec::new(),
        finish: "stop".into(),
        cached: false,
        abstained: None,
    }
}
