//! The project's own chores: `cargo xtask test`, `tidy`, `codegen`, `bench`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool")]

mod bench;
mod clients;
mod codegen;
mod postgres;
mod run;
mod test;
mod tidy;

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
}

fn main() -> anyhow::Result<()> {
    std::env::set_current_dir(run::root())?;
    match Xtask::parse().chore {
        Chore::Test(test) => test.run(),
        Chore::Tidy => tidy::run(),
        Chore::Codegen(codegen) => codegen.run(),
        Chore::Bench(bench) => bench.run(),
    }
}
