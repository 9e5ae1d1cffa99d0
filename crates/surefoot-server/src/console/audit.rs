//! The audit log: whether it is whole, and what it says, newest first.

use askama::Template;
use axum::{
    Extension,
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};
use serde::Deserialize;
use surefoot_types::{Fault, audit::AuditEvent};

use super::page::{Frame, fault_page, moment, problem, render};
use crate::{
    access::Who,
    doors::audit::{
        list::{AuditQuery, page as events},
        verify::{Verified, follow},
    },
    state::App,
};

/// Events on a page.
const PAGE: u64 = 50;

#[derive(Template)]
#[template(path = "audit.html")]
pub(super) struct Page {
    pub(super) frame: Frame,
    pub(super) verified: Verified,
    pub(super) events: Vec<AuditEvent>,
    /// The number that the next page ends before.
    pub(super) older: Option<u64>,
}

/// Which events.
#[derive(Deserialize)]
pub(crate) struct Before {
    /// Only those before this number.
    before: Option<u64>,
}

/// The page.
pub(crate) async fn show(
    State(app): State<App>,
    Extension(who): Extension<Who>,
    query: Result<Query<Before>, QueryRejection>,
) -> Response {
    let Query(query) = match query {
        Ok(query) => query,
        Err(error) => return problem(error.status(), &error.body_text()),
    };
    match page(&app, &who, query.before).await {
        Ok(page) => render(&page),
        Err(told) => fault_page(&told),
    }
}

async fn page(app: &App, who: &Who, before: Option<u64>) -> Result<Page, Fault> {
    let verified = follow(app, None).await?;
    let before = before.unwrap_or(u64::MAX).min(verified.last + 1);
    let after = before.saturating_sub(PAGE + 1);
    let query = AuditQuery { after, limit: usize::try_from(PAGE).ok() };
    let mut events = events(app, &query).await?;
    events.retain(|event| event.number < before);
    events.reverse();
    let older = events.last().map(|event| event.number).filter(|number| *number > 1);
    Ok(Page { frame: Frame::new(app, who, "/audit"), verified, events, older })
}
