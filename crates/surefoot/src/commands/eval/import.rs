//! `surefoot eval import`.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Component, Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail, ensure};
use clap::Args;
use surefoot_lab::evals::import::{self, Importing};

use crate::terminal::{say, tell};

/// Make an eval of a promptfoo configuration, or of samples of OpenAI's evals
#[derive(Debug, Args)]
#[command(
    after_help = "A configuration (.yaml, .json) becomes a function with a variant for each prompt and provider, and an eval with
its cases and graders. Samples (.jsonl with `input` and `ideal`) become an eval. What could not be mapped is
told, and nothing of the project is overwritten.

Examples:
  surefoot eval import promptfooconfig.yaml --name translate
  surefoot eval import samples.jsonl --name sums --model openai/gpt-5-mini"
)]
pub(super) struct Import {
    /// The file
    file: PathBuf,
    /// What the eval is to be named [default: as the file's folder, or the file]
    #[arg(long)]
    name: Option<String>,
    /// Who is to be asked, in place of the file's providers
    #[arg(long)]
    model: Option<String>,
    /// The project's folder
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    project: PathBuf,
}

impl Import {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let text = read(&self.file)?;
        let name = self.name()?;
        let folder = self.file.parent().unwrap_or(Path::new("")).to_owned();
        let beside = |path: &str| {
            // A configuration names what stands beside it, and nothing else of this machine.
            let plain =
                Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
            if !plain {
                return Err(format!("{path} is outside of the configuration's folder"));
            }
            fs::read_to_string(folder.join(path)).map_err(|why| format!("{path} cannot be read: {why}"))
        };
        let importing = Importing { name: &name, model: self.model.as_deref(), read: &beside };
        let told = import::import(&self.file.to_string_lossy(), &text, &importing);
        let told = told.map_err(|why| anyhow::anyhow!("{}: {why}", self.file.display()))?;
        if let Some(there) = told.files.keys().map(|file| self.project.join(file)).find(|path| path.exists()) {
            bail!("{} is there already: nothing was written; choose another --name", there.display());
        }
        for (file, text) in &told.files {
            write(&self.project.join(file), text)?;
            say(file);
        }
        if !told.unmapped.is_empty() {
            tell("Not carried over:");
            told.unmapped.iter().for_each(|one| tell(format!("  {one}")));
        }
        tell(format!("Look through it, then: surefoot check, surefoot eval {name}"));
        Ok(ExitCode::SUCCESS)
    }

    fn name(&self) -> anyhow::Result<String> {
        let stem = |path: &Path| path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned);
        let own = stem(&self.file).filter(|stem| stem != "promptfooconfig");
        let folder = || self.file.canonicalize().ok().and_then(|file| stem(file.parent()?));
        let name = self.name.clone().or(own).or_else(folder).unwrap_or_default();
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        ensure!(!name.is_empty() && name.chars().all(plain), "'{name}' is no name of an eval: give one with --name");
        Ok(name)
    }
}

fn read(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    let written = OpenOptions::new().write(true).create_new(true).open(path);
    written
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("{} cannot be written", path.display()))
}
