//! `surefoot keys create`.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use surefoot_gateway::identify::mint;
use surefoot_types::{
    Clock, Money, SystemChance, SystemClock,
    budget::{Every, Rates},
    key::{Admin, Key, KeyBudget, Scope},
    trace::Keep,
};

use super::{named, public, shown};
use crate::{
    commands::{Place, note, when::When},
    settings::ADMINS,
};

/// Make a key, and print its secret this once
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot keys create app
  surefoot keys create web --function answer --model 'openai/*' --expires 90d --tag team=docs
  surefoot keys create batch --requests 60 --concurrent 4 --usd 20 --every month --keep metadata
  surefoot keys create ops --admin all --json | jq -r .secret")]
pub(crate) struct Create {
    /// What to call it; traces and reports carry the name
    name: String,
    /// Whose it is
    #[arg(long)]
    tenant: Option<String>,
    /// A function that it may use; may end in '*'; may be said several times [default: all]
    #[arg(long = "function", value_name = "NAME")]
    functions: Vec<String>,
    /// An alias or provider/model-id that it may use; as above [default: all]
    #[arg(long = "model", value_name = "NAME")]
    models: Vec<String>,
    /// A knowledge that it may search; as above [default: all]
    #[arg(long, value_name = "NAME")]
    knowledge: Vec<String>,
    /// The doors that it opens beside those of the models: none, read (traces, spending, the console) or all
    #[arg(long, default_value = "none", value_parser = named(&ADMINS))]
    admin: Admin,
    /// When it ends: 90d, or a day like 2027-06-30 [default: never]
    #[arg(long, value_name = "WHEN")]
    expires: Option<When>,
    /// A tag for its traces; may be said several times
    #[arg(long = "tag", value_name = "NAME=VALUE", value_parser = tag)]
    tags: Vec<(String, String)>,
    /// Most requests a minute
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    requests: Option<u64>,
    /// Most tokens a minute
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    tokens: Option<u64>,
    /// Most requests at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    concurrent: Option<u64>,
    /// Most dollars that it may spend
    #[arg(long, value_name = "DOLLARS", requires = "every")]
    usd: Option<Money>,
    /// In which time
    #[arg(long, requires = "usd", value_parser = named(&Every::NAMES))]
    every: Option<Every>,
    /// What is kept of its requests [default: as the project says]
    #[arg(long, value_parser = named(&Keep::NAMES))]
    keep: Option<Keep>,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Create {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if self.name.is_empty() || !self.name.chars().all(plain) {
            bail!("'{}' is not a name for a key: names hold letters, digits, '-', '_' and '.'", self.name);
        }
        if self.place.upkeep()?.keys.contains(&self.name) {
            bail!("the project names a key '{}' already: choose another name", self.name);
        }
        let (minted, secret) = mint(&SystemClock, &SystemChance, self.name.clone());
        let key = self.key(minted);
        if !key.is_live(SystemClock.now()) {
            bail!("the key would have ended already: --expires lies in the past");
        }
        let store = self.place.store().await?;
        store.key_add(&key).await?;
        note(&*store, "key.create", &key.name, public(&key)?).await?;
        store.close().await;
        shown(&key, &secret, self.json)?;
        Ok(ExitCode::SUCCESS)
    }

    fn key(&self, minted: Key) -> Key {
        let some = |list: &Vec<String>| Some(list.clone()).filter(|list| !list.is_empty());
        let budget = self.usd.zip(self.every).map(|(limit, every)| KeyBudget { limit, every });
        Key {
            tenant: self.tenant.clone(),
            expires: self.expires.map(|when| when.after(minted.created)),
            scope: Scope {
                functions: some(&self.functions),
                models: some(&self.models),
                knowledge: some(&self.knowledge),
                admin: self.admin,
            },
            tags: self.tags.iter().cloned().collect(),
            limits: Rates { requests: self.requests, tokens: self.tokens, concurrent: self.concurrent },
            budget,
            keep: self.keep,
            ..minted
        }
    }
}

fn tag(text: &str) -> Result<(String, String), String> {
    let tag = text.split_once('=').filter(|(name, _)| !name.is_empty());
    tag.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| format!("'{text}' is not a tag like team=docs"))
}
