//! `surefoot erase`.

use std::{
    io::{IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::Args;
use serde::Serialize;
use serde_json::json;
use surefoot_types::{
    Clock, SystemClock, Timestamp,
    audit::AuditDraft,
    erasure::{Erased, user_hash},
};

use super::{CLI, Place};
use crate::{
    assemble::scrub_index,
    terminal::{say, say_json, table, tell},
};

/// Erase everything that was derived from an end user, and print a certificate
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot erase --user u-1234
  surefoot erase --user u-1234 --yes --out certificate.json
  surefoot erase --user u-1234 --yes --json | jq .counts

Takes away traces with their feedback, sums and accounts under the user's name, cases of eval runs made of those traces,
documents that the user owns with their passages, vectors and index entries, and what waits to be stored; on every replica
within seconds. Backups that were made before still hold them, and so do the project's own files: the certificate
names the documents whose files may still lie in a folder.")]
pub(crate) struct Erase {
    /// The user, as callers name them
    #[arg(long)]
    user: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Write the certificate to a file too
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What was done, without saying for whom: the hash tells it to those who know the name.
#[derive(Debug, Serialize)]
struct Certificate {
    /// BLAKE3 of the user's name.
    user_hash: String,
    at: Timestamp,
    #[serde(flatten)]
    erased: Erased,
    /// The event of the audit log that notes it.
    audit: Noted,
}

#[derive(Debug, Serialize)]
struct Noted {
    number: u64,
    hash: String,
}

impl Erase {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        if self.user.trim().is_empty() {
            bail!("--user is empty");
        }
        if !self.yes && !self.agreed()? {
            tell("Nothing was erased.");
            return Ok(ExitCode::from(1));
        }
        let store = self.place.existing_store().await?;
        let at = SystemClock.now();
        let erased = store.user_erase(&self.user, at).await?;
        let draft = AuditDraft {
            at,
            actor: CLI.into(),
            action: "user.erase".into(),
            subject: user_hash(&self.user),
            detail: json!({"number": erased.number, "counts": erased.counts}),
        };
        let event = store.audit_add(&draft).await?;
        scrub_index(&store, &self.place.upkeep()?.store, &self.place.data()).await?;
        store.close().await;
        let audit = Noted { number: event.number, hash: event.hash };
        let certificate = Certificate { user_hash: draft.subject, at, erased, audit };
        if let Some(path) = &self.out {
            let text = serde_json::to_string_pretty(&certificate)? + "\n";
            std::fs::write(path, text).with_context(|| {
                format!("everything was erased, but the certificate could not be written to {}", path.display())
            })?;
        }
        if self.json {
            say_json(&certificate)?;
        } else {
            shown(&certificate);
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Asks on a terminal; elsewhere nobody could answer.
    fn agreed(&self) -> anyhow::Result<bool> {
        if !std::io::stdin().is_terminal() {
            bail!("nobody can be asked here: say --yes to erase without asking");
        }
        let mut err = std::io::stderr();
        write!(err, "Erase everything of the user '{}'? This cannot be undone. [y/N] ", self.user)?;
        err.flush()?;
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer)?;
        Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
    }
}

fn shown(certificate: &Certificate) {
    let mut counts = table(["what", "how many"]);
    for (what, many) in &certificate.erased.counts {
        counts.add_row([what.replace('_', " "), many.to_string()]);
    }
    say(format!("Erased at {} (number {})", certificate.at, certificate.erased.number));
    say(format!("user, as BLAKE3  {}", certificate.user_hash));
    say(format!("audit event      {} {}", certificate.audit.number, certificate.audit.hash));
    say(counts.to_string());
    for document in &certificate.erased.documents {
        tell(format!("{document}: its file may still lie in a folder; delete it there."));
    }
}
