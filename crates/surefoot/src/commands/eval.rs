//! `surefoot eval`.

mod baseline;
mod import;
mod shown;
mod written;

use std::{process::ExitCode, sync::Arc};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde::Serialize;
use surefoot_lab::evals::{self, Bench, Comparison, Dataset, Decided, Decision, Finished, Options, Progress};
use surefoot_types::{Money, ids::RunId, run::Run};

use self::{
    baseline::Baseline,
    shown::{shown, told_plan},
    written::Written,
};
use super::{Place, judge::run_named};
use crate::{
    assemble::{GatewaySubject, House},
    terminal::{bar, problem, say, say_json, tell},
};

/// Run evals: how many answers are as expected, and how sure that is
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  surefoot eval -p examples/docs-assistant
  surefoot eval answer --concurrency 8
  surefoot eval answer --repeats 5 --max-usd 2.50
  surefoot eval answer --resume
  surefoot eval answer --plan 3
  surefoot eval answer --against last
  surefoot eval answer --against answer@concise --junit report.xml
  surefoot eval --save-baseline main
  surefoot eval --gate --baseline main --markdown comment.md --html report.html
  surefoot eval --results answers.jsonl --results answers.csv
  surefoot eval --json | jq '.[].overall'

Exits with 0 when every gate is open, with 1 when one is shut or a run is worse than what it is compared
with, and with 2 when an eval cannot be run. With --gate: 0 passed, 1 failed, 2 the evidence does not tell,
3 something broke."
)]
pub(crate) struct Eval {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Which evals [default: all of the project]
    names: Vec<String>,
    /// How many cases to ask at once
    #[arg(short, long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..))]
    concurrency: u16,
    /// Only the first so many cases of each
    #[arg(short, long)]
    limit: Option<usize>,
    /// How often to ask each case: how reliable the answers are, as pass@k and pass^k
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1000))]
    repeats: u64,
    /// Stop before it costs more than so many dollars
    #[arg(long, value_name = "DOLLARS")]
    max_usd: Option<Money>,
    /// Go on with a run that was stopped or killed [default: the newest such run]
    #[arg(long, value_name = "RUN", num_args = 0..=1, default_missing_value = "last", conflicts_with = "limit")]
    resume: Option<String>,
    /// Compare with a run, with the last one (`last`), or with another function, variant or model
    #[arg(long, value_name = "RUN|SUBJECT")]
    against: Option<String>,
    /// Compare with the baseline of this name: evals/baselines/NAME.json
    #[arg(long, value_name = "NAME", conflicts_with = "against")]
    baseline: Option<String>,
    /// Keep the runs as the baseline of this name, for later ones to be compared with
    #[arg(long, value_name = "NAME")]
    save_baseline: Option<String>,
    /// Exit with 0 passed, 1 failed, 2 cannot tell, 3 something broke
    #[arg(long, conflicts_with = "plan")]
    gate: bool,
    /// Ask nothing: tell how many cases, dollars and minutes a difference of so many points needs
    #[arg(long, value_name = "POINTS", value_parser = points)]
    plan: Option<f64>,
    #[command(flatten)]
    written: Written,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Import(import::Import),
}

/// A run, with what it is compared with.
#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    run: Run,
    #[serde(skip_serializing_if = "Option::is_none")]
    comparison: Option<Comparison>,
    /// What the gate says, where that is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<Decision>,
    #[serde(skip)]
    settled: Decision,
    #[serde(skip)]
    finished: Finished,
    #[serde(skip)]
    before: Option<Finished>,
}

impl Told {
    /// Why a build must not go on, if it must not.
    fn shut(&self) -> Option<String> {
        (self.settled.decided != Decided::Pass).then(|| self.settled.reason.clone())
    }
}

impl Eval {
    pub(crate) async fn run(mut self) -> anyhow::Result<ExitCode> {
        if let Some(Verb::Import(verb)) = self.verb.take() {
            return verb.run();
        }
        gated(self.gate, self.all().await)
    }

    async fn all(&self) -> anyhow::Result<ExitCode> {
        let (settings, house) = self.place.open_fresh().await?;
        let known: Vec<&str> = settings.evals.iter().map(|eval| eval.name.as_str()).collect();
        if let Some(unknown) = self.names.iter().find(|name| !known.contains(&name.as_str())) {
            bail!("there is no eval '{unknown}'; the project has: {}", known.join(", "));
        }
        let chosen = settings.evals.iter().filter(|eval| self.names.is_empty() || self.names.contains(&eval.name));
        let chosen: Vec<&evals::Eval> = chosen.collect();
        if let Some(difference) = self.plan {
            return self.planned(&house, &chosen, difference).await;
        }
        let baseline = self.baseline.as_ref().map(|name| Baseline::read(&self.place.project, name)).transpose()?;
        self.gateless(&chosen)?;
        self.written.check()?;
        let (mut left, mut runs) = (self.max_usd, Vec::new());
        for eval in &chosen {
            runs.push(self.one(&house, eval, baseline.as_ref(), &mut left).await?);
        }
        evals::adjust(&mut runs.iter_mut().filter_map(|told| told.comparison.as_mut()).collect::<Vec<_>>());
        for (told, eval) in runs.iter_mut().zip(&chosen) {
            told.settled = evals::settle(eval.gate.as_ref(), &told.finished, told.comparison.as_ref());
            told.decision = self.gate.then(|| told.settled.clone());
        }
        self.told(&house, &runs).await?;
        house.close().await;
        let worst = runs.iter().map(|told| told.settled.decided).max().unwrap_or(Decided::Pass);
        let code = if self.gate { worst.code() } else { u8::from(worst != Decided::Pass) };
        Ok(ExitCode::from(code))
    }

    /// A gate over something that has none would be open whatever came.
    fn gateless(&self, chosen: &[&evals::Eval]) -> anyhow::Result<()> {
        let compared = self.against.is_some() || self.baseline.is_some();
        let without = chosen.iter().find(|eval| self.gate && !compared && eval.gate.is_none());
        match without {
            Some(eval) => bail!("the eval '{}' has no [gate], and is compared with nothing", eval.name),
            None if self.gate && chosen.is_empty() => bail!("the project has no evals: write evals/NAME.toml"),
            None => Ok(()),
        }
    }

    /// On the terminal and in files.
    async fn told(&self, house: &House, runs: &[Told]) -> anyhow::Result<()> {
        self.written.write(house, runs).await?;
        if let Some(name) = &self.save_baseline {
            let file = Baseline::save(&self.place.project, name, runs.iter().map(|told| &told.finished))?;
            tell(format!("The baseline '{name}' is kept in {}.", file.display()));
        }
        if self.json {
            say_json(&runs)?;
        } else if runs.is_empty() {
            tell("The project has no evals: write evals/NAME.toml.");
        } else {
            runs.iter().for_each(shown);
        }
        Ok(())
    }

    /// Tells what a difference needs, going by the last finished run of each eval, and one before it.
    async fn planned(&self, house: &House, chosen: &[&evals::Eval], difference: f64) -> anyhow::Result<ExitCode> {
        let mut plans = Vec::new();
        for eval in chosen {
            let runs = house.store.run_list(Some(&eval.name), EARLIER).await?;
            let mut runs = runs.into_iter().filter(|run| run.finished.is_some());
            let last =
                runs.next().with_context(|| format!("run the eval '{}' once: a plan goes by a run", eval.name))?;
            let earlier = runs.find(|run| run.dataset == last.dataset);
            let mut kept = Vec::new();
            for run in [Some(last), earlier].into_iter().flatten() {
                let cases = house.store.run_cases(run.id).await?;
                kept.push(Finished { run, cases });
            }
            let plan = evals::plan(&kept[0], kept.get(1), difference);
            let plan = plan.with_context(|| format!("no case of the run {} could be graded", kept[0].run.id))?;
            if !self.json {
                say(told_plan(&eval.name, &kept[0].run, &plan, self.concurrency));
            }
            plans.push(plan);
        }
        house.close().await;
        if self.json {
            say_json(&plans)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Runs one eval, and compares it where that is asked for. `left` is the money that is left.
    async fn one(
        &self,
        house: &House,
        eval: &evals::Eval,
        baseline: Option<&Baseline>,
        left: &mut Option<Money>,
    ) -> anyhow::Result<Told> {
        let dataset =
            Dataset::load(&eval.dataset).with_context(|| format!("the dataset of the eval '{}'", eval.name))?;
        let before = match baseline {
            Some(baseline) => Some(baseline.run(&eval.name, &dataset)?),
            None => self.before(house, eval, &dataset, left).await?,
        };
        let finished = self.asked(house, eval, &dataset, left, self.resumed(house, eval).await?).await?;
        let comparison = before.as_ref().map(|before| evals::compare(before, &finished)).transpose()?;
        let settled = Decision { decided: Decided::Pass, reason: String::new() };
        Ok(Told { run: finished.run.clone(), comparison, decision: None, settled, finished, before })
    }

    /// What the run is compared with: one that is kept, or another subject, which is asked now.
    async fn before(
        &self,
        house: &House,
        eval: &evals::Eval,
        dataset: &Dataset,
        left: &mut Option<Money>,
    ) -> anyhow::Result<Option<Finished>> {
        let Some(against) = &self.against else { return Ok(None) };
        if against != "last" && against.parse::<RunId>().is_err() {
            let other = evals::Eval { subject: against.clone(), ..eval.clone() };
            return Ok(Some(self.asked(house, &other, dataset, left, None).await?));
        }
        let id = run_named(&*house.store, against, eval).await?;
        let run = house.store.run_get(id).await?.with_context(|| format!("there is no run {id}"))?;
        let cases = house.store.run_cases(run.id).await?;
        Ok(Some(Finished { run, cases }))
    }

    /// The run to go on with.
    async fn resumed(&self, house: &House, eval: &evals::Eval) -> anyhow::Result<Option<RunId>> {
        match self.resume.as_deref() {
            None => Ok(None),
            Some("last") => {
                let unfinished = evals::unfinished(&*house.store, &eval.name).await?;
                let unfinished =
                    unfinished.with_context(|| format!("no run of the eval '{}' was left unfinished", eval.name));
                Ok(Some(unfinished?))
            }
            Some(id) => Ok(Some(id.parse::<RunId>().with_context(|| format!("'{id}' is no run's id"))?)),
        }
    }

    async fn asked(
        &self,
        house: &House,
        eval: &evals::Eval,
        dataset: &Dataset,
        left: &mut Option<Money>,
        resume: Option<RunId>,
    ) -> anyhow::Result<Finished> {
        let options = Options {
            concurrency: self.concurrency.into(),
            limit: self.limit,
            repeats: self.repeats,
            most: *left,
            resume,
        };
        let answers = dataset.cases().len().min(self.limit.unwrap_or(usize::MAX)) as u64 * self.repeats;
        estimated(house, eval, answers).await?;
        let subject = GatewaySubject::new(house.gateway.clone(), Arc::clone(&house.store) as _);
        let subject = if resume.is_some() { subject.remembering() } else { subject };
        let (clock, chance) = (house.clock.as_ref(), house.chance.as_ref());
        let bench = Bench { subject: &subject, notebook: &*house.store, clock, chance };
        let bar = bar(0, &eval.name);
        let progress = |news: Progress| {
            bar.set_length(news.of);
            bar.set_position(news.done);
            let spent = news.spent.map_or_else(String::new, |spent| format!(", {spent}"));
            bar.set_message(format!("{} passed, {} failed, {} errors{spent}", news.passed, news.failed, news.errors));
        };
        let finished = evals::run(eval, dataset, bench, options, &progress).await;
        bar.finish_and_clear();
        let finished = finished?;
        *left = left.map(|left| left - finished.run.cost.unwrap_or_default());
        Ok(finished)
    }
}

/// What a gate's program exits with: what broke is no verdict.
pub(super) fn gated(gate: bool, ended: anyhow::Result<ExitCode>) -> anyhow::Result<ExitCode> {
    match ended {
        Err(error) if gate => {
            problem(&error);
            Ok(ExitCode::from(Decided::Broken.code()))
        }
        ended => ended,
    }
}

/// Points of a difference, as a share.
fn points(text: &str) -> Result<f64, String> {
    let points = text.parse::<f64>().ok().filter(|points| *points > 0.0 && *points < 100.0);
    points.map(|points| points / 100.0).ok_or_else(|| "a difference in points, above 0 and below 100, like 3".into())
}

/// How many earlier runs are looked at.
const EARLIER: usize = 50;

/// Tells what a run of so many answers will cost, going by the last one that was finished.
async fn estimated(house: &House, eval: &evals::Eval, answers: u64) -> anyhow::Result<()> {
    let runs = house.store.run_list(Some(&eval.name), EARLIER).await?;
    let earlier = runs.into_iter().find(|run| run.finished.is_some() && run.subject == eval.subject);
    if let Some((run, cost)) = earlier.and_then(|run| run.cost.map(|cost| (run, cost)))
        && run.cases > 0
        && cost > Money::default()
    {
        let each = cost.as_nanos() / i64::try_from(run.cases * run.repeats)?;
        let whole = Money::nanos(each.saturating_mul(i64::try_from(answers)?));
        tell(format!("{}: {answers} answers, about {whole} going by {}", eval.name, run.id));
    }
    Ok(())
}
