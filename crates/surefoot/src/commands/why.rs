//! `surefoot why`.

use std::process::ExitCode;

use clap::Args;
use surefoot_types::{ids::TraceId, why::Why as Told};

use super::Place;
use crate::terminal::{say_json, say_piece, tell};

/// Say why a request went as it did
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot why tr_01jd8n6y4vq0t2x5w9zk3m7c1f
  surefoot why tr_01jd8n6y4vq0t2x5w9zk3m7c1f --json | jq -r '.because[].told'

Tells its key, the targets and why they were asked in this order, every attempt with its wait, fault and cost, and how it
ended. The trace's id stands in the header x-surefoot-trace of every response. Exits with 1 when there is no such trace.")]
pub(crate) struct Why {
    /// The trace
    #[arg(value_name = "TRACE")]
    id: TraceId,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Why {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let store = self.place.existing_store().await?;
        let Some(trace) = store.trace_get(self.id).await? else {
            tell(format!("there is no trace {}", self.id));
            return Ok(ExitCode::FAILURE);
        };
        let why = Told::of(&trace);
        if self.json {
            say_json(&why)?;
        } else {
            say_piece(&why.told());
        }
        Ok(ExitCode::SUCCESS)
    }
}
