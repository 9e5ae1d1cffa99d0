//! `GET /v1/models` and `GET /v1/models/{id}`, in the dialect of whoever asks.

use axum::{
    extract::{OriginalUri, Path, State},
    http::{HeaderMap, Uri},
    response::Response,
};
use surefoot_dialect::{
    Dialect,
    models::{ModelEntry, list_write, one_write},
};
use surefoot_types::{Code, Fault, key::Admin};

use super::{gemini, refused};
use crate::{caller::caller, reply::json, state::App};

/// Everything that the caller may name: functions, aliases and the models inside the program.
#[utoipa::path(get, path = "/v1/models", tag = "models", operation_id = "models", security(("key" = [])),
    responses((status = 200, description = "The list", body = Value)))]
pub(crate) async fn list(State(app): State<App>, OriginalUri(uri): OriginalUri, headers: HeaderMap) -> Response {
    list_in(&app, dialect(&headers), &uri, &headers).await
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
    one_in(&app, dialect(&headers), &uri, &id, &headers).await
}

/// The list in a dialect's shape.
pub(super) async fn list_in(app: &App, dialect: Dialect, uri: &Uri, headers: &HeaderMap) -> Response {
    match entries(app, headers) {
        Ok(entries) => json(list_write(dialect, &entries)),
        Err(told) => refused(app, uri.path(), headers, &told).await,
    }
}

/// A model in a dialect's shape.
pub(super) async fn one_in(app: &App, dialect: Dialect, uri: &Uri, id: &str, headers: &HeaderMap) -> Response {
    let found = entries(app, headers).and_then(|entries| {
        let found = entries.into_iter().find(|entry| entry.id == id);
        found.ok_or_else(|| Fault::new(Code::NotFound, format!("there is no model or function named '{id}'")))
    });
    match found {
        Ok(entry) => json(one_write(dialect, &entry)),
        Err(told) => refused(app, uri.path(), headers, &told).await,
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

/// The dialect that a caller of a door of several speaks.
pub(crate) fn dialect(headers: &HeaderMap) -> Dialect {
    match () {
        () if headers.contains_key("anthropic-version") => Dialect::Anthropic,
        () if headers.contains_key(gemini::KEY) => Dialect::Gemini,
        () => Dialect::OpenaiChat,
    }
}
