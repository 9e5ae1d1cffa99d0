//! Eval runs.

use async_trait::async_trait;
use jiff::Timestamp;

use super::Stored;
use crate::{
    ids::RunId,
    run::{CaseResult, Run},
};

/// Keeps eval runs.
#[async_trait]
pub trait Notebook: Send + Sync + 'static {
    /// Keeps a run's head, in place of the one with its id: once when it begins, once when it ends.
    async fn run_put(&self, run: &Run) -> Stored<()>;

    /// Keeps one case of a run.
    async fn run_case_add(&self, run: RunId, case: &CaseResult) -> Stored<()>;

    /// A run's head.
    async fn run_get(&self, id: RunId) -> Stored<Option<Run>>;

    /// A run's cases, in the order in which they were added.
    async fn run_cases(&self, id: RunId) -> Stored<Vec<CaseResult>>;

    /// Takes away the runs that began before a moment, with their cases. How many there were.
    async fn run_prune(&self, before: Timestamp) -> Stored<u64>;

    /// At most `limit` runs, newest first; of one eval if named.
    async fn run_list(&self, eval: Option<&str>, limit: usize) -> Stored<Vec<Run>>;
}
