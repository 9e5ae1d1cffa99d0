//! `surefoot schema`: JSON schemas of a project's files.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::{settings, terminal::say_piece};

/// Print the JSON schema of a project's file, for editors
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot schema surefoot.toml > surefoot.schema.json
  surefoot schema eval | jq '.properties | keys'

An editor with Taplo (Even Better TOML) completes and checks a file whose first line is
  #:schema ./surefoot.schema.json")]
pub(crate) struct Schema {
    /// Which file
    file: File,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum File {
    #[value(name = "surefoot.toml")]
    Surefoot,
    #[value(name = "function.toml")]
    Function,
    /// The settings at the top of a prompt
    Variant,
    Eval,
}

impl Schema {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let file = match self.file {
            File::Surefoot => "surefoot.toml",
            File::Function => "function.toml",
            File::Variant => "variant",
            File::Eval => "eval",
        };
        say_piece(&settings::schema(file));
        Ok(ExitCode::SUCCESS)
    }
}
