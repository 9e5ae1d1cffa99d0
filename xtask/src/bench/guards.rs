//! Detection of personal data, secrets and injection over files of labelled texts.

use std::path::PathBuf;

use clap::Args;

use crate::run::{command, step};

/// What is measured.
#[derive(Args)]
pub(crate) struct Guards {
    /// Files of labelled texts, one JSON object a line.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Tell each text that is judged wrongly, on the error stream.
    #[arg(long)]
    errors: bool,
}

impl Guards {
    /// Builds the guards alone, optimised, and prints tables in Markdown.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let mut measure = command("cargo run --release --quiet -p surefoot-guard --example guards --");
        measure.args(self.errors.then_some("--errors")).args(&self.files);
        step("measuring the guards", &mut measure)
    }
}
