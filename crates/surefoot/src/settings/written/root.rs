//! `surefoot.toml` as written.

use toml_span::{Value, value::ValueInner};

use super::{
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
        field("defaults", "[defaults]", "", "How targets are tried where an alias says nothing else."),
        field("server", "[server]", "", "Where and whom to serve."),
        field("guards", "[guards]", "", "Checks on what goes to a model."),
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
    about: "A folder of documents that functions can be grounded in.",
    fields: &[
        field("folder", "folder = \"docs\"", "required", "The folder, relative to the project; it may lie outside."),
        field(
            "include",
            "include = [\"**/*.md\"]",
            "every Markdown, HTML, text and PDF file",
            "Globs of the files to read.",
        ),
        field("exclude", "exclude = [\"drafts/**\"]", "", "Globs of the files to leave out."),
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

/// Guards.
pub(crate) const GUARDS: Section = Section {
    file: FILE,
    header: "[guards]",
    about: "Checks on what goes to a model.",
    fields: &[field(
        "secrets",
        "secrets = \"mask\"",
        "flag",
        "What to do about keys and tokens in prompts: `off`, `flag`, `mask` or `block`.",
    )],
};

/// The whole file.
#[derive(Debug, Default)]
pub(crate) struct Root {
    pub(crate) providers: Vec<Provider>,
    pub(crate) models: Vec<Model>,
    pub(crate) knowledge: Vec<Knowledge>,
    pub(crate) mcp: Vec<Mcp>,
    pub(crate) prices: Vec<Price>,
    pub(crate) defaults: Trying,
    pub(crate) unpriced: Option<At<String>>,
    pub(crate) server: Server,
    pub(crate) secrets: Option<At<String>>,
    pub(crate) limits: Vec<Limit>,
    pub(crate) budgets: Vec<Budget>,
    pub(crate) records: Records,
    pub(crate) retention: Retention,
    pub(crate) store: Store,
    pub(crate) telemetry: Option<Telemetry>,
}

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) name: At<String>,
    pub(crate) targets: Vec<At<String>>,
    pub(crate) trying: Trying,
    pub(crate) cache: Option<At<String>>,
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
        if let Some(mut guards) = root.table("guards", &GUARDS) {
            read.secrets = guards.string("secrets");
            guards.done();
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
        table.done();
        return Some(Model { name, targets: targets.unwrap_or_default(), trying, cache });
    }
    let targets = toml.one_or_more(value, &name.value, MODELS.fields[0].example)?;
    Some(Model { name, targets, trying: Trying::default(), cache: None })
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
    Knowledge {
        name,
        folder: table.required("folder"),
        include: table.one_or_more("include").unwrap_or_default(),
        exclude: table.one_or_more("exclude").unwrap_or_default(),
        owners: table.string("owners"),
    }
}
