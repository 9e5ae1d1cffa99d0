//! `surefoot audit`.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;
use surefoot_types::{audit::Follower, ports::Store};

use super::Place;
use crate::terminal::{say, say_json, table, tell};

/// How many events are read at once.
const PAGE: usize = 1_000;

/// Show the audit log, or check that nobody changed it
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot audit list
  surefoot audit verify")]
pub(crate) struct Audit {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(List),
    Verify(Verify),
}

impl Audit {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.verb {
            Verb::List(verb) => verb.run().await,
            Verb::Verify(verb) => verb.run().await,
        }
    }
}

/// List who did what, oldest first
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot audit list
  surefoot audit list --after 100 --limit 50
  surefoot audit list --json | jq '.[] | select(.action == \"user.erase\")'")]
struct List {
    /// Only events after this number
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    after: u64,
    /// How many to list
    #[arg(short, long, default_value_t = 100)]
    limit: usize,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl List {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let store = self.place.existing_store().await?;
        let events = store.audit_list(self.after, self.limit).await;
        store.close().await;
        let events = events?;
        if self.json {
            say_json(&events)?;
        } else if events.is_empty() {
            tell("Nothing was noted.");
        } else {
            let mut shown = table(["number", "when", "who", "what", "to what", "hash"]);
            for event in &events {
                let draft = &event.draft;
                let hash = event.hash.get(..12).unwrap_or(&event.hash).to_owned();
                shown.add_row([
                    event.number.to_string(),
                    format!("{:.0}", draft.at),
                    draft.actor.clone(),
                    draft.action.clone(),
                    draft.subject.clone(),
                    hash,
                ]);
            }
            say(shown.to_string());
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Follow the chain of hashes from the first event to the last
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot audit verify
  surefoot audit verify --expect 5ad5e1cf09c5c5b7e9b0ab3e1c36cc2c4a1b2f6bb7a9f1e3d4c5b6a798897a6b
  surefoot audit verify --json | jq -r .hash

The chain shows any event that was changed, moved or taken out. That the last events were not cut off shows only who
noted a hash elsewhere before, and says it here. Exits with 1 when the log was changed.")]
struct Verify {
    /// A hash that was noted before: it must be in the log
    #[arg(long, value_name = "HASH")]
    expect: Option<String>,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Verify {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let store = self.place.existing_store().await?;
        let followed = self.follow(&*store).await;
        store.close().await;
        let (number, hash, wrong) = followed?;
        if self.json {
            say_json(&json!({"ok": wrong.is_none(), "events": number, "hash": hash, "wrong": wrong}))?;
        } else if let Some(wrong) = &wrong {
            tell(wrong);
        } else {
            say(format!("{number} events, none changed; the last hash is {hash}"));
        }
        Ok(ExitCode::from(u8::from(wrong.is_some())))
    }

    /// The last number and hash that hold, and what does not.
    async fn follow(&self, store: &dyn Store) -> anyhow::Result<(u64, String, Option<String>)> {
        let mut follower = Follower::new(self.expect.clone().map(|hash| (None, hash)));
        loop {
            let events = store.audit_list(follower.last, PAGE).await?;
            if events.is_empty() {
                break;
            }
            follower.take(&events);
        }
        follower.end();
        let Follower { good: (number, hash), broken, .. } = follower;
        Ok((number, hash, broken))
    }
}
