//! Erasure: first the rows, in one transaction; then the file is written anew.
//!
//! What SQLite deletes stays in the file's free space until something else needs it. `secure_delete` overwrites a row
//! as it is deleted, but where rows move between pages, as they do when a tree is balanced, SQLite does not promise it of
//! the copies left behind. Only a file written anew surely has none, so an erasure ends with `VACUUM`, and with an empty log.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::SqliteConnection;
use surefoot_types::{
    Timestamp,
    budget::AccountId,
    erasure::{Erased, user_hash},
    ids::TraceId,
    ports::{StoreError, Stored},
    spend::By,
};
use tokio::time::{Instant, sleep};

use super::{journal::trace_delete, library::document_delete, to_json, unavailable, writer::Write};
use crate::group::HOUR;

/// Everything of a user goes.
pub(super) struct Erase {
    pub(super) user: String,
    pub(super) at: Timestamp,
}

#[async_trait]
impl Write for Erase {
    type Done = Erased;

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<Erased> {
        let mut erased = Erased::default();
        self.traces(to, &mut erased).await?;
        self.responses(to, &mut erased).await?;
        self.books(to, &mut erased).await?;
        self.accounts(to, &mut erased).await?;
        self.documents(to, &mut erased).await?;
        let at = i64::try_from(self.at.as_nanosecond()).unwrap_or(i64::MAX);
        let number: i64 = sqlx::query_scalar("INSERT INTO erasure (user, at) VALUES (?, ?) RETURNING number")
            .bind(user_hash(&self.user))
            .bind(at)
            .fetch_one(to)
            .await
            .map_err(unavailable)?;
        erased.number = number.unsigned_abs();
        Ok(erased)
    }
}

impl Erase {
    /// Traces, with their feedback and the cases of runs that were made of them, and what the user said about others'. They
    /// stay counted.
    async fn traces(&self, to: &mut SqliteConnection, erased: &mut Erased) -> Stored<()> {
        let ids: Vec<Vec<u8>> = sqlx::query_scalar("SELECT id FROM trace WHERE user = ?")
            .bind(&self.user)
            .fetch_all(&mut *to)
            .await
            .map_err(unavailable)?;
        sqlx::query("INSERT OR IGNORE INTO unkept (id) SELECT id FROM trace WHERE user = ?")
            .bind(&self.user)
            .execute(&mut *to)
            .await
            .map_err(unavailable)?;
        let mut texts = Vec::with_capacity(ids.len());
        for id in &ids {
            erased.count("feedback", trace_delete(to, id).await?);
            texts.push(TraceId::from_bits(super::bits(id)?));
        }
        let elsewhere = sqlx::query("DELETE FROM feedback WHERE user = ?").bind(&self.user).execute(&mut *to).await;
        erased.count("feedback", elsewhere.map_err(unavailable)?.rows_affected());
        let cases = sqlx::query("DELETE FROM run_case WHERE user = ? OR trace_id IN (SELECT value FROM json_each(?))")
            .bind(&self.user)
            .bind(to_json(&texts)?)
            .execute(to)
            .await
            .map_err(unavailable)?;
        erased.count("traces", ids.len() as u64);
        erased.count("run_cases", cases.rows_affected());
        Ok(())
    }

    async fn responses(&self, to: &mut SqliteConnection, erased: &mut Erased) -> Stored<()> {
        let delete = sqlx::query("DELETE FROM response WHERE user = ?").bind(&self.user);
        erased.count("responses", delete.execute(to).await.map_err(unavailable)?.rows_affected());
        Ok(())
    }

    async fn books(&self, to: &mut SqliteConnection, erased: &mut Erased) -> Stored<()> {
        let hours: i64 = sqlx::query_scalar("SELECT count(*) FROM spend WHERE span = ? AND kind = ? AND name = ?")
            .bind(HOUR)
            .bind(By::User.name())
            .bind(&self.user)
            .fetch_one(&mut *to)
            .await
            .map_err(unavailable)?;
        sqlx::query("DELETE FROM spend WHERE kind = ? AND name = ?")
            .bind(By::User.name())
            .bind(&self.user)
            .execute(to)
            .await
            .map_err(unavailable)?;
        erased.count("spend_rows", hours.unsigned_abs());
        Ok(())
    }

    async fn accounts(&self, to: &mut SqliteConnection, erased: &mut Erased) -> Stored<()> {
        let all: Vec<String> = sqlx::query_scalar("SELECT id FROM account UNION SELECT account FROM lease")
            .fetch_all(&mut *to)
            .await
            .map_err(unavailable)?;
        let theirs = all.into_iter().map(AccountId::from_text).filter(|account| account.is_of_user(&self.user));
        for account in theirs {
            let delete = sqlx::query("DELETE FROM lease WHERE account = ?").bind(account.as_str());
            delete.execute(&mut *to).await.map_err(unavailable)?;
            let delete = sqlx::query("DELETE FROM account WHERE id = ?").bind(account.as_str());
            erased.count("accounts", delete.execute(&mut *to).await.map_err(unavailable)?.rows_affected());
        }
        Ok(())
    }

    /// Documents that the user owns. The changes tell the indexes; the tombstones keep the files from coming back.
    async fn documents(&self, to: &mut SqliteConnection, erased: &mut Erased) -> Stored<()> {
        let owned: Vec<(String, String, String)> =
            sqlx::query_as("SELECT knowledge, path, hash FROM document WHERE owner = ? ORDER BY knowledge, path")
                .bind(&self.user)
                .fetch_all(&mut *to)
                .await
                .map_err(unavailable)?;
        for (knowledge, path, hash) in owned {
            let passages = document_delete(to, &knowledge, &path).await?.unwrap_or(0);
            erased.count("documents", 1);
            erased.count("passages", passages as u64);
            erased.documents.push(format!("{knowledge}/{path}"));
            sqlx::query("INSERT OR IGNORE INTO tombstone (knowledge, hash) VALUES (?, ?)")
                .bind(&knowledge)
                .bind(&hash)
                .execute(&mut *to)
                .await
                .map_err(unavailable)?;
        }
        Ok(())
    }
}

/// How long the log is tried to be emptied.
const EMPTIED: Duration = Duration::from_secs(10);

/// The file is written anew, and the log emptied. Not within a transaction.
pub(crate) struct Scrub;

#[async_trait]
impl Write for Scrub {
    type Done = ();

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<()> {
        sqlx::query("VACUUM").execute(&mut *to).await.map_err(unavailable)?;
        // For readers of the log SQLite waits itself; for whoever moves the log just now it does not.
        let until = Instant::now() + EMPTIED;
        loop {
            let (busy, _, _): (i64, i64, i64) =
                sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *to).await.map_err(unavailable)?;
            if busy == 0 {
                return Ok(());
            }
            if Instant::now() >= until {
                return Err(StoreError::Unavailable("another process reads an old state of the file".into()));
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
}
