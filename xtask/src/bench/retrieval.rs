//! Search, quoted answers and the reading of documents, over folders of test data.

use std::path::PathBuf;

use clap::Args;

use crate::run::{command, step};

/// What is measured.
#[derive(Args)]
pub(crate) struct Retrieval {
    /// Folders: collections (`corpus.jsonl`, `queries.jsonl`, `qrels.tsv`), documents (`manifest.jsonl`), two versions
    /// of a folder (`v1`, `v2`).
    #[arg(required = true)]
    folders: Vec<PathBuf>,
}

impl Retrieval {
    /// Builds the knowledge alone, optimised, and prints tables in Markdown.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let mut measure = command("cargo run --release --quiet -p surefoot-knowledge --example retrieval --");
        step("measuring retrieval", measure.args(&self.folders))
    }
}
