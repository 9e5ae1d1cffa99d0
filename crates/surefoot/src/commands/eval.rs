//! `surefoot eval`.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::{Context, bail};
use clap::Args;
use serde::Serialize;
use surefoot_lab::evals::{self, Bench, Comparison, Dataset, Finished, Options, Progress, Settled, report};
use surefoot_types::{
    Money,
    ids::RunId,
    run::{Run, Verdict},
};

use super::{Place, judge::run_named};
use crate::{
    assemble::{GatewaySubject, House},
    terminal::{bar, say, say_json, table, tell, told},
};

/// Run evals: how many answers are as expected, and how sure that is
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot eval -p examples/docs-assistant
  surefoot eval answer --concurrency 8
  surefoot eval answer --repeats 5 --max-usd 2.50
  surefoot eval answer --resume
  surefoot eval answer --plan 3
  surefoot eval answer --against last
  surefoot eval answer --against answer@concise --junit report.xml
  surefoot eval --json | jq '.[].overall'

Exits with 0 when every gate is open, with 1 when one is shut or a run is worse than what it is compared
with, and with 2 when an eval cannot be run.")]
pub(crate) struct Eval {
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
    /// Ask nothing: tell how many cases, dollars and minutes a difference of so many points needs
    #[arg(long, value_name = "POINTS", value_parser = points)]
    plan: Option<f64>,
    /// Write the results as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A run, with what it is compared with.
#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    run: Run,
    #[serde(skip_serializing_if = "Option::is_none")]
    comparison: Option<Comparison>,
    #[serde(skip)]
    finished: Finished,
}

impl Told {
    /// Why a build must not go on, if it must not.
    fn shut(&self) -> Option<String> {
        let gate = self.run.gate.as_ref().filter(|gate| !gate.open).map(|gate| gate.reason.clone());
        let worse = self.comparison.as_ref().and_then(|comparison| {
            let all = comparison.rows.first().filter(|row| row.verdict == Settled::Worse)?;
            Some(format!("{} than {}", all.told(), comparison.before))
        });
        gate.or(worse)
    }
}

impl Eval {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let (settings, house) = self.place.open_fresh().await?;
        let known: Vec<&str> = settings.evals.iter().map(|eval| eval.name.as_str()).collect();
        if let Some(unknown) = self.names.iter().find(|name| !known.contains(&name.as_str())) {
            bail!("there is no eval '{unknown}'; the project has: {}", known.join(", "));
        }
        let chosen = settings.evals.iter().filter(|eval| self.names.is_empty() || self.names.contains(&eval.name));
        if let Some(difference) = self.plan {
            let chosen: Vec<_> = chosen.collect();
            return self.planned(&house, &chosen, difference).await;
        }
        let mut left = self.max_usd;
        let mut runs = Vec::new();
        for eval in chosen {
            let one = self.one(&house, eval, &mut left).await?;
            if !self.json {
                shown(&one);
            }
            runs.push(one);
        }
        house.close().await;
        if let Some(file) = &self.junit {
            let all: Vec<_> = runs.iter().map(|told| (&told.finished, told.shut())).collect();
            let written = std::fs::write(file, evals::junit(&all));
            written.with_context(|| format!("{} cannot be written", file.display()))?;
        }
        if self.json {
            say_json(&runs)?;
        } else if runs.is_empty() {
            tell("The project has no evals: write evals/NAME.toml.");
        }
        Ok(ExitCode::from(u8::from(runs.iter().any(|told| told.shut().is_some()))))
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
    async fn one(&self, house: &House, eval: &evals::Eval, left: &mut Option<Money>) -> anyhow::Result<Told> {
        let dataset =
            Dataset::load(&eval.dataset).with_context(|| format!("the dataset of the eval '{}'", eval.name))?;
        let before = self.before(house, eval, &dataset, left).await?;
        let finished = self.asked(house, eval, &dataset, left, self.resumed(house, eval).await?).await?;
        let comparison = before.map(|before| evals::compare(&before, &finished)).transpose()?;
        Ok(Told { run: finished.run.clone(), comparison, finished })
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

/// Points of a difference, as a share.
fn points(text: &str) -> Result<f64, String> {
    let points = text.parse::<f64>().ok().filter(|points| *points > 0.0 && *points < 100.0);
    points.map(|points| points / 100.0).ok_or_else(|| "a difference in points, above 0 and below 100, like 3".into())
}

fn told_plan(name: &str, run: &Run, plan: &evals::Plan, at_once: u16) -> String {
    let points = plan.difference * 100.0;
    let cost = plan.cost.map_or_else(|| "at an unknown price".to_owned(), |cost| format!("about {cost}"));
    let spread = if plan.paired {
        "the spread is that of its differences from the run before it"
    } else {
        "without a second run over its cases the widest spread is assumed"
    };
    format!(
        "{name}: {} cases see a difference of {points} points in four of five tries; {} cases see {:.1}\n  {} answers for two variants, {cost}, {} at {at_once} at once\n  going by {}: {spread}",
        plan.cases,
        plan.cases_now,
        plan.seen_now * 100.0,
        plan.answers,
        told(plan.took / u32::from(at_once)),
        run.id,
    )
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

fn shown(told: &Told) {
    let (run, cases) = (&told.run, &told.finished.cases);
    let repeats = if run.repeats > 1 { format!(", {} answers each", run.repeats) } else { String::new() };
    say(format!("{} over {}: {} cases{repeats} ({})", run.eval, run.subject, run.cases, run.id));
    let mut rates = table(["grader", "pass rate", "95 % interval", "passed", "errors", "undefined"]);
    for row in report::rows(run) {
        let passed = format!("{} of {}", row.rate.passed, row.rate.of);
        let [errors, undefined] = [row.errors, row.undefined].map(|count| count.to_string());
        rates.add_row([row.name.clone(), row.rate_told(), row.interval_told(), passed, errors, undefined]);
    }
    say(rates.to_string());
    for one in report::reliability(run, cases) {
        let k = one.k;
        say(format!("  pass@{k} {}, pass^{k} {}", one.one_of.told(), one.all_of.told()));
    }
    for case in cases.iter().filter(|case| matches!(case.verdict, Verdict::Fail | Verdict::Error)) {
        let why = case.grades.iter().filter(|grade| matches!(grade.verdict, Verdict::Fail | Verdict::Error));
        let why: Vec<String> = why.map(|grade| format!("{}: {}", grade.grader, grade.reason)).collect();
        say(format!("  {} {}", case.case_id, why.join("; ")));
    }
    if let Some(cost) = run.cost.filter(|cost| *cost > Money::default()) {
        say(format!("cost {cost}"));
    }
    if let Some(comparison) = &told.comparison {
        compared(comparison);
    }
    if let Some(gate) = &run.gate {
        say(format!("gate {}: {}", if gate.open { "open" } else { "shut" }, gate.reason));
    }
    if run.stopped.is_some() {
        say(format!("go on with: surefoot eval {} --resume {}", run.eval, run.id));
    }
    say("");
}

fn compared(comparison: &Comparison) {
    say(format!("against {}:", comparison.before));
    for row in &comparison.rows {
        let what = match row.measure {
            evals::Measure::PassRate => "",
            evals::Measure::Score => " (score)",
        };
        say(format!("  {}{what}: {}", row.name, row.told()));
    }
    for (what, cases) in
        [("mended", &comparison.mended), ("broken", &comparison.broken), ("left out", &comparison.left_out)]
    {
        if !cases.is_empty() {
            say(format!("  {what}: {}", cases.join(", ")));
        }
    }
}
