//! What is written to a spool.

use sqlx::SqliteConnection;
use surefoot_types::ports::Stored;

use crate::{rows::unavailable, writer::Write};

/// One write, in the form in which it goes to the file.
#[derive(Debug)]
pub(super) enum SpoolWrite {
    /// Only the commit.
    Nothing,
    /// A record or feedback.
    Add { trace: Vec<u8>, body: String, kept: Option<bool>, charges: Option<String> },
    /// Everything up to a number goes.
    Remove { number: i64 },
    /// The first after a number is put aside.
    Refuse { after: i64, why: String },
    /// What was put aside of a user goes.
    Erase { user: String },
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
            Self::Refuse { after, why } => {
                let copy = "INSERT INTO refused SELECT number, trace_id, body, kept, charges, ? FROM spool
                            WHERE number > ? ORDER BY number LIMIT 1";
                sqlx::query(copy).bind(why).bind(after).execute(&mut *to).await.map_err(unavailable)?;
                sqlx::query("DELETE FROM spool WHERE number IN (SELECT number FROM refused)")
            }
            Self::Erase { user } => sqlx::query("DELETE FROM refused WHERE body ->> '$.user' = ?").bind(user),
            Self::Resume { number } => {
                // SQLite makes the row with the first number that it gives.
                let begin = "INSERT INTO sqlite_sequence (name, seq) SELECT 'spool', 0
                             WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'spool')";
                sqlx::query(begin).execute(&mut *to).await.map_err(unavailable)?;
                sqlx::query("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'spool'").bind(number)
            }
        };
        let done = statement.execute(to).await.map_err(unavailable)?;
        Ok(i64::try_from(done.rows_affected()).unwrap_or(i64::MAX))
    }
}
