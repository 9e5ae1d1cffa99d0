//! `surefoot experiment promote`: the winner becomes the function's variant, as an edit of its file.

use std::{fs, process::ExitCode};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;
use surefoot_lab::experiments::State;
use surefoot_types::ports::Store;

use super::state;
use crate::{
    commands::{Place, note, read},
    settings::{self, Settings},
    terminal::{say, tell},
};

/// Make an experiment's winner the function's variant
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot experiment promote answer
  surefoot experiment promote answer --yes
  surefoot experiment promote answer --variant plain --yes

Prints what would change in function.toml: the winner becomes `variant`, and [experiment] goes. Writes it with --yes.")]
pub(super) struct Promote {
    /// The function
    function: String,
    /// The variant, where it is not the winner
    #[arg(long)]
    variant: Option<String>,
    /// Write it
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    place: Place,
}

impl Promote {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let settings = read(&self.place.project)?;
        let store = self.place.existing_store().await?;
        let promoted = self.promote(&*store, &settings).await;
        store.close().await;
        promoted
    }

    async fn promote(&self, store: &dyn Store, settings: &Settings) -> anyhow::Result<ExitCode> {
        let (state, _) = state(store, settings, &self.function).await?;
        let variant = self.chosen(&state)?;
        let file = self.place.project.join("functions").join(&self.function).join("function.toml");
        let before = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        let edit = edited(&before, variant);
        say(edit.shown());
        if !self.yes {
            tell("Nothing was written. With --yes it is.");
            return Ok(ExitCode::SUCCESS);
        }
        fs::write(&file, edit.after()).with_context(|| file.display().to_string())?;
        if let Err(mistakes) = settings::load(&self.place.project) {
            fs::write(&file, &before).with_context(|| file.display().to_string())?;
            tell(settings::render(&mistakes));
            bail!("the edit would have broken the project, and was taken back: make it by hand");
        }
        note(store, "experiment.promote", &self.function, json!({"experiment": state.id, "variant": variant})).await?;
        tell(format!("{}: '{variant}' is the variant of '{}' now", file.display(), self.function));
        Ok(ExitCode::SUCCESS)
    }

    fn chosen<'a>(&'a self, state: &'a State) -> anyhow::Result<&'a str> {
        match (&self.variant, &state.winner) {
            (Some(named), _) if !state.arms.iter().any(|arm| arm.name == *named) => {
                let known: Vec<&str> = state.arms.iter().map(|arm| arm.name.as_str()).collect();
                bail!("'{named}' takes no part in the experiment; there are: {}", known.join(", "))
            }
            (Some(named), _) => Ok(named),
            (None, Some(winner)) => Ok(winner),
            (None, None) => {
                bail!("there is no winner: {}\nName a variant with --variant to end it all the same.", state.verdict)
            }
        }
    }
}

/// A file, line by line, with what goes and what comes.
#[derive(Debug, PartialEq, Eq)]
struct Edit(Vec<(Change, String)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Stays,
    Goes,
    Comes,
}

impl Edit {
    fn after(&self) -> String {
        let lines = self.0.iter().filter(|(change, _)| *change != Change::Goes);
        let after: String = lines.map(|(_, line)| format!("{line}\n")).collect();
        format!("{}\n", after.trim_end())
    }

    fn shown(&self) -> String {
        let sign = |change| match change {
            Change::Stays => ' ',
            Change::Goes => '-',
            Change::Comes => '+',
        };
        let lines: Vec<String> = self.0.iter().map(|(change, line)| format!("{}{line}", sign(*change))).collect();
        lines.join("\n")
    }
}

/// `function.toml` with another variant and without its experiment. All else stays as it was written.
fn edited(before: &str, variant: &str) -> Edit {
    let line = format!("variant = \"{variant}\"");
    let (mut edit, mut table, mut named) = (Vec::new(), String::new(), false);
    for text in before.lines() {
        let trimmed = text.trim_start();
        if trimmed.starts_with('[') {
            if table.is_empty() && !named {
                edit.push((Change::Comes, line.clone()));
                named = true;
            }
            table = trimmed.trim_matches(['[', ' ']).chars().take_while(|c| !"] ".contains(*c)).collect();
        }
        let key = text.split_once('=').map(|(key, _)| key.trim());
        let experiment = table == "experiment" || table.starts_with("experiment.");
        if table.is_empty() && key == Some("variant") {
            if trimmed == line {
                edit.push((Change::Stays, text.to_owned()));
            } else {
                edit.extend([(Change::Goes, text.to_owned()), (Change::Comes, line.clone())]);
            }
            named = true;
        } else {
            edit.push((if experiment { Change::Goes } else { Change::Stays }, text.to_owned()));
        }
    }
    if !named {
        edit.push((Change::Comes, line));
    }
    Edit(edit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_experiment_goes_and_the_winner_comes() {
        for (before, after) in [
            (
                "# about\nvariant = \"a\" # old\npassages = 3\n\n[experiment]\ncandidates = [\"b\"]\nmetric = \"thumbs\"\n\n[experiment.harm]\ncost = 0.2\n\n[input.x]\ntype = \"string\"\n",
                "# about\nvariant = \"b\"\npassages = 3\n\n[input.x]\ntype = \"string\"\n",
            ),
            ("[experiment]\ncandidates = [\"b\"]\n", "variant = \"b\"\n"),
            ("variant = \"b\"\n[ experiment ]\nmetric = \"m\"", "variant = \"b\"\n"),
            ("description = \"d\"\n", "description = \"d\"\nvariant = \"b\"\n"),
        ] {
            assert_eq!(edited(before, "b").after(), after);
        }
        assert_eq!(
            edited("variant = \"a\"\n[experiment]\nmetric = \"m\"\n", "b").shown(),
            "-variant = \"a\"\n+variant = \"b\"\n-[experiment]\n-metric = \"m\""
        );
    }
}
