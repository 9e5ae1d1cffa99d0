//! `POST /api/feedback`.

use axum::{
    Extension, Json,
    body::Body,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use surefoot_types::{
    Fault,
    feedback::{Feedback, FeedbackValue},
    ids::FeedbackId,
};
use utoipa::ToSchema;

use super::traces;
use crate::{access::Who, fault, json, state::App};

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

/// Keeps feedback on a trace.
#[utoipa::path(post, path = "/api/feedback", tag = "feedback", operation_id = "feedback", security(("key" = [])),
    request_body = FeedbackBody, responses(
    (status = 201, description = "It is kept; its id", body = Value),
    (status = 400, description = "The body cannot be read"),
    (status = 404, description = "There is no such trace")))]
pub(crate) async fn create(State(app): State<App>, Extension(who): Extension<Who>, body: Body) -> Response {
    match keep(&app, &who, body).await {
        Ok(id) => (StatusCode::CREATED, Json(json!({"id": id}))).into_response(),
        Err(told) => fault::plain(&told),
    }
}

async fn keep(app: &App, who: &Who, body: Body) -> Result<FeedbackId, Fault> {
    let body: FeedbackBody = json::read(app, body).await?;
    if body.metric.is_empty() || body.metric.len() > LONGEST_METRIC {
        return Err(Fault::bad_request("metric", format!("a metric's name has 1 to {LONGEST_METRIC} bytes")));
    }
    let value = match body.value {
        Value::Bool(yes) => FeedbackValue::Boolean(yes),
        Value::String(text) => FeedbackValue::Text(text),
        Value::Number(number) => FeedbackValue::Number(number.as_f64().unwrap_or(f64::NAN)),
        _ => return Err(Fault::bad_request("value", "the value must be true or false, a number, or a text")),
    };
    keep_on(app, who, &body.trace_id, body.metric, value).await
}

/// Keeps feedback on a trace that `who` may know of.
pub(crate) async fn keep_on(
    app: &App,
    who: &Who,
    trace: &str,
    metric: String,
    value: FeedbackValue,
) -> Result<FeedbackId, Fault> {
    let trace_id = traces::find(app, who, "trace_id", trace).await?.id;
    let id = FeedbackId::mint(app.clock.as_ref(), app.chance.as_ref());
    let feedback = Feedback { id, trace_id, at: app.clock.now(), metric, value };
    app.store.feedback_add(&feedback).await?;
    Ok(id)
}
