//! `surefoot init`.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;

use crate::terminal::{say, say_json, tell};

/// The files of a new project.
const FILES: [(&str, &str); 8] = [
    ("surefoot.toml", include_str!("init/surefoot.toml")),
    ("functions/answer/function.toml", include_str!("init/function.toml")),
    ("functions/answer/quote.md", include_str!("init/quote.md")),
    ("docs/welcome.md", include_str!("init/welcome.md")),
    ("evals/answer.toml", include_str!("init/eval.toml")),
    ("evals/answer.jsonl", include_str!("init/eval.jsonl")),
    (".gitignore", ".surefoot/\n"),
    ("README.md", include_str!("init/readme.md")),
];

/// Write a small working project
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot init my-assistant
  surefoot init .
  surefoot init --json my-assistant | jq '.written'

Never overwrites a file: where one is there already, nothing is written.")]
pub(crate) struct Init {
    /// The folder to write it into; made where there is none
    #[arg(default_value = ".")]
    project: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Init {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let taken: Vec<&str> =
            FILES.iter().map(|(name, _)| *name).filter(|name| self.project.join(name).exists()).collect();
        if !taken.is_empty() {
            bail!("nothing was written: {} is there already in {}", taken.join(", "), self.project.display());
        }
        let mut written = Vec::new();
        for (name, text) in FILES {
            let path = self.project.join(name);
            let folder = path.parent().unwrap_or(&self.project);
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            let file = OpenOptions::new().write(true).create_new(true).open(&path);
            file.and_then(|mut file| file.write_all(text.as_bytes()))
                .with_context(|| format!("cannot write {}", path.display()))?;
            written.push(path.display().to_string());
        }
        if self.json {
            say_json(&json!({"written": written}))?;
            return Ok(ExitCode::SUCCESS);
        }
        written.iter().for_each(say);
        let here = self.project.display();
        tell(format!(
            "\nNext:\n  surefoot up {here}\n  surefoot ask -p {here} \"How do I add a document?\"\n  surefoot eval -p {here}"
        ));
        Ok(ExitCode::SUCCESS)
    }
}
