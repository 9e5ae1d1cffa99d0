//! The books: reports over sums by hour and by day.

use std::{fmt::Write as _, sync::LazyLock};

use async_trait::async_trait;
use sqlx::{Row, postgres::PgRow};
use surefoot_types::{
    Timestamp,
    ports::{Books, StoreError, Stored},
    spend::{SpendQuery, SpendRow, hour},
};

use super::{PostgresStore, column};
use crate::{
    group::{COLUMNS, DAY, HOUR, Spans, sums},
    rows::unavailable,
};

/// The columns of sums, added up.
static ADDED_UP: LazyLock<String> = LazyLock::new(|| {
    let mut text = String::new();
    for column in COLUMNS {
        let sum = if column == "estimated" { "max" } else { "sum" };
        let _ = write!(text, ", {sum}(spend.{column})::bigint AS {column}");
    }
    text
});

/// A report: whole days from the sums by day, and the hours before, after or without them from those by hour.
static REPORT: LazyLock<String> = LazyLock::new(|| {
    let rows = |span: i64, from: &str, to: &str| {
        format!(
            "SELECT * FROM spend WHERE span = {span} AND kind = $1 AND at >= {from} AND at < {to}
             AND ($2::text IS NULL OR name = $2)"
        )
    };
    format!(
        "SELECT at / $3 * $3 AS step, name {} FROM ({} UNION ALL {} UNION ALL {}) AS spend
         GROUP BY step, name ORDER BY step, sum(spend.cost) DESC, name",
        *ADDED_UP,
        rows(HOUR, "$4", "$5"),
        rows(DAY, "$5", "$6"),
        rows(HOUR, "$6", "$7"),
    )
});

/// What became of a day of which some hours went.
static DAY_ANEW: LazyLock<String> = LazyLock::new(|| {
    format!(
        "INSERT INTO spend (span, kind, at, name, {}) SELECT {DAY}, kind, $1, name {} FROM spend
         WHERE span = {HOUR} AND at >= $1 AND at < $1 + {DAY} GROUP BY kind, name",
        COLUMNS.join(", "),
        *ADDED_UP
    )
});

#[async_trait]
impl Books for PostgresStore {
    async fn spend_list(&self, query: &SpendQuery) -> Stored<Vec<SpendRow>> {
        self.catch_up().await;
        let Spans { step, from, first, last, to } = Spans::of(query);
        let found = sqlx::query(REPORT.as_str())
            .bind(column(&query.by.name()))
            .bind(query.name.as_deref().map(column))
            .bind(step)
            .bind(from)
            .bind(first)
            .bind(last)
            .bind(to)
            .fetch_all(&self.pool)
            .await
            .map_err(unavailable)?;
        found.iter().map(spend_row).collect()
    }

    async fn spend_prune(&self, before: Timestamp) -> Stored<u64> {
        let before = hour(before).as_second();
        let day = before.div_euclid(DAY) * DAY;
        let mut transaction = self.pool.begin().await.map_err(unavailable)?;
        // Nobody adds to the day that is summed anew.
        super::kept_alone(&mut transaction).await?;
        let gone = sqlx::query("DELETE FROM spend WHERE span = $1 AND at < $2").bind(HOUR).bind(before);
        let gone = gone.execute(&mut *transaction).await.map_err(unavailable)?.rows_affected();
        if gone > 0 {
            let days = sqlx::query("DELETE FROM spend WHERE span = $1 AND at <= $2").bind(DAY).bind(day);
            days.execute(&mut *transaction).await.map_err(unavailable)?;
            sqlx::query(DAY_ANEW.as_str()).bind(day).execute(&mut *transaction).await.map_err(unavailable)?;
        }
        transaction.commit().await.map_err(unavailable)?;
        Ok(gone)
    }
}

fn spend_row(row: &PgRow) -> Stored<SpendRow> {
    let mut numbers = [None; COLUMNS.len()];
    for (number, column) in numbers.iter_mut().zip(COLUMNS) {
        *number = row.try_get(column).map_err(unavailable)?;
    }
    let at: i64 = row.try_get("step").map_err(unavailable)?;
    Ok(SpendRow {
        at: Timestamp::from_second(at).map_err(|error| StoreError::Corrupt(error.to_string()))?,
        name: row.try_get("name").map_err(unavailable)?,
        sums: sums(&numbers),
    })
}
