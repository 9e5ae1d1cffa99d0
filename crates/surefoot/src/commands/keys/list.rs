//! `surefoot keys list`.

use std::process::ExitCode;

use clap::Args;
use surefoot_types::{
    Clock, SystemClock, Timestamp,
    key::{Admin, Key},
};

use super::public;
use crate::{
    commands::Place,
    terminal::{say, say_json, table, tell},
};

/// List the keys that were made (those of the project's files stand there)
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot keys list
  surefoot keys list --all --json | jq '.[] | select(.revoked == null).name'")]
pub(crate) struct List {
    /// Show revoked and expired ones too
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl List {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let store = self.place.store().await?;
        let keys = store.key_list().await;
        store.close().await;
        let now = SystemClock.now();
        let keys: Vec<Key> = keys?.into_iter().filter(|key| self.all || key.is_live(now)).collect();
        if self.json {
            say_json(&keys.iter().map(public).collect::<anyhow::Result<Vec<_>>>()?)?;
        } else if keys.is_empty() {
            tell("There are no keys: `surefoot keys create NAME` makes one.");
        } else {
            let mut shown = table(["name", "tenant", "may use", "admin", "limits", "budget", "made", "state"]);
            shown.add_rows(keys.iter().map(|key| row(key, now)));
            say(shown.to_string());
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn row(key: &Key, now: Timestamp) -> [String; 8] {
    [
        key.name.clone(),
        key.tenant.clone().unwrap_or_default(),
        scope(key),
        match key.scope.admin {
            Admin::None => "",
            Admin::Read => "read",
            Admin::All => "all",
        }
        .to_owned(),
        limits(key),
        key.budget.map(|budget| format!("{} a {}", budget.limit, budget.every.name())).unwrap_or_default(),
        day(key.created),
        state(key, now),
    ]
}

fn scope(key: &Key) -> String {
    let list = |what: &str, list: &Option<Vec<String>>| list.as_ref().map(|list| format!("{what} {}", list.join(" ")));
    let scope = &key.scope;
    let lists =
        [list("functions", &scope.functions), list("models", &scope.models), list("knowledge", &scope.knowledge)];
    let told: Vec<String> = lists.into_iter().flatten().collect();
    if told.is_empty() { "everything".into() } else { told.join("; ") }
}

fn limits(key: &Key) -> String {
    let told = |limit: Option<u64>, what: &str| limit.map(|limit| format!("{limit} {what}"));
    let limits = &key.limits;
    let all =
        [told(limits.requests, "requests/min"), told(limits.tokens, "tokens/min"), told(limits.concurrent, "at once")];
    all.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn state(key: &Key, now: Timestamp) -> String {
    let turning = key.secrets.iter().filter_map(|secret| secret.expires).filter(|end| now < *end).max();
    match (key.revoked, key.expires, turning) {
        (Some(at), _, _) => format!("revoked {}", day(at)),
        (None, Some(end), _) if end <= now => format!("ended {}", day(end)),
        (None, _, Some(until)) => format!("old secret until {until:.0}"),
        (None, Some(end), None) => format!("until {}", day(end)),
        (None, None, None) => String::new(),
    }
}

fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}
