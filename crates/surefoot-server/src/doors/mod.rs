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
    extract::OriginalUri,
    response::{IntoResponse, Response},
    routing::{get, post},
};
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
pub(crate) async fn nowhere(OriginalUri(uri): OriginalUri) -> Response {
    let told = Fault::new(Code::NotFound, format!("there is nothing at {}", uri.path()));
    if is_api(uri.path()) {
        return fault::plain(&told.hint("docs/api.md lists the doors."));
    }
    console::not_found().into_response()
}

/// A path that is there, asked in the wrong way.
pub(crate) async fn wrong_method(OriginalUri(uri): OriginalUri) -> Response {
    let told = Fault::bad_request("", format!("{} does not take this method", uri.path()));
    let mut response = fault::plain(&told);
    *response.status_mut() = axum::http::StatusCode::METHOD_NOT_ALLOWED;
    response
}

fn is_api(path: &str) -> bool {
    path.starts_with("/v1") || path.starts_with("/api")
}
