//! `GET /api/replicas`.

use std::time::Duration;

use axum::{extract::State, response::Response};
use serde_json::json;
use surefoot_types::{Fault, replica::Replica};

use crate::{json, state::App};

/// A process that was not heard of for so long has gone.
const LIVES: Duration = Duration::from_secs(15);

/// The processes that share the store, this one among them, each with the version of the project that it serves.
#[utoipa::path(get, path = "/api/replicas", tag = "operations", operation_id = "replicas",
    security(("key" = ["read", "everybody"])),
    responses((status = 200, description = "The processes, as `replicas`", body = Value)))]
pub(crate) async fn list(State(app): State<App>) -> Response {
    json::told(heard(&app).await.map(|replicas| json!({"replicas": replicas})))
}

/// The processes that were heard of of late.
pub(crate) async fn heard(app: &App) -> Result<Vec<Replica>, Fault> {
    Ok(app.store.replica_beat(&(app.replica)(), LIVES).await?)
}
