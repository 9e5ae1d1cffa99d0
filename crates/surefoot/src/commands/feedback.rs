//! `surefoot feedback`.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use surefoot_types::{
    feedback::{self, FeedbackDraft, FeedbackValue},
    ids::{FeedbackId, TraceId},
    ports::Store,
};

use super::Place;
use crate::{
    assemble::House,
    terminal::{say, say_json, table, tell},
};

/// Say something about an answer, or list what was said
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot feedback tr_01jd8n6y4vq0t2x5w9zk3m7c1f
  surefoot feedback tr_01jd8n6y4vq0t2x5w9zk3m7c1f thumbs true
  surefoot feedback tr_01jd8n6y4vq0t2x5w9zk3m7c1f correction \"Returns are free for 30 days.\" --user ann
  surefoot feedback tr_01jd8n6y4vq0t2x5w9zk3m7c1f stars 4
  surefoot feedback tr_01jd8n6y4vq0t2x5w9zk3m7c1f thumbs null
  surefoot feedback tr_01jd8n6y4vq0t2x5w9zk3m7c1f --json | jq '.[] | select(.stands)'

A value is true or false, a number, a text for comment and correction, or null to take back what the same user said before.
What a user says again takes the place of what was said before; the list shows all of it. Exits with 1 when there is no
such trace.")]
pub(crate) struct Feedback {
    /// The trace that it is about
    #[arg(value_name = "TRACE")]
    trace: TraceId,
    /// What is said something about: thumbs, comment, correction, or a name of your own
    #[arg(value_name = "METRIC", requires = "value")]
    metric: Option<String>,
    /// What is said
    #[arg(value_name = "VALUE", allow_hyphen_values = true)]
    value: Option<String>,
    /// Who says it [default: the trace's end user]
    #[arg(long)]
    user: Option<String>,
    /// The step or the attempt that it is about, rather than the whole trace
    #[arg(long)]
    span: Option<String>,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Feedback {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let Some(metric) = &self.metric else {
            let store = self.place.existing_store().await?;
            let listed = self.list(&*store).await;
            store.close().await;
            return listed;
        };
        let (_, house) = self.place.open().await?;
        let kept = self.keep(&house, metric).await;
        house.close().await;
        kept
    }

    async fn keep(&self, house: &House, metric: &str) -> anyhow::Result<ExitCode> {
        let Some(trace) = house.store.trace_get(self.trace).await? else { return Ok(self.no_trace()) };
        let value = value(metric, self.value.as_deref().unwrap_or_default());
        let draft =
            FeedbackDraft { span: self.span.clone(), user: self.user.clone(), ..FeedbackDraft::new(metric, value) };
        let id = FeedbackId::mint(house.clock.as_ref(), house.chance.as_ref());
        let mut kept = match draft.on(&trace, id, house.clock.now()) {
            Ok(kept) => kept,
            Err(fault) => bail!("{}", fault.told()),
        };
        if let FeedbackValue::Text(text) = &mut kept.value {
            house.gateway.redact_like(&trace, text);
        }
        house.store.feedback_add(&kept).await?;
        if self.json {
            say_json(&kept)?;
        } else {
            tell(format!("kept as {}", kept.id));
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn list(&self, store: &dyn Store) -> anyhow::Result<ExitCode> {
        if store.trace_get(self.trace).await?.is_none() {
            return Ok(self.no_trace());
        }
        let all = store.feedback_list(self.trace).await?;
        let stands: Vec<FeedbackId> = feedback::standing(&all).iter().map(|one| one.id).collect();
        if self.json {
            let mut told = serde_json::to_value(&all)?;
            for (one, feedback) in told.as_array_mut().into_iter().flatten().zip(&all) {
                one["stands"] = stands.contains(&feedback.id).into();
            }
            say_json(&told)?;
        } else if all.is_empty() {
            tell("Nothing was said about it.");
        } else {
            let mut listed = table(["at", "by", "about", "metric", "value", "stands"]);
            for one in &all {
                let about =
                    one.span.clone().or_else(|| one.session.as_ref().map(|session| format!("session {session}")));
                listed.add_row([
                    one.at.to_string(),
                    one.user.clone().unwrap_or_default(),
                    about.unwrap_or_default(),
                    one.metric.clone(),
                    serde_json::to_string(&one.value)?,
                    if stands.contains(&one.id) { "yes" } else { "no" }.to_owned(),
                ]);
            }
            say(listed.to_string());
        }
        Ok(ExitCode::SUCCESS)
    }

    fn no_trace(&self) -> ExitCode {
        tell(format!("there is no trace {}", self.trace));
        ExitCode::FAILURE
    }
}

/// A value as it was typed. Words are words, whatever they look like, where a text is asked for.
fn value(metric: &str, typed: &str) -> FeedbackValue {
    let text = || FeedbackValue::Text(typed.to_owned());
    if ["comment", "correction"].contains(&metric) && typed != "null" {
        return text();
    }
    serde_json::from_str(typed).unwrap_or_else(|_| text())
}
