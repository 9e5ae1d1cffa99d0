//! `surefoot dataset from-traces`.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::Args;
use surefoot_gateway::resolve::is_live;
use surefoot_lab::evals::harvest::{self, Condition, Wanted};
use surefoot_types::{
    Clock, SystemClock,
    ports::{Store, TraceFilter},
    trace::Outcome,
};

use super::{Guard, write};
use crate::{
    commands::{Place, traces::searched, when::When},
    terminal::say,
};

/// Make cases of what was asked, without secrets and personal data
#[derive(Debug, Args)]
#[command(
    after_help = "A case has the question as its `input`, the `output` that was given, `expect` where somebody corrected it,
and `human` (pass or fail) where there was a thumb: it can be asked again, and is a label for a judge too.
Secrets and personal data are replaced by marks like [EMAIL]; look through the file before you keep it: what
is found by form and by list is not all that can be personal. Of the same question one case is made.

Examples:
  surefoot dataset from-traces evals/asked.jsonl --asked answer --since 7d
  surefoot dataset from-traces evals/bad.jsonl --feedback thumbs=false
  surefoot dataset from-traces evals/corrected.jsonl --corrected --conversation"
)]
pub(super) struct FromTraces {
    /// The file to write: `.jsonl`
    file: PathBuf,
    /// Only those of this function, alias or model
    #[arg(long)]
    asked: Option<String>,
    /// Only those whose question holds this text
    #[arg(long)]
    text: Option<String>,
    /// Only those since then: a time like 7d, or a day
    #[arg(long, value_name = "WHEN")]
    since: Option<When>,
    /// Only those with feedback that fits, like thumbs=false or stars<3
    #[arg(long, value_name = "CONDITION")]
    feedback: Option<Condition>,
    /// Only those that somebody corrected
    #[arg(long)]
    corrected: bool,
    /// Take the whole conversation, not the last question alone
    #[arg(long)]
    conversation: bool,
    /// How many traces to look at, the newest first
    #[arg(short, long, default_value_t = 1_000)]
    limit: usize,
    #[command(flatten)]
    place: Place,
}

impl FromTraces {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let ending = self.file.extension().and_then(|ending| ending.to_str());
        anyhow::ensure!(ending == Some("jsonl"), "{}: cases are written as .jsonl", self.file.display());
        let guard = Guard::new()?;
        let store = self.place.existing_store().await?;
        let cases = self.cases(&*store, &guard).await?;
        store.close().await;
        let dataset = harvest::gathered(cases).map_err(anyhow::Error::msg)?;
        write(&self.file, &dataset.to_jsonl()).with_context(|| "nothing was written")?;
        say(format!("{}: {} cases, version {}", self.file.display(), dataset.cases().len(), dataset.hash()));
        Ok(ExitCode::SUCCESS)
    }

    async fn cases(
        &self,
        store: &dyn Store,
        guard: &Guard,
    ) -> anyhow::Result<Vec<serde_json::Map<String, serde_json::Value>>> {
        let wanted =
            Wanted { feedback: self.feedback.clone(), corrected: self.corrected, conversation: self.conversation };
        let filter = TraceFilter {
            asked: self.asked.clone(),
            outcome: Some(Outcome::Answered),
            since: self.since.map(|when| when.before(SystemClock.now())),
            ..TraceFilter::default()
        };
        let traces = match &self.text {
            Some(text) => searched(store, text, filter, self.limit).await?,
            None => store.trace_list(&filter, self.limit).await?,
        };
        let mut cases = Vec::new();
        for found in traces {
            let Some(trace) = store.trace_get(found.id).await? else { continue };
            // What an eval asked is in a dataset already, and what a shadow answered was shown to nobody.
            if !is_live(&trace.door) {
                continue;
            }
            let feedback = store.feedback_list(trace.id).await?;
            cases.extend(harvest::case(&trace, &feedback, &wanted, guard));
        }
        Ok(cases)
    }
}
