//! What one request holds, from the moment it was admitted to its end.

use std::{fmt, sync::Arc};

use surefoot_types::{
    Money,
    budget::{AccountId, Charge},
};
use tokio::time::Instant;

use super::{Inner, Kind, Want};
use crate::{call::Standing, events};

/// What a request holds of accounts. Dropped without being settled, all of it is given back.
#[derive(Default)]
pub(crate) struct Hold {
    inner: Option<Arc<Inner>>,
    parts: Vec<Part>,
    standing: Standing,
    /// What several calls at once hold, each for itself.
    branches: Vec<Hold>,
}

struct Part {
    account: AccountId,
    kind: Kind,
    amount: i64,
}

/// What a request really used.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Used {
    /// What it cost, so far as that is known.
    pub(crate) cost: Money,
    /// All its tokens.
    pub(crate) tokens: u64,
}

impl Hold {
    pub(super) fn add(&mut self, inner: &Arc<Inner>, want: &Want<'_>) {
        self.inner.get_or_insert_with(|| Arc::clone(inner));
        self.parts.push(Part { account: want.account.clone(), kind: want.kind, amount: want.amount });
    }

    /// How the caller stands with the limits that were asked so far.
    pub(crate) fn standing(&self) -> Standing {
        self.standing
    }

    pub(super) fn stands(&mut self, later: Standing) {
        self.standing.requests = later.requests.or(self.standing.requests);
        self.standing.tokens = later.tokens.or(self.standing.tokens);
        self.standing.budget = later.budget.or(self.standing.budget);
    }

    /// Empty holds for so many calls at once. What they come to hold is the request's.
    pub(crate) fn fork(&mut self, many: usize) -> &mut [Hold] {
        self.join();
        let standing = self.standing;
        let branch = || Self { inner: None, parts: Vec::new(), standing, branches: Vec::new() };
        self.branches.resize_with(many, branch);
        &mut self.branches
    }

    /// Takes over what the calls at once hold.
    pub(crate) fn join(&mut self) {
        for mut branch in std::mem::take(&mut self.branches) {
            self.parts.append(&mut branch.parts);
            self.inner = self.inner.take().or_else(|| branch.inner.take());
        }
    }

    /// Puts what was used in the place of what was held, and gives what is to be charged together with the
    /// request's record. A second time there is nothing left to settle.
    pub(crate) fn settle(&mut self, used: Used) -> Vec<Charge> {
        self.join();
        let parts = std::mem::take(&mut self.parts);
        let Some(inner) = self.inner.take() else { return Vec::new() };
        let now = Instant::now();
        let mut charges: Vec<Charge> = Vec::new();
        let mut book = inner.lock();
        for Part { account: id, kind, amount } in parts {
            // What was held of one account in several steps is charged in one.
            let again = charges.iter().any(|charge| charge.account == id);
            let cost = match kind {
                Kind::Hard | Kind::Warn | Kind::Tokens if again => 0,
                Kind::Hard | Kind::Warn => used.cost.as_nanos(),
                Kind::Requests => amount,
                Kind::Tokens => i64::try_from(used.tokens).unwrap_or(i64::MAX),
                Kind::AtOnce => 0,
            };
            // An account that was forgotten meanwhile is charged all the same.
            let account = book.accounts.get_mut(&id);
            let charged = account.map_or(kind.charged() && cost != 0, |account| {
                let charged = account.settle(amount, cost, now);
                if let Some(warning) = account.warning() {
                    events::budget_warned(&account.name, &account.per, account.limit, warning.percent, warning.spent);
                }
                charged
            });
            if charged {
                charges.push(Charge { account: id, amount: cost, holder: inner.holder.clone() });
            }
        }
        drop(book);
        inner.changed.notify_waiters();
        charges
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let Some(inner) = self.inner.take() else { return };
        let mut book = inner.lock();
        for part in &self.parts {
            if let Some(account) = book.accounts.get_mut(&part.account) {
                account.give_back(part.amount);
            }
        }
        drop(book);
        inner.changed.notify_waiters();
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hold").field("parts", &self.parts.len()).finish_non_exhaustive()
    }
}
