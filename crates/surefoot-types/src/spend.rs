//! What was spent, as the books hold it: sums by hour, so that a year's report reads no trace.

use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::{
    money::Money,
    trace::{Outcome, Trace},
    usage::Usage,
};

/// What spending is summed by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum By {
    /// Everything together.
    All,
    /// The caller's key.
    Key,
    /// The key's tenant.
    Tenant,
    /// The caller's end user.
    User,
    /// The function.
    Function,
    /// `provider/model-id`: each attempt counts for the target that it went to.
    Target,
    /// The value of a tag.
    Tag(String),
}

impl By {
    /// The name in SQL, JSON and on the command line.
    pub fn name(&self) -> String {
        match self {
            Self::All => "all".into(),
            Self::Key => "key".into(),
            Self::Tenant => "tenant".into(),
            Self::User => "user".into(),
            Self::Function => "function".into(),
            Self::Target => "target".into(),
            Self::Tag(tag) => format!("tag:{tag}"),
        }
    }

    /// What a name means.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "all" => Self::All,
            "key" => Self::Key,
            "tenant" => Self::Tenant,
            "user" => Self::User,
            "function" => Self::Function,
            "target" | "model" => Self::Target,
            _ => Self::Tag(name.strip_prefix("tag:").filter(|tag| !tag.is_empty())?.to_owned()),
        })
    }
}

/// Sums over requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// Requests (attempts, by target).
    pub requests: u64,
    /// Those of them that failed or were cancelled.
    pub failed: u64,
    /// Those of them whose cost is unknown, since a price is missing. Their cost is not in `cost`.
    pub unpriced: u64,
    /// Tokens.
    pub usage: Usage,
    /// Known cost.
    pub cost: Money,
    /// Time that they took together, in microseconds.
    pub took_us: u64,
}

impl Sums {
    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            failed: self.failed + other.failed,
            unpriced: self.unpriced + other.unpriced,
            usage: self.usage.plus(other.usage),
            cost: self.cost + other.cost,
            took_us: self.took_us.saturating_add(other.took_us),
        }
    }
}

/// What one trace adds to the books: one row a thing that it counts for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// By what.
    pub by: By,
    /// The name of that: a key's name, a tag's value.
    pub name: String,
    /// What is added.
    pub sums: Sums,
}

/// The hour that a moment lies in (UTC).
pub fn hour(at: Timestamp) -> Timestamp {
    floor(at, 3_600)
}

fn floor(at: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_second(at.as_second().div_euclid(seconds) * seconds).unwrap_or(at)
}

/// What `trace` adds to the books, in the hour of its beginning.
pub fn entries(trace: &Trace) -> Vec<Entry> {
    let sums = Sums {
        requests: 1,
        failed: u64::from(trace.outcome != Outcome::Answered),
        unpriced: u64::from(trace.cost.is_none()),
        usage: trace.usage,
        cost: trace.cost.unwrap_or_default(),
        took_us: trace.took_us,
    };
    let one = |by: By, name: &str| Entry { by, name: name.to_owned(), sums };
    let mut entries = vec![one(By::All, "")];
    let whose =
        [(By::Key, &trace.key), (By::Tenant, &trace.tenant), (By::User, &trace.user), (By::Function, &trace.function)];
    entries.extend(whose.into_iter().filter_map(|(by, name)| Some(one(by, name.as_deref()?))));
    entries.extend(trace.tags.iter().map(|(tag, value)| one(By::Tag(tag.clone()), value)));
    for attempt in &trace.attempts {
        let sums = Sums {
            requests: 1,
            failed: u64::from(attempt.fault.is_some()),
            unpriced: u64::from(attempt.cost.is_none()),
            usage: attempt.usage.unwrap_or_default(),
            cost: attempt.cost.unwrap_or_default(),
            took_us: attempt.took_us,
        };
        entries.push(Entry { by: By::Target, name: attempt.target.clone(), sums });
    }
    entries
}

/// In which steps of time a report is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Step {
    /// All of it in one sum.
    #[default]
    Whole,
    /// By hour.
    Hour,
    /// By day (UTC).
    Day,
}

impl Step {
    /// The first moment of the step that `at` lies in.
    pub fn floor(self, at: Timestamp) -> Timestamp {
        match self {
            Self::Whole => Timestamp::UNIX_EPOCH,
            Self::Hour => hour(at),
            Self::Day => floor(at, 86_400),
        }
    }

    /// The first moment after the step that begins at `start`; absent for the whole.
    pub fn next(self, start: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Whole => None,
            Self::Hour => start.checked_add(1.hour()).ok(),
            Self::Day => start.checked_add(24.hours()).ok(),
        }
    }
}

/// Which sums to report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpendQuery {
    /// By what.
    pub by: By,
    /// Only of this name.
    pub name: Option<String>,
    /// From this moment's hour on.
    pub since: Timestamp,
    /// Up to this moment's hour, which is left out; absent: up to now.
    pub until: Option<Timestamp>,
    /// In which steps.
    pub step: Step,
}

/// One row of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpendRow {
    /// The first moment of its step; 1970 for the whole.
    pub at: Timestamp,
    /// The name that it is of.
    pub name: String,
    /// The sums.
    #[serde(flatten)]
    pub sums: Sums,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ids::TraceId, trace::Attempt};

    #[test]
    fn a_trace_counts_for_everything_that_it_names() {
        let mut trace = Trace::begun(TraceId::from_bits(1), Timestamp::UNIX_EPOCH, "openai_chat", "answer");
        trace.key = Some("app".into());
        trace.tags.insert("team".into(), "docs".into());
        trace.outcome = Outcome::Answered;
        trace.cost = Some(Money::nanos(7));
        let attempt =
            |target: &str, cost| Attempt { cost, ..Attempt::begun(crate::ids::AttemptId::from_bits(1), target, 0, 0) };
        trace.attempts = vec![attempt("a/x", None), attempt("b/y", Some(Money::nanos(7)))];
        let told: Vec<_> = entries(&trace)
            .into_iter()
            .map(|entry| (entry.by.name(), entry.name, entry.sums.cost.as_nanos(), entry.sums.unpriced))
            .collect();
        let row = |by: &str, name: &str, cost, unpriced| (by.to_owned(), name.to_owned(), cost, unpriced);
        assert_eq!(
            told,
            [
                row("all", "", 7, 0),
                row("key", "app", 7, 0),
                row("tag:team", "docs", 7, 0),
                row("target", "a/x", 0, 1),
                row("target", "b/y", 7, 0)
            ]
        );
        for entry in entries(&trace) {
            assert_eq!(By::parse(&entry.by.name()), Some(entry.by));
        }
    }

    #[test]
    fn steps() {
        let at: Timestamp = "2026-11-25T13:14:15Z".parse().unwrap();
        assert_eq!(Step::Hour.floor(at).to_string(), "2026-11-25T13:00:00Z");
        assert_eq!(Step::Day.floor(at).to_string(), "2026-11-25T00:00:00Z");
        assert_eq!(Step::Day.next(Step::Day.floor(at)).unwrap().to_string(), "2026-11-26T00:00:00Z");
        assert_eq!(Step::Whole.next(at), None);
    }
}
