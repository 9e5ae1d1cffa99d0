//! Traces and the feedback on them.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use super::Stored;
use crate::{
    budget::Charge,
    feedback::Feedback,
    ids::TraceId,
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
    /// Only of the key of this name.
    pub key: Option<String>,
    /// Only of this tenant.
    pub tenant: Option<String>,
    /// Only of this end user.
    pub user: Option<String>,
    /// Only those older than this one: the cursor of the next page.
    pub before: Option<TraceId>,
    /// Only those not older than this moment.
    pub since: Option<Timestamp>,
}

/// A search for a text in questions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// Only those whose question holds this text, case-insensitively (ASCII).
    pub text: String,
    /// Of those that fit this filter.
    pub filter: TraceFilter,
    /// Most traces that are looked at, so that a text which hardly any holds does not keep the caller waiting.
    pub most: usize,
}

/// What a search found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// The traces, newest first.
    pub traces: Vec<TraceSummary>,
    /// Where the search stopped, having looked at as many as it may or found as many as were asked for: it goes on
    /// before this trace. Absent where nothing is left to look at.
    pub stopped_at: Option<TraceId>,
}

impl Found {
    /// What was found of at most `limit`, by a search that looked no further than `looked_to`.
    pub fn new(traces: Vec<TraceSummary>, limit: usize, looked_to: Option<TraceId>) -> Self {
        let full = traces.len() >= limit;
        let stopped_at = traces.last().filter(|_| full).map(|last| last.id).or(looked_to);
        Self { traces, stopped_at }
    }
}

/// What is to be kept of one request.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its trace, with what is not to be kept left out already.
    pub trace: Arc<Trace>,
    /// Whether the trace itself is kept; if not, only the books and accounts know of it.
    pub kept: bool,
    /// What it takes from accounts.
    pub charges: Vec<Charge>,
}

impl Record {
    /// A trace that is kept and takes nothing from any account.
    pub fn of(trace: Arc<Trace>) -> Self {
        Self { trace, kept: true, charges: Vec::new() }
    }

    /// What is left of it once its user was erased: what it cost, in nobody's name.
    pub fn anonymous(mut self) -> Self {
        if let Some(user) = Arc::make_mut(&mut self.trace).user.take() {
            self.charges.retain(|charge| !charge.account.is_of_user(&user));
        }
        Self { kept: false, ..self }
    }
}

/// Keeps traces and feedback.
#[async_trait]
pub trait Journal: Send + Sync + 'static {
    /// Keeps a request, in one transaction: its trace, what it adds to the books (see
    /// [`spend::entries`](crate::spend::entries)) and its charges. When this returns, all of it survives
    /// what the store's level promises to survive. A request that is there already is left as it is:
    /// nothing is counted twice.
    async fn record_add(&self, record: Record) -> Stored<()>;

    /// A whole trace.
    async fn trace_get(&self, id: TraceId) -> Stored<Option<Trace>>;

    /// At most `limit` traces that fit the filter, newest first.
    async fn trace_list(&self, filter: &TraceFilter, limit: usize) -> Stored<Vec<TraceSummary>>;

    /// At most `limit` traces whose question holds a text, newest first.
    async fn trace_search(&self, search: &Search, limit: usize) -> Stored<Found>;

    /// Keeps feedback, as durably as a trace.
    async fn feedback_add(&self, feedback: &Feedback) -> Stored<()>;

    /// Takes away at most `limit` traces older than a moment, oldest first, with their feedback. How many there were.
    async fn trace_prune(&self, before: Timestamp, limit: usize) -> Stored<u64>;

    /// All feedback on a trace, oldest first.
    async fn feedback_list(&self, trace: TraceId) -> Stored<Vec<Feedback>>;
}
