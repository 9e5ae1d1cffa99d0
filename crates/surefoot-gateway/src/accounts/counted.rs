//! By whom a request is counted, and so which accounts it uses.

use std::collections::BTreeMap;

use surefoot_types::{
    Timestamp,
    budget::{AccountId, Every, Per, Rates, Window},
    trace::Trace,
};

use super::{Kind, Want};
use crate::{identify::Admitted, project::Project, resolve};

/// Seconds in the window of a limit.
const MINUTE: i64 = 60;

/// A request, as budgets and limits see it.
pub(crate) struct Counted<'a> {
    project: &'a Project,
    admitted: Option<&'a Admitted>,
    asked: String,
    function: Option<&'a str>,
    user: Option<String>,
    tags: BTreeMap<String, String>,
    pub(crate) now: Timestamp,
}

impl<'a> Counted<'a> {
    /// A request whose trace tells who calls, and what for.
    pub(crate) fn of(project: &'a Project, admitted: Option<&'a Admitted>, trace: &Trace, now: Timestamp) -> Self {
        let function = resolve::function(project, &trace.asked);
        let (asked, user, tags) = (trace.asked.clone(), trace.user.clone(), trace.tags.clone());
        Self { project, admitted, asked, function, user, tags, now }
    }

    /// Who that is; absent where the request has none, and is not counted.
    fn subject(&self, per: &Per) -> Option<&str> {
        match per {
            Per::All => Some(""),
            Per::Key => self.admitted.map(|admitted| admitted.key.as_str()),
            Per::Tenant => self.admitted.and_then(|admitted| admitted.tenant.as_deref()),
            Per::User => self.user.as_deref(),
            Per::Function => self.function,
            Per::Model => self.function.is_none().then_some(self.asked.as_str()),
            Per::Tag(tag) => self.tags.get(tag).map(String::as_str),
        }
    }

    /// What the request uses of the limits on requests, from its beginning on.
    pub(crate) fn requests(&self) -> Vec<Want<'_>> {
        self.limits(&[Kind::Requests, Kind::AtOnce], 1)
    }

    /// What it uses of the limits on tokens.
    pub(crate) fn tokens(&self, tokens: u64) -> Vec<Want<'_>> {
        self.limits(&[Kind::Tokens], i64::try_from(tokens).unwrap_or(i64::MAX))
    }

    fn limits(&self, kinds: &[Kind], amount: i64) -> Vec<Want<'_>> {
        let mut wants = Vec::new();
        let mut add = |what: &str, name, per, rates: &Rates| {
            let Some(subject) = self.subject(per) else { return };
            for &kind in kinds {
                let Some(limit) = rate(kind, rates) else { continue };
                let window = if kind == Kind::AtOnce { Every::Total.window(self.now) } else { minute(self.now) };
                // A key's own has nothing behind the colon: no name in the settings is empty.
                let account = AccountId::new(&format!("{}:{what}", kind.name()), per, subject, window.start);
                let limit = i64::try_from(limit).unwrap_or(i64::MAX);
                wants.push(Want { account, kind, name, per, limit, amount, window, warn_at: &[] });
            }
        };
        for limit in &self.project.limits {
            add(&limit.name, limit.name.as_str(), &limit.per, &limit.rates);
        }
        if let Some(admitted) = self.admitted {
            add("", admitted.key.as_str(), &Per::Key, &admitted.limits);
        }
        wants
    }

    /// What it uses of the budgets.
    pub(crate) fn budgets(&self) -> Vec<Want<'_>> {
        let mut wants = Vec::new();
        for budget in &self.project.budgets {
            let Some(subject) = self.subject(&budget.per) else { continue };
            let window = budget.every.window(self.now);
            let account = AccountId::new(&format!("budget:{}", budget.name), &budget.per, subject, window.start);
            let kind = if budget.hard { Kind::Hard } else { Kind::Warn };
            let (name, limit, warn_at) = (budget.name.as_str(), budget.limit.as_nanos(), &budget.warn_at);
            wants.push(Want { account, kind, name, per: &budget.per, limit, amount: 0, window, warn_at });
        }
        let own = self.admitted.and_then(|admitted| Some((admitted.key.as_str(), admitted.budget?)));
        if let Some((key, budget)) = own {
            let window = budget.every.window(self.now);
            let account = AccountId::new("budget:", &Per::Key, key, window.start);
            let (kind, limit) = (Kind::Hard, budget.limit.as_nanos());
            wants.push(Want { account, kind, name: key, per: &Per::Key, limit, amount: 0, window, warn_at: &[] });
        }
        wants
    }
}

fn rate(kind: Kind, rates: &Rates) -> Option<u64> {
    match kind {
        Kind::Requests => rates.requests,
        Kind::Tokens => rates.tokens,
        Kind::AtOnce => rates.concurrent,
        Kind::Hard | Kind::Warn => None,
    }
}

/// The minute that `now` lies in.
fn minute(now: Timestamp) -> Window {
    let start = now.as_second().div_euclid(MINUTE) * MINUTE;
    let moment = |second| Timestamp::from_second(second).unwrap_or(now);
    Window { start: moment(start), end: Some(moment(start + MINUTE)) }
}

#[cfg(test)]
mod tests {
    use surefoot_types::{
        Money,
        budget::{Budget, Limit},
        ids::TraceId,
        key::{KeyBudget, Scope},
    };

    use super::*;

    fn told(wants: &[Want<'_>]) -> Vec<String> {
        wants.iter().map(|want| format!("{} {:?} {}", want.account, want.kind, want.limit)).collect()
    }

    fn project() -> Project {
        let budget = |name: &str, per, hard| Budget {
            name: name.into(),
            per,
            every: Every::Day,
            limit: Money::nanos(10),
            hard,
            warn_at: vec![80],
        };
        let rates = Rates { requests: Some(5), tokens: Some(6), concurrent: Some(7) };
        Project {
            budgets: vec![
                budget("all", Per::All, true),
                budget("tenants", Per::Tenant, true),
                budget("teams", Per::Tag("team".into()), false),
                budget("functions", Per::Function, true),
                budget("models", Per::Model, true),
                budget("users", Per::User, true),
            ],
            limits: vec![Limit { name: "everybody".into(), per: Per::All, rates }],
            ..Project::default()
        }
    }

    #[test]
    fn a_request_counts_for_everybody_that_it_names() {
        let now: Timestamp = "2026-11-25T13:14:15Z".parse().unwrap();
        let project = project();
        let admitted = Admitted {
            key: "app".into(),
            tenant: Some("acme".into()),
            scope: Scope::default(),
            tags: BTreeMap::new(),
            limits: Rates { requests: Some(2), ..Rates::default() },
            budget: Some(KeyBudget { limit: Money::nanos(3), every: Every::Total }),
            keep: None,
        };
        let mut trace = Trace::begun(TraceId::from_bits(1), now, "openai_chat", "fast");
        trace.tags.insert("team".into(), "docs".into());
        let counted = Counted::of(&project, Some(&admitted), &trace, now);
        assert_eq!(
            told(&counted.budgets()),
            [
                "budget:all|all|1795564800| Hard 10",
                "budget:tenants|tenant|1795564800|acme Hard 10",
                "budget:teams|tag:team|1795564800|docs Warn 10",
                "budget:models|model|1795564800|fast Hard 10",
                "budget:|key|0|app Hard 3",
            ]
        );
        let start = minute(now).start.as_second();
        assert_eq!(
            told(&counted.requests()),
            [
                format!("requests:everybody|all|{start}| Requests 5"),
                "concurrent:everybody|all|0| AtOnce 7".into(),
                format!("requests:|key|{start}|app Requests 2"),
            ]
        );
        assert_eq!(told(&counted.tokens(9)), [format!("tokens:everybody|all|{start}| Tokens 6")]);
    }
}
