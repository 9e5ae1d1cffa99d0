//! How fast answers were, of the newest traces.

use surefoot_types::trace::{Outcome, TraceSummary};

use crate::console::series::percentile;

/// How long answers took, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Latency {
    /// How many answers it is told from.
    pub(crate) of: u64,
    pub(crate) p50: u64,
    pub(crate) p95: u64,
    pub(crate) p99: u64,
}

impl Latency {
    /// Of those that were answered; none where none was.
    pub(super) fn of<'a>(traces: impl Iterator<Item = &'a TraceSummary>) -> Option<Self> {
        let answered = traces.filter(|trace| trace.outcome == Outcome::Answered);
        let mut took: Vec<u64> = answered.map(|trace| trace.took_us).collect();
        took.sort_unstable();
        Some(Self {
            of: took.len() as u64,
            p50: percentile(&took, 0.5)?,
            p95: percentile(&took, 0.95)?,
            p99: percentile(&took, 0.99)?,
        })
    }
}
