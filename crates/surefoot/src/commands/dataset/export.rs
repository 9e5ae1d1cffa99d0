//! `surefoot dataset export`.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use surefoot_lab::evals::{
    Dataset,
    tuning::{self, Form},
};

use super::{Guard, write};
use crate::terminal::{say, tell};

/// Write cases as a file to tune a model by, without secrets and personal data
#[derive(Debug, Args)]
#[command(
    after_help = "The good answer is the case's `expect`, which is what a correction becomes, or else an `output` that people passed
(`human` is pass). A preference is a good answer beside an `output` that differs and was not passed. Cases that
say too little are left out and told. What a model is tuned by says nothing about it: split the dataset first.

Examples:
  surefoot dataset export evals/corrected.train.jsonl tuning.jsonl --format openai
  surefoot dataset export evals/corrected.train.jsonl pairs.jsonl --format preference --system prompt.txt"
)]
pub(super) struct Export {
    /// The dataset: `.jsonl`, `.csv`, `.yaml`
    file: PathBuf,
    /// The file to write: `.jsonl`
    to: PathBuf,
    /// What each line has: a conversation, or a question with two answers
    #[arg(long, value_enum, default_value_t = Format::Openai)]
    format: Format,
    /// A file whose text is said before each question
    #[arg(long, value_name = "FILE")]
    system: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Openai,
    Preference,
}

impl Export {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let ending = self.to.extension().and_then(|ending| ending.to_str());
        ensure!(ending == Some("jsonl"), "{}: files to tune by are written as .jsonl", self.to.display());
        let dataset = Dataset::load(&self.file)?;
        let read =
            |file: &PathBuf| fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()));
        let system = self.system.as_ref().map(read).transpose()?;
        let form = match self.format {
            Format::Openai => Form::Openai,
            Format::Preference => Form::Preference,
        };
        let told = tuning::tuning(&dataset, form, system.as_deref().map(str::trim), &Guard::new()?);
        ensure!(told.cases > 0, "no case of {} has what such a line needs: nothing was written", self.file.display());
        write(&self.to, &told.lines)?;
        say(format!("{}: {} cases", self.to.display(), told.cases));
        if !told.left_out.is_empty() {
            tell(format!("Left out: {}.", told.left_out.join(", ")));
        }
        Ok(ExitCode::SUCCESS)
    }
}
