//! A project as meant: everything resolved, or a mistake that says why not.

mod capabilities;
mod evals;
mod feedback;
mod functions;
mod guards;
mod knowledge;
mod mcp;
mod models;
mod ops;
mod prices;
mod prompts;
mod providers;
mod routing;
mod server;
mod strategy;
mod telemetry;
mod values;

use std::{collections::BTreeSet, net::SocketAddr, path::Path, time::Duration};

use surefoot_gateway::{Project, guards::Guards};
use surefoot_knowledge::ingest::Source as Documents;
use surefoot_lab::evals::Eval;
use surefoot_types::budget::Budget;

use self::models::Models;
pub(crate) use self::{
    ops::{Retention, StoreSettings},
    server::ADMINS,
    values::{days, duration, moment},
};
use super::{
    mistake::{Mistakes, suggest},
    source::At,
    written::{Written, root},
};

/// Everything that the files of a project say.
#[derive(Debug)]
pub(crate) struct Settings {
    /// What requests run with.
    pub(crate) project: Project,
    /// What feeds the knowledge.
    pub(crate) knowledge: Vec<Documents>,
    /// The evals, by name.
    pub(crate) evals: Vec<Eval>,
    /// The address to serve on, where the project names one.
    pub(crate) bind: Option<SocketAddr>,
    /// Who may give feedback without a key.
    pub(crate) feedback: surefoot_server::FeedbackOptions,
    /// Largest request that is read, in bytes.
    pub(crate) body_limit: usize,
    /// How long requests under way may go on after the end was asked for.
    pub(crate) drain: Duration,
    /// Most requests a minute of an address without a known key.
    pub(crate) strangers: Option<u32>,
    /// The networks of the proxies in front.
    pub(crate) proxies: Vec<ipnet::IpNet>,
    /// Where and how surely everything is kept.
    pub(crate) store: StoreSettings,
    /// How long.
    pub(crate) retention: Retention,
    /// Where ended requests are told, if anywhere.
    pub(crate) telemetry: Option<surefoot_telemetry::Options>,
}

/// What those need to know who look after a project's store.
#[derive(Debug)]
pub(crate) struct Upkeep {
    /// Where it is.
    pub(crate) store: StoreSettings,
    /// The budgets that its accounts are of.
    pub(crate) budgets: Vec<Budget>,
    /// The names of the keys that stand in the files.
    pub(crate) keys: BTreeSet<String>,
}

/// The environment, seen from here: a variable's value by its name.
pub(crate) type Environment<'a> = &'a (dyn Fn(&str) -> Option<String> + Send + Sync);

/// What checking needs to know of the world.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) environment: Environment<'a>,
    pub(crate) mistakes: &'a Mistakes,
}

/// Names that providers have without being declared.
const BUILT_IN: [&str; 2] = ["local", "sim"];

impl Ground<'_> {
    /// Checks a whole project. What it gives is worth using only where no mistake was found.
    pub(crate) fn check(&self, written: &Written, version: String) -> Settings {
        self.names(written);
        let named = written.functions.iter().flat_map(|function| &function.variants).flat_map(|one| one.models());
        let named = named.chain(written.evals.iter().filter_map(|eval| eval.subject.as_ref()));
        let named: BTreeSet<&str> = named.map(|name| name.value.as_str()).collect();
        let models = Models::check(self, &written.root, &named);
        let knowledge = self.knowledge(&written.root);
        let guards = self.guards(&written.root.guards, &Guards::default());
        let functions = self.functions(written, &models, &guards);
        let evals = self.evals(&written.evals, &written.root, &functions, &models);
        let root = &written.root;
        let project = Project {
            version,
            providers: models.providers,
            models: models.aliases,
            functions,
            prices: models.prices,
            capabilities: self.capabilities(&written.root),
            unpriced: self.unpriced(root.unpriced.as_ref()),
            keys: self.keys(written),
            policy: models.policy,
            guards,
            limits: self.limits(&root.limits),
            budgets: self.budgets(&root.budgets),
            records: self.records(&root.records),
            load: self.load(root),
        };
        Settings {
            project,
            knowledge,
            evals,
            bind: self.bind(root.server.bind.as_ref()),
            feedback: self.feedback(&root.feedback),
            body_limit: self.body_limit(root.server.body_limit_mb.as_ref()),
            drain: self.drain(root.server.drain.as_ref()),
            strangers: self.strangers(root.server.strangers.as_ref()),
            proxies: self.proxies(root.server.proxies.as_deref()),
            store: self.store(root),
            retention: self.retention(&root.retention),
            telemetry: self.telemetry(root.telemetry.as_ref()),
        }
    }

    /// What those need to know who look after the store.
    pub(crate) fn upkeep(&self, root: &root::Root) -> Upkeep {
        let names = root.server.keys.iter().filter_map(|key| key.name.as_ref());
        Upkeep {
            store: self.store(root),
            budgets: self.budgets(&root.budgets),
            keys: names.map(|name| name.value.clone()).collect(),
        }
    }

    /// Providers, aliases and functions are all named by callers, so their names may not meet.
    fn names(&self, written: &Written) {
        let mut taken: std::collections::BTreeMap<&str, (&str, &At<String>)> = std::collections::BTreeMap::new();
        let providers = written.root.providers.iter().map(|one| ("provider", &one.name));
        let aliases = written.root.models.iter().map(|one| ("alias", &one.name));
        let functions = written.functions.iter().map(|one| ("function", &one.name));
        for (what, name) in providers.chain(aliases).chain(functions) {
            self.name(what, name);
            if BUILT_IN.contains(&name.value.as_str()) {
                let message = format!("the {what} '{}' has the name of a built-in provider", name.value);
                self.mistakes.add(&name.place, message, "Give it another name.".to_owned());
            }
            if let Some((other, first)) = taken.insert(&name.value, (what, name)) {
                let message = format!("the name '{}' is used twice, by the {other} and by the {what}", name.value);
                let at = format!("{}:{}", first.place.path(), first.place.line());
                self.mistakes.add(&name.place, message, format!("Rename one of them; the {other} stands at {at}."));
            }
        }
        written.root.knowledge.iter().for_each(|one| self.name("knowledge", &one.name));
    }

    /// Names stand in URLs, on the command line and in traces: plain characters only.
    fn name(&self, what: &str, name: &At<String>) {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let begins = name.value.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !begins || !name.value.chars().all(plain) {
            let message = format!("'{}' is not a name for a {what}", name.value);
            let hint = "Names begin with a letter or digit, and hold letters, digits, '-', '_' and '.'.";
            self.mistakes.add(&name.place, message, hint.to_owned());
        }
    }

    /// A name that leads nowhere.
    fn unknown<'n>(&self, what: &str, name: &At<String>, known: impl IntoIterator<Item = &'n str>, list: &str) {
        let message = format!("there is no {what} '{}'", name.value);
        self.mistakes.add(&name.place, message, suggest(&name.value, known, list));
    }
}
