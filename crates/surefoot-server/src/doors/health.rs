//! `GET /healthz` and `GET /readyz`.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::state::App;

/// The process is up.
#[utoipa::path(get, path = "/healthz", tag = "operations", operation_id = "healthz",
    responses((status = 200, description = "It is")))]
pub(crate) async fn up() -> Response {
    Json(json!({"status": "up"})).into_response()
}

/// It can serve; where it cannot, what keeps it.
#[utoipa::path(get, path = "/readyz", tag = "operations", operation_id = "readyz", security(("key" = [])), responses(
    (status = 200, description = "It can"), (status = 503, description = "It cannot; the reasons", body = Value)))]
pub(crate) async fn ready(State(app): State<App>) -> Response {
    let reasons = (app.not_ready)();
    if reasons.is_empty() {
        return Json(json!({"status": "ready"})).into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"status": "not ready", "reasons": reasons}))).into_response()
}
