//! How budgets stand: what the store knows of their accounts, beside what the project and its keys allow.

use jiff::Timestamp;

use super::{AccountId, AccountState, Budget, Every, Per, Window};
use crate::{key::Key, money::Money};

/// How a budget stands in its present window, for one of those that it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetState {
    /// The budget's name; absent for a key's own.
    pub budget: Option<String>,
    /// By whom it is counted.
    pub per: Per,
    /// Who that is; empty for everybody together.
    pub subject: String,
    /// In which time.
    pub every: Every,
    /// Whether it refuses, or only warns.
    pub hard: bool,
    /// The most that may be spent.
    pub limit: Money,
    /// What was spent.
    pub spent: Money,
    /// What processes hold for requests under way, and ahead of them.
    pub held: Money,
    /// The present window.
    pub window: Window,
}

impl BudgetState {
    /// How every account of a budget begins; its name follows, and nothing for a key's own.
    pub const ACCOUNTS: &str = "budget:";

    /// What is left to be held.
    pub fn left(&self) -> Money {
        (self.limit - self.spent - self.held).max(Money::ZERO)
    }

    /// How `budgets` and the own budgets of `keys` stand at `now`, by what the store says of
    /// [their accounts](Self::ACCOUNTS): one row for each that spent from one. A budget of everybody together, and a
    /// key's own, are told before anything was spent.
    pub fn all<'a>(
        budgets: &[Budget],
        keys: impl IntoIterator<Item = &'a Key>,
        accounts: &[AccountState],
        now: Timestamp,
    ) -> Vec<Self> {
        let of_keys = keys.into_iter().filter_map(|key| Self::of_key(key, accounts, now));
        budgets.iter().flat_map(|budget| Self::of_budget(budget, accounts, now)).chain(of_keys).collect()
    }

    fn of_budget(budget: &Budget, accounts: &[AccountState], now: Timestamp) -> Vec<Self> {
        let (what, window) = (format!("{}{}", Self::ACCOUNTS, budget.name), budget.every.window(now));
        let state = |subject: &str, account: Option<&AccountState>| Self {
            budget: Some(budget.name.clone()),
            per: budget.per.clone(),
            subject: subject.to_owned(),
            every: budget.every,
            hard: budget.hard,
            limit: budget.limit,
            spent: Money::nanos(account.map_or(0, |account| account.spent)),
            held: Money::nanos(account.map_or(0, |account| account.leased)),
            window,
        };
        let of_it = accounts.iter().filter_map(|account| {
            let (of, per, subject, since) = account.account.parts()?;
            (of == what && per == budget.per && since == window.start).then(|| state(subject, Some(account)))
        });
        let mut states: Vec<Self> = of_it.collect();
        if states.is_empty() && budget.per == Per::All {
            states.push(state("", None));
        }
        states
    }

    fn of_key(key: &Key, accounts: &[AccountState], now: Timestamp) -> Option<Self> {
        let budget = key.budget?;
        let window = budget.every.window(now);
        let id = AccountId::new(Self::ACCOUNTS, &Per::Key, &key.name, window.start);
        let account = accounts.iter().find(|account| account.account == id);
        Some(Self {
            budget: None,
            per: Per::Key,
            subject: key.name.clone(),
            every: budget.every,
            hard: true,
            limit: budget.limit,
            spent: Money::nanos(account.map_or(0, |account| account.spent)),
            held: Money::nanos(account.map_or(0, |account| account.leased)),
            window,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_row_for_each_that_spent_in_the_present_window() {
        let now: Timestamp = "2026-11-25T13:00:00Z".parse().unwrap();
        let budget = |name: &str, per: Per, every| Budget {
            name: name.into(),
            per,
            every,
            limit: Money::nanos(100),
            hard: true,
            warn_at: Vec::new(),
        };
        let (day, month) = (Every::Day.window(now).start, Every::Month.window(now).start);
        let account = |what: &str, per: &Per, subject: &str, start, spent, leased| AccountState {
            account: AccountId::new(what, per, subject, start),
            spent,
            leased,
        };
        let accounts = [
            account("budget:team", &Per::Tenant, "acme", day, 30, 20),
            account("budget:team", &Per::Tenant, "acme", month, 7, 0),
            account("budget:team", &Per::User, "u", day, 7, 0),
            account("budget:teams", &Per::Tenant, "other", day, 7, 0),
            account("budget:team", &Per::Tenant, "zeta", day, 100, 9),
        ];
        let budgets = [budget("team", Per::Tenant, Every::Day), budget("all", Per::All, Every::Total)];
        let told: Vec<_> = BudgetState::all(&budgets, [], &accounts, now)
            .into_iter()
            .map(|state| {
                let left = state.left().as_nanos();
                (state.budget.unwrap(), state.subject, state.spent.as_nanos(), state.held.as_nanos(), left)
            })
            .collect();
        let row = |name: &str, subject: &str, spent, held, left| (name.into(), subject.into(), spent, held, left);
        assert_eq!(told, [row("team", "acme", 30, 20, 50), row("team", "zeta", 100, 9, 0), row("all", "", 0, 0, 100)]);
    }
}
