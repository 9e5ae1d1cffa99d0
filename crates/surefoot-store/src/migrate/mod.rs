//! A project moves from a SQLite file to Postgres, page by page. Each page is one transaction with the mark of how far
//! the move has come, so that one that was cut off goes on where it was.

mod page;

use sqlx::PgConnection;
use surefoot_types::ports::{StoreError, Stored};

use self::page::{Kind, page_move};
use crate::{PostgresStore, SqliteStore, rows::unavailable};

/// How many of a kind there are on either side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// What is counted.
    pub what: &'static str,
    /// In the SQLite file.
    pub from: u64,
    /// In Postgres.
    pub to: u64,
}

/// Moves everything from a SQLite file that nobody writes to into an empty database, or goes on with a move that was
/// cut off: keys, accounts, books, traces, feedback, eval runs, files and vector stores, documents with the keys of their passages, the changes
/// that indexes follow, erasures, and the audit log as it is. Leases stay behind: they are of the processes that held
/// them. `progress` is told what is being moved, how many of it there are in Postgres, and how many there will be.
///
/// # Errors
/// `Exists` where the database holds something already; what either store says; `Corrupt` where the counts differ in
/// the end.
pub async fn migrate(
    from: &SqliteStore,
    to: &PostgresStore,
    progress: &(dyn Fn(&'static str, u64, u64) + Send + Sync),
) -> Stored<Vec<Count>> {
    let mut connection = to.connection().await?;
    only_ours(&mut connection).await?;
    let mut counts = Vec::with_capacity(Kind::ALL.len());
    for kind in Kind::ALL {
        let all = rows_from(from, kind).await?;
        let mut done = rows_to(&mut connection, kind).await?;
        progress(kind.name(), done, all);
        while let Some(rows) = page_move(kind, from, &mut connection).await? {
            done += rows;
            progress(kind.name(), done, all);
        }
        counts.push(Count { what: kind.name(), from: all, to: rows_to(&mut connection, kind).await? });
    }
    sequences_set(from, &mut connection).await?;
    match counts.iter().find(|count| count.from != count.to) {
        Some(Count { what, from, to }) => {
            Err(StoreError::Corrupt(format!("of {from} {what} in the SQLite file, {to} are in Postgres")))
        }
        None => Ok(counts),
    }
}

async fn rows_from(from: &SqliteStore, kind: Kind) -> Stored<u64> {
    let count = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {}", kind.tables().0));
    let many: i64 = sqlx::query_scalar(count).fetch_one(from.readers()).await.map_err(unavailable)?;
    Ok(many.unsigned_abs())
}

async fn rows_to(to: &mut PgConnection, kind: Kind) -> Stored<u64> {
    let count = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {}", kind.tables().1));
    let many: i64 = sqlx::query_scalar(count).fetch_one(to).await.map_err(unavailable)?;
    Ok(many.unsigned_abs())
}

/// Refuses a database with something in it that no move brought.
async fn only_ours(to: &mut PgConnection) -> Stored<()> {
    let foreign: bool = sqlx::query_scalar(
        "SELECT NOT EXISTS (SELECT FROM moved) AND (EXISTS (SELECT FROM key) OR EXISTS (SELECT FROM trace)
             OR EXISTS (SELECT FROM spend) OR EXISTS (SELECT FROM document) OR EXISTS (SELECT FROM run) OR EXISTS (SELECT FROM response)
             OR EXISTS (SELECT FROM item) OR EXISTS (SELECT FROM audit) OR EXISTS (SELECT FROM erasure))",
    )
    .fetch_one(to)
    .await
    .map_err(unavailable)?;
    if foreign {
        return Err(StoreError::Exists("the database is to be empty, and something in it".into()));
    }
    Ok(())
}

/// Numbers that were used once are not used again, even if what bore them has gone.
async fn sequences_set(from: &SqliteStore, to: &mut PgConnection) -> Stored<()> {
    for (table, column) in [("passage", "key"), ("erasure", "number")] {
        let last: Option<i64> = sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = ?")
            .bind(table)
            .fetch_optional(from.readers())
            .await
            .map_err(unavailable)?;
        if let Some(last) = last.filter(|last| *last > 0) {
            let set = sqlx::query("SELECT setval(pg_get_serial_sequence($1, $2), $3)");
            set.bind(table).bind(column).bind(last).execute(&mut *to).await.map_err(unavailable)?;
        }
    }
    Ok(())
}
