//! The storage ports in memory: for tests that need a store and not its durability.

mod library;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use surefoot_types::{
    Money, Timestamp,
    feedback::Feedback,
    ids::{RunId, TraceId},
    key::Key,
    ports::{Journal, Ledger, Notebook, StoreError, Stored, TraceFilter},
    run::{CaseResult, Run},
    trace::{Trace, TraceSummary},
};

/// All four ports, in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    traces: BTreeMap<TraceId, Arc<Trace>>,
    feedback: Vec<Feedback>,
    keys: Vec<Key>,
    runs: BTreeMap<RunId, (Run, Vec<CaseResult>)>,
    library: library::Shelves,
}

impl MemoryStore {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Journal for MemoryStore {
    async fn trace_add(&self, trace: Arc<Trace>) -> Stored<()> {
        self.lock().traces.insert(trace.id, trace);
        Ok(())
    }

    async fn trace_get(&self, id: TraceId) -> Stored<Option<Trace>> {
        Ok(self.lock().traces.get(&id).map(|trace| (**trace).clone()))
    }

    async fn trace_list(&self, filter: &TraceFilter, limit: usize) -> Stored<Vec<TraceSummary>> {
        let fits = |trace: &&Arc<Trace>| {
            let text = filter.text.as_deref().map(str::to_ascii_lowercase);
            filter.asked.as_ref().is_none_or(|asked| *asked == trace.asked)
                && filter.outcome.is_none_or(|outcome| outcome == trace.outcome)
                && (filter.session.is_none() || filter.session == trace.session)
                && text.is_none_or(|text| trace.question.to_ascii_lowercase().contains(&text))
                && filter.before.is_none_or(|before| trace.id < before)
                && filter.since.is_none_or(|since| trace.at >= since)
        };
        Ok(self.lock().traces.values().rev().filter(fits).take(limit).map(|trace| trace.summary()).collect())
    }

    async fn trace_cost_since(&self, since: Timestamp) -> Stored<Money> {
        Ok(self.lock().traces.values().filter(|trace| trace.at >= since).filter_map(|trace| trace.cost).sum())
    }

    async fn feedback_add(&self, feedback: &Feedback) -> Stored<()> {
        self.lock().feedback.push(feedback.clone());
        Ok(())
    }

    async fn feedback_list(&self, trace: TraceId) -> Stored<Vec<Feedback>> {
        Ok(self.lock().feedback.iter().filter(|feedback| feedback.trace_id == trace).cloned().collect())
    }
}

#[async_trait]
impl Ledger for MemoryStore {
    async fn key_add(&self, key: &Key) -> Stored<()> {
        let mut inner = self.lock();
        if inner.keys.iter().any(|known| known.name == key.name) {
            return Err(StoreError::Exists(format!("a key named '{}'", key.name)));
        }
        inner.keys.push(key.clone());
        Ok(())
    }

    async fn key_list(&self) -> Stored<Vec<Key>> {
        Ok(self.lock().keys.clone())
    }

    async fn key_remove(&self, name: &str) -> Stored<bool> {
        let mut inner = self.lock();
        let before = inner.keys.len();
        inner.keys.retain(|key| key.name != name);
        Ok(inner.keys.len() < before)
    }
}

#[async_trait]
impl Notebook for MemoryStore {
    async fn run_put(&self, run: &Run) -> Stored<()> {
        self.lock().runs.entry(run.id).or_insert_with(|| (run.clone(), Vec::new())).0 = run.clone();
        Ok(())
    }

    async fn run_case_add(&self, run: RunId, case: &CaseResult) -> Stored<()> {
        if let Some((_, cases)) = self.lock().runs.get_mut(&run) {
            cases.push(case.clone());
        }
        Ok(())
    }

    async fn run_get(&self, id: RunId) -> Stored<Option<Run>> {
        Ok(self.lock().runs.get(&id).map(|(run, _)| run.clone()))
    }

    async fn run_cases(&self, id: RunId) -> Stored<Vec<CaseResult>> {
        Ok(self.lock().runs.get(&id).map(|(_, cases)| cases.clone()).unwrap_or_default())
    }

    async fn run_list(&self, eval: Option<&str>, limit: usize) -> Stored<Vec<Run>> {
        let inner = self.lock();
        let fits = |run: &&Run| eval.is_none_or(|eval| run.eval == eval);
        Ok(inner.runs.values().rev().map(|(run, _)| run).filter(fits).take(limit).cloned().collect())
    }
}
