//! Functions and their variants.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use surefoot_gateway::{
    guards::Guards,
    project::{Examples, Function, McpServer, Model, Semantic, Shadow, Variant},
};
use surefoot_lab::experiments::Design;
use surefoot_types::conversation::Parameters;

use super::{Ground, models::Models, strategy::Checkable};
use crate::settings::{
    source::At,
    written::{
        Written,
        function::{Cache, Examples as WrittenExamples, Function as WrittenFunction, Shadow as WrittenShadow},
        variant::Variant as WrittenVariant,
    },
};

/// Passages to ground with when nothing is said.
const PASSAGES: usize = 6;
/// Examples to show when nothing is said.
const EXAMPLES: usize = 3;
/// The share of requests that a shadow answers, when nothing is said.
const COPIED: f64 = 0.1;
/// How long an answer is kept for questions like its own, when nothing is said.
const LIVES: Duration = Duration::from_secs(3_600);

impl Ground<'_> {
    /// Every function of the project, and the experiments on them.
    pub(super) fn functions(
        &self,
        written: &Written,
        models: &Models,
        guards: &Guards,
    ) -> (BTreeMap<String, Arc<Function>>, Vec<Design>) {
        let mcp = self.mcp(&written.root.mcp);
        let (mut functions, mut designs) = (BTreeMap::new(), Vec::new());
        for one in &written.functions {
            let mut function = self.function(written, one, models, guards, &mcp);
            let experiment = one.experiment.as_ref();
            let experiment =
                experiment.and_then(|written| self.experiment(one, written, &function.variants, &function.variant));
            if let Some((experiment, design)) = experiment {
                function.experiment = Some(experiment);
                designs.push(design);
            }
            functions.insert(one.name.value.clone(), Arc::new(function));
        }
        (functions, designs)
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
        let exemplary = written.examples.is_some();
        let checkable = Checkable { grounded: written.knowledge.is_some(), shaped: output.is_some(), exemplary };
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
            experiment: None,
            examples: written.examples.as_ref().map(|examples| self.examples(examples)),
            shadow: written.shadow.as_ref().and_then(|shadow| self.shadow(written, shadow)),
            keep: self.keep(written.keep.as_ref()),
            tools: self.grants(written, mcp),
            bounds: self.bounds(written),
            guards: written.guards.as_ref().map(|own| self.guards(own, guards)),
        }
    }

    /// Which good answers the function's prompts show.
    fn examples(&self, written: &WrittenExamples) -> Examples {
        let count = self.within("count", written.count.as_ref(), 1..=20).and_then(|count| usize::try_from(count).ok());
        Examples {
            count: count.unwrap_or(EXAMPLES),
            metric: written.metric.as_ref().map_or_else(|| "thumbs".to_owned(), |metric| metric.value.clone()),
            least: written.least.as_ref().map_or(1.0, |least| least.value),
            raters: written.raters.iter().flatten().map(|rater| rater.value.clone()).collect(),
            until: written.until.as_ref().and_then(|until| self.moment(until)),
        }
    }

    /// The variant that answers copies of the function's requests.
    fn shadow(&self, function: &WrittenFunction, written: &WrittenShadow) -> Option<Shadow> {
        let variant = written.variant.as_ref()?;
        let known: Vec<&str> = function.variants.iter().map(|variant| variant.name.value.as_str()).collect();
        if !known.contains(&variant.value.as_str()) {
            self.unknown("variant", variant, known.iter().copied(), "The variants in this folder are");
        }
        let share = self.within("share", written.share.as_ref(), 0.0..=1.0).unwrap_or(COPIED);
        Some(Shadow { variant: variant.value.clone(), share })
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
        let prompt = self.prompt(written, inputs, checkable, quotes);
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
