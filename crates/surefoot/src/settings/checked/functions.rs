//! Functions and their variants.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use surefoot_gateway::project::{Function, McpServer, Model, Variant};
use surefoot_types::conversation::Parameters;

use super::{Ground, models::Models};
use crate::settings::{
    source::At,
    written::{Written, function::Function as WrittenFunction, variant::Variant as WrittenVariant},
};

/// Passages to ground with when nothing is said.
const PASSAGES: usize = 6;

impl Ground<'_> {
    /// Every function of the project.
    pub(super) fn functions(
        &self,
        written: &Written,
        models: &Models,
        mcp: &BTreeMap<String, Arc<McpServer>>,
    ) -> BTreeMap<String, Arc<Function>> {
        let function =
            |one: &WrittenFunction| (one.name.value.clone(), Arc::new(self.function(written, one, models, mcp)));
        written.functions.iter().map(function).collect()
    }

    fn function(
        &self,
        all: &Written,
        written: &WrittenFunction,
        models: &Models,
        mcp: &BTreeMap<String, Arc<McpServer>>,
    ) -> Function {
        if let Some(knowledge) = &written.knowledge
            && !all.root.knowledge.iter().any(|one| one.name.value == knowledge.value)
        {
            let known = all.root.knowledge.iter().map(|one| one.name.value.as_str());
            self.unknown("knowledge", knowledge, known, "The knowledge of surefoot.toml is");
        }
        let passages = self.within("passages", written.passages.as_ref(), 1..=50);
        let input: BTreeMap<String, serde_json::Value> =
            written.input.iter().map(|(name, schema)| (name.value.clone(), self.schema(name, schema))).collect();
        let names: BTreeSet<&str> = input.keys().map(String::as_str).collect();
        let mut variants = BTreeMap::new();
        for one in &written.variants {
            self.name("variant", &one.name);
            if let Some(variant) = self.variant(all, one, models, &names, written.knowledge.is_some()) {
                variants.insert(one.name.value.clone(), Arc::new(variant));
            }
        }
        Function {
            name: written.name.value.clone(),
            description: written.description.as_ref().map(|text| text.value.clone()).unwrap_or_default(),
            knowledge: written.knowledge.as_ref().map(|name| name.value.clone()),
            passages: passages.and_then(|count| usize::try_from(count).ok()).unwrap_or(PASSAGES),
            input,
            variant: self.default_variant(written),
            variants,
            keep: self.keep(written.keep.as_ref()),
            tools: self.grants(written, mcp),
            bounds: self.bounds(written),
        }
    }

    fn schema(&self, name: &At<String>, schema: &serde_json::Value) -> serde_json::Value {
        if let Err(error) = jsonschema::validator_for(schema) {
            let message = format!("the input '{}' is not a JSON schema: {error}", name.value);
            self.mistakes.add(&name.place, message, "Write it like `type = \"string\"`.".to_owned());
        }
        schema.clone()
    }

    fn default_variant(&self, written: &WrittenFunction) -> String {
        let names: Vec<&str> = written.variants.iter().map(|variant| variant.name.value.as_str()).collect();
        match (&written.variant, &names[..]) {
            (Some(named), _) => {
                if !names.contains(&named.value.as_str()) {
                    self.unknown("variant", named, names.iter().copied(), "The variants in this folder are");
                }
                named.value.clone()
            }
            (None, [only]) => (*only).to_owned(),
            (None, []) => {
                let message = format!("the function '{}' has no variant", written.name.value);
                let hint = "Write one beside function.toml, such as `concise.md`.";
                self.mistakes.add(&written.name.place, message, hint.to_owned());
                String::new()
            }
            (None, many) => {
                let message = format!("the function '{}' has several variants and no default", written.name.value);
                let hint = format!("Add `variant = \"{}\"`; there are: {}.", many[0], many.join(", "));
                self.mistakes.add(&written.name.place, message, hint);
                String::new()
            }
        }
    }

    fn variant(
        &self,
        all: &Written,
        written: &WrittenVariant,
        models: &Models,
        inputs: &BTreeSet<&str>,
        grounded: bool,
    ) -> Option<Variant> {
        let model = written.model.as_ref().and_then(|name| models.model(self, &all.root, name));
        let parameters = self.parameters(written);
        let quotes = model.as_deref().is_none_or(only_quotes);
        let prompt = self.prompt(written, inputs, grounded, quotes);
        Some(Variant {
            name: written.name.value.clone(),
            version: blake3::hash(written.source.text.as_bytes()).to_string(),
            model: model?,
            parameters,
            prompt: prompt?,
        })
    }

    fn parameters(&self, written: &WrittenVariant) -> Parameters {
        let count = |what, written: &Option<At<i64>>| {
            self.within(what, written.as_ref(), 1..=10_000_000).and_then(|count| u64::try_from(count).ok())
        };
        Parameters {
            max_tokens: count("max_tokens", &written.max_tokens),
            temperature: self.within("temperature", written.temperature.as_ref(), 0.0..=2.0),
            top_p: self.within("top_p", written.top_p.as_ref(), 0.0..=1.0),
            top_k: count("top_k", &written.top_k),
            stop: written.stop.iter().map(|stop| stop.value.clone()).collect(),
            seed: written.seed.as_ref().map(|seed| seed.value),
            ..Parameters::default()
        }
    }
}

/// `local/extract` reads the passages themselves, so its prompt need not show them.
fn only_quotes(model: &Model) -> bool {
    model.targets.iter().all(|target| target.provider.name == "local")
}
