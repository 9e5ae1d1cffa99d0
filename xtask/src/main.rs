//! The project's own chores: `cargo xtask test`, `tidy`, `codegen`, `bench`, and what checks the lab.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool")]

mod bench;
mod clients;
mod codegen;
mod conformance;
mod postgres;
mod run;
mod test;
mod tidy;

use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};

/// The project's chores.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Xtask {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Installs what the tests need and runs all of them.
    Test(test::Test),
    /// Checks the rules of the house: who may depend on whom, sizes, documents, generated files.
    Tidy,
    /// Writes the generated documents anew (or, with --check, says which are stale).
    Codegen(codegen::Codegen),
    /// Measures. The figures go into docs/benchmarks.md.
    Bench(bench::Bench),
    /// Runs unmodified clients of many makers through Surefoot, and writes docs/conformance.md.
    Conformance(conformance::Conformance),
    /// Checks the statistics on a file of reference values.
    StatsVectors {
        /// JSON with `cases`, each with `category`, `inputs`, `expected` and `tolerance`.
        file: PathBuf,
    },
    /// Checks the graders on a file of facts from other tools' tests.
    GraderCases {
        /// One JSON object a line, each with `grader`, `params`, `output` and what is expected.
        file: PathBuf,
    },
}

fn main() -> anyhow::Result<()> {
    let chore = Xtask::parse().chore;
    // Files are named from where the chore was started.
    let here = std::env::current_dir()?;
    std::env::set_current_dir(run::root())?;
    match chore {
        Chore::Test(test) => test.run(),
        Chore::Tidy => tidy::run(),
        Chore::Codegen(codegen) => codegen.run(),
        Chore::Bench(bench) => bench.run(),
        Chore::Conformance(conformance) => conformance.run(),
        Chore::StatsVectors { file } => lab_example("stats_vectors", &here.join(file)),
        Chore::GraderCases { file } => lab_example("grader_cases", &here.join(file)),
    }
}

/// Runs one of the lab's examples over a file.
fn lab_example(name: &str, file: &Path) -> anyhow::Result<()> {
    let mut example = run::command(&format!("cargo run --quiet --package surefoot-lab --example {name} --"));
    run::step(name, example.arg(file))
}
