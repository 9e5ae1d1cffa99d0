//! `surefoot types`: the types of what a project's functions take and give, for programs that call them.

mod python;
mod shape;
mod typescript;

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::Args;
use serde_json::{Map, Value, json};

use super::read;
use crate::terminal::{say_piece, tell};

/// Print the types of what the functions take and give
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot types --ts > src/functions.ts
  surefoot types --py --output app/functions.py
  surefoot types examples/docs-assistant --ts")]
pub(crate) struct Types {
    /// The project's folder
    #[arg(default_value = ".")]
    project: PathBuf,
    #[command(flatten)]
    language: Language,
    /// Write here instead of printing
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Language {
    /// For TypeScript
    #[arg(long)]
    ts: bool,
    /// For Python, 3.11 and later
    #[arg(long)]
    py: bool,
}

/// A function, as far as its types go.
#[derive(Debug)]
struct Typed {
    name: String,
    about: String,
    /// An object.
    input: Value,
    /// `None`: any text.
    output: Option<Value>,
}

impl Types {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let settings = read(&self.project)?;
        let functions: Vec<Typed> = settings
            .project
            .functions
            .values()
            .map(|function| Typed {
                name: function.name.clone(),
                about: function.description.clone(),
                input: taken(&function.input),
                output: function.output.clone(),
            })
            .collect();
        let text = if self.language.ts { typescript::functions(&functions) } else { python::functions(&functions) };
        match &self.output {
            Some(path) => {
                fs::write(path, text).with_context(|| path.display().to_string())?;
                tell(format!("{} functions in {}", functions.len(), path.display()));
            }
            None => say_piece(&text),
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What a function takes, as one object. A prompt cannot be made without an input that it uses, so that all are required
/// but those with a default.
fn taken<'a>(input: impl IntoIterator<Item = (&'a String, &'a Value)>) -> Value {
    let properties: Map<String, Value> =
        input.into_iter().map(|(name, schema)| (name.clone(), schema.clone())).collect();
    let required: Vec<&String> =
        properties.iter().filter(|(_, schema)| schema.get("default").is_none()).map(|(name, _)| name).collect();
    json!({"type": "object", "required": required, "properties": properties, "additionalProperties": false})
}

/// The types of the API's own bodies, from its description: `ts` or `py`.
pub(super) fn of_the_api(openapi: &Value, typescript: bool) -> String {
    let empty = Map::new();
    let schemas = openapi["components"]["schemas"].as_object().unwrap_or(&empty);
    if typescript { typescript::named(schemas) } else { python::named(schemas) }
}

#[cfg(test)]
mod tests;
