//! `POST /api/feedback`.

use axum::{
    Json,
    body::Body,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use surefoot_types::{
    Code, Fault,
    feedback::{Feedback, FeedbackValue},
    ids::{FeedbackId, TraceId},
};
use utoipa::ToSchema;

use crate::{body, fault, state::App};

/// Longest name of a metric.
const LONGEST_METRIC: usize = 64;

/// Feedback on a trace.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FeedbackBody {
    /// What it is about.
    #[schema(example = "tr_01jd8n6y4vq0t2x5w9zk3m7c1f")]
    trace_id: String,
    /// `thumbs`, `comment`, `correction`, or a name of your own.
    metric: String,
    /// True or false, a number, or a text.
    value: Value,
}

/// Keeps a piece of feedback.
pub(crate) async fn create(State(app): State<App>, body: Body) -> Response {
    match keep(&app, body).await {
        Ok(id) => (StatusCode::CREATED, Json(json!({"id": id}))).into_response(),
        Err(told) => fault::plain(&told),
    }
}

async fn keep(app: &App, body: Body) -> Result<FeedbackId, Fault> {
    let body = body::read(body, app.body_limit).await?;
    let body: FeedbackBody = serde_json::from_slice(&body)
        .map_err(|error| Fault::bad_request("", format!("the body cannot be read: {error}")))?;
    let trace_id =
        body.trace_id.parse::<TraceId>().map_err(|error| Fault::bad_request("trace_id", error.to_string()))?;
    if body.metric.is_empty() || body.metric.len() > LONGEST_METRIC {
        return Err(Fault::bad_request("metric", format!("a metric's name has 1 to {LONGEST_METRIC} bytes")));
    }
    let value = match body.value {
        Value::Bool(yes) => FeedbackValue::Boolean(yes),
        Value::String(text) => FeedbackValue::Text(text),
        Value::Number(number) => FeedbackValue::Number(number.as_f64().unwrap_or(f64::NAN)),
        _ => return Err(Fault::bad_request("value", "the value must be true or false, a number, or a text")),
    };
    keep_on(app, trace_id, body.metric, value).await
}

/// Keeps feedback on a trace that exists.
pub(crate) async fn keep_on(
    app: &App,
    trace_id: TraceId,
    metric: String,
    value: FeedbackValue,
) -> Result<FeedbackId, Fault> {
    if app.journal.trace_get(trace_id).await?.is_none() {
        return Err(Fault::new(Code::NotFound, format!("there is no trace {trace_id}")));
    }
    let id = FeedbackId::mint(app.clock.as_ref(), app.chance.as_ref());
    let feedback = Feedback { id, trace_id, at: app.clock.now(), metric, value };
    app.journal.feedback_add(&feedback).await?;
    Ok(id)
}
