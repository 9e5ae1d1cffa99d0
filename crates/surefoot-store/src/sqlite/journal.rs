//! Traces and feedback.

use async_trait::async_trait;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use surefoot_types::{
    Timestamp,
    feedback::Feedback,
    ids::TraceId,
    ports::{Found, Journal, Record, Search, Stored, TraceFilter},
    trace::{Outcome, Trace, TraceSummary},
};

use super::{
    SqliteStore, bits, from_json, id_bytes, limited, records::Ready, rows, to_json, unavailable, writer::Write,
};
use crate::rows::{APART, first_id};

#[async_trait]
impl Journal for SqliteStore {
    async fn record_add(&self, record: Record) -> Stored<()> {
        self.recorder.record(Ready::new(record)?).await
    }

    async fn trace_get(&self, id: TraceId) -> Stored<Option<Trace>> {
        let body: Option<String> = sqlx::query_scalar("SELECT body FROM trace_body WHERE id = ?")
            .bind(id_bytes(id.to_bits()))
            .fetch_optional(&self.readers)
            .await
            .map_err(unavailable)?;
        body.map(|body| from_json(&body)).transpose()
    }

    async fn trace_list(&self, filter: &TraceFilter, limit: usize) -> Stored<Vec<TraceSummary>> {
        self.listed(selection(SUMMED_UP, filter), limit).await
    }

    async fn trace_search(&self, search: &Search, limit: usize) -> Stored<Found> {
        // First how far it may look: what comes meanwhile is newer, and changes nothing.
        let mut last = selection("SELECT id FROM trace WHERE 1", &search.filter);
        last.push(" ORDER BY id DESC LIMIT 1 OFFSET ").push_bind(limited(search.most.saturating_sub(1)));
        let last: Option<Vec<u8>> =
            last.build_query_scalar().fetch_optional(&self.readers).await.map_err(unavailable)?;
        let mut query = selection(SUMMED_UP, &search.filter);
        let escaped = search.text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        query.push(" AND question LIKE ").push_bind(format!("%{escaped}%")).push(" ESCAPE '\\'");
        if let Some(last) = &last {
            query.push(" AND id >= ").push_bind(last.clone());
        }
        let traces = self.listed(query, limit).await?;
        let last = last.as_deref().map(bits).transpose()?;
        Ok(Found::new(traces, limit, last.map(TraceId::from_bits)))
    }

    async fn trace_prune(&self, before: Timestamp, limit: usize) -> Stored<u64> {
        self.writer.write(Prune { before, limit }).await
    }

    async fn feedback_add(&self, feedback: &Feedback) -> Stored<()> {
        let trace = id_bytes(feedback.trace_id.to_bits());
        self.writer.write(FeedbackAdd { trace, user: feedback.user.clone(), body: to_json(feedback)? }).await
    }

    async fn feedback_list(&self, trace: TraceId) -> Stored<Vec<Feedback>> {
        let bodies = sqlx::query_scalar("SELECT body FROM feedback WHERE trace_id = ? ORDER BY number")
            .bind(id_bytes(trace.to_bits()))
            .fetch_all(&self.readers)
            .await
            .map_err(unavailable)?;
        rows(&bodies)
    }
}

/// What a list of traces is made of.
const SUMMED_UP: &str = "SELECT (SELECT body FROM trace_body WHERE trace_body.id = trace.id) FROM trace WHERE 1";

impl SqliteStore {
    async fn listed(&self, mut query: QueryBuilder<Sqlite>, limit: usize) -> Stored<Vec<TraceSummary>> {
        query.push(" ORDER BY id DESC LIMIT ").push_bind(limited(limit));
        let bodies: Vec<String> = query.build_query_scalar().fetch_all(&self.readers).await.map_err(unavailable)?;
        bodies.iter().map(|body| from_json(body).map(|trace: Trace| trace.summary())).collect()
    }
}

/// What is selected, of what fits the filter. SQLite keeps no statistics here: which index serves is decided by hiding
/// the other columns (`+column`) from it, the one that leaves fewest rows first.
fn selection(select: &str, filter: &TraceFilter) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(select);
    let mut indexed = false;
    let mut and = |has_index: bool| {
        let and = if indexed { " AND +" } else { " AND " };
        indexed |= has_index;
        and
    };
    if let Some(session) = &filter.session {
        query.push(and(true)).push("session = ").push_bind(session.clone());
    }
    if let Some(user) = &filter.user {
        query.push(and(true)).push("user = ").push_bind(user.clone());
    }
    if let Some(outcome) = filter.outcome {
        let rare = outcome != Outcome::Answered;
        // Told to SQLite too, so that it sees that the index of the rare ones serves.
        query.push(and(rare)).push("outcome = ").push_bind(outcome.name());
        query.push(if rare { " AND outcome <> 'answered'" } else { "" });
    }
    for (column, name) in [("key", &filter.key), ("asked", &filter.asked), ("tenant", &filter.tenant)] {
        if let Some(name) = name {
            query.push(and(true)).push(column).push(" = ").push_bind(name.clone());
        }
    }
    if let Some(before) = filter.before {
        query.push(" AND id < ").push_bind(id_bytes(before.to_bits()));
    }
    if let Some(since) = filter.since {
        query.push(" AND id >= ").push_bind(first_id(since.as_millisecond() - APART));
        query.push(" AND at >= ").push_bind(since.as_millisecond());
    }
    query
}

/// Feedback comes.
struct FeedbackAdd {
    trace: Vec<u8>,
    user: Option<String>,
    body: String,
}

#[async_trait]
impl Write for FeedbackAdd {
    type Done = ();

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<()> {
        sqlx::query("INSERT INTO feedback (trace_id, user, body) VALUES (?, ?, ?)")
            .bind(&self.trace)
            .bind(&self.user)
            .bind(&self.body)
            .execute(to)
            .await
            .map_err(unavailable)?;
        Ok(())
    }
}

/// The oldest traces go.
struct Prune {
    before: Timestamp,
    limit: usize,
}

#[async_trait]
impl Write for Prune {
    type Done = u64;

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<u64> {
        let before = self.before.as_millisecond();
        let ids: Vec<Vec<u8>> = sqlx::query_scalar("SELECT id FROM trace WHERE id < ? AND at < ? ORDER BY id LIMIT ?")
            .bind(first_id(before + APART))
            .bind(before)
            .bind(limited(self.limit))
            .fetch_all(&mut *to)
            .await
            .map_err(unavailable)?;
        for id in &ids {
            // Cases of runs stay, and must still be found when the user is erased.
            sqlx::query("UPDATE run_case SET user = (SELECT user FROM trace WHERE id = ?) WHERE trace_id = ?")
                .bind(id)
                .bind(TraceId::from_bits(bits(id)?).to_string())
                .execute(&mut *to)
                .await
                .map_err(unavailable)?;
            trace_delete(to, id).await?;
        }
        // Nothing that old comes again.
        sqlx::query("DELETE FROM unkept WHERE id < ?")
            .bind(first_id(before - APART))
            .execute(to)
            .await
            .map_err(unavailable)?;
        Ok(ids.len() as u64)
    }
}

/// Takes a trace away with the feedback on it. How many pieces of feedback there were.
pub(super) async fn trace_delete(to: &mut SqliteConnection, id: &[u8]) -> Stored<u64> {
    let statement = "DELETE FROM trace WHERE id = ?1; DELETE FROM trace_body WHERE id = ?1;
                     DELETE FROM trial WHERE trace_id = ?1;";
    sqlx::query(statement).bind(id).execute(&mut *to).await.map_err(unavailable)?;
    let said = sqlx::query("DELETE FROM feedback WHERE trace_id = ?").bind(id).execute(to).await;
    Ok(said.map_err(unavailable)?.rows_affected())
}
