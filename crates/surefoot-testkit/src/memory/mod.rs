//! The storage ports in memory: for tests that need a store and not its durability.

mod archive;
mod books;
mod journal;
mod ledger;
mod library;
mod notebook;
mod responses;
mod vault;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use surefoot_types::{
    Clock, SystemClock,
    audit::AuditEvent,
    erasure::Erasure,
    feedback::Feedback,
    ids::{ResponseId, RunId, TraceId},
    ports::{SecretBytes, Store, Stored},
    response::Response,
    run::{CaseResult, Run},
    trace::Trace,
};

/// A whole store, in memory.
pub struct MemoryStore {
    clock: Arc<dyn Clock>,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Every request that was counted, kept or not.
    counted: BTreeSet<TraceId>,
    traces: BTreeMap<TraceId, Arc<Trace>>,
    feedback: Vec<Feedback>,
    ledger: ledger::Accounts,
    books: books::Sheets,
    audit: Vec<AuditEvent>,
    erasures: Vec<Erasure>,
    runs: BTreeMap<RunId, (Run, Vec<CaseResult>)>,
    responses: BTreeMap<ResponseId, Response>,
    library: library::Shelves,
    secrets: BTreeMap<String, SecretBytes>,
}

impl MemoryStore {
    /// An empty store whose leases run out by this clock.
    pub fn by(clock: Arc<dyn Clock>) -> Self {
        Self { clock, inner: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::by(Arc::new(SystemClock))
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("inner", &self.inner).finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn check(&self) -> Stored<()> {
        Ok(())
    }

    fn holder(&self) -> &str {
        "memory-0"
    }

    async fn close(&self) {}
}
