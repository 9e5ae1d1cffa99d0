//! `GET /api/traces/{id}/why`.

use axum::{
    Extension,
    extract::{Path, State},
    response::Response,
};
use surefoot_types::why::Why;

use super::traces::find;
use crate::{access::Who, json, state::App};

/// Why a request went as it did, in words: its key, which targets were asked in which order and why, every attempt with
/// its wait, fault and cost, and how it ended.
#[utoipa::path(get, path = "/api/traces/{id}/why", tag = "traces", operation_id = "why", security(("key" = ["read"])),
    params(("id" = String, Path, description = "The trace's id")), responses(
    (status = 200, description = "What was decided, as `because`: `about` and `told` of each", body = Value),
    (status = 404, description = "There is none")))]
pub(crate) async fn get(State(app): State<App>, Extension(who): Extension<Who>, Path(id): Path<String>) -> Response {
    json::told(find(&app, &who, "id", &id).await.map(|trace| Why::of(&trace)))
}
