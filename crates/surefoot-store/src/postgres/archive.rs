//! The audit log, and erasure.

use async_trait::async_trait;
use sqlx::{PgConnection, Row};
use surefoot_types::{
    Timestamp,
    audit::{AuditDraft, AuditEvent},
    erasure::{Erased, Erasure, user_hash},
    ports::{Archive, StoreError, Stored},
};

use super::{AUDIT, PostgresStore, column, count, kept_alone, library, nanos};
use crate::rows::{from_json, limited, to_json, unavailable};

#[async_trait]
impl Archive for PostgresStore {
    async fn audit_add(&self, draft: &AuditDraft) -> Stored<AuditEvent> {
        let mut transaction = self.pool.begin().await.map_err(unavailable)?;
        sqlx::query("SELECT pg_advisory_xact_lock($1, $2)")
            .bind(AUDIT.0)
            .bind(AUDIT.1)
            .execute(&mut *transaction)
            .await
            .map_err(unavailable)?;
        let last: Option<(i64, String)> = sqlx::query_as("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1")
            .fetch_optional(&mut *transaction)
            .await
            .map_err(unavailable)?;
        let (number, hash) = last.unwrap_or_default();
        let event = AuditEvent::after((count(number), &hash), draft.clone());
        audit_insert(&mut transaction, number + 1, &to_json(&event.draft)?, &event.hash).await?;
        transaction.commit().await.map_err(unavailable)?;
        Ok(event)
    }

    async fn audit_list(&self, after: u64, limit: usize) -> Stored<Vec<AuditEvent>> {
        let rows: Vec<(i64, String, String)> =
            sqlx::query_as("SELECT number, draft, hash FROM audit WHERE number > $1 ORDER BY number LIMIT $2")
                .bind(i64::try_from(after).unwrap_or(i64::MAX))
                .bind(limited(limit))
                .fetch_all(&self.pool)
                .await
                .map_err(unavailable)?;
        rows.into_iter()
            .map(|(number, draft, hash)| Ok(AuditEvent { number: count(number), draft: from_json(&draft)?, hash }))
            .collect()
    }

    async fn user_erase(&self, user: &str, at: Timestamp) -> Stored<Erased> {
        self.catch_up().await;
        let mut transaction = self.pool.begin().await.map_err(unavailable)?;
        kept_alone(&mut transaction).await?;
        let mut erased = erase(&mut transaction, user, at).await?;
        transaction.commit().await.map_err(unavailable)?;
        // What came to the spool meanwhile is moved without its name, and nothing of it stays in the file.
        self.catch_up().await;
        let refused = self.spool.refused_erase(user).await?;
        if refused > 0 {
            erased.count("spooled", refused);
        }
        self.spool.sweep().await?;
        self.sweep().await?;
        Ok(erased)
    }

    async fn erasure_list(&self, after: u64) -> Stored<Vec<Erasure>> {
        let rows: Vec<(i64, String, i64)> =
            sqlx::query_as("SELECT number, user_hash, at FROM erasure WHERE number > $1 ORDER BY number")
                .bind(i64::try_from(after).unwrap_or(i64::MAX))
                .fetch_all(&self.pool)
                .await
                .map_err(unavailable)?;
        rows.into_iter()
            .map(|(number, user, at)| {
                let at =
                    Timestamp::from_nanosecond(at.into()).map_err(|error| StoreError::Corrupt(error.to_string()))?;
                Ok(Erasure { number: count(number), user, at })
            })
            .collect()
    }
}

impl PostgresStore {
    /// Writes anew every table that rows were erased from: a deleted row's bytes stay in the table's file until then.
    /// The list is kept until it is done, so that an erasure that was cut off is finished by the next.
    async fn sweep(&self) -> Stored<()> {
        let tables: Vec<String> = sqlx::query_scalar("SELECT DISTINCT unnest(unswept) FROM erasure ORDER BY 1")
            .fetch_all(&self.pool)
            .await
            .map_err(unavailable)?;
        if tables.is_empty() {
            return Ok(());
        }
        let mut connection = self.connection().await?;
        for table in tables {
            // Its name was written by `erase`, from the catalogue; a month that was dropped meanwhile is no more.
            let there: bool = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
                .bind(&table)
                .fetch_one(&mut connection)
                .await
                .map_err(unavailable)?;
            if there {
                let statement = sqlx::AssertSqlSafe(format!("VACUUM (FULL) {table}"));
                sqlx::query(statement).execute(&mut connection).await.map_err(unavailable)?;
            }
            sqlx::query("UPDATE erasure SET unswept = array_remove(unswept, $1) WHERE $1 = ANY (unswept)")
                .bind(&table)
                .execute(&mut connection)
                .await
                .map_err(unavailable)?;
        }
        // The files of the tables as they were go at the next checkpoint.
        if let Err(error) = sqlx::query("CHECKPOINT").execute(&mut connection).await {
            tracing::debug!(error = %error, "Postgres lets this user order no checkpoint: old files go with its next one");
        }
        Ok(())
    }
}

/// Adds an event, whose draft is `draft` as JSON.
pub(crate) async fn audit_insert(to: &mut PgConnection, number: i64, draft: &str, hash: &str) -> Stored<()> {
    let insert = sqlx::query("INSERT INTO audit VALUES ($1, $2, $3)").bind(number).bind(draft).bind(hash);
    insert.execute(to).await.map(|_| ()).map_err(unavailable)
}

async fn erase(to: &mut PgConnection, user: &str, at: Timestamp) -> Stored<Erased> {
    let mut erased = Erased::default();
    let mut unswept = requests_erase(to, user, &mut erased).await?;
    for (kind, table, statement) in [
        (
            "spend_rows",
            "spend",
            "WITH gone AS (DELETE FROM spend WHERE kind = 'user' AND name = $1 RETURNING span) SELECT count(*) FROM gone WHERE span = 3600",
        ),
        (
            "responses",
            "response",
            "WITH gone AS (DELETE FROM response WHERE user_name = $1 RETURNING id) SELECT count(*) FROM gone",
        ),
        (
            "accounts",
            "account",
            "WITH gone AS (DELETE FROM account WHERE account = split_part(account, '|', 1) || '|user|'
             || split_part(account, '|', 3) || '|' || $1 RETURNING spent) SELECT count(spent) FROM gone",
        ),
    ] {
        let gone: i64 =
            sqlx::query_scalar(statement).bind(column(user)).fetch_one(&mut *to).await.map_err(unavailable)?;
        erased.count(kind, count(gone));
        if gone > 0 {
            unswept.push(table.into());
        }
    }
    if erased.counts["accounts"] > 0 {
        // Its leases went with it.
        unswept.push("lease".into());
    }
    let owned: Vec<(String, String, String)> =
        sqlx::query_as("SELECT knowledge, path, hash FROM document WHERE owner = $1 ORDER BY knowledge, path")
            .bind(column(user))
            .fetch_all(&mut *to)
            .await
            .map_err(unavailable)?;
    if !owned.is_empty() {
        unswept.extend(["document".into(), "passage".into()]);
    }
    for (knowledge, path, hash) in owned {
        let passages = library::document_delete(to, &knowledge, &path).await?.unwrap_or(0);
        library::tombstone_add(to, &knowledge, &hash).await?;
        erased.count("documents", 1);
        erased.count("passages", passages);
        erased.documents.push(format!("{knowledge}/{path}"));
    }
    erased.counts.retain(|_, many| *many > 0);
    let number =
        sqlx::query_scalar("INSERT INTO erasure (user_hash, at, unswept) VALUES ($1, $2, $3) RETURNING number")
            .bind(user_hash(user))
            .bind(nanos(at))
            .bind(unswept)
            .fetch_one(to)
            .await
            .map_err(unavailable)?;
    erased.number = count(number);
    Ok(erased)
}

/// Takes away a user's traces and what hangs on them. The tables that rows were deleted from.
async fn requests_erase(to: &mut PgConnection, user: &str, erased: &mut Erased) -> Stored<Vec<String>> {
    let told = sqlx::query(
        "WITH gone AS (DELETE FROM trace WHERE user_name = $1 RETURNING id, tableoid::regclass::text AS part),
         bodies AS (DELETE FROM trace_body WHERE id IN (SELECT id FROM gone) RETURNING tableoid::regclass::text AS part),
         known AS (INSERT INTO counted SELECT id, true FROM gone ON CONFLICT DO NOTHING),
         said AS (DELETE FROM feedback WHERE user_name = $1 OR trace_id IN (SELECT id FROM gone) RETURNING 'feedback' AS part),
         trials AS (DELETE FROM trial WHERE trace_id IN (SELECT id FROM gone)),
         cases AS (DELETE FROM run_case WHERE user_name = $1 OR trace_id IN (SELECT id FROM gone) RETURNING 'run_case' AS part)
         SELECT (SELECT count(*) FROM gone) AS traces, (SELECT count(*) FROM said) AS feedback,
             (SELECT count(*) FROM cases) AS run_cases,
             ARRAY (SELECT part FROM gone UNION SELECT part FROM bodies UNION SELECT part FROM said
                 UNION SELECT part FROM cases) AS parts",
    )
    .bind(column(user))
    .fetch_one(to)
    .await
    .map_err(unavailable)?;
    for kind in ["traces", "feedback", "run_cases"] {
        erased.count(kind, count(told.try_get(kind).map_err(unavailable)?));
    }
    told.try_get("parts").map_err(unavailable)
}
