//! Traces and feedback in memory.

use std::sync::Arc;

use async_trait::async_trait;
use surefoot_types::{
    Timestamp,
    feedback::Feedback,
    ids::TraceId,
    ports::{Found, Journal, Record, Search, Stored, TraceFilter},
    trace::{Trace, TraceSummary},
};

use super::{Inner, MemoryStore};

impl Inner {
    fn record(&mut self, record: Record) {
        if !self.counted.insert(record.trace.id) {
            return;
        }
        let record = if self.is_erased(&record.trace) { record.anonymous() } else { record };
        self.books.add(&record.trace);
        record.charges.iter().for_each(|charge| self.ledger.charge(charge));
        if record.kept {
            self.traces.insert(record.trace.id, record.trace);
        }
    }
}

fn fits(filter: &TraceFilter, trace: &Trace) -> bool {
    filter.asked.as_ref().is_none_or(|asked| *asked == trace.asked)
        && filter.outcome.is_none_or(|outcome| outcome == trace.outcome)
        && (filter.session.is_none() || filter.session == trace.session)
        && (filter.key.is_none() || filter.key == trace.key)
        && (filter.tenant.is_none() || filter.tenant == trace.tenant)
        && (filter.user.is_none() || filter.user == trace.user)
        && filter.before.is_none_or(|before| trace.id < before)
        && filter.since.is_none_or(|since| trace.at >= since)
}

#[async_trait]
impl Journal for MemoryStore {
    async fn record_add(&self, record: Record) -> Stored<()> {
        self.lock().record(record);
        Ok(())
    }

    async fn trace_get(&self, id: TraceId) -> Stored<Option<Trace>> {
        Ok(self.lock().traces.get(&id).map(|trace| (**trace).clone()))
    }

    async fn trace_list(&self, filter: &TraceFilter, limit: usize) -> Stored<Vec<TraceSummary>> {
        let inner = self.lock();
        let found = inner.traces.values().rev().filter(|trace| fits(filter, trace));
        Ok(found.take(limit).map(|trace| trace.summary()).collect())
    }

    async fn trace_search(&self, search: &Search, limit: usize) -> Stored<Found> {
        let inner = self.lock();
        let fitting: Vec<_> = inner.traces.values().rev().filter(|trace| fits(&search.filter, trace)).collect();
        let looked_to = fitting.get(search.most.saturating_sub(1)).map(|trace| trace.id);
        let text = search.text.to_ascii_lowercase();
        let looked = fitting.iter().take(search.most);
        let found = looked.filter(|trace| trace.question.to_ascii_lowercase().contains(&text));
        Ok(Found::new(found.take(limit).map(|trace| trace.summary()).collect(), limit, looked_to))
    }

    async fn trace_prune(&self, before: Timestamp, limit: usize) -> Stored<u64> {
        let mut inner = self.lock();
        let old = inner.traces.values().filter(|trace| trace.at < before);
        let gone: Vec<TraceId> = old.take(limit).map(|trace| trace.id).collect();
        inner.traces.retain(|id, _: &mut Arc<Trace>| !gone.contains(id));
        inner.feedback.retain(|feedback| !gone.contains(&feedback.trace_id));
        Ok(gone.len() as u64)
    }

    async fn feedback_add(&self, feedback: &Feedback) -> Stored<()> {
        self.lock().feedback.push(feedback.clone());
        Ok(())
    }

    async fn feedback_list(&self, trace: TraceId) -> Stored<Vec<Feedback>> {
        Ok(self.lock().feedback.iter().filter(|feedback| feedback.trace_id == trace).cloned().collect())
    }
}
