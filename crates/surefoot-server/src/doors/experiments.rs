//! `GET /api/experiments` and `GET /api/experiments/{id}`.

use axum::{
    extract::{Path, State},
    response::Response,
};
use serde_json::{Value, json};
use surefoot_types::{Code, Fault, experiment::KeptExperiment};

use crate::{json, state::App};

/// How all experiments stand: variants with their shares, means and intervals, the verdict in words, and how shares and
/// means came to be what they are.
#[utoipa::path(get, path = "/api/experiments", tag = "experiments", operation_id = "experiments",
    security(("key" = ["read", "everybody"])),
    responses((status = 200, description = "The experiments", body = Value)))]
pub(crate) async fn list(State(app): State<App>) -> Response {
    let listed = app.store.experiment_list().await;
    let bodies = |kept: Vec<KeptExperiment>| kept.into_iter().map(|kept| kept.body).collect::<Vec<Value>>();
    json::told(listed.map(|kept| json!({"experiments": bodies(kept)})).map_err(Into::into))
}

/// How an experiment stands.
#[utoipa::path(get, path = "/api/experiments/{id}", tag = "experiments", operation_id = "experiment",
    security(("key" = ["read", "everybody"])),
    params(("id" = String, Path, description = "The experiment's id: `answer.0123456789ab`")), responses(
    (status = 200, description = "The experiment", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn get(State(app): State<App>, Path(id): Path<String>) -> Response {
    let found = async {
        let kept = app.store.experiment_get(&id).await?;
        kept.map(|kept| kept.body).ok_or_else(|| Fault::new(Code::NotFound, format!("there is no experiment {id}")))
    };
    json::told(found.await)
}
