//! Functions and their variants.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use surefoot_gateway::{
    guards::Guards,
    project::{Function, McpServer, Model, Semantic, Variant},
};
use surefoot_types::conversation::Parameters;

use super::{Ground, models::Models, strategy::Checkable};
use crate::settings::{
    source::At,
    written::{
        Written,
        function::{Cache, Function as WrittenFunction},
        variant::Variant as WrittenVariant,
    },
};

/// Passages to ground with when nothing is said.
const PASSAGES: usize = 6;
/// How long an answer is kept for questions like its own, when nothing is said.
const LIVES: Duration = Duration::from_secs(3_600);

impl Ground<'_> {
    /// Every function of the project.
    pub(super) fn functions(
        &self,
        written: &Written,
        models: &Models,
        guards: &Guards,
    ) -> BTreeMap<String, Arc<Function>> {
        let mcp = self.mcp(&written.root.mcp);
        let function = |one| Arc::new(self.function(written, one, models, guards, &mcp));
        written.functions.iter().map(|one| (one.name.value.clone(), function(one))).collect()
    }

    fn function(
        &self,
        all: &Written,
        written: &WrittenFunction,
        models: &Models,
        guards: &Guards,
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
        let output = written.output.as_ref().and_then(|output| self.output(output));
        if written.hold && written.output.is_none() {
            let message = "`hold` has nothing to hold an answer for";
            self.mistakes.add(&written.name.place, message, "Write the answer's schema under [output].".to_owned());
        }
        let checkable = Checkable { grounded: written.knowledge.is_some(), shaped: output.is_some() };
        let mut variants = BTreeMap::new();
        for one in &written.variants {
            self.name("variant", &one.name);
            if let Some(variant) = self.variant(all, one, models, &names, checkable) {
                variants.insert(one.name.value.clone(), Arc::new(variant));
            }
        }
        Function {
            name: written.name.value.clone(),
            description: written.description.as_ref().map(|text| text.value.clone()).unwrap_or_default(),
            knowledge: written.knowledge.as_ref().map(|name| name.value.clone()),
            passages: passages.and_then(|count| usize::try_from(count).ok()).unwrap_or(PASSAGES),
            input,
            output,
            hold: written.hold,
            semantic: written.cache.as_ref().and_then(|cache| self.semantic(cache)),
            variant: self.default_variant(written),
            variants,
            keep: self.keep(written.keep.as_ref()),
            tools: self.grants(written, mcp),
            bounds: self.bounds(written),
            guards: written.guards.as_ref().map(|own| self.guards(own, guards)),
        }
    }

    fn schema(&self, name: &At<String>, schema: &serde_json::Value) -> serde_json::Value {
        if let Err(error) = jsonschema::validator_for(schema) {
            let message = format!("the input '{}' is not a JSON schema: {error}", name.value);
            self.mistakes.add(&name.place, message, "Write it like `type = \"string\"`.".to_owned());
        }
        schema.clone()
    }

    /// The semantic cache, where it is turned on: not without a threshold, which only the project's own questions tell.
    fn semantic(&self, written: &Cache) -> Option<Semantic> {
        let on = written.semantic.as_ref().filter(|on| on.value)?;
        let threshold = self.within("threshold", written.threshold.as_ref(), 0.5..=1.0);
        if written.threshold.is_none() {
            let message = "a semantic cache without a threshold";
            let hint = "Find one with `surefoot cache calibrate FUNCTION --cases FILE`, and write `threshold = …`.";
            self.mistakes.add(&on.place, message, hint.to_owned());
        }
        let lives = written.lives.as_ref().and_then(|lives| self.duration(lives)).unwrap_or(LIVES);
        Some(Semantic { threshold: threshold?, lives, shadow: written.shadow })
    }

    /// The schema of a function's answers: a table, or JSON in a text.
    fn output(&self, written: &At<serde_json::Value>) -> Option<serde_json::Value> {
        let schema = match &written.value {
            serde_json::Value::String(text) => serde_json::from_str(text).map_err(|error| error.to_string()),
            table => Ok(table.clone()),
        };
        let checked = schema.and_then(|schema| match jsonschema::validator_for(&schema) {
            Ok(_) if schema.is_object() => Ok(schema),
            Ok(_) => Err("it is not a table".to_owned()),
            Err(error) => Err(error.to_string()),
        });
        checked
            .map_err(|error| {
                let message = format!("the output is not a JSON schema: {error}");
                let hint = "Write it like `type = \"object\"`, with a table for each of its properties.";
                self.mistakes.add(&written.place, message, hint.to_owned());
            })
            .ok()
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
        checkable: Checkable,
    ) -> Option<Variant> {
        let model = written.model.as_ref().and_then(|name| models.model(self, &all.root, name));
        let parameters = self.parameters(written);
        let quotes = model.as_deref().is_none_or(only_quotes);
        let prompt = self.prompt(written, inputs, checkable.grounded, quotes);
        let model = model?;
        Some(Variant {
            name: written.name.value.clone(),
            version: blake3::hash(written.source.text.as_bytes()).to_string(),
            strategy: self.strategy(all, written, &model, models, checkable)?,
            model,
            prompt_cache: written.prompt_cache,
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
