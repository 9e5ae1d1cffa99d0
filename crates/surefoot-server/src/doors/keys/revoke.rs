//! `POST /api/keys/{key}/revoke`.

use axum::{
    Extension,
    extract::{Path, State},
    response::Response,
};
use serde_json::Value;
use surefoot_types::Fault;

use super::{KeyView, change};
use crate::{access::Who, json, state::App};

/// Ends a key, on every replica within a second. It stays listed, and its name stays taken.
#[utoipa::path(post, path = "/api/keys/{key}/revoke", tag = "keys", operation_id = "key_revoke",
    security(("key" = ["all"])), params(("key" = String, Path, description = "Its name or id")), responses(
    (status = 200, description = "The key as it is now", body = KeyView),
    (status = 400, description = "The key stands in the project's files"),
    (status = 404, description = "There is none")))]
pub(crate) async fn serve(
    State(app): State<App>,
    Extension(who): Extension<Who>,
    Path(name): Path<String>,
) -> Response {
    json::told(revoke(&app, &who, &name).await)
}

/// Ends it. A key that was revoked before stays as it is.
pub(crate) async fn revoke(app: &App, who: &Who, name: &str) -> Result<KeyView, Fault> {
    let now = app.clock.now();
    change(app, who, name, "key.revoke", |key| {
        key.revoked.get_or_insert(now);
        Ok(Value::Null)
    })
    .await
}
