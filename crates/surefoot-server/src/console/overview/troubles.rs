//! What needs a hand, worst first.

use surefoot_gateway::unusual_hours;
use surefoot_types::{Fault, Money, Timestamp, spend::Sums};

use crate::{
    access::Who,
    console::page::{cost, count, minute},
    doors::budgets::{BudgetState, states},
    state::App,
};

/// From this share of its limit on a budget is told of, in hundredths.
const NEAR: i128 = 80;

/// Something that needs a hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// Whether it keeps requests from being answered.
    pub(crate) bad: bool,
    pub(crate) told: String,
    /// Where more is to be seen.
    pub(crate) href: &'static str,
}

/// Everything that is known of, as far as `who` may see it.
pub(super) async fn found(app: &App, who: &Who, now: Timestamp) -> Result<Vec<Trouble>, Fault> {
    let mut found: Vec<Trouble> = states(app, who).await?.iter().filter_map(budget).collect();
    if who.sees_only().is_none() {
        let busy = (app.not_ready)().into_iter();
        found.extend(busy.map(|told| Trouble { bad: true, told: format!("Not ready: {told}."), href: "/readyz" }));
        found.extend(app.gateway.targets_health().iter().filter_map(|target| {
            let told = match (target.circuit, target.parked.first()) {
                ("open", _) => format!("{} is left alone: it failed too often.", target.target),
                ("half_open", _) => format!("{} is being tried again after it failed.", target.target),
                (_, Some(key)) => format!("A key of {} is left out: {}.", target.target, key.why),
                _ => return None,
            };
            Some(Trouble { bad: target.circuit == "open", told, href: "/health" })
        }));
        let unusual = unusual_hours(app.store.as_ref(), now).await?;
        found.extend(unusual.iter().rev().map(|(at, anomaly)| Trouble {
            bad: false,
            told: format!(
                "The hour from {} UTC cost {}; {} is usual.",
                minute(at),
                cost(Some(anomaly.spent)),
                cost(Some(anomaly.usual))
            ),
            href: "/spend",
        }));
    }
    found.sort_by_key(|trouble| !trouble.bad);
    Ok(found)
}

/// Requests whose cost nobody knows.
pub(super) fn unpriced(total: &Sums) -> Option<Trouble> {
    let told = || format!("{} requests without a known price are not in the cost.", count(&total.unpriced));
    (total.unpriced > 0).then(|| Trouble { bad: false, told: told(), href: "/spend" })
}

fn budget(state: &BudgetState) -> Option<Trouble> {
    let limit = i128::from(state.limit_usd.0.as_nanos().max(1));
    let spent = i128::from(state.spent_usd.0.as_nanos()) * 100 / limit;
    let name = state.budget.as_deref().unwrap_or("of the key");
    let of = if state.subject.is_empty() { String::new() } else { format!(" for {}", state.subject) };
    let bad = state.hard && state.left_usd.0 == Money::ZERO;
    let told = if bad && spent >= 100 {
        format!("The budget {name}{of} is used up: what it counts is refused.")
    } else if spent >= NEAR {
        format!("The budget {name}{of} is spent to {spent} %.")
    } else {
        return None;
    };
    Some(Trouble { bad: bad && spent >= 100, told, href: "/budgets" })
}
