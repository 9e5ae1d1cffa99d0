//! The books: reports over sums by hour and by day.

use std::{cmp::Reverse, collections::BTreeMap, fmt::Write as _, sync::LazyLock};

use async_trait::async_trait;
use rusqlite::{Connection, params};
use sqlx::SqliteConnection;
use surefoot_types::{
    Timestamp,
    ports::{Books, StoreError, Stored},
    spend::{SpendQuery, SpendRow, Sums, hour},
};

use super::{
    SqliteStore, direct, unavailable,
    writer::{Write, closed},
};
use crate::group::{COLUMNS, DAY, HOUR, Spans, sums};

/// The columns of sums, added up.
static ADDED_UP: LazyLock<String> = LazyLock::new(|| {
    let mut text = String::new();
    for column in COLUMNS {
        let sum = if column == "estimated" { "max" } else { "sum" };
        let _ = write!(text, ", {sum}({column}) AS {column}");
    }
    text
});

/// Sums of one span, which are added up here: SQLite takes longer to group many columns than to give them.
static ROWS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT at, name, {} FROM spend WHERE span = ?1 AND kind = ?2 AND at >= ?3 AND at < ?4
         AND (?5 IS NULL OR name = ?5)",
        COLUMNS.join(", ")
    )
});

/// What became of a day of which some hours went.
static DAY_ANEW: LazyLock<String> = LazyLock::new(|| {
    format!(
        "INSERT INTO spend (span, kind, at, name, {}) SELECT {DAY}, kind, ?1, name {} FROM spend
         WHERE span = {HOUR} AND at >= ?1 AND at < ?1 + {DAY} GROUP BY kind, name",
        COLUMNS.join(", "),
        *ADDED_UP,
    )
});

#[async_trait]
impl Books for SqliteStore {
    async fn spend_list(&self, query: &SpendQuery) -> Stored<Vec<SpendRow>> {
        let (path, options, query) = (self.file.get_filename().to_owned(), self.options.clone(), query.clone());
        let report = move || report(&direct::reading(&path, &options)?, &query);
        let sums = tokio::task::spawn_blocking(report).await.map_err(|_| closed())?.map_err(direct::unavailable)?;
        let mut rows = Vec::with_capacity(sums.len());
        for ((at, name), sums) in sums {
            let at = Timestamp::from_second(at).map_err(|error| StoreError::Corrupt(error.to_string()))?;
            rows.push(SpendRow { at, name, sums });
        }
        // Within a step they are by name already.
        rows.sort_by_key(|row| (row.at, Reverse(row.sums.cost)));
        Ok(rows)
    }

    async fn spend_prune(&self, before: Timestamp) -> Stored<u64> {
        self.writer.write(Prune { before }).await
    }
}

/// The sums of a report by step, in seconds since 1970, and by name: whole days from the sums by day, and the hours
/// before, after or without them from those by hour.
fn report(from: &Connection, query: &SpendQuery) -> rusqlite::Result<BTreeMap<(i64, String), Sums>> {
    let spans = Spans::of(query);
    let kind = query.by.name();
    // All parts of one state of the file.
    let from = from.unchecked_transaction()?;
    let mut statement = from.prepare(&ROWS)?;
    let mut report: BTreeMap<(i64, String), Sums> = BTreeMap::new();
    for (span, since, until) in
        [(HOUR, spans.from, spans.first), (DAY, spans.first, spans.last), (HOUR, spans.last, spans.to)]
    {
        let mut rows = statement.query(params![span, kind, since, until, query.name])?;
        while let Some(row) = rows.next()? {
            let mut numbers = [None; COLUMNS.len()];
            for (place, number) in numbers.iter_mut().enumerate() {
                *number = row.get(2 + place)?;
            }
            let at: i64 = row.get(0)?;
            let of = report.entry((at.div_euclid(spans.step) * spans.step, row.get(1)?)).or_default();
            *of = of.plus(sums(&numbers));
        }
    }
    Ok(report)
}

/// Sums of hours that are long past go.
struct Prune {
    before: Timestamp,
}

#[async_trait]
impl Write for Prune {
    type Done = u64;

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<u64> {
        let before = hour(self.before).as_second();
        let day = before.div_euclid(DAY) * DAY;
        let gone = delete(to, HOUR, before).await?;
        if gone > 0 {
            delete(to, DAY, day + 1).await?;
            sqlx::query(DAY_ANEW.as_str()).bind(day).execute(to).await.map_err(unavailable)?;
        }
        Ok(gone)
    }
}

async fn delete(to: &mut SqliteConnection, span: i64, before: i64) -> Stored<u64> {
    let done = sqlx::query("DELETE FROM spend WHERE span = ? AND at < ?").bind(span).bind(before).execute(to).await;
    Ok(done.map_err(unavailable)?.rows_affected())
}
