//! Budgets and limits: how much may be used of what, by whom, in which time.
//!
//! Both are kept in accounts. An account is one budget or limit, applied to one subject (a key, a tenant,
//! …), in one window of time; its units are nano-dollars, requests or tokens. Whoever spends from it holds
//! a lease: a part of what is left, taken from the store ahead of need, so that a request spends from
//! memory and the sum over all processes never exceeds the limit.

mod state;

use std::{fmt, str::FromStr, time::Duration};

use jiff::{Timestamp, ToSpan, civil::Date, tz::Offset};
use serde::{Deserialize, Serialize};

pub use self::state::BudgetState;
use crate::money::Money;

/// Whom a budget or limit is counted by: each has its own account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Per {
    /// Everybody together.
    All,
    /// The caller's key.
    Key,
    /// The key's tenant.
    Tenant,
    /// The caller's end user.
    User,
    /// The function.
    Function,
    /// The model, as the caller names it.
    Model,
    /// The value of a tag.
    Tag(String),
}

/// A text that says not by whom to count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not one of all, key, tenant, user, function, model, tag:NAME")]
pub struct NotPer(String);

impl FromStr for Per {
    type Err = NotPer;

    fn from_str(text: &str) -> Result<Self, NotPer> {
        Ok(match text {
            "all" => Self::All,
            "key" => Self::Key,
            "tenant" => Self::Tenant,
            "user" => Self::User,
            "function" => Self::Function,
            "model" => Self::Model,
            _ => match text.strip_prefix("tag:").filter(|name| !name.is_empty()) {
                Some(name) => Self::Tag(name.to_owned()),
                None => return Err(NotPer(text.to_owned())),
            },
        })
    }
}

impl TryFrom<String> for Per {
    type Error = NotPer;
    fn try_from(text: String) -> Result<Self, NotPer> {
        text.parse()
    }
}

impl From<Per> for String {
    fn from(per: Per) -> Self {
        per.to_string()
    }
}

impl fmt::Display for Per {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Key => f.write_str("key"),
            Self::Tenant => f.write_str("tenant"),
            Self::User => f.write_str("user"),
            Self::Function => f.write_str("function"),
            Self::Model => f.write_str("model"),
            Self::Tag(name) => write!(f, "tag:{name}"),
        }
    }
}

/// In which time a budget is spent. Windows begin at midnight UTC; weeks on Monday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    /// A day.
    Day,
    /// A week.
    Week,
    /// A calendar month.
    Month,
    /// For ever.
    Total,
}

/// One window of time: from `start` up to `end`, which belongs to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Its first moment.
    pub start: Timestamp,
    /// The first moment after it; absent for a window without an end.
    pub end: Option<Timestamp>,
}

impl Every {
    /// All of them, with their names in settings.
    pub const NAMES: [(&'static str, Self); 4] =
        [("day", Self::Day), ("week", Self::Week), ("month", Self::Month), ("total", Self::Total)];

    /// The name in settings and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Total => "total",
        }
    }

    /// The window that `now` lies in.
    pub fn window(self, now: Timestamp) -> Window {
        let today = Offset::UTC.to_datetime(now).date();
        let (first, length) = match self {
            Self::Total => return Window { start: Timestamp::UNIX_EPOCH, end: None },
            Self::Day => (today, 1.day()),
            Self::Week => {
                let since_monday = i64::from(today.weekday().to_monday_zero_offset());
                (today.saturating_sub(since_monday.days()), 1.week())
            }
            Self::Month => (today.first_of_month(), 1.month()),
        };
        let moment = |date: Date| Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).unwrap_or(now);
        Window { start: moment(first), end: Some(moment(first.saturating_add(length))) }
    }
}

/// Most money to spend, by whom it is counted, in which time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// Its name in this project.
    pub name: String,
    /// By whom it is counted.
    pub per: Per,
    /// In which time.
    pub every: Every,
    /// The most that may be spent.
    pub limit: Money,
    /// Whether a request that could exceed it is refused; else it is let through with a warning.
    pub hard: bool,
    /// Percent of the limit at which a warning event is raised, rising.
    pub warn_at: Vec<u8>,
}

/// Most requests and tokens a minute, and most requests at once. What is absent is not limited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rates {
    /// Requests a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<u64>,
    /// Tokens a minute, of prompt and answer together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Requests at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrent: Option<u64>,
}

impl Rates {
    /// Whether nothing is limited.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// A limit of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Its name in this project.
    pub name: String,
    /// By whom it is counted.
    pub per: Per,
    /// How much.
    pub rates: Rates,
}

/// An account's name: of one budget or limit, one subject, one window. Made of them by [`AccountId::new`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(String);

impl AccountId {
    /// The account of `what` (`budget:NAME`, `requests:NAME`, …) for `per` = `subject`, in the window that
    /// begins at `start`.
    pub fn new(what: &str, per: &Per, subject: &str, start: Timestamp) -> Self {
        Self(format!("{what}|{per}|{}|{subject}", start.as_second()))
    }

    /// As text: `what|per|start|subject`, the window's start in seconds since 1970.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The account of this text, as the store kept it.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether its units are money: what is used of it is charged.
    pub fn is_money(&self) -> bool {
        self.0.starts_with("budget:")
    }

    /// Whether it counts what this end user does.
    pub fn is_of_user(&self, user: &str) -> bool {
        matches!(self.parts(), Some((_, Per::User, subject, _)) if subject == user)
    }

    /// What it is counted for, by whom, who that is, and when its window began; absent for a text that is no
    /// account's.
    pub fn parts(&self) -> Option<(&str, Per, &str, Timestamp)> {
        let mut parts = self.0.splitn(4, '|');
        let (what, per, start, subject) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        Some((what, per.parse().ok()?, subject, Timestamp::from_second(start.parse().ok()?).ok()?))
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a request really used of an account: put in the books together with its trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// The account.
    pub account: AccountId,
    /// How many of its units.
    pub amount: i64,
    /// Who holds the lease that it is taken from.
    pub holder: String,
}

/// What a holder asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseAsk {
    /// From which account.
    pub account: AccountId,
    /// Most units that the account may give, to all holders together, what was charged to it included.
    pub limit: i64,
    /// How the holder's lease is to change.
    pub change: LeaseChange,
    /// For how many units more requests wait at this moment; 0 where it only stocks up or gives back.
    pub needed: i64,
}

/// How long leases live on after the store last heard of their holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lives {
    /// Those of limits, which a process can keep on its own for a while.
    pub limits: Duration,
    /// Those of budgets: for so long their holder may spend from them without the store, and nobody else is given
    /// what it holds.
    pub money: Duration,
}

impl Lives {
    /// The same for all.
    pub const fn all(lives: Duration) -> Self {
        Self { limits: lives, money: lives }
    }

    /// Those of an account's leases.
    pub fn of(self, account: &AccountId) -> Duration {
        if account.is_money() { self.money } else { self.limits }
    }
}

/// Whether other holders wait for units of an account that had none left for them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Turn {
    /// Nobody does.
    #[default]
    Free,
    /// Some do, and this holder has waited for longer.
    Mine,
    /// Some have waited for longer: until they were served, others are given nothing.
    Theirs,
}

/// How a lease is to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseChange {
    /// By so many units: more, or (negative) some of it back. Right at any time, since it commutes with charges.
    By(i64),
    /// To so many units. Right only while nothing that the holder spent is still to be charged.
    To(i64),
}

impl LeaseChange {
    /// The lease that comes of one of `held` units, where `room` is what the account can give this holder: its
    /// limit, less what was charged to it, less what others hold of it.
    pub fn of(self, held: i64, room: i64) -> i64 {
        match self {
            Self::By(more) if more > 0 => held.saturating_add(more.min(room.saturating_sub(held).max(0))),
            Self::By(less) => held.saturating_add(less).max(0),
            Self::To(size) => size.min(room).max(0),
        }
    }

    /// What the holder is told of a lease that was `held` and is `now`.
    pub fn told(self, held: i64, now: i64) -> i64 {
        match self {
            Self::By(_) => now - held,
            Self::To(_) => now,
        }
    }
}

/// A lease after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The account.
    pub account: AccountId,
    /// By how much the lease really changed (as much of what was asked for as there was), for `By`; how
    /// large it is now, for `To`.
    pub amount: i64,
    /// What was charged to the account, by everybody.
    pub spent: i64,
    /// What others hold of it.
    pub others: i64,
    /// Whether others wait for it.
    pub turn: Turn,
}

/// An account, for reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountState {
    /// The account.
    pub account: AccountId,
    /// What was charged to it.
    pub spent: i64,
    /// What is leased of it.
    pub leased: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows() {
        let now: Timestamp = "2026-11-25T13:14:15Z".parse().unwrap();
        for (every, start, end) in [
            (Every::Day, "2026-11-25T00:00:00Z", Some("2026-11-26T00:00:00Z")),
            (Every::Week, "2026-11-23T00:00:00Z", Some("2026-11-30T00:00:00Z")),
            (Every::Month, "2026-11-01T00:00:00Z", Some("2026-12-01T00:00:00Z")),
            (Every::Total, "1970-01-01T00:00:00Z", None),
        ] {
            let expected = Window { start: start.parse().unwrap(), end: end.map(|end| end.parse().unwrap()) };
            assert_eq!(every.window(now), expected, "{every:?}");
        }
    }

    #[test]
    fn an_account_names_its_parts() {
        let start = Timestamp::from_second(1_700_000_000).unwrap();
        for (per, subject) in [(Per::All, ""), (Per::Tag("team".into()), "a|b"), (Per::User, "u@example.com")] {
            let account = AccountId::new("budget:daily", &per, subject, start);
            assert_eq!(account.parts(), Some(("budget:daily", per, subject, start)));
        }
        assert_eq!(AccountId::from_text("noise").parts(), None);
    }

    #[test]
    fn what_comes_of_a_lease() {
        use LeaseChange::{By, To};
        for (change, held, room, expected) in [
            (By(40), 10, 100, 50),
            (By(200), 10, 100, 100),
            (By(5), 10, 10, 10),
            (By(5), 10, -3, 10),
            (By(0), 10, 0, 10),
            (By(-4), 10, 100, 6),
            (By(-40), 10, 100, 0),
            (To(40), 10, 100, 40),
            (To(200), 10, 100, 100),
            (To(40), 60, -3, 0),
            (To(-1), 10, 100, 0),
            (By(i64::MAX), 1, i64::MAX, i64::MAX),
        ] {
            assert_eq!(change.of(held, room), expected, "{change:?} of {held} with room for {room}");
        }
    }
}
