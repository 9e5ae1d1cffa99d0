//! `surefoot check`.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use serde_json::json;

use crate::{
    settings,
    terminal::{say, say_json, tell},
};

/// Report every mistake in a project's files at once
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot check
  surefoot check examples/docs-assistant
  surefoot check --json | jq '.mistakes[].file'

Exits with 0 when all is well, and with 1 when there is a mistake.")]
pub(crate) struct Check {
    /// The project's folder
    #[arg(default_value = ".")]
    project: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let (well, mistakes) = match settings::load(&self.project) {
            Ok((_, warnings)) => (true, warnings),
            Err(mistakes) => (false, mistakes),
        };
        if self.json {
            say_json(&json!({"ok": well, "mistakes": mistakes}))?;
        } else if mistakes.is_empty() {
            say(format!("{}: all is well", self.project.display()));
        } else {
            tell(settings::render(&mistakes));
        }
        Ok(ExitCode::from(u8::from(!well)))
    }
}
