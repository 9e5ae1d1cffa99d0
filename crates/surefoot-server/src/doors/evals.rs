//! `GET /api/evals` and `GET /api/evals/{id}`.

use axum::{
    extract::{Path, State},
    response::Response,
};
use serde_json::json;
use surefoot_types::{
    Code, Fault,
    ids::RunId,
    run::{CaseResult, Run},
};

use crate::{json, state::App};

/// How many runs are listed.
pub(crate) const LISTED: usize = 200;

/// Eval runs, newest first.
#[utoipa::path(get, path = "/api/evals", tag = "evals", operation_id = "evals", security(("key" = ["read", "everybody"])),
    responses((status = 200, description = "The runs", body = Value)))]
pub(crate) async fn list(State(app): State<App>) -> Response {
    let listed = app.store.run_list(None, LISTED).await;
    json::told(listed.map(|runs| json!({"runs": runs})).map_err(Into::into))
}

/// A run with its cases.
#[utoipa::path(get, path = "/api/evals/{id}", tag = "evals", operation_id = "eval", security(("key" = ["read", "everybody"])),
    params(("id" = String, Path, description = "The run's id")), responses(
    (status = 200, description = "The run and its cases", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn get(State(app): State<App>, Path(id): Path<String>) -> Response {
    json::told(find(&app, &id).await.map(|(run, cases)| json!({"run": run, "cases": cases})))
}

/// The run of this id with its cases.
pub(crate) async fn find(app: &App, id: &str) -> Result<(Run, Vec<CaseResult>), Fault> {
    let id = id.parse::<RunId>().map_err(|error| Fault::bad_request("id", error.to_string()))?;
    let run = app.store.run_get(id).await?;
    let run = run.ok_or_else(|| Fault::new(Code::NotFound, format!("there is no run {id}")))?;
    Ok((run, app.store.run_cases(id).await?))
}
