//! The doors. One endpoint, one file.

mod chat;
mod embeddings;
mod evals;
mod feedback;
mod health;
pub(crate) mod metrics;
mod models;
mod openapi;
mod traces;

use axum::{
    Router,
    extract::{OriginalUri, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use surefoot_dialect::Dialect;
use surefoot_types::{Code, Fault};

pub use self::openapi::openapi;
pub(crate) use self::{
    evals::{LISTED as RUNS_LISTED, find as run_find},
    feedback::keep_on as feedback_keep,
    traces::{TraceQuery, find as trace_find, page as trace_page},
};
use crate::{console, fault, state::App};

/// The routes of the APIs and of operations.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/chat/completions", post(chat::openai))
        .route("/v1/messages", post(chat::anthropic))
        .route("/v1/embeddings", post(embeddings::create))
        .route("/v1/models", get(models::list))
        .route("/v1/models/{*id}", get(models::get))
        .route("/api/feedback", post(feedback::create))
        .route("/api/traces", get(traces::list))
        .route("/api/traces/{id}", get(traces::get))
        .route("/api/evals", get(evals::list))
        .route("/api/evals/{id}", get(evals::get))
        .route("/openapi.json", get(openapi::serve))
        .route("/healthz", get(health::up))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::serve))
}

/// A path that leads nowhere.
pub(crate) async fn nowhere(State(app): State<App>, OriginalUri(uri): OriginalUri, headers: HeaderMap) -> Response {
    let path = uri.path();
    if !is_api(path) {
        return console::not_found().into_response();
    }
    let told = Fault::new(Code::NotFound, format!("there is nothing at {path}")).hint("docs/api.md lists the doors.");
    refused(&app, path, &headers, &told).await
}

/// A path that is there, asked in the wrong way.
pub(crate) async fn wrong_method(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response {
    let told = Fault::bad_request("", format!("{} does not take this method", uri.path()));
    let mut response = refused(&app, uri.path(), &headers, &told).await;
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
}

/// A refusal in the shape that whoever asks such a path expects; under `/v1` with a trace.
async fn refused(app: &App, path: &str, headers: &HeaderMap, told: &Fault) -> Response {
    if !path.starts_with("/v1") {
        return fault::plain(told);
    }
    let dialect = if path.starts_with("/v1/messages") { Dialect::Anthropic } else { models::dialect(headers) };
    let trace_id = app.gateway.mint_trace();
    app.gateway.refuse(trace_id, dialect.name(), told).await;
    fault::response(dialect, told, trace_id)
}

fn is_api(path: &str) -> bool {
    path.starts_with("/v1") || path.starts_with("/api")
}
