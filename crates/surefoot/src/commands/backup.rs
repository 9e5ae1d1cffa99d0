//! `surefoot backup`.

use std::{path::PathBuf, process::ExitCode};

use anyhow::bail;
use clap::Args;
use serde_json::json;
use surefoot_types::ports::Store;

use super::{Place, note};
use crate::{
    assemble::{file, open_file},
    terminal::{say, say_json},
};

/// Copy the store to a file, while it is in use
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot backup /var/backups/surefoot.db
  surefoot backup --json surefoot-$(date +%F).db | jq .bytes

The copy holds everything that was recorded up to this moment: the indexes are made anew from it. `surefoot restore` puts it
back. A store in Postgres is copied with pg_dump.")]
pub(crate) struct Backup {
    /// The file to write; it must not be there
    file: PathBuf,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Backup {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let upkeep = self.place.upkeep()?;
        if upkeep.store.url.is_some() {
            bail!(
                "this project's store is Postgres: copy it with `pg_dump --format=custom --file={} \"$DATABASE_URL\"`, and \
                 the folder {} too, where records wait that are not in it yet",
                self.file.display(),
                self.place.data().join("seats").display()
            );
        }
        let source = file(&self.place.data());
        if !source.exists() {
            bail!("there is no {}: nothing was asked here yet", source.display());
        }
        let store = open_file(&upkeep.store, &self.place.data()).await?;
        let copied = store.backup(&self.file).await;
        if copied.is_ok() {
            note(&store, "store.backup", &self.file.display().to_string(), json!({})).await?;
        }
        store.close().await;
        copied?;
        let bytes = std::fs::metadata(&self.file)?.len();
        if self.json {
            say_json(&json!({"file": self.file, "bytes": bytes}))?;
        } else {
            say(format!("{}: {} kB", self.file.display(), bytes.div_ceil(1_000)));
        }
        Ok(ExitCode::SUCCESS)
    }
}
