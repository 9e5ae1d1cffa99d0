//! `GET /v1/models` and `GET /v1/models/{id}`, in the dialect of whoever asks.

use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
};
use surefoot_dialect::{
    Dialect,
    models::{ModelEntry, list_write, one_write},
};
use surefoot_types::{Code, Fault};

use crate::{caller::caller, fault, reply::json, state::App};

/// Everything that a caller may name.
pub(crate) async fn list(State(app): State<App>, headers: HeaderMap) -> Response {
    let dialect = dialect(&headers);
    match app.gateway.admit(&caller(&app, &headers)) {
        Err(told) => fault::response(dialect, &told, app.gateway.mint_trace()),
        Ok(_) => json(list_write(dialect, &entries(&app))),
    }
}

/// One of them.
pub(crate) async fn get(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let dialect = dialect(&headers);
    let found = app.gateway.admit(&caller(&app, &headers)).and_then(|_| {
        let found = entries(&app).into_iter().find(|entry| entry.id == id);
        found.ok_or_else(|| Fault::new(Code::NotFound, format!("there is no model or function named '{id}'")))
    });
    match found {
        Ok(entry) => json(one_write(dialect, &entry)),
        Err(told) => fault::response(dialect, &told, app.gateway.mint_trace()),
    }
}

fn entries(app: &App) -> Vec<ModelEntry> {
    let entry = |id| ModelEntry { id, owner: "surefoot".into(), created: 0 };
    app.gateway.models().into_iter().map(entry).collect()
}

/// The dialect that a caller of a door of both speaks.
pub(crate) fn dialect(headers: &HeaderMap) -> Dialect {
    if headers.contains_key("anthropic-version") { Dialect::Anthropic } else { Dialect::OpenaiChat }
}
