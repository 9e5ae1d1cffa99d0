//! `surefoot reference`: the generated documents, from the program itself.

use std::{fmt::Write, process::ExitCode};

use clap::{Args, Command, CommandFactory, ValueEnum};

use surefoot_lab::evals::GraderSpec;

use super::Surefoot;
use crate::{settings, terminal::say_piece};

/// Print a generated document
#[derive(Debug, Args)]
pub(crate) struct Reference {
    /// Which
    what: What,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    Cli,
    Settings,
    Openapi,
    Graders,
}

impl Reference {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let text = match self.what {
            What::Cli => cli(),
            What::Settings => settings::reference(),
            What::Openapi => surefoot_server::openapi() + "\n",
            What::Graders => graders(),
        };
        say_piece(&text);
        Ok(ExitCode::SUCCESS)
    }
}

fn cli() -> String {
    let mut text = String::from("# The command line\n\nMade by `cargo xtask codegen` from the program itself.\n");
    let mut surefoot = Surefoot::command().term_width(100);
    surefoot.build();
    for verb in surefoot.get_subcommands_mut().filter(|verb| !verb.is_hide_set() && verb.get_name() != "help") {
        described(&mut text, verb, "surefoot");
    }
    text
}

/// A verb, and those within it.
fn described(text: &mut String, verb: &mut Command, within: &str) {
    let help = verb.render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    // Writing to a String cannot fail.
    let name = format!("{within} {}", verb.get_name());
    let _ = write!(text, "\n## {name}\n\n```text\n{}\n```\n", lines.join("\n").trim_end());
    for inner in verb.get_subcommands_mut().filter(|verb| verb.get_name() != "help") {
        described(text, inner, &name);
    }
}

fn graders() -> String {
    let mut text = String::from(
        "# Graders\n\nMade by `cargo xtask codegen` from the program itself. All take `name`, `not` and `weight` too; \
         `not-` before a kind turns it around. In brackets stands the threshold that holds where none is given.\n\n\
         | kind | passes when | options |\n|---|---|---|\n",
    );
    for kind in GraderSpec::KINDS {
        let options: Vec<String> = kind.takes().map(|option| format!("`{option}`")).collect();
        let _ = writeln!(text, "| `{}` | {} | {} |", kind.name, kind.about.replace('|', "\\|"), options.join(", "));
    }
    text
}
