//! What the law asks of a store: an audit log that only grows, and erasure that is complete.

use async_trait::async_trait;
use jiff::Timestamp;

use super::Stored;
use crate::{
    audit::{AuditDraft, AuditEvent},
    erasure::{Erased, Erasure},
};

/// Keeps the audit log, and erases.
#[async_trait]
pub trait Archive: Send + Sync + 'static {
    /// Adds an event to the end of the chain.
    async fn audit_add(&self, draft: &AuditDraft) -> Stored<AuditEvent>;

    /// At most `limit` events after number `after`, oldest first.
    async fn audit_list(&self, after: u64, limit: usize) -> Stored<Vec<AuditEvent>>;

    /// Takes away everything that is of a user: traces with their feedback, rows of the books and accounts
    /// under the user's name, cases of runs made of those traces, kept responses, documents that the user owns with their
    /// passages and vectors, their uploaded files, and what waits to be stored. What was freed is overwritten or written anew,
    /// so that the store's own files no longer hold it. The user is remembered by hash, and records of
    /// theirs from before `at` that come later are not kept.
    async fn user_erase(&self, user: &str, at: Timestamp) -> Stored<Erased>;

    /// Erasures after number `after`, oldest first, for caches and indexes that follow.
    async fn erasure_list(&self, after: u64) -> Stored<Vec<Erasure>>;
}
