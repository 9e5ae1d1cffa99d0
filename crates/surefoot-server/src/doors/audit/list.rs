//! `GET /api/audit`.

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};
use serde::Deserialize;
use serde_json::json;
use surefoot_types::{Fault, audit::AuditEvent};

use crate::{json, state::App};

/// Most events of one page.
const LARGEST_PAGE: usize = 1_000;

/// Which events to list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// Only those after this number: the last one of the page before.
    pub(crate) after: u64,
    /// How many; 100 unless given, 1,000 at most.
    pub(crate) limit: Option<usize>,
}

/// What was done to keys, users and the like, oldest first, each event with its hash.
#[utoipa::path(get, path = "/api/audit", tag = "audit", operation_id = "audit_list", security(("key" = ["all"])),
    params(AuditQuery), responses((status = 200, description = "A page of events, as `events`", body = Value)))]
pub(crate) async fn serve(State(app): State<App>, query: Result<Query<AuditQuery>, QueryRejection>) -> Response {
    let listed = async { page(&app, &json::query(query)?).await };
    json::told(listed.await.map(|events| json!({"events": events})))
}

/// A page of events.
pub(crate) async fn page(app: &App, query: &AuditQuery) -> Result<Vec<AuditEvent>, Fault> {
    let limit = query.limit.unwrap_or(100).clamp(1, LARGEST_PAGE);
    Ok(app.store.audit_list(query.after, limit).await?)
}
