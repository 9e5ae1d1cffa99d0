//! `surefoot eval`.

use std::{process::ExitCode, sync::Arc};

use anyhow::{Context, bail};
use clap::Args;
use comfy_table::{Table, presets};
use surefoot_lab::evals::{self, Bench, Dataset, Finished, Options, Progress, report};
use surefoot_types::run::Verdict;

use super::Place;
use crate::{
    assemble::{GatewaySubject, House},
    terminal::{bar, say, say_json, tell},
};

/// Run evals: how many answers are as expected, and how sure that is
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot eval -p examples/docs-assistant
  surefoot eval answer --concurrency 8
  surefoot eval --json | jq '.[].overall'

Exits with 0 when every gate is open, with 1 when one is shut, and with 2 when an eval cannot be run.")]
pub(crate) struct Eval {
    /// Which evals [default: all of the project]
    names: Vec<String>,
    /// How many cases to ask at once
    #[arg(short, long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..))]
    concurrency: u16,
    /// Only the first so many cases of each
    #[arg(short, long)]
    limit: Option<usize>,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Eval {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let (settings, house) = self.place.open_fresh().await?;
        let known: Vec<&str> = settings.evals.iter().map(|eval| eval.name.as_str()).collect();
        if let Some(unknown) = self.names.iter().find(|name| !known.contains(&name.as_str())) {
            bail!("there is no eval '{unknown}'; the project has: {}", known.join(", "));
        }
        let chosen = settings.evals.iter().filter(|eval| self.names.is_empty() || self.names.contains(&eval.name));
        let options = Options { concurrency: self.concurrency.into(), limit: self.limit };
        let mut runs = Vec::new();
        for eval in chosen {
            let finished = one(&house, eval, options).await?;
            if !self.json {
                shown(&finished);
            }
            runs.push(finished.run);
        }
        house.store.close().await;
        if self.json {
            say_json(&runs)?;
        } else if runs.is_empty() {
            tell("The project has no evals: write evals/NAME.toml.");
        }
        let shut = runs.iter().any(|run| run.gate.as_ref().is_some_and(|gate| !gate.open));
        Ok(ExitCode::from(u8::from(shut)))
    }
}

async fn one(house: &House, eval: &evals::Eval, options: Options) -> anyhow::Result<Finished> {
    let dataset = Dataset::load(&eval.dataset).with_context(|| format!("the dataset of the eval '{}'", eval.name))?;
    let subject = GatewaySubject::new(house.gateway.clone(), Arc::new(house.store.clone()));
    let (clock, chance) = (house.clock.as_ref(), house.chance.as_ref());
    let bench = Bench { subject: &subject, notebook: &house.store, clock, chance };
    let bar = bar(0, &eval.name);
    let progress = |news: Progress| {
        bar.set_length(news.of);
        bar.set_position(news.done);
        bar.set_message(format!("{} passed, {} failed, {} errors", news.passed, news.failed, news.errors));
    };
    let finished = evals::run(eval, &dataset, bench, options, &progress).await;
    bar.finish_and_clear();
    Ok(finished?)
}

fn shown(finished: &Finished) {
    let run = &finished.run;
    say(format!("{} over {}: {} cases", run.eval, run.subject, run.cases));
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["grader", "pass rate", "95 % interval", "passed", "errors", "undefined"]);
    for row in report::rows(run) {
        let passed = format!("{} of {}", row.rate.passed, row.rate.of);
        let numbers = [row.errors.to_string(), row.undefined.to_string()];
        let [errors, undefined] = numbers;
        table.add_row([row.name.clone(), row.rate_told(), row.interval_told(), passed, errors, undefined]);
    }
    say(table.to_string());
    for case in finished.cases.iter().filter(|case| matches!(case.verdict, Verdict::Fail | Verdict::Error)) {
        let why = case.grades.iter().filter(|grade| matches!(grade.verdict, Verdict::Fail | Verdict::Error));
        let why: Vec<String> = why.map(|grade| format!("{}: {}", grade.grader, grade.reason)).collect();
        say(format!("  {} {}", case.case_id, why.join("; ")));
    }
    if let Some(gate) = &run.gate {
        say(format!("gate {}: {}", if gate.open { "open" } else { "shut" }, gate.reason));
    }
    say("");
}
