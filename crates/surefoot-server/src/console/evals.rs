//! Eval runs: the list, and one of them with its cases.

use askama::Template;
use axum::{
    Extension,
    extract::{Path, State},
    response::Response,
};
use surefoot_types::run::{CaseResult, Rate, Run, Verdict};

use super::page::{Frame, cost, fault_page, moment, percent, render};
use crate::{
    access::Who,
    doors::{RUNS_LISTED, run_find},
    state::App,
};

#[derive(Template)]
#[template(path = "evals.html")]
pub(super) struct List {
    pub(super) frame: Frame,
    pub(super) runs: Vec<Run>,
}

#[derive(Template)]
#[template(path = "run.html")]
pub(super) struct One {
    pub(super) frame: Frame,
    pub(super) run: Run,
    pub(super) cases: Vec<CaseResult>,
}

/// The list.
pub(crate) async fn list(State(app): State<App>, Extension(who): Extension<Who>) -> Response {
    match app.store.run_list(None, RUNS_LISTED).await {
        Err(error) => fault_page(&error.into()),
        Ok(runs) => render(&List { frame: Frame::new(&app, &who, "/evals"), runs }),
    }
}

/// One run: what went wrong first.
pub(crate) async fn show(State(app): State<App>, Extension(who): Extension<Who>, Path(id): Path<String>) -> Response {
    match run_find(&app, &id).await {
        Err(told) => fault_page(&told),
        Ok((run, mut cases)) => {
            cases.sort_by_key(|case| match case.verdict {
                Verdict::Error => 0,
                Verdict::Fail => 1,
                Verdict::Undefined => 2,
                Verdict::Pass => 3,
            });
            render(&One { frame: Frame::new(&app, &who, "/evals"), run, cases })
        }
    }
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Error => "error",
        Verdict::Undefined => "undefined",
    }
}

/// `92 % (79 % to 97 %)`, or a dash where no case counted.
pub(super) fn rate(rate: &Rate) -> String {
    match rate.value {
        None => "–".into(),
        Some(value) => format!("{} ({} to {})", percent(value), percent(rate.low), percent(rate.high)),
    }
}

/// `0.75`: how far a grader measures that an answer goes.
fn score(score: &f64) -> String {
    format!("{score:.2}")
}

/// The interval's place on a bar, in whole hundredths: first, and how many.
fn bar(rate: &Rate) -> (u64, u64) {
    let hundredths = |share: f64| (share.clamp(0.0, 1.0) * 100.0).round() as u64;
    let first = hundredths(rate.low).min(99);
    (first, hundredths(rate.high).saturating_sub(first).max(1))
}

/// The rate's own place on the bar.
fn tick(value: &f64) -> u64 {
    ((value.clamp(0.0, 1.0) * 100.0).round() as u64).min(99)
}
