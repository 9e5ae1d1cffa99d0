//! `surefoot migrate`.

use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};
use surefoot_store::{Count, migrate};
use surefoot_types::ports::Store;

use super::{Place, note};
use crate::{
    assemble::{file, open_file, open_postgres},
    settings::StoreSettings,
    terminal::{bar, say, say_json, table, tell},
};

/// Move a project from the file in its data folder to Postgres
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot migrate --from sqlite --to postgres
  surefoot migrate --from sqlite --to postgres --data /var/lib/surefoot --json | jq '.traces.to'

Write `url = \"env:DATABASE_URL\"` under [store] in surefoot.toml first, and stop the server. The database must be empty. A move
that was cut off goes on where it was. The file stays as it is.")]
pub(crate) struct Migrate {
    /// Where everything is
    #[arg(long)]
    from: From,
    /// Where it is to be
    #[arg(long)]
    to: To,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum From {
    Sqlite,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum To {
    Postgres,
}

impl Migrate {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let (From::Sqlite, To::Postgres) = (self.from, self.to);
        let (settings, data) = (self.place.upkeep()?.store, self.place.data());
        if settings.url.is_none() {
            bail!("the project names no Postgres: write `url = \"env:DATABASE_URL\"` under [store] in surefoot.toml");
        }
        if !file(&data).exists() {
            bail!("there is no {}: nothing is to be moved", file(&data).display());
        }
        let from = open_file(&StoreSettings { url: None, ..settings.clone() }, &data).await?;
        if !from.holder().ends_with("-0") {
            from.close().await;
            bail!("another process uses {}: stop it first", data.display());
        }
        let to = open_postgres(&settings, &data, false).await?;
        let bar = bar(0, "moving");
        let progress = |what: &'static str, done, all| {
            bar.set_length(all);
            bar.set_position(done);
            bar.set_message(what);
        };
        let moved = migrate(&from, &to, &progress).await;
        bar.finish_and_clear();
        let noted = match &moved {
            Ok(counts) => note(&to, "store.migrate", "postgres", Value::Object(told(counts))).await,
            Err(_) => Ok(()),
        };
        from.close().await;
        to.close().await;
        let counts = moved?;
        noted?;
        if self.json {
            say_json(&told(&counts))?;
        } else {
            let mut shown = table(["what", "in the file", "in Postgres"]);
            shown.add_rows(counts.iter().map(|one| [one.what.to_owned(), one.from.to_string(), one.to.to_string()]));
            say(shown.to_string());
            tell(format!("{} is as it was: delete it once all is well.", file(&data).display()));
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn told(counts: &[Count]) -> Map<String, Value> {
    counts.iter().map(|one| (one.what.to_owned(), json!({"from": one.from, "to": one.to}))).collect()
}
