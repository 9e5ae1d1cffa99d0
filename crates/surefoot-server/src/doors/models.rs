//! `GET /v1/models` and `GET /v1/models/{id}`, in the dialect of whoever asks.

use axum::{
    extract::{OriginalUri, Path, State},
    http::HeaderMap,
    response::Response,
};
use surefoot_dialect::{
    Dialect,
    models::{ModelEntry, list_write, one_write},
};
use surefoot_types::{Code, Fault, key::Admin};

use super::refused;
use crate::{caller::caller, reply::json, state::App};

/// Everything that the caller may name: functions, aliases and the models inside the program.
#[utoipa::path(get, path = "/v1/models", tag = "models", operation_id = "models", security(("key" = [])),
    responses((status = 200, description = "The list", body = Value)))]
pub(crate) async fn list(State(app): State<App>, OriginalUri(uri): OriginalUri, headers: HeaderMap) -> Response {
    match entries(&app, &headers) {
        Ok(entries) => json(list_write(dialect(&headers), &entries)),
        Err(told) => refused(&app, uri.path(), &headers, &told).await,
    }
}

/// One of them.
#[utoipa::path(get, path = "/v1/models/{id}", tag = "models", operation_id = "model", security(("key" = [])),
    params(("id" = String, Path, description = "Its name")), responses(
    (status = 200, description = "The model", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn get(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let found = entries(&app, &headers).and_then(|entries| {
        let found = entries.into_iter().find(|entry| entry.id == id);
        found.ok_or_else(|| Fault::new(Code::NotFound, format!("there is no model or function named '{id}'")))
    });
    match found {
        Ok(entry) => json(one_write(dialect(&headers), &entry)),
        Err(told) => refused(&app, uri.path(), &headers, &told).await,
    }
}

fn entries(app: &App, headers: &HeaderMap) -> Result<Vec<ModelEntry>, Fault> {
    let admitted = app.gateway.admit(&caller(app, headers), Admin::None)?;
    let entry = |id: String| {
        let surefoot = super::known::known(app, &id);
        ModelEntry { id, owner: "surefoot".into(), created: 0, surefoot }
    };
    Ok(app.gateway.models(admitted.as_ref()).into_iter().map(entry).collect())
}

/// The dialect that a caller of a door of both speaks.
pub(crate) fn dialect(headers: &HeaderMap) -> Dialect {
    if headers.contains_key("anthropic-version") { Dialect::Anthropic } else { Dialect::OpenaiChat }
}
