//! `surefoot dataset`.

mod export;
mod from_traces;

use std::{
    fs::OpenOptions,
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, ensure};
use clap::{Args, Subcommand};
use serde_json::json;
use surefoot_guard::personal::{self, Detector};
use surefoot_lab::evals::{Dataset, harvest::Scrub};

use crate::terminal::{say, say_json};

/// Look at datasets, split them, make them of traces, and files to tune models by of them
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot dataset show evals/answer.jsonl
  surefoot dataset split evals/answer.jsonl --test 0.3
  surefoot dataset from-traces evals/asked.jsonl --since 7d
  surefoot dataset export evals/corrected.jsonl tuning.jsonl --format openai")]
pub(crate) struct Data {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Show(Show),
    Split(Split),
    FromTraces(from_traces::FromTraces),
    Export(export::Export),
}

impl Data {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.verb {
            Verb::Show(verb) => verb.run(),
            Verb::Split(verb) => verb.run(),
            Verb::FromTraces(verb) => verb.run().await,
            Verb::Export(verb) => verb.run(),
        }
    }
}

/// Tell a dataset's version, and which cases say nearly the same
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot dataset show evals/answer.jsonl
  surefoot dataset show evals/answer.csv --json | jq -r .version")]
struct Show {
    /// The dataset: `.jsonl`, `.csv`, `.yaml`
    file: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Show {
    fn run(self) -> anyhow::Result<ExitCode> {
        let dataset = Dataset::load(&self.file)?;
        let (cases, version, together) = (dataset.cases().len(), dataset.hash(), dataset.split(0.0, 0).together);
        if self.json {
            say_json(&json!({ "cases": cases, "version": version, "together": together }))?;
            return Ok(ExitCode::SUCCESS);
        }
        say(format!("{cases} cases, version {version}"));
        for group in &together {
            say(format!("  nearly the same, or of one cluster: {}", group.join(", ")));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Split a dataset in two files beside it, near duplicates kept in one of them
#[derive(Debug, Args)]
#[command(
    after_help = "Work on prompts with NAME.train.jsonl, and look at NAME.test.jsonl when you are done: a prompt that was
chosen by a case says nothing about it. The same cases and seed give the same parts.

Examples:
  surefoot dataset split evals/answer.jsonl --test 0.3
  surefoot dataset split evals/answer.csv --test 0.5 --seed 7"
)]
struct Split {
    /// The dataset: `.jsonl`, `.csv`, `.yaml`
    file: PathBuf,
    /// The share of cases to keep back for the test, between 0 and 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.3)]
    test: f64,
    /// Another number gives other parts
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

impl Split {
    fn run(self) -> anyhow::Result<ExitCode> {
        ensure!(self.test > 0.0 && self.test < 1.0, "--test is a share between 0 and 1, like 0.3");
        let split = Dataset::load(&self.file)?.split(self.test, self.seed);
        let parts = [("train", &split.train), ("test", &split.test)];
        for (name, part) in parts {
            ensure!(!part.cases().is_empty(), "no case is left for the {name} part: nothing was written");
        }
        let path = |name: &str| self.file.with_extension(format!("{name}.jsonl"));
        let there = parts.iter().map(|(name, _)| path(name)).find(|path| path.exists());
        if let Some(there) = there {
            anyhow::bail!("{} is there already: nothing was written", there.display());
        }
        for (name, part) in parts {
            write(&path(name), &part.to_jsonl())?;
            say(format!("{}: {} cases, version {}", path(name).display(), part.cases().len(), part.hash()));
        }
        for group in &split.together {
            say(format!("  kept together: {}", group.join(", ")));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Secrets and personal data, as they are masked in traces.
pub(super) struct Guard(Detector);

impl Guard {
    pub(super) fn new() -> anyhow::Result<Self> {
        Detector::new(&personal::Options::default()).map(Self).map_err(anyhow::Error::msg)
    }
}

impl Scrub for Guard {
    fn scrub(&self, text: &str) -> String {
        let mut text = text.to_owned();
        surefoot_guard::redact_in_place(&self.0, &mut text);
        text
    }
}

/// Writes a file that is not there.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let written = OpenOptions::new().write(true).create_new(true).open(path);
    written
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("{} cannot be written", path.display()))
}
