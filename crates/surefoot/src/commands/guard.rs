//! `surefoot guard`: what the guards find in a text.

use std::{
    fs,
    io::{self, Read},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::json;
use surefoot_gateway::guards::{PersonalAction, PersonalGuard};
use surefoot_guard::{
    injection::{self, Channel},
    links,
    personal::{self, Detector, Options},
    pseudonyms::Vault,
    secrets,
};

use super::read;
use crate::terminal::{say, say_json, table};

/// Show what the guards find in a text
#[derive(Debug, Args)]
pub(crate) struct Guard {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Test(Test),
    /// List the kinds of personal data that can be looked for
    #[command(after_help = "Examples:
  surefoot guard kinds
  surefoot guard kinds | grep ^UK_")]
    Kinds,
}

/// Show what is found in a text, and how it would be sent
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot guard test 'Write to jane@example.com'
  surefoot guard test --file letter.txt --json
  cat letter.txt | surefoot guard test -")]
struct Test {
    /// The text; `-` for standard input
    #[arg(required_unless_present = "file")]
    text: Option<String>,
    /// Read the text from a file
    #[arg(long, value_name = "FILE", conflicts_with = "text")]
    file: Option<PathBuf>,
    /// The project whose [guards.personal] says what is looked for [default: what is on by default]
    #[arg(short, long, value_name = "DIR")]
    project: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Something that a guard found: which guard, of what kind, and the text.
type Found = (&'static str, String, String);

impl Guard {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.verb {
            Verb::Test(test) => test.run(),
            Verb::Kinds => {
                personal::kinds().for_each(say);
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

impl Test {
    fn run(self) -> anyhow::Result<ExitCode> {
        let text = self.text()?;
        let guard = self.guard()?;
        let found = found(&text, &guard);
        let suspicion = injection::score(&text, Channel::Document);
        let sent = sent(&text, &guard);
        if self.json {
            let found: Vec<_> =
                found.iter().map(|(guard, kind, text)| json!({"guard": guard, "kind": kind, "text": text})).collect();
            let injection = json!({"score": suspicion.score, "reasons": suspicion.reasons});
            say_json(&json!({"found": found, "injection": injection, "sent": sent}))?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut rows = table(["guard", "kind", "text"]);
        for (guard, kind, text) in &found {
            rows.add_row([*guard, kind, text]);
        }
        if suspicion.score > 0.0 {
            rows.add_row(["injection", &format!("score {:.2}", suspicion.score), &suspicion.reasons.join(", ")]);
        }
        say(if rows.is_empty() { "nothing found".to_owned() } else { rows.to_string() });
        if sent != text {
            say(format!("\nas it would be sent:\n{sent}"));
        }
        Ok(ExitCode::SUCCESS)
    }

    fn text(&self) -> anyhow::Result<String> {
        match (&self.file, self.text.as_deref()) {
            (Some(file), _) => fs::read_to_string(file).with_context(|| file.display().to_string()),
            (None, Some("-")) => {
                let mut text = String::new();
                io::stdin().read_to_string(&mut text).context("standard input")?;
                Ok(text)
            }
            (None, text) => Ok(text.unwrap_or_default().to_owned()),
        }
    }

    /// The project's guard, or one that replaces what is looked for by default.
    fn guard(&self) -> anyhow::Result<PersonalGuard> {
        if let Some(project) = &self.project {
            let guard = read(project)?.project.guards.personal;
            return Ok(guard.map(|guard| (*guard).clone()).unwrap_or_default());
        }
        let detector = Arc::new(Detector::new(&Options::default()).map_err(anyhow::Error::msg)?);
        Ok(PersonalGuard { by_action: vec![(PersonalAction::Pseudonymise, detector)], unkept: None })
    }
}

fn found(text: &str, guard: &PersonalGuard) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for finding in secrets::find(text) {
        found.push(("secrets", finding.kind.to_owned(), text[finding.start..finding.end].to_owned()));
    }
    for finding in guard.by_action.iter().flat_map(|(_, detector)| detector.find(text)) {
        found.push(("personal", finding.kind.to_owned(), text[finding.range].to_owned()));
    }
    for link in links::find(text, &[]).into_iter().filter(|link| link.fetched || link.carries) {
        found.push(("links", link.host, text[link.range].to_owned()));
    }
    found
}

fn sent(text: &str, guard: &PersonalGuard) -> String {
    let mut sent = text.to_owned();
    secrets::mask_in_place(&mut sent);
    for (action, detector) in &guard.by_action {
        match action {
            PersonalAction::Flag | PersonalAction::Block => {}
            PersonalAction::Mask => personal::mask_in_place(detector, &mut sent),
            PersonalAction::Pseudonymise => sent = Vault::new(Arc::clone(detector)).mask(&sent),
        }
    }
    sent
}
