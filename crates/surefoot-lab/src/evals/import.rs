//! Evals of other tools as files of a Surefoot project, with what could not be carried over told.

mod asserts;
mod promptfoo;
mod toml;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Dataset;

/// The files of a project, and what is missing in them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Imported {
    /// Each file's path in the project, with its content.
    pub files: BTreeMap<String, String>,
    /// What could not be mapped, in words.
    pub unmapped: Vec<String>,
}

/// How to import.
pub struct Importing<'a> {
    /// What the eval, and its function, are to be named.
    pub name: &'a str,
    /// Who is to be asked in place of the file's providers.
    pub model: Option<&'a str>,
    /// Reads a file that the imported one names, by its path as it stands there.
    pub read: &'a dyn Fn(&str) -> Result<String, String>,
}

/// Reads a promptfoo configuration (`.yaml`, `.yml`, `.json`) or samples of OpenAI's evals (`.jsonl`).
///
/// # Errors
/// When it is neither, or nothing of it can be asked.
pub fn import(file: &str, text: &str, importing: &Importing<'_>) -> Result<Imported, String> {
    if file.ends_with(".jsonl") { samples(text, importing) } else { promptfoo::import(text, importing) }
}

/// OpenAI's evals: a sample a line, `input` a text or messages, `ideal` a text or several.
fn samples(text: &str, importing: &Importing<'_>) -> Result<Imported, String> {
    let name = importing.name;
    let mut lines = String::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |why: &str| format!("line {}: {why}", at + 1);
        let sample: Map<String, Value> =
            serde_json::from_str(line).map_err(|error| wrong(&format!("is no JSON object: {error}")))?;
        let input = sample.get("input").ok_or_else(|| wrong("has no `input`"))?;
        let field = if input.is_array() { "messages" } else { "input" };
        let mut case = Map::from_iter([(field.to_owned(), input.clone())]);
        let ideal = match sample.get("ideal") {
            None => return Err(wrong("has no `ideal`")),
            Some(Value::Array(list)) => json!(list),
            Some(one) => json!([one]),
        };
        case.insert("expect".into(), ideal);
        let rest = sample
            .into_iter()
            .filter(|(name, _)| !["input", "ideal", "id", "messages", "cluster"].contains(&name.as_str()));
        case.extend(rest);
        lines += &(Value::Object(case).to_string() + "\n");
    }
    let dataset = Dataset::parse("samples.jsonl", lines.as_bytes()).map_err(|error| error.to_string())?;
    let subject = importing.model.ok_or("samples name no model: say who is asked with --model")?;
    let eval = Map::from_iter([
        ("subject".to_owned(), Value::from(subject)),
        ("dataset".to_owned(), format!("{name}.jsonl").into()),
        ("graders".to_owned(), json!([{"kind": "contains-any", "field": "expect"}])),
    ]);
    let files =
        [(format!("evals/{name}.toml"), toml::eval(&eval)), (format!("evals/{name}.jsonl"), dataset.to_jsonl())];
    let unmapped = vec![
        "how the samples are graded stands in the registry: `contains-any` is what `Includes` does; for `Match` write `starts-with`"
            .to_owned(),
    ];
    Ok(Imported { files: files.into(), unmapped })
}

#[cfg(test)]
mod tests;
