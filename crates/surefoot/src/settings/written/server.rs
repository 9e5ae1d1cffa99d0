//! The server and its callers' keys as written.

use super::root::FILE;
use crate::settings::{
    source::At,
    table::{Reader, Section, field},
};

/// The server.
pub(crate) const SERVER: Section = Section {
    file: FILE,
    header: "[server]",
    about: "Where and whom to serve.",
    fields: &[
        field("bind", "bind = \"127.0.0.1:4141\"", "127.0.0.1:4141", "The address to serve on; `--bind` wins."),
        field("keys", "keys = [{ name = \"app\", key = \"env:APP_KEY\" }]", "", "Keys that callers may use."),
        field("body_limit_mb", "body_limit_mb = 32", "32", "Largest request that is read, in megabytes; 1 to 1024."),
        field(
            "strangers",
            "strangers = 60",
            "60",
            "Most requests a minute that one address may make without a known key; 0: no limit.",
        ),
        field(
            "proxies",
            "proxies = [\"10.0.0.0/8\"]",
            "",
            "The networks of the proxies in front, which are believed about the caller's address \
             (`x-forwarded-for`) and about HTTPS (`x-forwarded-proto`).",
        ),
        field("drain", "drain = \"30s\"", "30s", "How long requests under way may go on after SIGTERM."),
    ],
};

/// A caller's key.
pub(crate) const KEY: Section = Section {
    file: FILE,
    header: "[[server.keys]]",
    about: "A key that callers may use. Beyond loopback every caller needs one. `surefoot keys` makes keys without an \
            edit; these here are for those who keep everything in git.",
    fields: &[
        field("name", "name = \"app\"", "required", "What traces call it."),
        field("key", "key = \"env:APP_KEY\"", "required", "The key, as `env:NAME` or `file:PATH`; never in clear."),
        field("tenant", "tenant = \"acme\"", "", "Whose it is; traces carry it."),
        field(
            "admin",
            "admin = \"read\"",
            "none",
            "The doors beside those of the models: `none`, `read` (traces, spending, the console) or `all` (keys, \
             erasure, audit too).",
        ),
        field("functions", "functions = [\"answer\"]", "all", "The functions that it may use; a name may end in `*`."),
        field(
            "models",
            "models = [\"fast\", \"openai/*\"]",
            "all",
            "The aliases and `provider/model-id`s that it may use; a name may end in `*`.",
        ),
        field("knowledge", "knowledge = [\"docs\"]", "all", "The knowledge that it may search; a name may end in `*`."),
        field("expires", "expires = \"2027-06-30\"", "never", "The day (UTC), or the moment, at which it ends."),
        field("tags", "tags = { team = \"docs\" }", "", "Tags for every trace of its requests."),
        field("limits", "limits = { requests = 60 }", "", "Its own limits."),
        field("budget", "budget = { every = \"day\", usd = 5.00 }", "", "Its own budget."),
        field(
            "keep",
            "keep = \"metadata\"",
            "as in [records]",
            "What is kept of its requests: `all`, `redacted`, `metadata` or `nothing`.",
        ),
    ],
};

/// A key's limits.
pub(crate) const KEY_LIMITS: Section = Section {
    file: FILE,
    header: "limits",
    about: "Most that one key may ask, beside the limits of the project.",
    fields: &[
        field("requests", "requests = 60", "no limit", "Requests a minute."),
        field("tokens", "tokens = 100000", "no limit", "Tokens a minute, of prompt and answer together."),
        field("concurrent", "concurrent = 8", "no limit", "Requests at once."),
    ],
};

/// A key's budget.
pub(crate) const KEY_BUDGET: Section = Section {
    file: FILE,
    header: "budget",
    about: "Most that one key may spend, beside the budgets of the project. A request that could exceed it is refused.",
    fields: &[
        field("every", "every = \"day\"", "required", "In which time: `day`, `week`, `month` or `total`."),
        field("usd", "usd = 5.00", "required", "Dollars."),
    ],
};

/// The server.
#[derive(Debug, Default)]
pub(crate) struct Server {
    pub(crate) bind: Option<At<String>>,
    pub(crate) keys: Vec<Key>,
    pub(crate) body_limit_mb: Option<At<i64>>,
    pub(crate) drain: Option<At<String>>,
    pub(crate) strangers: Option<At<i64>>,
    pub(crate) proxies: Option<Vec<At<String>>>,
}

/// A caller's key.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: Option<At<String>>,
    pub(crate) key: Option<At<String>>,
    pub(crate) tenant: Option<At<String>>,
    pub(crate) admin: Option<At<String>>,
    pub(crate) functions: Option<Vec<At<String>>>,
    pub(crate) models: Option<Vec<At<String>>>,
    pub(crate) knowledge: Option<Vec<At<String>>>,
    pub(crate) expires: Option<At<String>>,
    pub(crate) tags: Vec<(At<String>, At<String>)>,
    pub(crate) limits: Rates,
    pub(crate) budget: Option<KeyBudget>,
    pub(crate) keep: Option<At<String>>,
}

/// Most requests and tokens a minute, and most requests at once.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    pub(crate) requests: Option<At<i64>>,
    pub(crate) tokens: Option<At<i64>>,
    pub(crate) concurrent: Option<At<i64>>,
}

/// A key's budget.
#[derive(Debug)]
pub(crate) struct KeyBudget {
    pub(crate) every: Option<At<String>>,
    pub(crate) usd: Option<At<String>>,
}

impl Server {
    pub(super) fn read(mut table: Reader<'_>) -> Self {
        let server = Self {
            bind: table.string("bind"),
            body_limit_mb: table.integer("body_limit_mb"),
            drain: table.string("drain"),
            strangers: table.integer("strangers"),
            proxies: table.one_or_more("proxies"),
            keys: table.tables("keys", &KEY).into_iter().map(key).collect(),
        };
        table.done();
        server
    }
}

impl Rates {
    pub(super) fn read(table: &mut Reader<'_>) -> Self {
        Self {
            requests: table.integer("requests"),
            tokens: table.integer("tokens"),
            concurrent: table.integer("concurrent"),
        }
    }
}

fn key(mut table: Reader<'_>) -> Key {
    let key = Key {
        name: table.required("name"),
        key: table.required("key"),
        tenant: table.string("tenant"),
        admin: table.string("admin"),
        functions: table.one_or_more("functions"),
        models: table.one_or_more("models"),
        knowledge: table.one_or_more("knowledge"),
        expires: table.string("expires"),
        tags: table.texts("tags"),
        limits: table.table("limits", &KEY_LIMITS).map(limits).unwrap_or_default(),
        budget: table.table("budget", &KEY_BUDGET).map(budget),
        keep: table.string("keep"),
    };
    table.done();
    key
}

fn limits(mut table: Reader<'_>) -> Rates {
    let rates = Rates::read(&mut table);
    table.done();
    rates
}

fn budget(mut table: Reader<'_>) -> KeyBudget {
    let budget = KeyBudget { every: table.required("every"), usd: table.required_digits("usd") };
    table.done();
    budget
}
