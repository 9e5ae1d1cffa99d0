//! The doors. One endpoint, one file.

pub(crate) mod audit;
pub(crate) mod budgets;
mod chat;
mod count;
mod embeddings;
mod erase;
mod evals;
mod experiments;
mod feedback;
mod files;
mod gemini;
mod health;
mod intake;
pub(crate) mod keys;
mod known;
pub(crate) mod metrics;
mod models;
mod moderations;
mod openapi;
mod replicas;
mod rerank;
mod responses;
mod spend;
mod targets;
mod traces;
mod vector_stores;
mod why;

use axum::{
    Router,
    extract::{OriginalUri, State},
    http::{HeaderMap, StatusCode},
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use surefoot_dialect::Dialect;
use surefoot_types::{Code, Fault, key::Admin};

pub use self::openapi::openapi;
pub(crate) use self::{
    evals::{LISTED as RUNS_LISTED, find as run_find},
    feedback::{Address, TOKEN, keep_on as feedback_keep, origin::Foreign, token::Tokens},
    intake::{Intake, take_in},
    replicas::heard as replicas_heard,
    responses::Keeping,
    spend::{SpendParams, moment as moment_of},
    traces::{TraceQuery, find as trace_find, page as trace_page},
};
use crate::{
    access::{Gate, gate},
    caller::caller,
    console, fault, mcp,
    state::App,
};

/// The routes of the APIs and of operations. The doors of the models ask for a key themselves, so that a refusal
/// is recorded; the others stand behind a gate.
pub(crate) fn routes(app: &App) -> Router<App> {
    let behind = |needed, everybody, doors: Router<App>| {
        let gate_of = Gate { app: app.clone(), needed, everybody, refuse: fault::plain };
        doors.route_layer(from_fn_with_state(gate_of, gate))
    };
    let any_key = Router::new()
        .route("/openapi.json", get(openapi::serve))
        .route("/readyz", get(health::ready))
        .merge(mcp::routes(app));
    let read = Router::new()
        .route("/api/traces", get(traces::list))
        .route("/api/traces/{id}", get(traces::get))
        .route("/api/traces/{id}/why", get(why::get))
        .route("/api/spend", get(spend::report))
        .route("/api/budgets", get(budgets::list));
    let everybodys = Router::new()
        .route("/api/evals", get(evals::list))
        .route("/api/evals/{id}", get(evals::get))
        .route("/api/experiments", get(experiments::list))
        .route("/api/experiments/{id}", get(experiments::get))
        .route("/api/replicas", get(replicas::list))
        .route("/api/health/targets", get(targets::health))
        .route("/metrics", get(metrics::serve));
    let all = Router::new()
        .route("/api/keys", get(keys::list::serve).post(keys::create::serve))
        .route("/api/keys/{key}", get(keys::get::serve))
        .route("/api/keys/{key}/rotate", post(keys::rotate::serve))
        .route("/api/keys/{key}/revoke", post(keys::revoke::serve))
        .route("/api/users/{user}", delete(erase::serve))
        .route("/api/audit", get(audit::list::serve))
        .route("/api/audit/verify", get(audit::verify::serve));
    Router::new()
        .route("/v1/chat/completions", post(chat::openai))
        .route("/v1/messages", post(chat::anthropic))
        .route("/v1/messages/count_tokens", post(count::anthropic))
        .route("/v1/responses", post(responses::create))
        .route("/v1/responses/{id}", get(responses::get).delete(responses::delete))
        .route("/v1/responses/{id}/input_items", get(responses::input_items))
        .route("/v1/embeddings", post(embeddings::create))
        .route("/v1/rerank", post(rerank::create))
        // Cohere's own clients ask here.
        .route("/v2/rerank", post(rerank::create))
        .route("/v1/moderations", post(moderations::create))
        .merge(kept_routes())
        .route("/v1beta/models", get(gemini::list))
        .route("/v1beta/models/{*rest}", get(gemini::get).post(gemini::serve))
        // Where a model's name has a slash, some clients take it for the whole path and leave `models/` out.
        .route("/v1beta/{*rest}", get(gemini::get).post(gemini::serve))
        .route("/v1/models", get(models::list))
        // Google's SDKs ask here or below /v1beta, as their version is.
        .route("/v1/models/{*id}", get(models::get).post(gemini::serve))
        // A token opens it too, so that it looks at who comes itself.
        .route(feedback::origin::PATH, post(feedback::create).options(feedback::preflight))
        .route("/feedback.js", get(feedback::script))
        .route("/healthz", get(health::up))
        .merge(behind(Admin::None, false, any_key))
        .merge(behind(Admin::Read, false, read))
        .merge(behind(Admin::Read, true, everybodys))
        .merge(behind(Admin::All, false, all))
}

/// What callers keep for themselves to search.
fn kept_routes() -> Router<App> {
    use vector_stores::{batches, files as held, search};
    Router::new()
        .route("/v1/files", get(files::list).post(files::create))
        .route("/v1/files/{id}", get(files::get).delete(files::delete))
        .route("/v1/files/{id}/content", get(files::content))
        .route("/v1/vector_stores", get(vector_stores::list).post(vector_stores::create))
        .route(
            "/v1/vector_stores/{id}",
            get(vector_stores::get).post(vector_stores::change).delete(vector_stores::delete),
        )
        .route("/v1/vector_stores/{id}/search", post(search::serve))
        .route("/v1/vector_stores/{id}/files", get(held::list).post(held::create))
        .route("/v1/vector_stores/{id}/files/{file}", get(held::get).post(held::change).delete(held::delete))
        .route("/v1/vector_stores/{id}/files/{file}/content", get(held::content))
        .route("/v1/vector_stores/{id}/file_batches", post(batches::create))
        .route("/v1/vector_stores/{id}/file_batches/{batch}", get(batches::get))
        .route("/v1/vector_stores/{id}/file_batches/{batch}/cancel", post(batches::cancel))
        .route("/v1/vector_stores/{id}/file_batches/{batch}/files", get(batches::list))
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
pub(crate) async fn refused(app: &App, path: &str, headers: &HeaderMap, told: &Fault) -> Response {
    if !path.starts_with("/v1") {
        return fault::plain(told);
    }
    let dialect = dialect_of(path, headers);
    let trace_id = app.gateway.mint_trace();
    let admitted = app.gateway.admit(&caller(app, headers), Admin::None).ok().flatten();
    if admitted.is_some() || app.strangers.may_record(app.clock.now()) {
        app.gateway.refuse(trace_id, dialect.name(), admitted.as_ref(), told).await;
    }
    fault::response(dialect, told, trace_id)
}

/// Told to whoever makes too many requests without a known key; nothing is recorded of it.
pub(crate) fn slowed_down(path: &str, headers: &HeaderMap, told: &Fault, app: &App) -> Response {
    if !path.starts_with("/v1") {
        return fault::plain(told);
    }
    fault::response(dialect_of(path, headers), told, app.gateway.mint_trace())
}

fn dialect_of(path: &str, headers: &HeaderMap) -> Dialect {
    match path {
        _ if path.starts_with("/v1/messages") => Dialect::Anthropic,
        _ if path.starts_with("/v1/responses") => Dialect::OpenaiResponses,
        _ if path.starts_with("/v1beta") => Dialect::Gemini,
        _ => models::dialect(headers),
    }
}

fn is_api(path: &str) -> bool {
    path.starts_with("/v1") || path.starts_with("/api")
}
