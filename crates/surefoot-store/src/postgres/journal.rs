//! Traces and feedback: into the spool, and out of the database and the spool.

use async_trait::async_trait;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use surefoot_types::{
    Timestamp,
    feedback::Feedback,
    ids::TraceId,
    ports::{Found, Journal, Record, Search, Stored, TraceFilter},
    trace::{Outcome, Trace, TraceSummary},
};

use super::{PostgresStore, column, count, kept_alone};
use crate::rows::{APART, bits, first_id, from_json, id_bytes, limited, rows, unavailable};

#[async_trait]
impl Journal for PostgresStore {
    async fn record_add(&self, record: Record) -> Stored<()> {
        self.spool.record_add(&record).await
    }

    async fn trace_get(&self, id: TraceId) -> Stored<Option<Trace>> {
        if self.catch_up().await {
            return self.trace_moved(id).await;
        }
        // What is on its way from the spool while it is looked for there has arrived when it is not found.
        let moved = self.trace_moved(id).await;
        if let Ok(Some(_)) = moved {
            return moved;
        }
        match self.spool.trace_get(id).await? {
            Some(trace) => Ok(Some(trace)),
            None => self.trace_moved(id).await,
        }
    }

    async fn trace_list(&self, filter: &TraceFilter, limit: usize) -> Stored<Vec<TraceSummary>> {
        self.catch_up().await;
        self.listed(Selection::of(SUMMARIES, filter, None), limit).await
    }

    async fn trace_search(&self, search: &Search, limit: usize) -> Stored<Found> {
        self.catch_up().await;
        // First how far it may look: what comes meanwhile is newer, and changes nothing.
        let Selection { mut query, order } = Selection::of("SELECT id FROM trace WHERE true", &search.filter, None);
        query.push(order).push(" LIMIT 1 OFFSET ").push_bind(limited(search.most.saturating_sub(1)));
        let last: Option<Vec<u8>> = query.build_query_scalar().fetch_optional(&self.pool).await.map_err(unavailable)?;
        let mut selection = Selection::of(SUMMARIES, &search.filter, last.clone());
        // In the collation "C" only ASCII letters have a lower case.
        let text = search.text.replace('\0', "\u{fffd}").to_ascii_lowercase();
        selection.query.push(" AND position(").push_bind(text).push(" IN lower(question)) > 0");
        let traces = self.listed(selection, limit).await?;
        let last = last.as_deref().map(bits).transpose()?;
        Ok(Found::new(traces, limit, last.map(TraceId::from_bits)))
    }

    async fn feedback_add(&self, feedback: &Feedback) -> Stored<()> {
        self.spool.feedback_add(feedback).await
    }

    /// A month that is older as a whole goes at once, however many traces it holds.
    async fn trace_prune(&self, before: Timestamp, limit: usize) -> Stored<u64> {
        let mut transaction = self.pool.begin().await.map_err(unavailable)?;
        kept_alone(&mut transaction).await?;
        let mut gone = month_drop(&mut transaction, before).await?;
        if gone == 0 {
            gone = traces_delete(&mut transaction, before, limit).await?;
        }
        transaction.commit().await.map_err(unavailable)?;
        Ok(gone)
    }

    async fn feedback_list(&self, trace: TraceId) -> Stored<Vec<Feedback>> {
        self.catch_up().await;
        let bodies = sqlx::query_scalar("SELECT body FROM feedback WHERE trace_id = $1 ORDER BY number")
            .bind(id_bytes(trace.to_bits()))
            .fetch_all(&self.pool)
            .await
            .map_err(unavailable)?;
        rows(&bodies)
    }
}

/// Columns that Postgres keeps no statistics of.
const UNKNOWN: [&str; 2] = ["session", "user_name"];
/// Bytes of an id.
const ID: usize = 16;
/// What a list of traces is made of.
const SUMMARIES: &str = "SELECT summary FROM trace WHERE true";

impl PostgresStore {
    async fn listed(&self, selection: Selection, limit: usize) -> Stored<Vec<TraceSummary>> {
        let Selection { mut query, order } = selection;
        query.push(order).push(" LIMIT ").push_bind(limited(limit));
        rows(&query.build_query_scalar().fetch_all(&self.pool).await.map_err(unavailable)?)
    }

    async fn trace_moved(&self, id: TraceId) -> Stored<Option<Trace>> {
        let body: Option<String> = sqlx::query_scalar("SELECT body FROM trace_body WHERE id = $1")
            .bind(id_bytes(id.to_bits()))
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)?;
        body.map(|body| from_json(&body)).transpose()
    }
}

/// What is selected, and in which order: newest first.
struct Selection {
    query: QueryBuilder<Postgres>,
    order: String,
}

impl Selection {
    /// What fits the filter, and has no lower id than `lowest`.
    ///
    /// Of sessions and users Postgres keeps no statistics, since they would hold names. It would take any of them for
    /// as frequent as the others, and look through all traces for those of one who has five. So they are asked for as
    /// a stretch of their index and not by equality: that index is then the only one that has the wanted order. So is
    /// what stands alone, for which no other index is better. Of several others Postgres knows which leaves the fewest.
    fn of(select: &str, filter: &TraceFilter, lowest: Option<Vec<u8>>) -> Self {
        let columns = [
            ("session", filter.session.as_deref()),
            ("user_name", filter.user.as_deref()),
            ("key_name", filter.key.as_deref()),
            ("asked", filter.asked.as_deref()),
            ("tenant", filter.tenant.as_deref()),
            ("outcome", filter.outcome.map(Outcome::name)),
        ];
        let mut given: Vec<_> = columns.into_iter().filter_map(|(name, value)| Some((name, column(value?)))).collect();
        let leads = given.len() == 1 || given.first().is_some_and(|(name, _)| UNKNOWN.contains(name));
        let lead = leads.then(|| given.remove(0));
        let mut query = QueryBuilder::new(select);
        for (name, value) in given {
            query.push(format!(" AND {name} = ")).push_bind(value.into_owned());
        }
        if let Some(since) = filter.since {
            query.push(" AND at >= ").push_bind(since.as_millisecond());
        }
        let since = filter.since.map(|since| first_id(since.as_millisecond() - APART));
        let lowest = lowest.max(since).unwrap_or_default();
        let before = filter.before.map_or_else(|| vec![0xff; ID + 1], |before| id_bytes(before.to_bits()));
        let Some((name, value)) = lead else {
            query.push(" AND id >= ").push_bind(lowest).push(" AND id < ").push_bind(before);
            return Self { query, order: " ORDER BY id DESC".into() };
        };
        // Its index may leave out what has none.
        query.push(format!(" AND {name} IS NOT NULL"));
        for (sign, id) in [(">=", lowest), ("<", before)] {
            query.push(format!(" AND ({name}, id) {sign} (")).push_bind(value.clone().into_owned());
            query.push(", ").push_bind(id).push(")");
        }
        Self { query, order: format!(" ORDER BY {name} DESC, id DESC") }
    }
}

/// Drops the oldest month, if all of it is older. How many traces it held.
async fn month_drop(to: &mut PgConnection, before: Timestamp) -> Stored<u64> {
    // `y2026m11`: in order of time, as far as four digits reach.
    let month: Option<String> = sqlx::query_scalar(
        "SELECT substr(relname, 7) FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
         WHERE inhparent = 'trace'::regclass ORDER BY length(relname), relname LIMIT 1",
    )
    .fetch_optional(&mut *to)
    .await
    .map_err(unavailable)?;
    let Some(month) = month else { return Ok(0) };
    let month_is_old = format!(
        "SELECT to_date(substr('{month}', 2), 'YYYY\"m\"MM') + interval '1 month' <= to_timestamp($1 / 1000.0) AT TIME ZONE 'UTC'
            AND NOT EXISTS (SELECT FROM trace_{month} WHERE at >= $1)"
    );
    let old: bool = sqlx::query_scalar(sqlx::AssertSqlSafe(month_is_old))
        .bind(before.as_millisecond())
        .fetch_one(&mut *to)
        .await
        .map_err(unavailable)?;
    if !old {
        return Ok(0);
    }
    let told = sqlx::query(sqlx::AssertSqlSafe(format!(
        "WITH said AS (DELETE FROM feedback WHERE trace_id IN (SELECT id FROM trace_{month})),
         trials AS (DELETE FROM trial WHERE trace_id IN (SELECT id FROM trace_{month}))
         SELECT count(*) FROM trace_{month}"
    )))
    .fetch_one(&mut *to)
    .await
    .map_err(unavailable)?;
    for table in ["trace", "trace_body", "counted"] {
        let drop = format!("DROP TABLE {table}_{month}");
        sqlx::query(sqlx::AssertSqlSafe(drop)).execute(&mut *to).await.map_err(unavailable)?;
    }
    Ok(count(told.try_get(0).map_err(unavailable)?))
}

async fn traces_delete(to: &mut PgConnection, before: Timestamp, limit: usize) -> Stored<u64> {
    let gone = sqlx::query_scalar(
        "WITH gone AS (DELETE FROM trace WHERE id IN (SELECT id FROM trace WHERE at < $1 ORDER BY id LIMIT $2) RETURNING id),
         bodies AS (DELETE FROM trace_body WHERE id IN (SELECT id FROM gone)),
         said AS (DELETE FROM feedback WHERE trace_id IN (SELECT id FROM gone)),
         trials AS (DELETE FROM trial WHERE trace_id IN (SELECT id FROM gone))
         SELECT count(*) FROM gone",
    )
    .bind(before.as_millisecond())
    .bind(limited(limit))
    .fetch_one(to)
    .await
    .map_err(unavailable)?;
    Ok(count(gone))
}
