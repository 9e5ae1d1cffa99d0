//! The books: sums of what was spent.

use async_trait::async_trait;
use jiff::Timestamp;

use super::Stored;
use crate::spend::{SpendQuery, SpendRow};

/// Reports what was spent. The sums are written with each record, so that a report reads no trace.
#[async_trait]
pub trait Books: Send + Sync + 'static {
    /// The rows of a report, by time, then by cost, dearest first, then by name.
    async fn spend_list(&self, query: &SpendQuery) -> Stored<Vec<SpendRow>>;

    /// Takes away the sums of hours before a moment. How many rows there were.
    async fn spend_prune(&self, before: Timestamp) -> Stored<u64>;
}
