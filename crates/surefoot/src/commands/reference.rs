//! `surefoot reference`: the generated documents, from the program itself.

use std::{fmt::Write, process::ExitCode};

use clap::{Args, Command, CommandFactory, ValueEnum};

use surefoot_lab::evals::GraderSpec;

use super::{Surefoot, types};
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
    SchemaProject,
    SchemaFunction,
    SchemaVariant,
    SchemaEval,
    ClientTs,
    ClientPy,
}

impl Reference {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let text = match self.what {
            What::Cli => cli(),
            What::Settings => settings::reference(),
            What::Openapi => surefoot_server::openapi() + "\n",
            What::Graders => graders(),
            What::SchemaProject => settings::schema("surefoot.toml"),
            What::SchemaFunction => settings::schema("function.toml"),
            What::SchemaVariant => settings::schema("variant"),
            What::SchemaEval => settings::schema("eval"),
            What::ClientTs => types::of_the_api(&serde_json::from_str(&surefoot_server::openapi())?, true),
            What::ClientPy => types::of_the_api(&serde_json::from_str(&surefoot_server::openapi())?, false),
        };
        say_piece(&text);
        Ok(ExitCode::SUCCESS)
    }
}

fn cli() -> String {
    let mut text = String::from("# The command line\n\nMade by `cargo xtask codegen` from the program itself.\n");
    let mut surefoot = Surefoot::command().term_width(100);
    surefoot.build();
    for verb in shown(&mut surefoot) {
        described(&mut text, verb, "surefoot");
    }
    text
}

/// The verbs that people are told of.
fn shown(command: &mut Command) -> impl Iterator<Item = &mut Command> {
    command.get_subcommands_mut().filter(|verb| !verb.is_hide_set() && verb.get_name() != "help")
}

fn described(text: &mut String, verb: &mut Command, of: &str) {
    let help = verb.render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    let name = format!("{of} {}", verb.get_name());
    // Writing to a String cannot fail.
    let _ = write!(text, "\n## {name}\n\n```text\n{}\n```\n", lines.join("\n").trim_end());
    for verb in shown(verb) {
        described(text, verb, &name);
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
