//! `surefoot models`.

use std::{collections::BTreeSet, process::ExitCode};

use clap::Args;
use comfy_table::{Cell, CellAlignment};
use serde_json::{Value, json};
use surefoot_gateway::{Project, project::Target};
use surefoot_types::{Clock, Money, Price, SystemClock};

use super::Place;
use crate::{
    settings,
    terminal::{say, say_json, table, tell},
};

/// List models: what they can do and what they cost
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot models
  surefoot models mini --all
  surefoot models --all --json | jq '.[] | select(.tools and .vision) | .model'

Without --all, the models that the project names. Prices are in dollars a million tokens. `?` stands for what is not known:
say it under [capabilities] or [prices] in surefoot.toml. scripts/capabilities.py and scripts/prices.py make the built-in
tables anew.")]
pub(crate) struct Models {
    /// Only models with this in their name
    #[arg(value_name = "TEXT")]
    text: Option<String>,
    /// All models of the project's providers that something is known of
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Models {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let project = super::read(&self.place.project)?.project;
        let mut names = named(&project);
        if self.all {
            names.extend(project.capabilities.targets().chain(project.prices.targets()).map(str::to_owned));
        }
        let names: Vec<String> =
            names.into_iter().filter(|name| self.text.as_ref().is_none_or(|text| name.contains(text))).collect();
        if self.json {
            say_json(&names.iter().map(|name| told(&project, name)).collect::<Vec<_>>())?;
        } else if names.is_empty() {
            tell("There are none. `surefoot models --all` lists those of the providers in surefoot.toml.");
        } else {
            shown(&project, &names);
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The models that a project names.
fn named(project: &Project) -> BTreeSet<String> {
    let variants = project.functions.values().flat_map(|function| function.variants.values());
    let models = project.models.values().chain(variants.map(|variant| &variant.model));
    models.flat_map(|model| model.targets.iter().map(Target::name)).collect()
}

fn price<'a>(project: &'a Project, name: &str) -> Option<&'a Price> {
    project.prices.get(name, SystemClock.now())
}

fn told(project: &Project, name: &str) -> Value {
    let can = project.capabilities.get(name);
    let dollars = |money: Money| json!(money.as_nanos() as f64 / 1e9);
    let price = price(project, name).map(|price| {
        let since = price.since.map(|since| since.to_string());
        json!({"input": dollars(price.rates.input), "output": dollars(price.rates.output), "since": since})
    });
    let (prices, capabilities) = settings::dates();
    json!({"model": name, "context": can.context, "output": can.output, "tools": can.tools, "schema": can.schema,
        "vision": can.vision, "reasoning": can.reasoning, "price": price,
        "tables": {"prices": prices, "capabilities": capabilities}})
}

fn shown(project: &Project, names: &[String]) {
    let mut shown =
        table(["model", "context", "output", "tools", "schema", "vision", "reasons", "input $", "output $", "since"]);
    let number =
        |text: Option<String>| Cell::new(text.unwrap_or_else(|| "?".into())).set_alignment(CellAlignment::Right);
    let yes = |known: Option<bool>| match known {
        Some(true) => "yes",
        Some(false) => "no",
        None => "?",
    };
    for name in names {
        let (can, price) = (project.capabilities.get(name), price(project, name));
        let dollars = |money: Money| money.to_string().trim_start_matches('$').to_owned();
        let since = price.and_then(|price| price.since).map(|since| since.to_string().chars().take(10).collect());
        shown.add_row(vec![
            Cell::new(name),
            number(can.context.map(|tokens| tokens.to_string())),
            number(can.output.map(|tokens| tokens.to_string())),
            Cell::new(yes(can.tools)),
            Cell::new(yes(can.schema)),
            Cell::new(yes(can.vision)),
            Cell::new(yes(can.reasoning)),
            number(price.map(|price| dollars(price.rates.input))),
            number(price.map(|price| dollars(price.rates.output))),
            Cell::new::<String>(since.unwrap_or_default()),
        ]);
    }
    say(shown.to_string());
    let (prices, capabilities) = settings::dates();
    tell(format!("Built in: prices of {prices}, what models can do of {capabilities}."));
}
