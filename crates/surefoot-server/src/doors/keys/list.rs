//! `GET /api/keys`.

use axum::{extract::State, response::Response};
use serde_json::json;

use super::{KeyView, all};
use crate::{json, state::App};

/// All keys, those of the project's files first. No secret is among what is told.
#[utoipa::path(get, path = "/api/keys", tag = "keys", operation_id = "keys_list", security(("key" = ["all"])),
    responses((status = 200, description = "The keys, as `keys`", body = Value)))]
pub(crate) async fn serve(State(app): State<App>) -> Response {
    let now = app.clock.now();
    let found = all(&app).await;
    json::told(found.map(|all| json!({"keys": all.iter().map(|one| KeyView::new(one, now)).collect::<Vec<_>>()})))
}
