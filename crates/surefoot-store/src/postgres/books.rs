//! The books: sums by hour, so that a report reads no trace.

use async_trait::async_trait;
use sqlx::{Row, postgres::PgRow};
use surefoot_types::{
    Money, Timestamp, Usage,
    ports::{Books, Stored},
    spend::{SpendQuery, SpendRow, Step, Sums, hour},
};

use super::{PostgresStore, column, count, moment};
use crate::rows::unavailable;

#[async_trait]
impl Books for PostgresStore {
    async fn spend_list(&self, query: &SpendQuery) -> Stored<Vec<SpendRow>> {
        self.catch_up().await;
        let step: Option<i64> = match query.step {
            Step::Whole => None,
            Step::Hour => Some(3_600_000),
            Step::Day => Some(86_400_000),
        };
        let rows = sqlx::query(
            "SELECT coalesce(hour / $5 * $5, 0) * 1000 AS at, name, sum(requests)::bigint AS requests, sum(failed)::bigint AS failed,
                 sum(unpriced)::bigint AS unpriced, sum(input)::bigint AS input, sum(cache_read)::bigint AS cache_read,
                 sum(cache_write)::bigint AS cache_write, sum(cache_write_hour)::bigint AS cache_write_hour,
                 sum(audio_input)::bigint AS audio_input, sum(output)::bigint AS output,
                 sum(audio_output)::bigint AS audio_output, sum(reasoning)::bigint AS reasoning,
                 sum(images)::bigint AS images, sum(searches)::bigint AS searches, sum(reported)::bigint AS reported,
                 bool_or(estimated) AS estimated, sum(spend.cost)::bigint AS cost, sum(took_us)::bigint AS took_us
             FROM spend WHERE what = $1 AND ($2 IS NULL OR name = $2) AND hour >= $3 AND ($4 IS NULL OR hour < $4)
             GROUP BY 1, 2 ORDER BY 1, sum(spend.cost) DESC, name",
        )
        .bind(column(&query.by.name()))
        .bind(query.name.as_deref().map(column))
        .bind(hour(query.since).as_millisecond())
        .bind(query.until.map(|until| hour(until).as_millisecond()))
        .bind(step)
        .fetch_all(&self.pool)
        .await
        .map_err(unavailable)?;
        rows.iter().map(spend_row).collect()
    }

    async fn spend_prune(&self, before: Timestamp) -> Stored<u64> {
        let done = sqlx::query("DELETE FROM spend WHERE hour < $1")
            .bind(hour(before).as_millisecond())
            .execute(&self.pool)
            .await
            .map_err(unavailable)?;
        Ok(done.rows_affected())
    }
}

fn spend_row(row: &PgRow) -> Stored<SpendRow> {
    let number = |column: &str| row.try_get::<i64, _>(column).map(count).map_err(unavailable);
    let usage = Usage {
        input: number("input")?,
        cache_read: number("cache_read")?,
        cache_write: number("cache_write")?,
        cache_write_hour: number("cache_write_hour")?,
        audio_input: number("audio_input")?,
        output: number("output")?,
        audio_output: number("audio_output")?,
        reasoning: number("reasoning")?,
        images: number("images")?,
        searches: number("searches")?,
        reported: row.try_get::<Option<i64>, _>("reported").map_err(unavailable)?.map(Money::nanos),
        estimated: row.try_get("estimated").map_err(unavailable)?,
    };
    let sums = Sums {
        requests: number("requests")?,
        failed: number("failed")?,
        unpriced: number("unpriced")?,
        usage,
        cost: Money::nanos(row.try_get("cost").map_err(unavailable)?),
        took_us: number("took_us")?,
    };
    Ok(SpendRow {
        at: moment(row.try_get("at").map_err(unavailable)?)?,
        name: row.try_get("name").map_err(unavailable)?,
        sums,
    })
}
