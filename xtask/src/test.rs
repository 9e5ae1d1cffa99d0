//! `cargo xtask test`: the one test command.

use clap::Args;

use crate::{
    clients,
    run::{command, has, step},
    tidy,
};

/// Installs what the tests need and runs all of them.
#[derive(Args)]
pub(crate) struct Test {
    /// Leave out the tests that need SDKs, a browser or Postgres, and install nothing.
    #[arg(long)]
    fast: bool,
    /// Passed on to the test runner: names of tests, for instance.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

impl Test {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let environment = if self.fast { Vec::new() } else { clients::install()? };
        if self.rest.is_empty() {
            step("cargo fmt", &mut command("cargo fmt --all --check"))?;
            eprintln!("==> tidy");
            tidy::run()?;
            step("cargo clippy", &mut command("cargo clippy --workspace --all-targets --quiet -- -D warnings"))?;
        }
        let mut tests = if has("cargo-nextest") {
            command("cargo nextest run --workspace")
        } else {
            eprintln!("    cargo-nextest is not installed: using cargo test (cargo install cargo-nextest is faster)");
            command("cargo test --workspace")
        };
        if self.fast {
            let less: &[&str] = if has("cargo-nextest") {
                &["-E", "not (test(/^sdk/) or test(/^browser/) or test(/^local_model/) or binary(postgres))"]
            } else {
                &["--", "--skip=sdk_", "--skip=browser_", "--skip=local_model_"]
            };
            tests.args(less);
        }
        step("tests", tests.args(&self.rest).envs(environment))
    }
}
