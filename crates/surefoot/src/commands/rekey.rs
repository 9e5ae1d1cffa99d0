//! `surefoot rekey`.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use serde_json::{Map, Value, json};
use surefoot_types::ports::Store;

use super::{Place, note};
use crate::{
    assemble::{file, open_file, open_postgres},
    terminal::{bar, say, say_json, tell},
};

/// Encrypt what is stored with the first of the project's encryption keys
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot rekey
  surefoot rekey --json | jq .traces

Write the new key first under [store] in surefoot.toml, and the old ones behind it: `encryption_key = [\"env:NEW\", \"env:OLD\"]`.
Restart the servers, run this, and take the old key away. What was stored before there was a key is encrypted too. It works
beside running servers; run again, it goes on where it was cut off.")]
pub(crate) struct Rekey {
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Rekey {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let (settings, data) = (self.place.upkeep()?.store, self.place.data());
        if !settings.cipher.is_on() {
            bail!("the project names no key: write `encryption_key = \"env:NAME\"` under [store] in surefoot.toml");
        }
        if settings.url.is_none() && !file(&data).exists() {
            bail!("there is no {}: nothing was asked here yet", file(&data).display());
        }
        let bar = bar(0, "encrypting");
        let progress = |what: &'static str, many| {
            bar.set_position(many);
            bar.set_message(what);
        };
        let done = if settings.url.is_some() {
            let store = open_postgres(&settings, &data, false).await?;
            let done = store.reseal(&progress).await?;
            finish(&store, &done).await?;
            done
        } else {
            let store = open_file(&settings, &data).await?;
            let done = store.reseal(&progress).await?;
            finish(&store, &done).await?;
            done
        };
        bar.finish_and_clear();
        if self.json {
            say_json(&counts(&done))?;
        } else {
            let told: Vec<String> = done.iter().map(|(what, many)| format!("{many} {what}")).collect();
            say(format!("encrypted anew: {}", told.join(", ")));
            tell(
                "Other processes' spools and backups hold what they held: see the manual before you throw a key away.",
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn counts(done: &[(&'static str, u64)]) -> Value {
    Value::Object(done.iter().map(|(what, many)| ((*what).to_owned(), json!(many))).collect::<Map<_, _>>())
}

async fn finish(store: &dyn Store, done: &[(&'static str, u64)]) -> anyhow::Result<()> {
    note(store, "store.rekey", "", counts(done)).await?;
    store.close().await;
    Ok(())
}
