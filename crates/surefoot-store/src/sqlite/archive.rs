//! The audit log, and who was erased.

use async_trait::async_trait;
use sqlx::SqliteConnection;
use surefoot_types::{
    Timestamp,
    audit::{AuditDraft, AuditEvent},
    erasure::{Erased, Erasure},
    ports::{Archive, StoreError, Stored},
};

use super::{
    SqliteStore,
    erase::{Erase, Scrub},
    from_json, limited, to_json, unavailable,
    writer::Write,
};

#[async_trait]
impl Archive for SqliteStore {
    async fn audit_add(&self, draft: &AuditDraft) -> Stored<AuditEvent> {
        self.writer.write(AuditAdd { draft: draft.clone() }).await
    }

    async fn audit_list(&self, after: u64, limit: usize) -> Stored<Vec<AuditEvent>> {
        let found: Vec<(i64, String, String)> =
            sqlx::query_as("SELECT number, hash, body FROM audit WHERE number > ? ORDER BY number LIMIT ?")
                .bind(limited(usize::try_from(after).unwrap_or(usize::MAX)))
                .bind(limited(limit))
                .fetch_all(&self.readers)
                .await
                .map_err(unavailable)?;
        let event = |(number, hash, body): (i64, String, String)| {
            Ok(AuditEvent { number: number.unsigned_abs(), draft: from_json(&body)?, hash })
        };
        found.into_iter().map(event).collect()
    }

    async fn user_erase(&self, user: &str, at: Timestamp) -> Stored<Erased> {
        let erased = self.writer.write(Erase { user: user.into(), at }).await?;
        self.writer.alone(Scrub).await.map_err(|error| {
            StoreError::Unavailable(format!(
                "the user's rows are deleted ({:?}), but the file could not be written anew, so that traces of them may \
                 be left in it; make room for a second copy of the file and erase the user again: {error}",
                erased.counts
            ))
        })?;
        Ok(erased)
    }

    async fn erasure_list(&self, after: u64) -> Stored<Vec<Erasure>> {
        let found: Vec<(i64, String, i64)> =
            sqlx::query_as("SELECT number, user, at FROM erasure WHERE number > ? ORDER BY number")
                .bind(limited(usize::try_from(after).unwrap_or(usize::MAX)))
                .fetch_all(&self.readers)
                .await
                .map_err(unavailable)?;
        let erasure = |(number, user, at): (i64, String, i64)| {
            let at = Timestamp::from_nanosecond(at.into()).map_err(|error| StoreError::Corrupt(error.to_string()))?;
            Ok(Erasure { number: number.unsigned_abs(), user, at })
        };
        found.into_iter().map(erasure).collect()
    }
}

/// An event comes at the end of the chain.
struct AuditAdd {
    draft: AuditDraft,
}

#[async_trait]
impl Write for AuditAdd {
    type Done = AuditEvent;

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<AuditEvent> {
        let last: Option<(i64, String)> = sqlx::query_as("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1")
            .fetch_optional(&mut *to)
            .await
            .map_err(unavailable)?;
        let (number, hash) = last.unwrap_or_default();
        let event = AuditEvent::after((number.unsigned_abs(), &hash), self.draft.clone());
        sqlx::query("INSERT INTO audit (number, hash, body) VALUES (?, ?, ?)")
            .bind(number + 1)
            .bind(&event.hash)
            .bind(to_json(&event.draft)?)
            .execute(to)
            .await
            .map_err(unavailable)?;
        Ok(event)
    }
}
