//! Limits, budgets, what is recorded and for how long, and the store, as written.

use super::{root::FILE, server::Rates};
use crate::settings::{
    source::At,
    table::{Reader, Section, field},
};

const PER: &str = "Whom it is counted by, each with a count of their own: `all` (everybody together), `key`, `tenant`, \
                   `user`, `function`, `model`, or `tag:NAME` for each value of a tag.";

/// A limit.
pub(crate) const LIMIT: Section = Section {
    file: FILE,
    header: "[limits.<name>]",
    about: "Most requests and tokens a minute (by the clock, UTC), and most requests at once. What exceeds it is \
            answered with status 429 and the time to wait.",
    fields: &[
        field("per", "per = \"key\"", "all", PER),
        field("requests", "requests = 60", "no limit", "Requests a minute."),
        field("tokens", "tokens = 100000", "no limit", "Tokens a minute, of prompt and answer together."),
        field("concurrent", "concurrent = 8", "no limit", "Requests at once."),
    ],
};

/// A budget.
pub(crate) const BUDGET: Section = Section {
    file: FILE,
    header: "[budgets.<name>]",
    about: "Most money to spend. What a request may cost at worst is reserved before it is sent, so that a budget that \
            refuses is never overspent.",
    fields: &[
        field("per", "per = \"tenant\"", "all", PER),
        field(
            "every",
            "every = \"month\"",
            "required",
            "In which time: `day`, `week` (from Monday), `month` or `total`. Windows begin at midnight UTC.",
        ),
        field("usd", "usd = 20.00", "required", "Dollars."),
        field(
            "on_exceed",
            "on_exceed = \"warn\"",
            "refuse",
            "What to do with a request that could exceed it: `refuse`, or `warn` and let it through.",
        ),
        field("warn_at", "warn_at = [80, 95]", "[80, 95]", "Percent of it at which a warning is raised."),
    ],
};

/// Records.
pub(crate) const RECORDS: Section = Section {
    file: FILE,
    header: "[records]",
    about: "What is kept of requests, and how surely.",
    fields: &[
        field(
            "keep",
            "keep = \"redacted\"",
            "all",
            "`all`, `redacted` (secrets and personal data masked), `metadata` (nothing of what was said) or `nothing` \
             (only what it cost). A function and a key may say otherwise.",
        ),
        field(
            "sample",
            "sample = 0.1",
            "1",
            "Which share of answered requests is kept; failed ones always are, and costs are counted for all.",
        ),
        field(
            "level",
            "level = \"power\"",
            "crash",
            "What an answered request's record survives: `crash` (the process killed), `power` (the power gone) or \
             `relaxed` (the answer does not wait for it).",
        ),
        field(
            "when_full",
            "when_full = \"serve\"",
            "stop",
            "What to do when a record cannot be stored: `stop` (refuse the request) or `serve` (answer unrecorded, loudly).",
        ),
    ],
};

/// Retention.
pub(crate) const RETENTION: Section = Section {
    file: FILE,
    header: "[retention]",
    about: "How long things are kept, in days. What is older goes within the hour.",
    fields: &[
        field(
            "traces",
            "traces = \"30d\"",
            "for ever",
            "Traces with their feedback, and responses that others go on from.",
        ),
        field("runs", "runs = \"90d\"", "for ever", "Eval runs with their cases."),
        field("spend", "spend = \"800d\"", "for ever", "The hourly sums that spending is reported from."),
    ],
};

/// The store.
pub(crate) const STORE: Section = Section {
    file: FILE,
    header: "[store]",
    about: "Where everything is kept: a file in the data folder, or Postgres for more than one machine.",
    fields: &[
        field(
            "url",
            "url = \"env:DATABASE_URL\"",
            "the data folder",
            "A Postgres address, as `env:NAME` or `file:PATH`; never in clear.",
        ),
        field(
            "lease",
            "lease = \"60s\"",
            "60s",
            "After how long the part of a limit (and, in a file, of a budget) that a vanished process held is free \
             again; 10s to 1h.",
        ),
        field(
            "outage",
            "outage = \"1h\"",
            "1h",
            "With Postgres: how long a process may go on spending what it holds of budgets while Postgres is away, and \
             so how long what a vanished machine held stays held; from `lease` to 1d.",
        ),
        field(
            "encryption_key",
            "encryption_key = \"env:SUREFOOT_KEY\"",
            "nothing is encrypted",
            "A key of 32 bytes, as Base64 or hexadecimal digits, in `env:NAME` or `file:PATH`: traces and kept responses \
             are encrypted with it. Of a list the first encrypts and each decrypts.",
        ),
    ],
};

/// A limit.
#[derive(Debug)]
pub(crate) struct Limit {
    pub(crate) name: At<String>,
    pub(crate) per: Option<At<String>>,
    pub(crate) rates: Rates,
}

/// A budget.
#[derive(Debug)]
pub(crate) struct Budget {
    pub(crate) name: At<String>,
    pub(crate) per: Option<At<String>>,
    pub(crate) every: Option<At<String>>,
    pub(crate) usd: Option<At<String>>,
    pub(crate) on_exceed: Option<At<String>>,
    pub(crate) warn_at: Option<Vec<At<i64>>>,
}

/// What is kept of requests.
#[derive(Debug, Default)]
pub(crate) struct Records {
    pub(crate) keep: Option<At<String>>,
    pub(crate) sample: Option<At<f64>>,
    pub(crate) level: Option<At<String>>,
    pub(crate) when_full: Option<At<String>>,
}

/// How long.
#[derive(Debug, Default)]
pub(crate) struct Retention {
    pub(crate) traces: Option<At<String>>,
    pub(crate) runs: Option<At<String>>,
    pub(crate) spend: Option<At<String>>,
}

/// Where.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) url: Option<At<String>>,
    pub(crate) lease: Option<At<String>>,
    pub(crate) outage: Option<At<String>>,
    pub(crate) encryption_key: Option<Vec<At<String>>>,
}

impl Limit {
    pub(super) fn read(name: At<String>, table: &mut Reader<'_>) -> Self {
        Self { name, per: table.string("per"), rates: Rates::read(table) }
    }
}

impl Budget {
    pub(super) fn read(name: At<String>, table: &mut Reader<'_>) -> Self {
        Self {
            name,
            per: table.string("per"),
            every: table.required("every"),
            usd: table.required_digits("usd"),
            on_exceed: table.string("on_exceed"),
            warn_at: table.integers("warn_at"),
        }
    }
}

impl Records {
    pub(super) fn read(mut table: Reader<'_>) -> Self {
        let records = Self {
            keep: table.string("keep"),
            sample: table.number("sample"),
            level: table.string("level"),
            when_full: table.string("when_full"),
        };
        table.done();
        records
    }
}

impl Retention {
    pub(super) fn read(mut table: Reader<'_>) -> Self {
        let retention =
            Self { traces: table.string("traces"), runs: table.string("runs"), spend: table.string("spend") };
        table.done();
        retention
    }
}

impl Store {
    pub(super) fn read(mut table: Reader<'_>) -> Self {
        let store = Self {
            url: table.string("url"),
            lease: table.string("lease"),
            outage: table.string("outage"),
            encryption_key: table.one_or_more("encryption_key"),
        };
        table.done();
        store
    }
}
