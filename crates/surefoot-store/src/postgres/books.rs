//! The books: sums by hour, so that a report reads no trace.

use async_trait::async_trait;
use sqlx::{Row, postgres::PgRow};
use surefoot_types::{
    Timestamp,
    ports::{Books, StoreError, Stored},
    spend::{SpendQuery, SpendRow, Step, hour},
};

use super::{PostgresStore, column};
use crate::{
    group::{COLUMNS, sums},
    rows::unavailable,
};

#[async_trait]
impl Books for PostgresStore {
    async fn spend_list(&self, query: &SpendQuery) -> Stored<Vec<SpendRow>> {
        self.catch_up().await;
        let step: Option<i64> = match query.step {
            Step::Whole => None,
            Step::Hour => Some(3_600),
            Step::Day => Some(86_400),
        };
        let rows = sqlx::query(
            "SELECT coalesce(hour / $5 * $5, 0) AS at, name, sum(requests)::bigint AS requests, sum(failed)::bigint AS failed,
                 sum(unpriced)::bigint AS unpriced, sum(spend.cost)::bigint AS cost, sum(took_us)::bigint AS took_us,
                 sum(input)::bigint AS input, sum(cache_read)::bigint AS cache_read, sum(cache_write)::bigint AS cache_write,
                 sum(cache_write_hour)::bigint AS cache_write_hour, sum(audio_input)::bigint AS audio_input,
                 sum(output)::bigint AS output, sum(audio_output)::bigint AS audio_output,
                 sum(reasoning)::bigint AS reasoning, sum(images)::bigint AS images, sum(searches)::bigint AS searches,
                 sum(reported)::bigint AS reported, max(estimated) AS estimated
             FROM spend WHERE what = $1 AND ($2 IS NULL OR name = $2) AND hour >= $3 AND ($4 IS NULL OR hour < $4)
             GROUP BY 1, 2 ORDER BY 1, sum(spend.cost) DESC, name",
        )
        .bind(column(&query.by.name()))
        .bind(query.name.as_deref().map(column))
        .bind(hour(query.since).as_second())
        .bind(query.until.map(|until| hour(until).as_second()))
        .bind(step)
        .fetch_all(&self.pool)
        .await
        .map_err(unavailable)?;
        rows.iter().map(spend_row).collect()
    }

    async fn spend_prune(&self, before: Timestamp) -> Stored<u64> {
        let done = sqlx::query("DELETE FROM spend WHERE hour < $1")
            .bind(hour(before).as_second())
            .execute(&self.pool)
            .await
            .map_err(unavailable)?;
        Ok(done.rows_affected())
    }
}

fn spend_row(row: &PgRow) -> Stored<SpendRow> {
    let mut numbers = [None; COLUMNS.len()];
    for (number, column) in numbers.iter_mut().zip(COLUMNS) {
        *number = row.try_get(column).map_err(unavailable)?;
    }
    let at: i64 = row.try_get("at").map_err(unavailable)?;
    Ok(SpendRow {
        at: Timestamp::from_second(at).map_err(|error| StoreError::Corrupt(error.to_string()))?,
        name: row.try_get("name").map_err(unavailable)?,
        sums: sums(&numbers),
    })
}
