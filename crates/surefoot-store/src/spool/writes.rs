//! What is written to a spool.

use async_trait::async_trait;
use sqlx::SqliteConnection;
use surefoot_types::ports::Stored;

use crate::{
    rows::{to_json, unavailable},
    sqlite::Write,
};

/// A record, or feedback. Tells its number.
pub(super) struct Add {
    pub(super) trace: Vec<u8>,
    pub(super) body: String,
    pub(super) kept: Option<bool>,
    pub(super) charges: Option<String>,
}

#[async_trait]
impl Write for Add {
    type Done = i64;

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<i64> {
        sqlx::query("INSERT INTO spool (trace_id, body, kept, charges) VALUES (?, ?, ?, ?)")
            .bind(&self.trace)
            .bind(&self.body)
            .bind(self.kept)
            .bind(&self.charges)
            .execute(to)
            .await
            .map(|done| done.last_insert_rowid())
            .map_err(unavailable)
    }
}

/// Everything up to a number goes.
pub(super) struct Remove {
    pub(super) number: i64,
}

#[async_trait]
impl Write for Remove {
    type Done = ();

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<()> {
        let delete = sqlx::query("DELETE FROM spool WHERE number <= ?").bind(self.number);
        delete.execute(to).await.map(|_| ()).map_err(unavailable)
    }
}

/// The first record after a number is put aside.
pub(super) struct Refuse {
    pub(super) after: i64,
    pub(super) why: String,
}

#[async_trait]
impl Write for Refuse {
    type Done = ();

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<()> {
        let copy = "INSERT INTO refused SELECT number, trace_id, body, kept, charges, ? FROM spool
                    WHERE number > ? ORDER BY number LIMIT 1";
        sqlx::query(copy).bind(&self.why).bind(self.after).execute(&mut *to).await.map_err(unavailable)?;
        let delete = sqlx::query("DELETE FROM spool WHERE number IN (SELECT number FROM refused)");
        delete.execute(to).await.map(|_| ()).map_err(unavailable)
    }
}

/// Some of what was put aside goes. Tells how much it was.
pub(super) struct RefusedErase {
    pub(super) numbers: Vec<i64>,
}

#[async_trait]
impl Write for RefusedErase {
    type Done = u64;

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<u64> {
        let delete = sqlx::query("DELETE FROM refused WHERE number IN (SELECT value FROM json_each(?))");
        let delete = delete.bind(to_json(&self.numbers)?);
        delete.execute(to).await.map(|done| done.rows_affected()).map_err(unavailable)
    }
}

/// The next number is one after this, at least.
pub(super) struct Resume {
    pub(super) number: i64,
}

#[async_trait]
impl Write for Resume {
    type Done = ();

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<()> {
        // SQLite makes the row with the first number that it gives.
        let begin = "INSERT INTO sqlite_sequence (name, seq) SELECT 'spool', 0
                     WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'spool')";
        sqlx::query(begin).execute(&mut *to).await.map_err(unavailable)?;
        let raise = sqlx::query("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'spool'").bind(self.number);
        raise.execute(to).await.map(|_| ()).map_err(unavailable)
    }
}

/// Takes as much room as records do, and gives it back.
pub(super) struct Probe;

#[async_trait]
impl Write for Probe {
    /// The last number that was given.
    type Done = i64;

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<i64> {
        let take = "INSERT INTO refused (number, trace_id, body, why) VALUES (0, x'', zeroblob(16384), '')";
        sqlx::query(take).execute(&mut *to).await.map_err(unavailable)?;
        sqlx::query("DELETE FROM refused WHERE number = 0").execute(&mut *to).await.map_err(unavailable)?;
        let last = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'spool'";
        sqlx::query_scalar(last).fetch_one(to).await.map_err(unavailable)
    }
}
