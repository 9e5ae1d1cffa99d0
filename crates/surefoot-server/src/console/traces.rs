//! Traces: the list, narrowed by links and by a search.

use askama::Template;
use axum::{
    Extension,
    extract::{Query, State, rejection::QueryRejection},
    http::HeaderMap,
    response::Response,
};
use surefoot_types::{Timestamp, ids::TraceId, trace::TraceSummary};

use super::page::{Frame, address, cost, fault_page, moment, problem, render, sdk_address, time, tokens};
use crate::{
    access::Who,
    doors::{TraceQuery, trace_page},
    state::App,
};

/// Traces on a page.
const PAGE: usize = 50;
/// The outcomes, as links name them.
const OUTCOMES: [(&str, &str); 4] =
    [("", "all"), ("answered", "answered"), ("failed", "failed"), ("cancelled", "cancelled")];

#[derive(Template)]
#[template(path = "traces.html")]
pub(super) struct List {
    pub(super) frame: Frame,
    pub(super) query: TraceQuery,
    pub(super) rows: Vec<TraceSummary>,
    /// How far back a text was looked for, where older traces are left.
    pub(super) searched_to: Option<Timestamp>,
    /// The address of the next page.
    pub(super) next: Option<String>,
    /// Where SDKs are pointed, for the page that has nothing to show yet.
    pub(super) address: String,
}

/// The list.
pub(crate) async fn list(
    State(app): State<App>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    query: Result<Query<TraceQuery>, QueryRejection>,
) -> Response {
    let Query(mut query) = match query {
        Ok(query) => query,
        Err(error) => return problem(error.status(), &error.body_text()),
    };
    query.limit = Some(PAGE + 1);
    match trace_page(&app, &who, &query).await {
        Err(told) => fault_page(&told),
        Ok(page) => {
            let mut rows = page.traces;
            let more = rows.len() > PAGE;
            rows.truncate(PAGE);
            let last = rows.last().filter(|_| more).map(|last| last.id);
            let searched_to = page.searched_to.filter(|_| !more);
            let next = last.or(searched_to).map(|id| page_address(&query, Some(&id.to_string())));
            let searched_to = searched_to.map(TraceId::made);
            let (frame, address) = (Frame::new(&app, &who, "/traces"), sdk_address(&headers));
            render(&List { frame, query, rows, searched_to, next, address })
        }
    }
}

/// The address of a page with the same filter.
pub(super) fn page_address(query: &TraceQuery, before: Option<&str>) -> String {
    let given = fields(query);
    let mut told = vec![("before", before)];
    told.extend(given.iter().map(|(name, value)| (*name, *value)));
    address("/traces", &told)
}

/// What the list can be narrowed by.
fn fields(query: &TraceQuery) -> [(&'static str, Option<&str>); 7] {
    let TraceQuery { asked, outcome, session, key, tenant, user, text, .. } = query;
    [
        ("asked", asked.as_deref()),
        ("outcome", outcome.as_deref()),
        ("session", session.as_deref()),
        ("key", key.as_deref()),
        ("tenant", tenant.as_deref()),
        ("user", user.as_deref()),
        ("text", text.as_deref()),
    ]
}

impl List {
    /// The address of the list with one field as given, and the rest as it is; without it where that is empty.
    fn with(&self, field: &str, value: &str) -> String {
        let given = fields(&self.query);
        let told: Vec<_> =
            given.into_iter().map(|(name, own)| (name, if name == field { Some(value) } else { own })).collect();
        address("/traces", &told)
    }

    /// What the list is narrowed by, beside the outcome, which has links of its own.
    fn given(&self) -> Vec<(&'static str, &str)> {
        let given = fields(&self.query).into_iter();
        given
            .filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty() && name != "outcome")?)))
            .collect()
    }

    /// Whether the fields beyond the text are in use.
    fn is_narrow(&self) -> bool {
        self.given().iter().any(|(name, _)| *name != "text")
    }

    /// The address of the first page.
    fn newest(&self) -> String {
        page_address(&self.query, None)
    }

    /// Whether all traces were asked for.
    fn is_whole(&self) -> bool {
        self.newest() == "/traces" && self.query.before.is_none()
    }

    /// The value of a field, for the form.
    fn value(&self, field: &str) -> &str {
        fields(&self.query)
            .into_iter()
            .find(|(name, _)| *name == field)
            .and_then(|(_, value)| value)
            .unwrap_or_default()
    }
}
