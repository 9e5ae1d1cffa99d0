//! `cargo xtask bench`: figures for docs/benchmarks.md. A figure is never a test's assertion.

mod gateway;
mod guards;
mod load;
mod process;
mod retrieval;

use clap::{Args, Subcommand};

/// Measures.
#[derive(Args)]
pub(crate) struct Bench {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Added latency, throughput, CPU and memory, beside nginx as a plain reverse proxy to the same simulator.
    Gateway(gateway::Gateway),
    /// Precision, recall and speed of the guards over files of labelled texts.
    Guards(guards::Guards),
    /// Quality and speed of search, of quoted answers, and of reading documents, over folders of test data.
    Retrieval(retrieval::Retrieval),
}

impl Bench {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        match &self.what {
            What::Gateway(gateway) => gateway.run(),
            What::Guards(guards) => guards.run(),
            What::Retrieval(retrieval) => retrieval.run(),
        }
    }
}
