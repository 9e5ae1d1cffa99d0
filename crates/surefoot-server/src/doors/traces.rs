//! `GET /api/traces` and `GET /api/traces/{id}`.

use axum::{
    Extension,
    extract::{Path, Query, State, rejection::QueryRejection},
    response::Response,
};
use serde::Deserialize;
use serde_json::json;
use surefoot_types::{
    Code, Fault,
    feedback::standing,
    ids::{FeedbackId, TraceId},
    ports::{Found, Search, TraceFilter},
    trace::{Outcome, Trace, TraceSummary},
};

use crate::{access::Who, json, state::App};

/// Most traces of one page.
const LARGEST_PAGE: usize = 1_000;
/// Most traces that are looked at for a text, before a page is shown with what was found so far.
const LOOKED_AT: usize = 100_000;
/// The same where they are found by another filter: each of them is then looked up on its own.
const LOOKED_UP: usize = 20_000;

/// Which traces to list.
#[derive(Debug, Default, Clone, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TraceQuery {
    /// Only of this function, alias or model.
    pub(crate) asked: Option<String>,
    /// `answered`, `failed` or `cancelled`.
    pub(crate) outcome: Option<String>,
    /// Only of this session.
    pub(crate) session: Option<String>,
    /// Only of the key of this name.
    pub(crate) key: Option<String>,
    /// Only of this tenant.
    pub(crate) tenant: Option<String>,
    /// Only of this end user.
    pub(crate) user: Option<String>,
    /// Only those whose question holds this text. A search looks at 100,000 traces a page, at 20,000 beside another filter: where
    /// older ones are left, `searched_to` says how far it came, and it goes on with that as `before`.
    pub(crate) text: Option<String>,
    /// Only those older than this trace: the last one of the page before.
    pub(crate) before: Option<String>,
    /// How many; 50 unless given, 1,000 at most.
    pub(crate) limit: Option<usize>,
}

impl TraceQuery {
    /// The filter, with empty fields (as forms send them) left out, for what `who` may see.
    pub(crate) fn filter(&self, who: &Who) -> Result<TraceFilter, Fault> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let outcome = given(&self.outcome).map(|name| match name.as_str() {
            "answered" => Ok(Outcome::Answered),
            "failed" => Ok(Outcome::Failed),
            "cancelled" => Ok(Outcome::Cancelled),
            _ => Err(Fault::bad_request("outcome", "the outcome must be answered, failed or cancelled")),
        });
        let before = given(&self.before).map(|id| id.parse::<TraceId>());
        let tenant = given(&self.tenant);
        if tenant.is_some() && !who.sees(tenant.as_deref()) {
            return Err(Fault::new(Code::Forbidden, "the key sees only the traces of its own tenant"));
        }
        Ok(TraceFilter {
            asked: given(&self.asked),
            outcome: outcome.transpose()?,
            session: given(&self.session),
            key: given(&self.key),
            tenant: tenant.or_else(|| who.sees_only().map(str::to_owned)),
            user: given(&self.user),
            before: before.transpose().map_err(|error| Fault::bad_request("before", error.to_string()))?,
            since: None,
        })
    }
}

/// Traces, newest first. A key of a tenant sees only those of its tenant, unless its `admin` is `all`.
#[utoipa::path(get, path = "/api/traces", tag = "traces", operation_id = "traces", security(("key" = ["read"])),
    params(TraceQuery), responses((status = 200, description = "A page of summaries", body = Value)))]
pub(crate) async fn list(
    State(app): State<App>,
    Extension(who): Extension<Who>,
    query: Result<Query<TraceQuery>, QueryRejection>,
) -> Response {
    let listed = async { page(&app, &who, &json::query(query)?).await };
    json::told(listed.await.map(|page| match page.searched_to {
        Some(searched_to) => json!({"traces": page.traces, "searched_to": searched_to}),
        None => json!({"traces": page.traces}),
    }))
}

/// A page of traces.
pub(crate) struct Page {
    /// The traces.
    pub(crate) traces: Vec<TraceSummary>,
    /// The last trace that was looked at for a text, where older ones are left.
    pub(crate) searched_to: Option<TraceId>,
}

/// One page of traces.
pub(crate) async fn page(app: &App, who: &Who, query: &TraceQuery) -> Result<Page, Fault> {
    let limit = query.limit.unwrap_or(50).clamp(1, LARGEST_PAGE);
    let filter = query.filter(who)?;
    let Some(text) = query.text.clone().filter(|text| !text.is_empty()) else {
        return Ok(Page { traces: app.store.trace_list(&filter, limit).await?, searched_to: None });
    };
    let unfiltered = filter == TraceFilter { before: filter.before, ..TraceFilter::default() };
    let search = Search { text, filter, most: if unfiltered { LOOKED_AT } else { LOOKED_UP } };
    let Found { traces, stopped_at } = app.store.trace_search(&search, limit).await?;
    Ok(Page { traces, searched_to: stopped_at })
}

/// A whole trace, with all feedback on it, and of each whether it stands: whether its user said nothing else later.
#[utoipa::path(get, path = "/api/traces/{id}", tag = "traces", operation_id = "trace", security(("key" = ["read"])),
    params(("id" = String, Path, description = "The trace's id")), responses(
    (status = 200, description = "The trace, with its feedback", body = Value),
    (status = 404, description = "There is none")))]
pub(crate) async fn get(State(app): State<App>, Extension(who): Extension<Who>, Path(id): Path<String>) -> Response {
    let found = async {
        let trace = find(&app, &who, "id", &id).await?;
        let feedback = app.store.feedback_list(trace.id).await?;
        let mut told = serde_json::to_value(&trace).map_err(|error| Fault::internal(error.to_string()))?;
        let stands: Vec<FeedbackId> = standing(&feedback).iter().map(|one| one.id).collect();
        let all = feedback.iter().map(|one| serde_json::to_value(one).map(|told| (one.id, told)));
        let all: Vec<_> = all.collect::<Result<_, _>>().map_err(|error| Fault::internal(error.to_string()))?;
        let with_standing = |(id, mut told): (FeedbackId, serde_json::Value)| {
            told["stands"] = stands.contains(&id).into();
            told
        };
        told["feedback"] = all.into_iter().map(with_standing).collect();
        Ok::<_, Fault>(told)
    };
    json::told(found.await)
}

/// The trace of this id, which `param` told, if `who` may see it.
pub(crate) async fn find(app: &App, who: &Who, param: &str, id: &str) -> Result<Trace, Fault> {
    let id = id.parse::<TraceId>().map_err(|error| Fault::bad_request(param, error.to_string()))?;
    let found = app.store.trace_get(id).await?.filter(|trace| who.sees(trace.tenant.as_deref()));
    found.ok_or_else(|| Fault::new(Code::NotFound, format!("there is no trace {id}")))
}
