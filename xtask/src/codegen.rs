//! The generated documents: the program writes them, and a test of its own says when they are stale.

use clap::Args;

use crate::run::{command, step};

/// Writes the generated documents anew.
#[derive(Args)]
pub(crate) struct Codegen {
    /// Write nothing; fail if a document is stale.
    #[arg(long)]
    check: bool,
}

impl Codegen {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        // The test compares each document with what the program says, and writes it where told to.
        let mut test = command("cargo test --quiet --package surefoot --test it reference::");
        if !self.check {
            test.env("SUREFOOT_WRITE_REFERENCE", "1");
        }
        step("generated documents", &mut test)
    }
}
