//! `surefoot traces`.

use std::{process::ExitCode, time::Duration};

use clap::{Args, ValueEnum};
use surefoot_types::{
    Money, Usage,
    conversation::words,
    ids::TraceId,
    ports::{Search, Store, TraceFilter},
    trace::{self, Trace, TraceSummary},
};

use super::Place;
use crate::terminal::{say, say_json, table, tell, told};

/// Most traces that are looked at for a text in one go.
const LOOKED_AT: usize = 100_000;

/// List requests, or show one
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot traces -p examples/docs-assistant --limit 5
  surefoot traces tr_01jd8n6y4vq0t2x5w9zk3m7c1f
  surefoot traces --key app --text refund
  surefoot traces --outcome failed --json | jq '.[].fault'

Exits with 1 when the trace that is asked for does not exist.")]
pub(crate) struct Traces {
    /// The trace to show
    id: Option<TraceId>,
    /// How many to list
    #[arg(short, long, default_value_t = 20)]
    limit: usize,
    /// Only those that ended so
    #[arg(long)]
    outcome: Option<Outcome>,
    /// Only those of this function, alias or model
    #[arg(long)]
    asked: Option<String>,
    /// Only those of the key of this name
    #[arg(long)]
    key: Option<String>,
    /// Only those of this tenant
    #[arg(long)]
    tenant: Option<String>,
    /// Only those of this end user
    #[arg(long)]
    user: Option<String>,
    /// Only those of this session
    #[arg(long)]
    session: Option<String>,
    /// Only those whose question holds this text
    #[arg(long)]
    text: Option<String>,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Outcome {
    Answered,
    Failed,
    Cancelled,
}

impl Traces {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let store = self.place.existing_store().await?;
        let code = match self.id {
            Some(id) => self.one(&*store, id).await?,
            None => self.list(&*store).await?,
        };
        store.close().await;
        Ok(code)
    }

    async fn one(&self, store: &dyn Store, id: TraceId) -> anyhow::Result<ExitCode> {
        let Some(trace) = store.trace_get(id).await? else {
            tell(format!("There is no trace {id}."));
            return Ok(ExitCode::from(1));
        };
        if self.json {
            say_json(&trace)?;
        } else {
            shown(&trace);
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn list(&self, store: &dyn Store) -> anyhow::Result<ExitCode> {
        let outcome = self.outcome.map(|outcome| match outcome {
            Outcome::Answered => trace::Outcome::Answered,
            Outcome::Failed => trace::Outcome::Failed,
            Outcome::Cancelled => trace::Outcome::Cancelled,
        });
        let filter = TraceFilter {
            asked: self.asked.clone(),
            outcome,
            session: self.session.clone(),
            key: self.key.clone(),
            tenant: self.tenant.clone(),
            user: self.user.clone(),
            ..TraceFilter::default()
        };
        let traces = match &self.text {
            Some(text) => searched(store, text, filter, self.limit).await?,
            None => store.trace_list(&filter, self.limit).await?,
        };
        if self.json {
            say_json(&traces)?;
        } else if traces.is_empty() {
            tell("No traces fit.");
        } else {
            say(listed(&traces));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Looks at all traces that fit, a part after the other.
pub(super) async fn searched(
    store: &dyn Store,
    text: &str,
    filter: TraceFilter,
    limit: usize,
) -> anyhow::Result<Vec<TraceSummary>> {
    let mut search = Search { text: text.to_owned(), filter, most: LOOKED_AT };
    let mut traces = Vec::new();
    loop {
        let found = store.trace_search(&search, limit - traces.len()).await?;
        traces.extend(found.traces);
        search.filter.before = found.stopped_at;
        if found.stopped_at.is_none() || traces.len() >= limit {
            return Ok(traces);
        }
    }
}

fn listed(traces: &[TraceSummary]) -> String {
    let mut listed = table(["id", "asked", "question", "outcome", "tokens", "cost", "time"]);
    for one in traces {
        listed.add_row([
            one.id.to_string(),
            one.asked.clone(),
            one.question.chars().take(48).collect(),
            one.outcome.name().to_owned(),
            tokens(&one.usage),
            cost(one.cost),
            told(Duration::from_micros(one.took_us)),
        ]);
    }
    listed.to_string()
}

fn shown(trace: &Trace) {
    let micros = |micros| told(Duration::from_micros(micros));
    say(format!("{}  {}  {}", trace.id, trace.at, trace.outcome.name()));
    say(format!("asked     {}{}", trace.asked, trace.variant.as_ref().map(|v| format!("@{v}")).unwrap_or_default()));
    say(format!("question  {}", trace.question));
    say(format!("tokens    {}   cost {}   time {}", tokens(&trace.usage), cost(trace.cost), micros(trace.took_us)));
    if let Some(fault) = &trace.fault {
        say(format!("fault     {}: {}", fault.code.name(), fault.told()));
    }
    say("\nsteps");
    for span in &trace.spans {
        say(format!("  {:<9} {:>9}  {}", span.step, format!("{} µs", span.took_us), span.note));
    }
    if let Some(how) = &trace.strategy {
        say(format!("strategy  {how}"));
    }
    for attempt in &trace.attempts {
        let ended = attempt.fault.as_ref().map_or_else(|| "answered".into(), |fault| fault.message.clone());
        let purpose = if attempt.purpose.is_empty() { String::new() } else { format!(" ({})", attempt.purpose) };
        let taken = if attempt.chosen { ", taken" } else { "" };
        let target = &attempt.target;
        say(format!(
            "attempt   {target}{purpose}: {ended}{taken} ({}, {})",
            micros(attempt.took_us),
            cost(attempt.cost)
        ));
    }
    for (at, hit) in trace.passages.iter().enumerate() {
        let place =
            std::iter::once(hit.found.path.as_str()).chain(hit.found.passage.heading_path.iter().map(String::as_str));
        say(format!("passage   [{}] {} (score {:.3})", at + 1, place.collect::<Vec<_>>().join(" › "), hit.score));
    }
    say(format!("\n{}", words(&trace.answer)));
}

fn tokens(usage: &Usage) -> String {
    format!("{}{} → {}", if usage.estimated { "~" } else { "" }, usage.input_total(), usage.output)
}

fn cost(cost: Option<Money>) -> String {
    cost.map_or_else(|| "unknown".into(), |cost| cost.to_string())
}
