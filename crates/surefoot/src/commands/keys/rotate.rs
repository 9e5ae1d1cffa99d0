//! `surefoot keys rotate`.

use std::{process::ExitCode, time::Duration};

use clap::Args;
use surefoot_gateway::identify::{mint_secret, secret_hash};
use surefoot_types::{Clock, SystemChance, SystemClock, Timestamp};

use super::{live, put, shown};
use crate::commands::{Place, when::span};

/// Give a key a new secret, and print it this once; the old one opens it for a while longer
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot keys rotate app
  surefoot keys rotate app --overlap 7d
  surefoot keys rotate app --overlap 0s --json | jq -r .secret")]
pub(crate) struct Rotate {
    /// The key's name
    name: String,
    /// How long the old secret opens it still; 0s ends it at once
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = span)]
    overlap: Duration,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Rotate {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let store = self.place.store().await?;
        let was = live(&*store, &self.name).await?;
        let mut key = was.clone();
        let (secret, now) = (mint_secret(&SystemChance), SystemClock.now());
        let until = now.checked_add(self.overlap).unwrap_or(Timestamp::MAX);
        key.rotate(secret_hash(&secret), until, now);
        put(&*store, &was, &key, "key.rotate").await?;
        store.close().await;
        shown(&key, &secret, self.json)?;
        Ok(ExitCode::SUCCESS)
    }
}
