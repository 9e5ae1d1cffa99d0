//! `surefoot restore`.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;
use surefoot_store::{Options, SqliteStore};
use surefoot_types::ports::{Journal, Store, TraceFilter};

use super::{Place, note};
use crate::{
    assemble::file,
    terminal::{say, say_json},
};

/// Put a backup in the place of the store
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot restore /var/backups/surefoot.db
  surefoot restore surefoot-2026-03-01.db --force --data /var/lib/surefoot
  surefoot restore surefoot-2026-03-01.db --json | jq .latest

The backup is tried first, and brought up to date where an older version wrote it: one that cannot be used changes nothing.
Nothing else may use the data folder meanwhile. Users who were erased since the backup are in it again: erase them
once more.")]
pub(crate) struct Restore {
    /// The backup
    file: PathBuf,
    /// Replace the store that is there; what it holds is lost
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Restore {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        if self.place.upkeep()?.store.url.is_some() {
            bail!(
                "this project's store is Postgres: put it back with \
                 `pg_restore --clean --if-exists --dbname=\"$DATABASE_URL\" {}`",
                self.file.display()
            );
        }
        let data = self.place.data();
        let target = file(&data);
        if target.exists() && !self.force {
            bail!("{} is there already: say --force to replace it; what it holds is lost", target.display());
        }
        let tried = target.with_added_extension("restored");
        fs::create_dir_all(&data).with_context(|| format!("cannot make {}", data.display()))?;
        fs::copy(&self.file, &tried).with_context(|| format!("cannot copy {}", self.file.display()))?;
        let latest = match self.tried(&tried, &data).await {
            Ok(latest) => latest,
            Err(error) => {
                removed(&tried)?;
                return Err(error.context(format!("{} was not put back; nothing is changed", self.file.display())));
            }
        };
        // The log of the store that was here must not be taken for the new one's.
        removed(&target)?;
        fs::rename(&tried, &target).with_context(|| format!("cannot rename {}", tried.display()))?;
        let index = data.join("index");
        if index.exists() {
            fs::remove_dir_all(&index).with_context(|| format!("cannot delete {}", index.display()))?;
        }
        if self.json {
            say_json(&json!({"file": target, "latest": latest}))?;
        } else {
            let latest = latest.unwrap_or_else(|| "it holds no request".into());
            say(format!("{}: the latest request is of {latest}", target.display()));
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Opens the copy as the store that it is to be. The moment of its latest request.
    async fn tried(&self, copy: &Path, data: &Path) -> anyhow::Result<Option<String>> {
        let store = SqliteStore::open(copy, Options::new(data.join("seats"))).await?;
        // The first seat is free only where nobody else uses the folder.
        if !store.holder().ends_with("-0") {
            store.close().await;
            bail!("another process uses {}: stop it first", data.display());
        }
        let latest = store.trace_list(&TraceFilter::default(), 1).await;
        let noted = note(&store, "store.restore", &self.file.display().to_string(), json!({})).await;
        store.close().await;
        noted?;
        Ok(latest?.first().map(|trace| trace.at.to_string()))
    }
}

/// Deletes a database with its log, where it is there.
fn removed(file: &Path) -> anyhow::Result<()> {
    let log = |ending: &str| PathBuf::from(format!("{}{ending}", file.display()));
    for file in [log("-wal"), log("-shm"), file.to_path_buf()] {
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot delete {}", file.display()));
            }
            _ => {}
        }
    }
    Ok(())
}
