//! Budgets: how each stands for each of those that it counts.

use askama::Template;
use axum::{Extension, extract::State, response::Response};
use surefoot_types::{Money, budget::Per};

use super::page::{Frame, cost, fault_page, moment, render};
use crate::{
    access::Who,
    doors::budgets::{BudgetState, states},
    json::Dollars,
    state::App,
};

#[derive(Template)]
#[template(path = "budgets.html")]
pub(super) struct Page {
    pub(super) frame: Frame,
    pub(super) states: Vec<BudgetState>,
}

/// The page: what is nearest to its limit first.
pub(crate) async fn show(State(app): State<App>, Extension(who): Extension<Who>) -> Response {
    match states(&app, &who).await {
        Ok(mut states) => {
            states.sort_by_key(|state| std::cmp::Reverse(hundredths(state, state.spent_usd)));
            render(&Page { frame: Frame::new(&app, &who, "/budgets"), states })
        }
        Err(told) => fault_page(&told),
    }
}

/// A part of a budget, in whole hundredths of its limit.
fn hundredths(state: &BudgetState, part: Dollars) -> i64 {
    let limit = i128::from(state.limit_usd.0.as_nanos().max(1));
    i64::try_from(i128::from(part.0.as_nanos()) * 100 / limit).unwrap_or(0).clamp(0, 100)
}

/// Where on the bar what was spent ends, and how long what is held goes on from there.
fn bar(state: &BudgetState) -> (i64, i64) {
    let spent = hundredths(state, state.spent_usd);
    (spent, hundredths(state, state.held_usd).min(100 - spent))
}

/// Whom it counts, in words.
fn subject(state: &BudgetState) -> String {
    match &state.per {
        Per::All => "everybody together".into(),
        per => format!("{per} {}", state.subject),
    }
}

/// An amount. By reference, as templates hand fields on.
fn dollars(amount: &Dollars) -> String {
    cost(Some(amount.0))
}

fn is_spent(state: &BudgetState) -> bool {
    state.left_usd.0 == Money::ZERO
}
