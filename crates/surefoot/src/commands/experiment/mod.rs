//! `surefoot experiment`.

mod promote;

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::json;
use surefoot_lab::experiments::{Arm, State, Status as Goes};
use surefoot_types::{Clock, SystemClock, ports::Store};

use self::promote::Promote;
use super::{Place, note, read};
use crate::{
    settings::Settings,
    terminal::{say, say_json, table, tell},
};

/// Experiments on live traffic: how they stand, an end to one, and its winner for everybody
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot experiment status
  surefoot experiment stop answer
  surefoot experiment promote answer")]
pub(crate) struct Experiment {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Status(Status),
    Stop(Stop),
    Promote(Promote),
}

impl Experiment {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.verb {
            Verb::Status(verb) => verb.run().await,
            Verb::Stop(verb) => verb.run().await,
            Verb::Promote(verb) => verb.run().await,
        }
    }
}

/// How experiments stand
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot experiment status
  surefoot experiment status answer
  surefoot experiment status --json | jq '.[].verdict'

Shows what the last look of a running `surefoot up` found. Intervals hold at every look.")]
struct Status {
    /// Only those on this function
    function: Option<String>,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Status {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let store = self.place.existing_store().await?;
        let all = store.experiment_list().await;
        store.close().await;
        let mut states: Vec<State> = all?.iter().filter_map(State::read).collect();
        states.retain(|state| self.function.as_ref().is_none_or(|function| *function == state.function));
        if self.json {
            say_json(&states)?;
        } else if states.is_empty() {
            tell("There is no experiment. Write one into function.toml: see docs/experiments.md.");
        } else {
            states.iter().for_each(shown);
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn shown(state: &State) {
    say(format!("{}  {}  since {}", state.id, name(state.status), state.started));
    let mut rows =
        table(["variant", "share", "units", "counted", &state.metric, "at 95 %", "cost", "ms", "failed", ""]);
    for (at, arm) in state.arms.iter().enumerate() {
        rows.add_row(row(at, arm));
    }
    say(rows.to_string());
    say(format!("{}\n", state.verdict));
}

fn row(at: usize, arm: &Arm) -> [String; 10] {
    let told = |number: Option<f64>, decimals| number.map_or_else(String::new, |number| format!("{number:.decimals$}"));
    let role = if at == 0 { "control" } else { "" };
    [
        arm.name.clone(),
        format!("{:.0} %", arm.share * 100.0),
        arm.units.to_string(),
        arm.place.counted.to_string(),
        told(arm.place.mean, 3),
        format!("{:.3} – {:.3}", arm.place.low, arm.place.high),
        told(arm.cost_usd, 6),
        told(arm.latency_ms, 0),
        told(arm.errors, 3),
        arm.out.clone().unwrap_or_else(|| role.to_owned()),
    ]
}

fn name(status: Goes) -> &'static str {
    match status {
        Goes::Running => "running",
        Goes::Decided => "decided",
        Goes::Undecided => "undecided",
        Goes::Harmed => "harmed",
        Goes::Stopped => "stopped",
    }
}

/// End an experiment: all traffic is the control's again
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot experiment stop answer

Running processes take it in within seconds. To begin anew, change the experiment or a variant's file.")]
struct Stop {
    /// The function
    function: String,
    #[command(flatten)]
    place: Place,
}

impl Stop {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let settings = read(&self.place.project)?;
        let store = self.place.existing_store().await?;
        let stopped = stop(&*store, &settings, &self.function).await;
        store.close().await;
        tell(stopped?.verdict);
        Ok(ExitCode::SUCCESS)
    }
}

async fn stop(store: &dyn Store, settings: &Settings, function: &str) -> anyhow::Result<State> {
    // Whoever looks at it just now may be faster, once or twice.
    for _ in 0..100 {
        let (mut state, revision) = state(store, settings, function).await?;
        state.stop(SystemClock.now());
        if store.experiment_put(&state.kept(revision)).await? {
            note(store, "experiment.stop", function, json!({"experiment": state.id})).await?;
            return Ok(state);
        }
    }
    bail!("somebody else changes the experiment all the time")
}

/// How the experiment stands that the project's files say of a function, with its revision.
async fn state(store: &dyn Store, settings: &Settings, function: &str) -> anyhow::Result<(State, u64)> {
    let Some(design) = settings.experiments.iter().find(|design| design.function == function) else {
        let known: Vec<&str> = settings.experiments.iter().map(|design| design.function.as_str()).collect();
        bail!("there is no experiment on '{function}'; there is one on: {}", known.join(", "));
    };
    let kept = store.experiment_get(&design.id).await?;
    let kept =
        kept.with_context(|| format!("the experiment on '{function}' has not begun: no `surefoot up` has seen it"))?;
    let state = State::read(&kept).context("a newer Surefoot wrote how the experiment stands")?;
    Ok((state, kept.revision))
}
