//! `GET /api/budgets`.

use axum::{Extension, extract::State, response::Response};
use serde::Serialize;
use serde_json::json;
use surefoot_types::{
    Fault, Timestamp,
    budget::{self, Every, Per},
    key::Key,
};

use super::keys;
use crate::{
    access::Who,
    json::{self, Dollars},
    state::App,
};

/// How a budget stands for one of those that it counts.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct BudgetState {
    /// The budget's name; absent for a key's own.
    pub(crate) budget: Option<String>,
    /// By whom it is counted.
    pub(crate) per: Per,
    /// Who that is; empty for everybody together.
    pub(crate) subject: String,
    /// In which time.
    pub(crate) every: Every,
    /// Whether it refuses, or only warns.
    pub(crate) hard: bool,
    /// The most that may be spent.
    pub(crate) limit_usd: Dollars,
    /// What was spent.
    pub(crate) spent_usd: Dollars,
    /// What is held for requests under way, and ahead of them.
    pub(crate) held_usd: Dollars,
    /// What is left to be held.
    pub(crate) left_usd: Dollars,
    /// When its window began; 1970 for one without an end.
    pub(crate) since: Timestamp,
    /// When its window ends.
    pub(crate) until: Option<Timestamp>,
}

/// How every budget stands in its present window, for each of those that it counts and that spent from it.
#[utoipa::path(get, path = "/api/budgets", tag = "budgets", operation_id = "budgets", security(("key" = ["read"])),
    responses((status = 200, description = "The budgets, as `budgets`", body = Value)))]
pub(crate) async fn list(State(app): State<App>, Extension(who): Extension<Who>) -> Response {
    json::told(states(&app, &who).await.map(|states| json!({"budgets": states})))
}

/// How all of them stand, as far as `who` may see it.
pub(crate) async fn states(app: &App, who: &Who) -> Result<Vec<BudgetState>, Fault> {
    let (now, project) = (app.clock.now(), app.gateway.project());
    let keys = keys::all(app).await?;
    let keys: Vec<&Key> = keys.iter().map(keys::Found::key).collect();
    let accounts = app.store.account_list(budget::BudgetState::ACCOUNTS).await?;
    let all = budget::BudgetState::all(&project.budgets, keys.iter().copied(), &accounts, now);
    let mut states: Vec<BudgetState> = all.into_iter().map(BudgetState::from).collect();
    let tenant = |name: &str| keys.iter().find(|key| key.name == name).and_then(|key| key.tenant.as_deref());
    states.retain(|state| match state.per {
        Per::Tenant => who.sees(Some(&state.subject)),
        Per::Key => who.sees(tenant(&state.subject)),
        _ => who.sees_only().is_none(),
    });
    Ok(states)
}

impl From<budget::BudgetState> for BudgetState {
    fn from(state: budget::BudgetState) -> Self {
        Self {
            left_usd: Dollars(state.left()),
            budget: state.budget,
            per: state.per,
            subject: state.subject,
            every: state.every,
            hard: state.hard,
            limit_usd: Dollars(state.limit),
            spent_usd: Dollars(state.spent),
            held_usd: Dollars(state.held),
            since: state.window.start,
            until: state.window.end,
        }
    }
}
