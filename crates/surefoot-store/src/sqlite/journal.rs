//! Traces and feedback.

use std::sync::Arc;

use async_trait::async_trait;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use surefoot_types::{
    Money, Timestamp,
    feedback::Feedback,
    ids::TraceId,
    ports::{Journal, Stored, TraceFilter},
    trace::{Trace, TraceSummary},
};

use super::{SqliteStore, Write, from_json, id_bytes, rows, to_json, unavailable};

/// A trace as its tables hold it.
#[derive(Debug)]
pub(super) struct TraceRow {
    id: Vec<u8>,
    at: i64,
    asked: String,
    outcome: &'static str,
    session: Option<String>,
    question: String,
    cost: Option<i64>,
    summary: String,
    body: String,
}

impl TraceRow {
    fn new(trace: &Trace) -> Stored<Self> {
        Ok(Self {
            id: id_bytes(trace.id.to_bits()),
            at: trace.at.as_millisecond(),
            asked: trace.asked.clone(),
            outcome: trace.outcome.name(),
            session: trace.session.clone(),
            question: trace.question.clone(),
            cost: trace.cost.map(Money::as_nanos),
            summary: to_json(&trace.summary())?,
            body: to_json(trace)?,
        })
    }
}

#[async_trait]
impl Journal for SqliteStore {
    async fn trace_add(&self, trace: Arc<Trace>) -> Stored<()> {
        self.write(Write::Trace(Box::new(TraceRow::new(&trace)?))).await.map(|_| ())
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
        let mut query = selection(filter);
        query.push(" ORDER BY id DESC LIMIT ").push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
        rows(&query.build_query_scalar().fetch_all(&self.readers).await.map_err(unavailable)?)
    }

    async fn trace_cost_since(&self, since: Timestamp) -> Stored<Money> {
        let sum: Option<i64> = sqlx::query_scalar("SELECT sum(cost) FROM trace WHERE at >= ?")
            .bind(since.as_millisecond())
            .fetch_one(&self.readers)
            .await
            .map_err(unavailable)?;
        Ok(Money::nanos(sum.unwrap_or(0)))
    }

    async fn feedback_add(&self, feedback: &Feedback) -> Stored<()> {
        let trace = id_bytes(feedback.trace_id.to_bits());
        self.write(Write::Feedback { trace, body: to_json(feedback)? }).await.map(|_| ())
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

fn selection(filter: &TraceFilter) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("SELECT summary FROM trace WHERE 1");
    if let Some(asked) = &filter.asked {
        query.push(" AND asked = ").push_bind(asked.clone());
    }
    if let Some(outcome) = filter.outcome {
        query.push(" AND outcome = ").push_bind(outcome.name());
    }
    if let Some(session) = &filter.session {
        query.push(" AND session = ").push_bind(session.clone());
    }
    if let Some(text) = &filter.text {
        let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        query.push(" AND question LIKE ").push_bind(format!("%{escaped}%")).push(" ESCAPE '\\'");
    }
    if let Some(before) = filter.before {
        query.push(" AND id < ").push_bind(id_bytes(before.to_bits()));
    }
    if let Some(since) = filter.since {
        query.push(" AND at >= ").push_bind(since.as_millisecond());
    }
    query
}

pub(super) async fn trace_insert(to: &mut SqliteConnection, row: &TraceRow) -> Stored<bool> {
    sqlx::query(
        "INSERT OR REPLACE INTO trace (id, at, asked, outcome, session, question, cost, summary)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.id)
    .bind(row.at)
    .bind(&row.asked)
    .bind(row.outcome)
    .bind(&row.session)
    .bind(&row.question)
    .bind(row.cost)
    .bind(&row.summary)
    .execute(&mut *to)
    .await
    .map_err(unavailable)?;
    sqlx::query("INSERT OR REPLACE INTO trace_body (id, body) VALUES (?, ?)")
        .bind(&row.id)
        .bind(&row.body)
        .execute(to)
        .await
        .map_err(unavailable)?;
    Ok(true)
}

pub(super) async fn feedback_insert(to: &mut SqliteConnection, trace: &[u8], body: &str) -> Stored<bool> {
    sqlx::query("INSERT INTO feedback (trace_id, body) VALUES (?, ?)")
        .bind(trace)
        .bind(body)
        .execute(to)
        .await
        .map_err(unavailable)?;
    Ok(true)
}
