//! `surefoot doctor`.

mod kept;
mod project;
mod reach;

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::Place;
use crate::{
    settings,
    terminal::{say, say_json, tell},
};

/// Check a deployment, and say what to do about what is wrong
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot doctor
  surefoot doctor -p /srv/assistant --data /var/lib/surefoot
  surefoot doctor --json | jq '.[] | select(.state == \"bad\")'

Looks at the project, the data folder, the store, keys, providers, prices, replicas and local model servers. Asks no
provider for anything that costs: it only sees whether its address answers. Exits with 1 when something is bad.")]
pub(crate) struct Doctor {
    /// Do not try the addresses of providers and local model servers
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// As it should be.
    Good,
    /// Worth knowing.
    Note,
    /// Works, but not as well as it should.
    Warning,
    /// Does not work.
    Bad,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    state: State,
    /// What was looked at.
    what: &'static str,
    /// How it is.
    told: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl Finding {
    fn new(state: State, what: &'static str, told: impl Into<String>) -> Self {
        Self { state, what, told: told.into(), hint: None }
    }

    fn good(what: &'static str, told: impl Into<String>) -> Self {
        Self::new(State::Good, what, told)
    }

    fn note(what: &'static str, told: impl Into<String>) -> Self {
        Self::new(State::Note, what, told)
    }

    fn warning(what: &'static str, told: impl Into<String>) -> Self {
        Self::new(State::Warning, what, told)
    }

    fn bad(what: &'static str, told: impl Into<String>) -> Self {
        Self::new(State::Bad, what, told)
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl Doctor {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let mut found = Vec::new();
        let settings = match settings::load(&self.place.project) {
            Ok((settings, warnings)) => {
                found.push(project::read(&settings, &warnings));
                Some(settings)
            }
            Err(mistakes) => {
                found.push(project::broken(&mistakes));
                None
            }
        };
        found.extend(kept::look(&self.place, settings.as_ref()).await);
        if let Some(settings) = &settings {
            found.extend(project::look(settings));
        }
        if !self.offline {
            found.extend(reach::look(settings.as_ref()).await);
        }
        let bad = found.iter().any(|finding| finding.state == State::Bad);
        if self.json {
            say_json(&found)?;
        } else {
            found.iter().for_each(shown);
            tell(match bad {
                true => "\nSomething is bad: see above.",
                false => "\nNothing is bad.",
            });
        }
        Ok(ExitCode::from(u8::from(bad)))
    }
}

fn shown(finding: &Finding) {
    let mark = match finding.state {
        State::Good => "ok  ",
        State::Note => "note",
        State::Warning => "warn",
        State::Bad => "BAD ",
    };
    say(format!("{mark}  {:<10} {}", finding.what, finding.told));
    if let Some(hint) = &finding.hint {
        say(format!("      {:<10} → {hint}", ""));
    }
}
