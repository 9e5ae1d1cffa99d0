//! The books: reports over sums by hour and by day.

use std::{fmt::Write as _, sync::LazyLock};

use async_trait::async_trait;
use sqlx::SqliteConnection;
use surefoot_types::{
    Timestamp,
    ports::{Books, StoreError, Stored},
    spend::{SpendQuery, SpendRow, hour},
};

use super::{SqliteStore, from_json, unavailable, writer::Write};
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

/// A report, as one JSON array: reading many rows with many columns one by one costs more than adding them up. Whole days from the sums by day, and the hours before, after or without them from those by hour.
static REPORT: LazyLock<String> = LazyLock::new(|| {
    let rows = |span: i64, from: &str, to: &str| {
        format!(
            "SELECT * FROM spend WHERE span = {span} AND kind = ?1 AND at >= {from} AND at < {to}
             AND (?2 IS NULL OR name = ?2)"
        )
    };
    format!(
        "SELECT json_group_array(json_array(step, name, json_array({})) ORDER BY step, cost DESC, name) FROM (
             SELECT at / ?3 * ?3 AS step, name {} FROM ({} UNION ALL {} UNION ALL {}) GROUP BY step, name
         )",
        COLUMNS.join(", "),
        *ADDED_UP,
        rows(HOUR, "?4", "?5"),
        rows(DAY, "?5", "?6"),
        rows(HOUR, "?6", "?7"),
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
        let Spans { step, from, first, last, to } = Spans::of(query);
        let rows: String = sqlx::query_scalar(REPORT.as_str())
            .bind(query.by.name())
            .bind(&query.name)
            .bind(step)
            .bind(from)
            .bind(first)
            .bind(last)
            .bind(to)
            .fetch_one(&self.readers)
            .await
            .map_err(unavailable)?;
        let rows: Vec<(i64, String, [Option<i64>; COLUMNS.len()])> = from_json(&rows)?;
        let row = |(at, name, numbers): (i64, String, _)| {
            let at = Timestamp::from_second(at).map_err(|error| StoreError::Corrupt(error.to_string()))?;
            Ok(SpendRow { at, name, sums: sums(&numbers) })
        };
        rows.into_iter().map(row).collect()
    }

    async fn spend_prune(&self, before: Timestamp) -> Stored<u64> {
        self.writer.write(Prune { before }).await
    }
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
