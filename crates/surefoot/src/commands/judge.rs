//! `surefoot judge`.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use surefoot_lab::evals::{self, Dataset, Grader, calibrate};
use surefoot_types::{ids::RunId, ports::Notebook};

use super::Place;
use crate::{
    assemble::GatewaySubject,
    terminal::{bar, say, say_json},
};

/// Measure the judges of evals
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot judge calibrate answer --labels evals/labels.jsonl
  surefoot judge calibrate --help")]
pub(crate) struct Judge {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Calibrate(Calibrate),
}

impl Judge {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.verb {
            Verb::Calibrate(verb) => verb.run().await,
        }
    }
}

/// Compare a judge with people: agreement, kappa, and which way it leans
#[derive(Debug, Args)]
#[command(
    after_help = "A labelled case is a line with the `input`, the `output` that was judged, and `human`: pass or fail.

Examples:
  surefoot judge calibrate answer --labels evals/labels.jsonl
  surefoot judge calibrate answer --grader tone --labels evals/labels.csv --json
  surefoot judge calibrate answer --labels evals/labels.jsonl --correct last"
)]
struct Calibrate {
    /// The eval whose grader it is
    eval: String,
    /// The grader [default: the only one that asks a judge]
    #[arg(long, value_name = "NAME")]
    grader: Option<String>,
    /// The labelled cases: `.jsonl`, `.csv`, `.yaml`
    #[arg(long, value_name = "FILE")]
    labels: PathBuf,
    /// Correct the judge's pass rate in this run, or in the last one (`last`), by the labels
    #[arg(long, value_name = "RUN")]
    correct: Option<String>,
    /// How many cases to judge at once
    #[arg(short, long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..))]
    concurrency: u16,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Calibrate {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let (settings, house) = self.place.open().await?;
        let known = settings.evals.iter().map(|eval| eval.name.as_str()).collect::<Vec<_>>().join(", ");
        let eval = settings.evals.iter().find(|eval| eval.name == self.eval);
        let eval = eval.with_context(|| format!("there is no eval '{}'; the project has: {known}", self.eval))?;
        let grader = self.grader(eval)?;
        let labels = Dataset::load(&self.labels)?;
        let unlabelled = match &self.correct {
            None => Vec::new(),
            Some(run) => {
                let id = run_named(&*house.store, run, eval).await?;
                house.store.run_cases(id).await?
            }
        };
        let subject = GatewaySubject::new(house.gateway.clone(), Arc::clone(&house.store) as _);
        let bar = bar(labels.cases().len() as u64, grader.name());
        let progress = |done| bar.set_position(done);
        let at_once = self.concurrency.into();
        let told = calibrate::calibrate(&grader, &labels, &subject, at_once, &unlabelled, &progress).await;
        bar.finish_and_clear();
        house.close().await;
        let told = told.map_err(|wrong| anyhow::anyhow!("{}: {}", self.labels.display(), wrong.join("\n")))?;
        if self.json {
            say_json(&told)?;
        } else {
            say(told.told());
            for one in &told.disagreements {
                let people = if one.human { "pass" } else { "fail" };
                say(format!("    {}: people say {people}; the judge: {}", one.case, one.reason));
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The grader that is asked for, ready to grade.
    fn grader(&self, eval: &evals::Eval) -> anyhow::Result<Grader> {
        let named = |spec: &&evals::GraderSpec| match &self.grader {
            Some(name) => spec.name == *name,
            None => spec.asks(),
        };
        let mut found = eval.graders.iter().filter(named);
        let all = || eval.graders.iter().map(|spec| spec.name.as_str()).collect::<Vec<_>>().join(", ");
        match (found.next(), found.next()) {
            (Some(only), None) if only.asks() => Grader::compile(only, eval.home()).map_err(anyhow::Error::msg),
            (Some(other), None) => bail!("the grader '{}' asks no judge", other.name),
            (Some(_), Some(_)) => bail!("several graders of '{}' ask a judge: name one with --grader", eval.name),
            (None, _) => bail!("'{}' has no such grader that asks a judge; its graders are: {}", eval.name, all()),
        }
    }
}

/// The run of this id; `last` is the newest finished one of the eval.
pub(super) async fn run_named(notebook: &dyn Notebook, name: &str, eval: &evals::Eval) -> anyhow::Result<RunId> {
    /// How many earlier runs are looked at.
    const EARLIER: usize = 50;
    if name != "last" {
        let id = name.parse::<RunId>().with_context(|| format!("'{name}' is no run's id, nor `last`"))?;
        notebook.run_get(id).await?.with_context(|| format!("there is no run {id}"))?;
        return Ok(id);
    }
    let runs = notebook.run_list(Some(&eval.name), EARLIER).await?;
    let last = runs.into_iter().find(|run| run.finished.is_some());
    Ok(last.with_context(|| format!("there is no finished run of the eval '{}'", eval.name))?.id)
}
