//! What the path notes of experiments, and what the store keeps of them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    ids::TraceId,
    money::Money,
    trace::{Outcome, Trace},
};

/// A request's part in an experiment. Its variant stands on the trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The experiment's id.
    pub experiment: String,
    /// For whom the variant was drawn: a hash of the user or the session. What is said by one unit goes together.
    pub unit: String,
    /// With which probability the variant was drawn.
    pub share: f64,
}

/// A request that was part of an experiment, as far as experiments look at it.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// Its trace.
    pub trace_id: TraceId,
    /// See [`Trial::unit`].
    pub unit: String,
    /// The variant that ran.
    pub variant: String,
    /// See [`Trial::share`].
    pub share: f64,
    /// When it came.
    pub at: Timestamp,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// What it cost; absent when a price is unknown.
    pub cost: Option<Money>,
    /// Whether it failed.
    pub failed: bool,
}

impl Observed {
    /// What experiments look at of a trace, with the id of the experiment that it was part of. What the caller gave up
    /// says nothing of the variant.
    pub fn of(trace: &Trace) -> Option<(&str, Self)> {
        let trial = trace.trial.as_ref().filter(|_| trace.outcome != Outcome::Cancelled)?;
        let observed = Self {
            trace_id: trace.id,
            unit: trial.unit.clone(),
            variant: trace.variant.clone()?,
            share: trial.share,
            at: trace.at,
            took_us: trace.took_us,
            cost: trace.cost,
            failed: trace.outcome == Outcome::Failed,
        };
        Some((&trial.experiment, observed))
    }
}

/// How an experiment stands, as the store keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptExperiment {
    /// Its id.
    pub id: String,
    /// Raised with every change: who changes it names the one that it saw.
    pub revision: u64,
    /// How it stands; what is in it is the lab's to know.
    pub body: Value,
}
