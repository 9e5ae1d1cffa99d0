//! `GET /api/traces` and `GET /api/traces/{id}`.

use axum::{
    Json,
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;
use surefoot_types::{
    Code, Fault,
    ids::TraceId,
    ports::TraceFilter,
    trace::{Outcome, Trace, TraceSummary},
};
use utoipa::IntoParams;

use crate::{fault, state::App};

/// Most traces of one page.
const LARGEST_PAGE: usize = 1_000;

/// Which traces to list.
#[derive(Debug, Default, Clone, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TraceQuery {
    /// Only of this function, alias or model.
    pub(crate) asked: Option<String>,
    /// `answered`, `failed` or `cancelled`.
    pub(crate) outcome: Option<String>,
    /// Only of this session.
    pub(crate) session: Option<String>,
    /// Only those whose question holds this text.
    pub(crate) text: Option<String>,
    /// Only those older than this trace: the last one of the page before.
    pub(crate) before: Option<String>,
    /// How many; 50 unless given, 1,000 at most.
    pub(crate) limit: Option<usize>,
}

impl TraceQuery {
    /// The filter, with empty fields (as forms send them) left out.
    pub(crate) fn filter(&self) -> Result<TraceFilter, Fault> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let outcome = given(&self.outcome).map(|name| match name.as_str() {
            "answered" => Ok(Outcome::Answered),
            "failed" => Ok(Outcome::Failed),
            "cancelled" => Ok(Outcome::Cancelled),
            _ => Err(Fault::bad_request("outcome", "the outcome must be answered, failed or cancelled")),
        });
        let before = given(&self.before).map(|id| id.parse::<TraceId>());
        Ok(TraceFilter {
            asked: given(&self.asked),
            outcome: outcome.transpose()?,
            session: given(&self.session),
            text: given(&self.text),
            before: before.transpose().map_err(|error| Fault::bad_request("before", error.to_string()))?,
            since: None,
        })
    }
}

/// Traces, newest first.
pub(crate) async fn list(
    State(app): State<App>,
    query: Result<Query<TraceQuery>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let query = match query {
        Ok(Query(query)) => query,
        Err(error) => return fault::plain(&Fault::bad_request("", error.body_text())),
    };
    match page(&app, &query).await {
        Ok(traces) => Json(json!({"traces": traces})).into_response(),
        Err(told) => fault::plain(&told),
    }
}

/// One page of traces.
pub(crate) async fn page(app: &App, query: &TraceQuery) -> Result<Vec<TraceSummary>, Fault> {
    let limit = query.limit.unwrap_or(50).clamp(1, LARGEST_PAGE);
    Ok(app.journal.trace_list(&query.filter()?, limit).await?)
}

/// A whole trace, with its feedback.
pub(crate) async fn get(State(app): State<App>, Path(id): Path<String>) -> Response {
    let found = async {
        let trace = find(&app, &id).await?;
        let feedback = app.journal.feedback_list(trace.id).await?;
        let mut told = serde_json::to_value(&trace).map_err(|error| Fault::internal(error.to_string()))?;
        told["feedback"] = json!(feedback);
        Ok::<_, Fault>(told)
    };
    match found.await {
        Ok(told) => Json(told).into_response(),
        Err(told) => fault::plain(&told),
    }
}

/// The trace of this id.
pub(crate) async fn find(app: &App, id: &str) -> Result<Trace, Fault> {
    let id = id.parse::<TraceId>().map_err(|error| Fault::bad_request("id", error.to_string()))?;
    let found = app.journal.trace_get(id).await?;
    found.ok_or_else(|| Fault::new(Code::NotFound, format!("there is no trace {id}")))
}
