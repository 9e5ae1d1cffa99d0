//! The console: pages rendered here, with one small script for the answer that streams in.

mod ask;
mod assets;
mod document;
mod evals;
mod login;
mod marks;
mod page;
mod traces;

#[cfg(test)]
mod tests;

use axum::{
    Router,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};

use crate::state::App;

/// The pages.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/", get(ask::show))
        .route("/ask", post(ask::answer))
        .route("/documents/{id}", get(document::show))
        .route("/traces", get(traces::list))
        .route("/traces/{id}", get(traces::show))
        .route("/traces/{id}/feedback", post(traces::feedback))
        .route("/evals", get(evals::list))
        .route("/evals/{id}", get(evals::show))
        .route("/login", get(login::show).post(login::enter))
        .route("/assets/{name}", get(assets::serve))
}

/// A page that is not there.
pub(crate) fn not_found() -> impl IntoResponse {
    page::problem(axum::http::StatusCode::NOT_FOUND, "There is nothing here.")
}

/// Where a key is required and none came.
pub(crate) fn to_login() -> Response {
    Redirect::to("/login").into_response()
}
