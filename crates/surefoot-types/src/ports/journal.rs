//! Traces and the feedback on them.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use super::Stored;
use crate::{
    feedback::Feedback,
    ids::TraceId,
    money::Money,
    trace::{Outcome, Trace, TraceSummary},
};

/// Which traces to list. An empty filter lists all, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TraceFilter {
    /// Only of this function, alias or model, as the caller named it.
    pub asked: Option<String>,
    /// Only with this outcome.
    pub outcome: Option<Outcome>,
    /// Only of this session.
    pub session: Option<String>,
    /// Only those whose question holds this text, case-insensitively (ASCII).
    pub text: Option<String>,
    /// Only those older than this one: the cursor of the next page.
    pub before: Option<TraceId>,
    /// Only those not older than this moment.
    pub since: Option<Timestamp>,
}

/// Keeps traces and feedback.
#[async_trait]
pub trait Journal: Send + Sync + 'static {
    /// Keeps a trace. When this returns, the trace survives the process's death and a power cut.
    /// Adding the same id again replaces it.
    async fn trace_add(&self, trace: Arc<Trace>) -> Stored<()>;

    /// A whole trace.
    async fn trace_get(&self, id: TraceId) -> Stored<Option<Trace>>;

    /// At most `limit` traces that fit the filter, newest first.
    async fn trace_list(&self, filter: &TraceFilter, limit: usize) -> Stored<Vec<TraceSummary>>;

    /// What all traces since a moment cost together, unknown costs left out.
    async fn trace_cost_since(&self, since: Timestamp) -> Stored<Money>;

    /// Keeps feedback, as durably as a trace.
    async fn feedback_add(&self, feedback: &Feedback) -> Stored<()>;

    /// All feedback on a trace, oldest first.
    async fn feedback_list(&self, trace: TraceId) -> Stored<Vec<Feedback>>;
}
