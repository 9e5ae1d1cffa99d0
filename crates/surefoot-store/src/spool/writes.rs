//! What is written to a spool.

use sqlx::SqliteConnection;
use surefoot_types::ports::Stored;

use crate::{group::Write, rows::unavailable};

/// One write, in the form in which it goes to the file.
#[derive(Debug)]
pub(super) enum SpoolWrite {
    /// Only the commit.
    Nothing,
    /// A record or feedback.
    Add { trace: Vec<u8>, body: String, kept: Option<bool>, charges: Option<String> },
    /// Everything up to a number goes.
    Remove { number: i64 },
    /// One is put aside.
    Refuse { number: i64, why: String },
    /// The next number is the one after this.
    Resume { number: i64 },
}

impl Write for SpoolWrite {
    /// The record's number, or how many rows changed.
    type Done = i64;

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<i64> {
        let statement = match self {
            Self::Nothing => return Ok(0),
            Self::Add { trace, body, kept, charges } => {
                let insert = "INSERT INTO spool (trace_id, body, kept, charges) VALUES (?, ?, ?, ?)";
                let insert = sqlx::query(insert).bind(trace).bind(body).bind(kept).bind(charges);
                return insert.execute(to).await.map(|done| done.last_insert_rowid()).map_err(unavailable);
            }
            Self::Remove { number } => sqlx::query("DELETE FROM spool WHERE number <= ?").bind(number),
            Self::Refuse { number, why } => {
                let copy = "INSERT OR IGNORE INTO refused SELECT number, trace_id, body, kept, charges, ? FROM spool WHERE number = ?";
                sqlx::query(copy).bind(why).bind(number).execute(&mut *to).await.map_err(unavailable)?;
                sqlx::query("DELETE FROM spool WHERE number = ?").bind(number)
            }
            // The row is there since the first number was given, or has to be made.
            Self::Resume { number } => {
                let forget = "DELETE FROM sqlite_sequence WHERE name = 'spool'";
                sqlx::query(forget).execute(&mut *to).await.map_err(unavailable)?;
                sqlx::query("INSERT INTO sqlite_sequence (name, seq) VALUES ('spool', ?)").bind(number)
            }
        };
        let done = statement.execute(to).await.map_err(unavailable)?;
        Ok(i64::try_from(done.rows_affected()).unwrap_or(i64::MAX))
    }
}
