//! Aliases, targets, and how they are tried.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use surefoot_gateway::{
    attempt::sim::Behaviour,
    project::{Model, Policy, Provider, Reach, Routing, Target},
};
use surefoot_types::PriceBook;

use super::{BUILT_IN, Ground, providers::Wanted};
use crate::settings::{
    mistake::suggest,
    source::At,
    written::root::{Model as WrittenModel, Root, Trying},
};

/// The models of the built-in provider `local`.
pub(super) const LOCAL: [&str; 4] = ["extract", "static", "rerank", "moderation"];
/// Most retries of one target.
const MOST_RETRIES: i64 = 10;

/// Everything that names of models may lead to.
pub(super) struct Models {
    pub(super) providers: BTreeMap<String, Arc<Provider>>,
    pub(super) aliases: BTreeMap<String, Arc<Model>>,
    pub(super) prices: PriceBook,
    pub(super) policy: Policy,
    built_in: BTreeMap<&'static str, Arc<Provider>>,
}

impl Models {
    /// Checks the providers, aliases and prices of a project. `named` are all models that its variants
    /// and evals name: a provider that nothing uses may lack its key.
    pub(super) fn check(ground: &Ground<'_>, root: &Root, named: &BTreeSet<&str>) -> Self {
        let targets = root.models.iter().flat_map(|model| &model.targets).map(|target| target.value.as_str());
        let used: BTreeSet<&str> =
            targets.chain(named.iter().copied()).filter_map(|name| Some(name.split_once('/')?.0)).collect();
        let mut providers = BTreeMap::new();
        for written in &root.providers {
            let used = if used.contains(written.name.value.as_str()) { Wanted::Needed } else { Wanted::Unused };
            if let Some(provider) = ground.provider(written, used) {
                providers.insert(written.name.value.clone(), Arc::new(provider));
            }
        }
        let built_in = BUILT_IN.map(|name| (name, Arc::new(Provider { name: name.into(), reach: Reach::Resident })));
        let policy = ground.policy(&root.defaults, Policy::default());
        let prices = ground.prices(root);
        let mut models = Self { providers, aliases: BTreeMap::new(), prices, policy, built_in: built_in.into() };
        let mut aliases = BTreeMap::new();
        for written in &root.models {
            aliases.insert(written.name.value.clone(), Arc::new(models.alias(ground, root, written)));
        }
        models.aliases = aliases;
        models
    }

    fn alias(&self, ground: &Ground<'_>, root: &Root, written: &WrittenModel) -> Model {
        if written.targets.is_empty() {
            let message = format!("the alias '{}' has no target", written.name.value);
            ground.mistakes.add(&written.name.place, message, "Name at least one `provider/model-id`.".to_owned());
        }
        let targets = written.targets.iter().filter_map(|target| self.target(ground, root, target)).collect();
        let cache = written.cache.as_ref().and_then(|cache| ground.duration(cache));
        let routing = ground.routing(&written.routing, &written.name, written.targets.len());
        Model { targets, policy: ground.policy(&written.trying, self.policy), cache, routing }
    }

    /// The model that a variant names: an alias, or `provider/model-id`.
    pub(super) fn model(&self, ground: &Ground<'_>, root: &Root, name: &At<String>) -> Option<Arc<Model>> {
        if let Some(alias) = self.aliases.get(&name.value) {
            return Some(Arc::clone(alias));
        }
        if !name.value.contains('/') {
            let known = self.aliases.keys().map(String::as_str).chain(["local/extract"]);
            ground.unknown("model", name, known, "Name an alias or a provider/model-id; there are");
            return None;
        }
        let target = self.target(ground, root, name)?;
        Some(Arc::new(Model { targets: vec![target], policy: self.policy, cache: None, routing: Routing::default() }))
    }

    /// The target that `provider/model-id` names.
    fn target(&self, ground: &Ground<'_>, root: &Root, name: &At<String>) -> Option<Target> {
        let Some((provider, model)) = name.value.split_once('/').filter(|(_, model)| !model.is_empty()) else {
            let message = format!("'{}' is not a provider/model-id", name.value);
            ground.mistakes.add(&name.place, message, "Write it like `openai/gpt-4o-mini`.".to_owned());
            return None;
        };
        if let Some(built_in) = self.built_in.get(provider) {
            return built_in_model(ground, name, provider, model)
                .then(|| Target { provider: Arc::clone(built_in), model: model.to_owned() });
        }
        let declared = root.providers.iter().any(|written| written.name.value == provider);
        if !declared {
            let known = root.providers.iter().map(|written| written.name.value.as_str()).chain(BUILT_IN);
            let message = format!("there is no provider '{provider}'");
            ground.mistakes.add(&name.place, message, suggest(provider, known, "The providers are"));
        }
        let provider = self.providers.get(provider)?;
        Some(Target { provider: Arc::clone(provider), model: model.to_owned() })
    }
}

/// Whether a built-in provider has a model; a mistake where it has not.
fn built_in_model(ground: &Ground<'_>, name: &At<String>, provider: &str, model: &str) -> bool {
    let wrong = match provider {
        "local" if LOCAL.contains(&model) => None,
        "local" => Some((format!("there is no model 'local/{model}'"), suggest(model, LOCAL, "Its models are"))),
        _ => Behaviour::parse(model).err().map(|fault| (fault.message, fault.hint)),
    };
    match wrong {
        None => true,
        Some((message, hint)) => {
            ground.mistakes.add(&name.place, message, hint);
            false
        }
    }
}

impl Ground<'_> {
    /// How targets are tried: what is written, and `otherwise` for the rest.
    fn policy(&self, written: &Trying, otherwise: Policy) -> Policy {
        let retries = self.within("retries", written.retries.as_ref(), 0..=MOST_RETRIES);
        let time = |written: &Option<At<String>>, otherwise| {
            written.as_ref().and_then(|written| self.duration(written)).unwrap_or(otherwise)
        };
        Policy {
            retries: retries.and_then(|retries| u32::try_from(retries).ok()).unwrap_or(otherwise.retries),
            first_token: time(&written.first_token, otherwise.first_token),
            between_tokens: time(&written.between_tokens, otherwise.between_tokens),
            whole: time(&written.whole, otherwise.whole),
            total: time(&written.total, otherwise.total),
            longest_wait: otherwise.longest_wait,
        }
    }
}
