//! `surefoot mcp`.

use std::{process::ExitCode, sync::Arc};

use clap::Args;

use super::{
    Place,
    up::{parts, tells},
};
use crate::live::Status;

/// Serve functions and the search of knowledge to an agent, over the standard streams
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot mcp -p examples/docs-assistant
  claude mcp add docs -- surefoot mcp -p examples/docs-assistant

`surefoot up` serves the same over HTTP at /mcp. Documents are read before the agent is answered; what is told
meanwhile goes to the standard error.")]
pub(crate) struct Mcp {
    #[command(flatten)]
    place: Place,
}

impl Mcp {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let (settings, house) = self.place.open_fresh().await?;
        let house = Arc::new(house);
        let parts = parts(&house, &Arc::new(Status::default()), &settings, tells(&house, None), true);
        let served = surefoot_server::serve_mcp(parts).await;
        house.close().await;
        served?;
        Ok(ExitCode::SUCCESS)
    }
}
