//! Why a request may not use an account, and how its caller is told.

use std::time::Duration;

use surefoot_types::{Code, Fault, Money, Retry, Timestamp, budget::Window};

use super::{Kind, Want, account::Account};

/// When to come back where only others under way stand in the way.
const SOON: Duration = Duration::from_secs(1);

/// A refusal, with the account as it stood.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    pub(crate) why: Why,
    pub(crate) kind: Kind,
    name: String,
    per: String,
    limit: i64,
    amount: i64,
    spent: i64,
    held: i64,
    window: Window,
}

/// Why something may not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// So much is used that it does not fit.
    Spent,
    /// It would fit, if others under way were done.
    Held,
    /// It would not even fit into an unused account.
    TooLarge,
    /// The store cannot be asked.
    Unreachable,
}

impl Refused {
    pub(super) fn of(want: &Want<'_>, account: &Account, why: Why) -> Self {
        Self {
            why,
            kind: want.kind,
            name: want.name.to_owned(),
            per: want.per.to_string(),
            limit: want.limit,
            amount: want.amount,
            spent: account.spent(),
            held: account.held(),
            window: want.window,
        }
    }

    /// What there is left for one request, once others under way are done if they are in the way.
    pub(crate) fn left(&self) -> Money {
        let held = if self.why == Why::Held { self.held } else { 0 };
        Money::nanos((self.limit - self.spent - held).max(0))
    }

    /// The name of what refused, for metrics.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What the caller is told.
    pub(crate) fn fault(&self, now: Timestamp) -> Fault {
        let begins_anew = self.window.end.map(|end| Duration::try_from(end.duration_since(now)).unwrap_or_default());
        let retry = match (self.why, self.kind) {
            (Why::TooLarge, _) => Retry::Never,
            (Why::Unreachable, _) | (_, Kind::AtOnce) | (Why::Held, Kind::Hard) => Retry::Later(Some(SOON)),
            _ => begins_anew.map_or(Retry::Never, |wait| Retry::Later(Some(wait))),
        };
        match self.kind {
            Kind::Hard | Kind::Warn => self.over_budget(),
            Kind::Requests | Kind::Tokens | Kind::AtOnce => self.limited(),
        }
        .retry(retry)
    }

    fn over_budget(&self) -> Fault {
        let money = |nanos| Money::nanos(nanos).to_string();
        let (name, per, limit) = (&self.name, &self.per, money(self.limit));
        if self.why == Why::Unreachable {
            let told = format!("the budget '{name}' cannot be looked up now, and nothing is spent unseen");
            return Fault::new(Code::Unavailable, told).hint("Ask again in a moment.");
        }
        let told = format!(
            "the budget '{name}' of {limit} (per {per}) does not cover this request: {} spent, {} held for requests under way, {} at most for this one",
            money(self.spent),
            money(self.held),
            money(self.amount)
        );
        let anew = match self.window.end {
            Some(end) => format!(" The budget begins anew at {end}."),
            None => String::new(),
        };
        Fault::new(Code::OverBudget, told).hint(format!("Lower `max_tokens`, or raise the budget's `usd`.{anew}"))
    }

    fn limited(&self) -> Fault {
        let (name, per, limit, amount) = (&self.name, &self.per, self.limit, self.amount);
        let counted = match self.kind {
            Kind::Tokens => "tokens a minute",
            Kind::AtOnce => "requests at once",
            _ => "requests a minute",
        };
        if self.why == Why::TooLarge {
            let told = format!("this request needs {amount}, more than all {limit} {counted} of the limit '{name}'");
            return Fault::new(Code::RateLimited, told).hint("Make it smaller, or raise the limit.");
        }
        Fault::new(Code::RateLimited, format!("the limit '{name}' of {limit} {counted} (per {per}) is reached"))
            .hint("Come back when `retry-after` says, or raise the limit.")
    }
}
