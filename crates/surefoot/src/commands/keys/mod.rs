//! `surefoot keys`.

mod create;
mod list;
mod rotate;

use std::process::ExitCode;

use anyhow::bail;
use clap::{
    Args, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};
use surefoot_types::{Clock, Secret, SystemClock, key::Key, ports::Store};

use super::{Place, note};
use crate::terminal::{say, say_json, tell};

/// Make, list, renew and revoke keys; a running server follows within a second
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot keys create app
  surefoot keys list
  surefoot keys rotate app
  surefoot keys revoke app")]
pub(crate) struct Keys {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Create(create::Create),
    List(list::List),
    Rotate(rotate::Rotate),
    Revoke(Revoke),
}

impl Keys {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.verb {
            Verb::Create(verb) => verb.run().await,
            Verb::List(verb) => verb.run().await,
            Verb::Rotate(verb) => verb.run().await,
            Verb::Revoke(verb) => verb.run().await,
        }
    }
}

/// End a key for good
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot keys revoke app
  surefoot keys revoke app --json | jq .revoked")]
struct Revoke {
    /// The key's name
    name: String,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Revoke {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let store = self.place.store().await?;
        let was = live(&*store, &self.name).await?;
        let key = Key { revoked: Some(SystemClock.now()), ..was.clone() };
        put(&*store, &was, &key, "key.revoke").await?;
        store.close().await;
        if self.json {
            say_json(&public(&key)?)?;
        } else {
            say(format!("{} is revoked", key.name));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The key of a name, which must not be revoked.
async fn live(store: &dyn Store, name: &str) -> anyhow::Result<Key> {
    let keys = store.key_list().await?;
    let names: Vec<&str> = keys.iter().filter(|key| key.revoked.is_none()).map(|key| key.name.as_str()).collect();
    let found = keys.iter().find(|key| key.name == name);
    match found {
        Some(key) if key.revoked.is_none() => Ok(key.clone()),
        Some(_) => bail!("the key '{name}' was revoked: make another one with `surefoot keys create`"),
        None if names.is_empty() => bail!("there is no key '{name}': `surefoot keys create` makes one"),
        None => bail!("there is no key '{name}'; there are: {}", names.join(", ")),
    }
}

/// Keeps a changed key in place of what it was, and notes what was done.
async fn put(store: &dyn Store, was: &Key, key: &Key, action: &str) -> anyhow::Result<()> {
    if !store.key_put(was, key).await? {
        bail!("the key '{}' went while it was being changed", key.name);
    }
    note(store, action, &key.name, public(key)?).await
}

/// A key without the hashes of its secrets.
fn public(key: &Key) -> anyhow::Result<serde_json::Value> {
    let mut told = serde_json::to_value(key)?;
    if let Some(secrets) = told["secrets"].as_array_mut() {
        secrets.iter_mut().filter_map(|secret| secret.as_object_mut()).for_each(|secret| {
            secret.remove("hash");
        });
    }
    Ok(told)
}

/// Shows a new secret: alone on stdout, so that it can be piped.
fn shown(key: &Key, secret: &Secret, json: bool) -> anyhow::Result<()> {
    if json {
        let mut told = public(key)?;
        told["secret"] = secret.reveal().into();
        return say_json(&told);
    }
    tell(format!("The secret of '{}', shown only this once:", key.name));
    say(secret.reveal());
    Ok(())
}

/// A parser for one of several names.
fn named<T: Copy + Send + Sync + 'static>(names: &'static [(&'static str, T)]) -> impl TypedValueParser<Value = T> {
    let find = move |name: String| names.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    PossibleValuesParser::new(names.iter().map(|(name, _)| *name))
        .try_map(move |name| find(name).ok_or("not one of them"))
}
