//! `GET /api/keys/{key}`.

use axum::{
    extract::{Path, State},
    response::Response,
};

use super::{KeyView, find};
use crate::{json, state::App};

/// One key, by name or id.
#[utoipa::path(get, path = "/api/keys/{key}", tag = "keys", operation_id = "key_get", security(("key" = ["all"])),
    params(("key" = String, Path, description = "Its name or id")), responses(
    (status = 200, description = "The key", body = KeyView), (status = 404, description = "There is none")))]
pub(crate) async fn serve(State(app): State<App>, Path(name): Path<String>) -> Response {
    json::told(find(&app, &name).await.map(|found| KeyView::new(&found, app.clock.now())))
}
