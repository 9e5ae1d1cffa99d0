//! `GET /api/health/targets`.

use axum::{extract::State, response::Response};
use serde_json::json;

use crate::{json, state::App};

/// How every target is that this process asked: its circuit breaker, how fast it answers, what is under way, how many
/// retries it may still be sent, and which keys are left out.
#[utoipa::path(get, path = "/api/health/targets", tag = "operations", operation_id = "targets_health",
    security(("key" = ["read"])),
    responses((status = 200, description = "The targets by name, as `targets`", body = Value)))]
pub(crate) async fn health(State(app): State<App>) -> Response {
    json::told(Ok(json!({"targets": app.gateway.targets_health()})))
}
