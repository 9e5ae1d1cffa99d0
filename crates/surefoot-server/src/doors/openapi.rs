//! `GET /openapi.json`: the doors, for machines. The dialects' own bodies are described by their
//! owners; here stands what is Surefoot's.

use axum::response::Response;

use utoipa::OpenApi;

use super::{feedback::FeedbackBody, traces::TraceQuery};
use crate::reply::json;

#[derive(OpenApi)]
#[openapi(
    info(title = "Surefoot", description = "Sure-footed answers from unpredictable models."),
    paths(
        chat_completions,
        messages,
        embeddings,
        models,
        feedback,
        traces,
        trace,
        evals,
        eval,
        healthz,
        readyz,
        metrics
    ),
    components(schemas(FeedbackBody))
)]
struct Described;

/// The description as JSON text, indented.
pub fn openapi() -> String {
    Described::openapi().to_pretty_json().unwrap_or_default()
}

/// Serves it.
pub(crate) async fn serve() -> Response {
    json(openapi().into())
}

/// Answers a conversation, in the shape of OpenAI's chat completions.
#[utoipa::path(post, path = "/v1/chat/completions", tag = "models", request_body = Value,
    responses((status = 200, description = "The answer, with a `surefoot` object; a stream if asked for", body = Value)))]
#[expect(dead_code, reason = "it describes a door")]
fn chat_completions() {}

/// Answers a conversation, in the shape of Anthropic's messages.
#[utoipa::path(post, path = "/v1/messages", tag = "models", request_body = Value,
    responses((status = 200, description = "The answer, with a `surefoot` object; a stream if asked for", body = Value)))]
#[expect(dead_code, reason = "it describes a door")]
fn messages() {}

/// Vectors for texts, in the shape of OpenAI's embeddings.
#[utoipa::path(post, path = "/v1/embeddings", tag = "models", request_body = Value,
    responses((status = 200, description = "The vectors", body = Value)))]
#[expect(dead_code, reason = "it describes a door")]
fn embeddings() {}

/// Functions, aliases and the models inside the program.
#[utoipa::path(get, path = "/v1/models", tag = "models", responses((status = 200, description = "The list", body = Value)))]
#[expect(dead_code, reason = "it describes a door")]
fn models() {}

/// Keeps feedback on a trace.
#[utoipa::path(post, path = "/api/feedback", tag = "feedback", request_body = FeedbackBody, responses(
    (status = 201, description = "It is kept; its id", body = Value),
    (status = 400, description = "The body cannot be read"),
    (status = 404, description = "There is no such trace")))]
#[expect(dead_code, reason = "it describes a door")]
fn feedback() {}

/// Traces, newest first.
#[utoipa::path(get, path = "/api/traces", tag = "traces", params(TraceQuery),
    responses((status = 200, description = "A page of summaries", body = Value)))]
#[expect(dead_code, reason = "it describes a door")]
fn traces() {}

/// A whole trace.
#[utoipa::path(get, path = "/api/traces/{id}", tag = "traces", params(("id" = String, Path, description = "The trace's id")),
    responses((status = 200, description = "The trace, with its feedback", body = Value), (status = 404, description = "There is none")))]
#[expect(dead_code, reason = "it describes a door")]
fn trace() {}

/// Eval runs, newest first.
#[utoipa::path(get, path = "/api/evals", tag = "evals", responses((status = 200, description = "The runs", body = Value)))]
#[expect(dead_code, reason = "it describes a door")]
fn evals() {}

/// A run with its cases.
#[utoipa::path(get, path = "/api/evals/{id}", tag = "evals", params(("id" = String, Path, description = "The run's id")),
    responses((status = 200, description = "The run and its cases", body = Value), (status = 404, description = "There is none")))]
#[expect(dead_code, reason = "it describes a door")]
fn eval() {}

/// The process is up.
#[utoipa::path(get, path = "/healthz", tag = "operations", responses((status = 200, description = "It is")))]
#[expect(dead_code, reason = "it describes a door")]
fn healthz() {}

/// It can serve.
#[utoipa::path(get, path = "/readyz", tag = "operations", responses(
    (status = 200, description = "It can"), (status = 503, description = "It cannot; the reasons", body = Value)))]
#[expect(dead_code, reason = "it describes a door")]
fn readyz() {}

/// Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "operations", responses((status = 200, description = "The metrics", body = String)))]
#[expect(dead_code, reason = "it describes a door")]
fn metrics() {}
