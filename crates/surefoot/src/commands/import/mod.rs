//! `surefoot import`: the files of other programs as a project, with a list of what has no place in one.

mod dotprompt;
mod litellm;
mod portkey;
mod providers;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::terminal::{say, say_json, tell};

/// Make a project of another program's files
#[derive(Debug, Args)]
pub(crate) struct Import {
    #[command(subcommand)]
    from: From,
}

#[derive(Debug, Subcommand)]
enum From {
    /// A LiteLLM proxy's config.yaml
    #[command(after_help = "Examples:
  surefoot import litellm config.yaml
  surefoot import litellm config.yaml --into assistant")]
    Litellm(Files),
    /// A Portkey config: providers, strategies, retries, cache
    #[command(after_help = "Examples:
  surefoot import portkey config.json
  surefoot import portkey config.json --into assistant --json")]
    Portkey(Files),
    /// Prompts of dotprompt, as functions
    #[command(after_help = "Examples:
  surefoot import dotprompt prompts/answer.prompt
  surefoot import dotprompt prompts/*.prompt --into assistant")]
    Dotprompt(Files),
}

#[derive(Debug, Args)]
struct Files {
    /// What to read
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The project's folder; nothing that is there already is changed
    #[arg(long, value_name = "DIR", default_value = ".")]
    into: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What becomes of a file.
#[derive(Debug, Default)]
struct Imported {
    /// New files: where in the project, and what they say.
    files: Vec<(String, String)>,
    /// What has no place in a project, or another one: each in a sentence.
    unmapped: Vec<String>,
}

/// Reads a file of another tool, by its name and text.
type Read = fn(&str, &str) -> Result<Imported, String>;

impl Imported {
    fn left(&mut self, told: impl Into<String>) {
        self.unmapped.push(told.into());
    }
}

impl Import {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let (files, read): (Files, Read) = match self.from {
            From::Litellm(files) => (files, |_, text| litellm::read(text)),
            From::Portkey(files) => (files, portkey::read),
            From::Dotprompt(files) => (files, dotprompt::read),
        };
        let mut all = Imported::default();
        for file in &files.files {
            let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
            let name = file.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let imported = read(&name, &text).map_err(|told| anyhow::anyhow!("{}: {told}", file.display()))?;
            all.files.extend(imported.files);
            all.unmapped.extend(imported.unmapped);
        }
        write(&files.into, &all.files)?;
        let names: Vec<&String> = all.files.iter().map(|(name, _)| name).collect();
        if files.json {
            say_json(&json!({"files": names, "unmapped": all.unmapped}))?;
        } else {
            names.iter().for_each(|name| say(files.into.join(name).display().to_string()));
            all.unmapped.iter().for_each(|told| tell(format!("not carried over: {told}")));
            tell(format!("Now run `surefoot check {}`.", files.into.display()));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Writes all files, or none.
fn write(into: &Path, files: &[(String, String)]) -> anyhow::Result<()> {
    for (at, (name, _)) in files.iter().enumerate() {
        if into.join(name).exists() || files[..at].iter().any(|(other, _)| other == name) {
            bail!(
                "{} is there already: import into another folder, and take over what you want",
                into.join(name).display()
            );
        }
    }
    for (name, text) in files {
        let path = into.join(name);
        fs::create_dir_all(path.parent().unwrap_or(into))?;
        fs::write(&path, text).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// A text as TOML writes it. TOML's texts are JSON's, but for one character.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// A name as a key of TOML.
fn key(name: &str) -> String {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if plain { name.to_owned() } else { quoted(name) }
}

/// A JSON value as TOML writes it in a line; nothing for `null`, which TOML has not.
fn inline(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", items.iter().filter_map(inline).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let fields = fields.iter().filter_map(|(name, value)| Some(format!("{} = {}", key(name), inline(value)?)));
            format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    })
}

#[cfg(test)]
mod tests;
