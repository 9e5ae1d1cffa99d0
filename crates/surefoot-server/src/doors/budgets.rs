//! `GET /api/budgets`.

use axum::{Extension, extract::State, response::Response};
use serde::Serialize;
use serde_json::json;
use surefoot_types::{
    Fault, Money, Timestamp,
    budget::{AccountId, AccountState, Budget, Every, Per},
    key::Key,
};

use super::keys;
use crate::{
    access::Who,
    json::{self, Dollars},
    state::App,
};

/// How every account of a budget begins; its name follows, and nothing for a key's own.
const BUDGET: &str = "budget:";

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
    let accounts = app.store.account_list(BUDGET).await?;
    let mut states = Vec::new();
    for budget in &project.budgets {
        states.extend(of_budget(budget, &accounts, now));
    }
    states.extend(keys.iter().filter_map(|key| of_key(key, &accounts, now)));
    let tenant = |name: &str| keys.iter().find(|key| key.name == name).and_then(|key| key.tenant.as_deref());
    states.retain(|state| match state.per {
        Per::Tenant => who.sees(Some(&state.subject)),
        Per::Key => who.sees(tenant(&state.subject)),
        _ => who.sees_only().is_none(),
    });
    Ok(states)
}

/// The accounts of one budget in the present window. One that counts everybody together is told before anything
/// was spent.
fn of_budget(budget: &Budget, accounts: &[AccountState], now: Timestamp) -> Vec<BudgetState> {
    let what = format!("{BUDGET}{}", budget.name);
    let start = budget.every.window(now).start;
    let state = |subject: &str, account: Option<&AccountState>| {
        let name = Some(budget.name.clone());
        state((name, budget.per.clone(), subject), budget.every, (budget.limit, budget.hard), account, now)
    };
    let of_it = |account: &&AccountState| {
        account.account.parts().is_some_and(|(of, per, _, since)| of == what && per == budget.per && since == start)
    };
    let mut states: Vec<BudgetState> = accounts
        .iter()
        .filter(of_it)
        .filter_map(|account| Some(state(account.account.parts()?.2, Some(account))))
        .collect();
    if states.is_empty() && budget.per == Per::All {
        states.push(state("", None));
    }
    states
}

/// A key's own budget.
fn of_key(key: &Key, accounts: &[AccountState], now: Timestamp) -> Option<BudgetState> {
    let budget = key.budget?;
    let id = AccountId::new(BUDGET, &Per::Key, &key.name, budget.every.window(now).start);
    let account = accounts.iter().find(|account| account.account == id);
    Some(state((None, Per::Key, &key.name), budget.every, (budget.limit, true), account, now))
}

fn state(
    (budget, per, subject): (Option<String>, Per, &str),
    every: Every,
    (limit, hard): (Money, bool),
    account: Option<&AccountState>,
    now: Timestamp,
) -> BudgetState {
    let spent = Money::nanos(account.map_or(0, |account| account.spent));
    let held = Money::nanos(account.map_or(0, |account| account.leased));
    let window = every.window(now);
    BudgetState {
        budget,
        per,
        subject: subject.to_owned(),
        every,
        hard,
        limit_usd: Dollars(limit),
        spent_usd: Dollars(spent),
        held_usd: Dollars(held),
        left_usd: Dollars((limit - spent - held).max(Money::ZERO)),
        since: window.start,
        until: window.end,
    }
}
