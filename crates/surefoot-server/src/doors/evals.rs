//! `GET /api/evals` and `GET /api/evals/{id}`.

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use serde_json::json;
use surefoot_types::{
    Code, Fault,
    ids::RunId,
    run::{CaseResult, Run},
};

use crate::{fault, state::App};

/// How many runs are listed.
pub(crate) const LISTED: usize = 200;

/// Runs, newest first.
pub(crate) async fn list(State(app): State<App>) -> Response {
    match app.notebook.run_list(None, LISTED).await {
        Ok(runs) => Json(json!({"runs": runs})).into_response(),
        Err(error) => fault::plain(&error.into()),
    }
}

/// A run with its cases.
pub(crate) async fn get(State(app): State<App>, Path(id): Path<String>) -> Response {
    match find(&app, &id).await {
        Ok((run, cases)) => Json(json!({"run": run, "cases": cases})).into_response(),
        Err(told) => fault::plain(&told),
    }
}

/// The run of this id with its cases.
pub(crate) async fn find(app: &App, id: &str) -> Result<(Run, Vec<CaseResult>), Fault> {
    let id = id.parse::<RunId>().map_err(|error| Fault::bad_request("id", error.to_string()))?;
    let run = app.notebook.run_get(id).await?;
    let run = run.ok_or_else(|| Fault::new(Code::NotFound, format!("there is no run {id}")))?;
    Ok((run, app.notebook.run_cases(id).await?))
}
