//! `surefoot.toml` as written.

use toml_span::{Value, value::ValueInner};

use super::{
    capability::{CAPABILITIES, Capability},
    feedback::{FEEDBACK, Feedback},
    guard::{self, Guards},
    mcp::{MCP, Mcp, mcp},
    ops::{self, Budget, Limit, Records, Retention, Store},
    price::{self, Price},
    provider::{PROVIDER, Provider},
    server::{self, Server},
    telemetry::{TELEMETRY, Telemetry},
};
use crate::settings::{
    source::{At, Place},
    table::{Reader, Section, Toml, field},
};

pub(super) const FILE: &str = "surefoot.toml";

/// The top level.
pub(crate) const ROOT: Section = Section {
    file: FILE,
    header: "",
    about: "The tables of `surefoot.toml`. All may be left out.",
    fields: &[
        field("providers", "[providers.openai]", "", "AI APIs with their credentials."),
        field("models", "[models]", "", "Aliases: names of your own for one or more models."),
        field("knowledge", "[knowledge.docs]", "", "Collections of documents that ground answers."),
        field("mcp", "[mcp.tickets]", "", "Servers of tools, for functions."),
        field("prices", "[prices.\"openai/gpt-4o-mini\"]", "built in for well-known models", "What models cost."),
        field(
            "capabilities",
            "[capabilities.\"ollama/llava\"]",
            "built in for well-known models",
            "What models can do.",
        ),
        field("defaults", "[defaults]", "", "How targets are tried where an alias says nothing else."),
        field("server", "[server]", "", "Where and whom to serve."),
        field("feedback", "[feedback]", "", "Feedback from browsers, which have no key."),
        field("guards", "[guards]", "", "Checks on what goes to a model."),
        field("load", "[load]", "", "How many requests are worked on at once, and how many wait."),
        field("limits", "[limits.everybody]", "", "Most requests and tokens a minute, and most requests at once."),
        field("budgets", "[budgets.daily]", "", "Most money to spend."),
        field("records", "[records]", "", "What is kept of requests, and how surely."),
        field("retention", "[retention]", "", "How long it is kept."),
        field("store", "[store]", "", "Where it is kept."),
        field("telemetry", "[telemetry]", "", "Where ended requests are told."),
    ],
};

/// The short form of aliases.
pub(crate) const MODELS: Section = Section {
    file: FILE,
    header: "[models]",
    about: "Aliases. A text names one target, an array several that are tried in this order.",
    fields: &[field(
        "<name>",
        "fast = \"openai/gpt-4o-mini\"",
        "",
        "One `provider/model-id`, an array of them, or a table.",
    )],
};

/// The long form of an alias.
pub(crate) const MODEL: Section = Section {
    file: FILE,
    header: "[models.<name>]",
    about: "An alias with settings of its own.",
    fields: &[
        field(
            "targets",
            "targets = [\"openai/gpt-4o\", \"local/extract\"]",
            "required",
            "The targets, tried in this order.",
        ),
        field("retries", "retries = 2", "2", "How often a target may be tried again after its first try; 0 to 10."),
        field("timeouts", "timeouts = { first_token = \"10s\" }", "", "How long to wait."),
        field("cache", "cache = \"10m\"", "no cache", "How long an equal request is answered from memory."),
        field(
            "route",
            "route = \"latency\"",
            "fallback",
            "Which target is asked first: `fallback` (in the order as written), `weighted` (drawn by `weights`), `latency` \
             (the faster of two that are drawn), `cheapest` (by what the request is likely to cost) or `least_busy` (by \
             calls under way). The others follow where it fails.",
        ),
        field(
            "weights",
            "weights = [9, 1]",
            "1 each",
            "Each target's share, in their order, from 1 to 1000; for `weighted` and `least_busy`.",
        ),
        field(
            "sticky",
            "sticky = \"10m\"",
            "5m",
            "For how long a conversation is kept to the target and the key that served it last, since its prompt cache is \
             warm there: `off`, or a time. Not for `fallback`, whose order is yours.",
        ),
        field(
            "hedge_after",
            "hedge_after = \"p95\"",
            "never",
            "After which wait for the first word another target is asked beside the first: a time, or `p95`, the time \
             within which 95 of 100 of the target's last answers began. The faster answer is taken; both are paid for.",
        ),
        field("hedge_share", "hedge_share = 0.05", "0.05", "Which share of the requests may be sent twice so; 0 to 1."),
    ],
};

/// Requests at once.
pub(crate) const LOAD: Section = Section {
    file: FILE,
    header: "[load]",
    about: "How many requests are worked on at once. More wait in a line, and where that is full they are refused with 503 \
            and `Retry-After`.",
    fields: &[
        field("at_once", "at_once = 500", "as many as come", "Most requests under way; 1 to 100000."),
        field(
            "providers",
            "providers = { ollama = 4 }",
            "",
            "Most calls under way to a provider; 1 to 100000. While its line is full, the next target is asked.",
        ),
        field("waiting", "waiting = 100", "100", "How many may wait in each line; 0 to 100000."),
        field("patience", "patience = \"5s\"", "5s", "How long each may wait."),
    ],
};

/// Timeouts, in an alias or in the defaults.
pub(crate) const TIMEOUTS: Section = Section {
    file: FILE,
    header: "timeouts",
    about: "How long to wait, as `500ms`, `30s`, `2m` or `1h`.",
    fields: &[
        field("first_token", "first_token = \"10s\"", "30s", "For the first piece of a stream."),
        field("between_tokens", "between_tokens = \"20s\"", "30s", "Between two pieces of a stream."),
        field("whole", "whole = \"1m\"", "2m", "For a whole, unstreamed answer from one target."),
        field("total", "total = \"5m\"", "10m", "For the request, all attempts and waits together."),
    ],
};

/// A knowledge.
pub(crate) const KNOWLEDGE: Section = Section {
    file: FILE,
    header: "[knowledge.<name>]",
    about: "Documents that functions can be grounded in: of a folder, a site, a git repository, a bucket, or several of them.",
    fields: &[
        field("folder", "folder = \"docs\"", "", "The folder, relative to the project; it may lie outside."),
        field(
            "include",
            "include = [\"**/*.md\"]",
            "every document; not source code and data",
            "Globs of the files to read.",
        ),
        field("exclude", "exclude = [\"drafts/**\"]", "", "Globs of the files to leave out."),
        field("urls", "urls = [\"https://example.com/faq\"]", "", "Web pages to read."),
        field("sitemaps", "sitemaps = [\"https://example.com/sitemap.xml\"]", "", "Sitemaps whose pages to read."),
        field(
            "intranet",
            "intranet = [\"wiki.internal\"]",
            "",
            "Hosts of `urls` and `sitemaps` that may have private addresses; all others must be on the public internet.",
        ),
        field(
            "git",
            "git = \"https://github.com/acme/handbook\"",
            "",
            "A git repository to read, as `git` reaches it.",
        ),
        field("git_ref", "git_ref = \"main\"", "the repository's own", "Its branch or tag."),
        field("git_token", "git_token = \"env:GIT_TOKEN\"", "", "A token for HTTPS, as `env:NAME` or `file:PATH`."),
        field(
            "bucket",
            "bucket = \"s3://team/docs/\"",
            "",
            "A bucket of an S3-compatible store, and what keys begin with.",
        ),
        field(
            "bucket_endpoint",
            "bucket_endpoint = \"https://minio.example.com\"",
            "AWS's of the region",
            "The store's address.",
        ),
        field("bucket_region", "bucket_region = \"eu-central-1\"", "us-east-1", "Its region."),
        field(
            "bucket_key",
            "bucket_key = \"env:AWS_ACCESS_KEY_ID\"",
            "",
            "The id of an access key; none for a public bucket.",
        ),
        field("bucket_secret", "bucket_secret = \"env:AWS_SECRET_ACCESS_KEY\"", "", "Its secret."),
        field(
            "sync",
            "sync = \"1h\"",
            "only at the start",
            "How often sites, repositories and buckets are looked at; folders are watched.",
        ),
        field(
            "owners",
            "owners = \"users\"",
            "",
            "A folder in it whose folders are named after users: what lies in `users/u-1/` goes when `u-1` is erased.",
        ),
    ],
};

/// Defaults of aliases.
pub(crate) const DEFAULTS: Section = Section {
    file: FILE,
    header: "[defaults]",
    about: "How targets are tried where an alias says nothing else.",
    fields: &[
        field("retries", "retries = 2", "2", "How often a target may be tried again after its first try; 0 to 10."),
        field("timeouts", "timeouts = { total = \"5m\" }", "", "How long to wait."),
        field(
            "unpriced",
            "unpriced = \"allow\"",
            "refuse-in-budget",
            "What to do with a model whose price is not known: `allow`, `refuse-in-budget` (where a budget that \
             refuses counts the request) or `refuse`. Its cost is never taken for nothing.",
        ),
    ],
};

/// The whole file.
#[derive(Debug, Default)]
pub(crate) struct Root {
    pub(crate) providers: Vec<Provider>,
    pub(crate) models: Vec<Model>,
    pub(crate) knowledge: Vec<Knowledge>,
    pub(crate) mcp: Vec<Mcp>,
    pub(crate) prices: Vec<Price>,
    pub(crate) capabilities: Vec<Capability>,
    pub(crate) defaults: Trying,
    pub(crate) unpriced: Option<At<String>>,
    pub(crate) server: Server,
    pub(crate) load: Load,
    pub(crate) guards: Guards,
    pub(crate) limits: Vec<Limit>,
    pub(crate) budgets: Vec<Budget>,
    pub(crate) records: Records,
    pub(crate) retention: Retention,
    pub(crate) store: Store,
    pub(crate) telemetry: Option<Telemetry>,
    pub(crate) feedback: Feedback,
}

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) name: At<String>,
    pub(crate) targets: Vec<At<String>>,
    pub(crate) trying: Trying,
    pub(crate) cache: Option<At<String>>,
    pub(crate) routing: Routing,
}

/// Which target is asked first, and what is done about slow ones.
#[derive(Debug, Default)]
pub(crate) struct Routing {
    pub(crate) route: Option<At<String>>,
    pub(crate) weights: Option<Vec<At<i64>>>,
    pub(crate) sticky: Option<At<String>>,
    pub(crate) hedge_after: Option<At<String>>,
    pub(crate) hedge_share: Option<At<f64>>,
}

/// Requests at once.
#[derive(Debug, Default)]
pub(crate) struct Load {
    pub(crate) at_once: Option<At<i64>>,
    pub(crate) providers: Vec<(At<String>, At<i64>)>,
    pub(crate) waiting: Option<At<i64>>,
    pub(crate) patience: Option<At<String>>,
}

/// How targets are tried.
#[derive(Debug, Default)]
pub(crate) struct Trying {
    pub(crate) retries: Option<At<i64>>,
    pub(crate) first_token: Option<At<String>>,
    pub(crate) between_tokens: Option<At<String>>,
    pub(crate) whole: Option<At<String>>,
    pub(crate) total: Option<At<String>>,
}

#[derive(Debug)]
pub(crate) struct Knowledge {
    pub(crate) name: At<String>,
    pub(crate) folder: Option<At<String>>,
    pub(crate) urls: Vec<At<String>>,
    pub(crate) sitemaps: Vec<At<String>>,
    pub(crate) intranet: Vec<At<String>>,
    pub(crate) git: Option<At<String>>,
    pub(crate) git_ref: Option<At<String>>,
    pub(crate) git_token: Option<At<String>>,
    pub(crate) bucket: Option<At<String>>,
    pub(crate) bucket_endpoint: Option<At<String>>,
    pub(crate) bucket_region: Option<At<String>>,
    pub(crate) bucket_key: Option<At<String>>,
    pub(crate) bucket_secret: Option<At<String>>,
    pub(crate) sync: Option<At<String>>,
    pub(crate) include: Vec<At<String>>,
    pub(crate) exclude: Vec<At<String>>,
    pub(crate) owners: Option<At<String>>,
}

impl Root {
    /// Reads the file.
    pub(crate) fn read(toml: Toml<'_>) -> Self {
        let place = Place::top(toml.source);
        let Some(value) = toml.parse(&toml.source.text) else { return Self::default() };
        let Some(mut root) = toml.table(value, &place, &ROOT) else { return Self::default() };
        let mut read = Self {
            providers: each(&toml, root.named("providers"), &PROVIDER, Provider::read),
            models: root.named("models").into_iter().filter_map(|(name, value)| model(&toml, name, value)).collect(),
            knowledge: each(&toml, root.named("knowledge"), &KNOWLEDGE, knowledge),
            mcp: each(&toml, root.named("mcp"), &MCP, mcp),
            prices: root
                .named("prices")
                .into_iter()
                .flat_map(|(name, value)| price::read(&toml, &name, value))
                .collect(),
            capabilities: each(&toml, root.named("capabilities"), &CAPABILITIES, Capability::read),
            limits: each(&toml, root.named("limits"), &ops::LIMIT, Limit::read),
            budgets: each(&toml, root.named("budgets"), &ops::BUDGET, Budget::read),
            ..Self::default()
        };
        if let Some(mut defaults) = root.table("defaults", &DEFAULTS) {
            read.defaults = trying(&mut defaults);
            read.unpriced = defaults.string("unpriced");
            defaults.done();
        }
        if let Some(server) = root.table("server", &server::SERVER) {
            read.server = Server::read(server);
        }
        if let Some(guards) = root.table("guards", &guard::GUARDS) {
            read.guards = Guards::read(guards, &toml);
        }
        if let Some(table) = root.table("load", &LOAD) {
            read.load = load(table);
        }
        read.upkeep(&mut root);
        root.done();
        read
    }

    fn upkeep(&mut self, root: &mut Reader<'_>) {
        if let Some(records) = root.table("records", &ops::RECORDS) {
            self.records = Records::read(records);
        }
        if let Some(retention) = root.table("retention", &ops::RETENTION) {
            self.retention = Retention::read(retention);
        }
        if let Some(store) = root.table("store", &ops::STORE) {
            self.store = Store::read(store);
        }
        if let Some(feedback) = root.table("feedback", &FEEDBACK) {
            self.feedback = Feedback::read(feedback);
        }
        if let Some(telemetry) = root.table("telemetry", &TELEMETRY) {
            self.telemetry = Some(Telemetry::read(telemetry));
        }
        root.gone(
            "budget",
            "[budget] has become [budgets.<name>]",
            "Write `[budgets.daily]`, and below it `every = \"day\"` and `usd = 20.00`.",
        );
    }
}

/// Reads tables whose names the author chose.
fn each<'a, T>(
    toml: &Toml<'a>,
    entries: Vec<(At<String>, Value<'a>)>,
    section: &'static Section,
    read: fn(At<String>, &mut Reader<'a>) -> T,
) -> Vec<T> {
    let tables = entries.into_iter().filter_map(|(name, value)| {
        let mut table = toml.table(value, &name.place, section)?;
        let one = read(name, &mut table);
        table.done();
        Some(one)
    });
    tables.collect()
}

fn model<'a>(toml: &Toml<'a>, name: At<String>, value: Value<'a>) -> Option<Model> {
    if matches!(value.as_ref(), ValueInner::Table(_)) {
        let mut table = toml.table(value, &name.place, &MODEL)?;
        let targets = table.required_one_or_more("targets");
        let trying = trying(&mut table);
        let cache = table.string("cache");
        let routing = Routing {
            route: table.string("route"),
            weights: table.integers("weights"),
            sticky: table.string("sticky"),
            hedge_after: table.string("hedge_after"),
            hedge_share: table.number("hedge_share"),
        };
        table.done();
        return Some(Model { name, targets: targets.unwrap_or_default(), trying, cache, routing });
    }
    let targets = toml.one_or_more(value, &name.value, MODELS.fields[0].example)?;
    Some(Model { name, targets, trying: Trying::default(), cache: None, routing: Routing::default() })
}

fn load(mut table: Reader<'_>) -> Load {
    let load = Load {
        at_once: table.integer("at_once"),
        providers: table.named_integers("providers"),
        waiting: table.integer("waiting"),
        patience: table.string("patience"),
    };
    table.done();
    load
}

fn trying(table: &mut Reader<'_>) -> Trying {
    let mut trying = Trying { retries: table.integer("retries"), ..Trying::default() };
    if let Some(mut timeouts) = table.table("timeouts", &TIMEOUTS) {
        trying.first_token = timeouts.string("first_token");
        trying.between_tokens = timeouts.string("between_tokens");
        trying.whole = timeouts.string("whole");
        trying.total = timeouts.string("total");
        timeouts.done();
    }
    trying
}

fn knowledge(name: At<String>, table: &mut Reader<'_>) -> Knowledge {
    let sources = ["folder", "urls", "sitemaps", "git", "bucket"];
    if !sources.iter().any(|source| table.has(source)) {
        table.missing("folder");
    }
    Knowledge {
        name,
        folder: table.string("folder"),
        urls: table.one_or_more("urls").unwrap_or_default(),
        sitemaps: table.one_or_more("sitemaps").unwrap_or_default(),
        intranet: table.one_or_more("intranet").unwrap_or_default(),
        git: table.string("git"),
        git_ref: table.string("git_ref"),
        git_token: table.string("git_token"),
        bucket: table.string("bucket"),
        bucket_endpoint: table.string("bucket_endpoint"),
        bucket_region: table.string("bucket_region"),
        bucket_key: table.string("bucket_key"),
        bucket_secret: table.string("bucket_secret"),
        sync: table.string("sync"),
        include: table.one_or_more("include").unwrap_or_default(),
        exclude: table.one_or_more("exclude").unwrap_or_default(),
        owners: table.string("owners"),
    }
}
