//! Experiments: what happened in them, and how they stand.

use async_trait::async_trait;

use super::Stored;
use crate::{
    experiment::{KeptExperiment, Observed},
    feedback::Feedback,
};

/// How much there is of an experiment, to see whether anything came.
pub type TrialCount = (u64, u64);

/// Keeps experiments. Their requests come with the traces: see [`Journal::record_add`](super::Journal::record_add).
#[async_trait]
pub trait Trials: Send + Sync + 'static {
    /// How many requests of an experiment there are, and how many pieces of feedback on them.
    async fn trial_count(&self, experiment: &str) -> Stored<TrialCount>;

    /// All requests of an experiment whose traces are kept, by their ids.
    async fn trial_list(&self, experiment: &str) -> Stored<Vec<Observed>>;

    /// All feedback on them, in the order in which it was kept.
    async fn trial_feedback(&self, experiment: &str) -> Stored<Vec<Feedback>>;

    /// How an experiment stands.
    async fn experiment_get(&self, id: &str) -> Stored<Option<KeptExperiment>>;

    /// How all experiments stand, by their ids.
    async fn experiment_list(&self) -> Stored<Vec<KeptExperiment>>;

    /// Keeps how an experiment stands, in place of the revision before; 1 where there is none. False where somebody else
    /// changed it meanwhile, and nothing is kept.
    async fn experiment_put(&self, kept: &KeptExperiment) -> Stored<bool>;
}
