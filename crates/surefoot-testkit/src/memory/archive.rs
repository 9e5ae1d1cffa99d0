//! The audit log and erasure in memory.

use async_trait::async_trait;
use surefoot_types::{
    Timestamp,
    audit::{AuditDraft, AuditEvent},
    erasure::{Erased, Erasure, user_hash},
    ids::TraceId,
    ports::{Archive, Stored},
    trace::Trace,
};

use super::{Inner, MemoryStore};

impl Inner {
    /// Whether a trace's user was erased after it began.
    pub(super) fn is_erased(&self, trace: &Trace) -> bool {
        let Some(user) = trace.user.as_deref().map(user_hash) else { return false };
        self.erasures.iter().any(|erasure| erasure.user == user && trace.at <= erasure.at)
    }

    fn erase(&mut self, user: &str, at: Timestamp) -> Erased {
        let number = self.erasures.len() as u64 + 1;
        self.erasures.push(Erasure { number, user: user_hash(user), at });
        let mut erased = Erased { number, ..Erased::default() };

        let theirs = self.traces.values().filter(|trace| trace.user.as_deref() == Some(user));
        let gone: Vec<TraceId> = theirs.map(|trace| trace.id).collect();
        self.traces.retain(|id, _| !gone.contains(id));
        erased.count("traces", gone.len() as u64);

        let said = self.feedback.len();
        self.feedback.retain(|feedback| !gone.contains(&feedback.trace_id) && feedback.user.as_deref() != Some(user));
        erased.count("feedback", (said - self.feedback.len()) as u64);

        for (_, cases) in self.runs.values_mut() {
            let had = cases.len();
            cases.retain(|case| case.trace_id.is_none_or(|id| !gone.contains(&id)));
            erased.count("run_cases", (had - cases.len()) as u64);
        }
        let had = self.responses.len();
        self.responses.retain(|_, response| response.user.as_deref() != Some(user));
        erased.count("responses", (had - self.responses.len()) as u64);
        erased.count("spend_rows", self.books.erase(user));
        erased.count("accounts", self.ledger.erase(user));
        self.library.erase(user, &mut erased);
        erased
    }
}

#[async_trait]
impl Archive for MemoryStore {
    async fn audit_add(&self, draft: &AuditDraft) -> Stored<AuditEvent> {
        let audit = &mut self.lock().audit;
        let before = audit.last().map_or((0, String::new()), |last| (last.number, last.hash.clone()));
        let event = AuditEvent::after((before.0, &before.1), draft.clone());
        audit.push(event.clone());
        Ok(event)
    }

    async fn audit_list(&self, after: u64, limit: usize) -> Stored<Vec<AuditEvent>> {
        let inner = self.lock();
        Ok(inner.audit.iter().filter(|event| event.number > after).take(limit).cloned().collect())
    }

    async fn user_erase(&self, user: &str, at: Timestamp) -> Stored<Erased> {
        Ok(self.lock().erase(user, at))
    }

    async fn erasure_list(&self, after: u64) -> Stored<Vec<Erasure>> {
        Ok(self.lock().erasures.iter().filter(|erasure| erasure.number > after).cloned().collect())
    }
}
