//! `surefoot optimize`.

mod files;
mod traffic;
mod workshop;

use std::{process::ExitCode, sync::Arc};

use anyhow::{Context, bail, ensure};
use clap::{Args, ValueEnum};
use serde::Serialize;
use surefoot_gateway::project::Function;
use surefoot_lab::{
    evals::{self, Bench, Dataset, report::percent},
    optimize::{self, Draft, News, Options, Outcome, Task},
};
use surefoot_types::Money;

use self::{files::Variants, traffic::Traffic, workshop::Drafts};
use super::Place;
use crate::{
    assemble::{GatewaySubject, House},
    settings::Settings,
    terminal::{bar, say, say_json, table, tell},
};

/// Search for a better variant of a function, or a cheaper one, and write it beside the others
#[derive(Debug, Args)]
#[command(
    after_help = "A part of the eval's cases is kept back. By the others a model writes new prompts, having read what fails;
a prompt goes on beside its parent where a paired test shows it better. The best is measured once by the cases
kept back, and written as a variant of its own, with a report to review, only if they show it. No file that is
there is changed: `variant` in function.toml stays as it is.

The same command goes on with a search that was stopped or killed: what was answered is found among the traces.

Examples:
  surefoot optimize answer --by openai/gpt-5 --max-usd 5
  surefoot optimize answer --eval answer --from concise --rounds 20 --seed 7
  surefoot optimize answer --goal cost --models openai/gpt-5-mini,openai/gpt-5-nano --margin 0.02

Exits with 0 when a variant was written, with 1 when nothing is shown to be better, and with 2 when it cannot run."
)]
pub(crate) struct Optimize {
    /// The function
    function: String,
    /// What is to become better: `quality` or, with no more failures than the margin allows, `cost`
    #[arg(long, value_enum, default_value_t = Goal::Quality)]
    goal: Goal,
    /// The eval that measures [default: the only one that asks the function]
    #[arg(long, value_name = "NAME")]
    eval: Option<String>,
    /// The variant to begin with [default: the function's default]
    #[arg(long, value_name = "VARIANT")]
    from: Option<String>,
    /// Who writes prompts: a model or a function [default: the eval's judge]
    #[arg(long, value_name = "MODEL")]
    by: Option<String>,
    /// For cost: models that may take the place of the variant's own [default: the project's aliases]
    #[arg(long, value_name = "MODELS", value_delimiter = ',')]
    models: Vec<String>,
    /// The most candidates
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..=200))]
    rounds: u16,
    /// Cases that a prompt may show as demonstrations; 0: none
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(0..=20))]
    examples: u16,
    /// The share of cases to keep back for the end, between 0 and 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.4, value_parser = share)]
    test: f64,
    /// For cost: by how much the share of cases that pass may fall
    #[arg(long, value_name = "SHARE", default_value_t = 0.03, value_parser = share)]
    margin: f64,
    /// Another number splits, chooses and asks anew
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// What all of it may cost: asking, judging and writing
    #[arg(long, value_name = "DOLLARS")]
    max_usd: Option<Money>,
    /// How many cases to ask at once
    #[arg(short, long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..))]
    concurrency: u16,
    /// What the new variant is to be named [default: optimized, or optimized-2 and so on]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Goal {
    Quality,
    Cost,
}

impl From<Goal> for optimize::Goal {
    fn from(goal: Goal) -> Self {
        match goal {
            Goal::Quality => Self::Quality,
            Goal::Cost => Self::Cost,
        }
    }
}

/// What is told of a search.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    outcome: &'a Outcome,
    told: String,
    /// The files that were written, in the project.
    written: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traffic: Option<Traffic>,
}

impl Optimize {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let (settings, house) = self.place.open_fresh().await?;
        let ended = self.searched(&settings, &house).await;
        house.close().await;
        ended
    }

    async fn searched(&self, settings: &Settings, house: &House) -> anyhow::Result<ExitCode> {
        let known = || settings.project.functions.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        let function = settings.project.functions.get(&self.function);
        let function =
            function.with_context(|| format!("there is no function '{}'; there are: {}", self.function, known()))?;
        let variants = Variants::of(&self.place.project, function, self.name.as_deref())?;
        let from = self.from.as_deref().unwrap_or(&function.variant);
        let start = variants.read(from)?;
        let eval = self.eval(settings)?;
        let dataset =
            Dataset::load(&eval.dataset).with_context(|| format!("the dataset of the eval '{}'", eval.name))?;
        let options = self.options(settings, function, eval, from)?;
        let (function_name, about) = (self.function.as_str(), function.description.as_str());
        let task = Task { function: function_name, about, start: &start, eval, dataset: &dataset };
        let outcome = self.search(house, task, &options).await?;
        let traffic = match (self.goal, &outcome.confirmed, outcome.winner()) {
            (Goal::Cost, Some(told), Some(_)) => Traffic::of(house, function_name, told.saving.as_ref()).await?,
            _ => None,
        };
        let mut written = Vec::new();
        if let Some(winner) = outcome.winner() {
            let mut report = optimize::report(&outcome, from, variants.name());
            report.extend(traffic.iter().map(|traffic| format!("\n{}\n", traffic.told())));
            written = variants.write(&winner.draft.text(), &report)?;
        }
        let code = if written.is_empty() { ExitCode::from(1) } else { ExitCode::SUCCESS };
        let told = Told { told: outcome.told(), outcome: &outcome, written, traffic };
        if self.json {
            say_json(&told)?;
        } else {
            shown(&told);
        }
        Ok(code)
    }

    /// The eval that measures.
    fn eval<'a>(&self, settings: &'a Settings) -> anyhow::Result<&'a evals::Eval> {
        let known = || settings.evals.iter().map(|eval| eval.name.as_str()).collect::<Vec<_>>().join(", ");
        if let Some(name) = &self.eval {
            let named = settings.evals.iter().find(|eval| eval.name == *name);
            return named.with_context(|| format!("there is no eval '{name}'; the project has: {}", known()));
        }
        let asks = |eval: &&evals::Eval| {
            eval.subject.split_once('@').map_or(eval.subject.as_str(), |(function, _)| function) == self.function
        };
        let mut asking = settings.evals.iter().filter(asks);
        match (asking.next(), asking.next()) {
            (Some(only), None) => Ok(only),
            (Some(_), Some(_)) => bail!("several evals ask '{}': name one with --eval", self.function),
            (None, _) => {
                bail!("no eval asks '{}': write evals/{}.toml, or name one with --eval", self.function, self.function)
            }
        }
    }

    fn options(
        &self,
        settings: &Settings,
        function: &Function,
        eval: &evals::Eval,
        from: &str,
    ) -> anyhow::Result<Options> {
        let by = self.by.clone().or_else(|| eval.judge.clone());
        if self.goal == Goal::Quality {
            let hint = "nobody writes prompts: name a model with --by, such as --by openai/gpt-5";
            ensure!(by.is_some() || self.examples > 0, "{hint}");
            if by.is_none() {
                tell(format!("Only demonstrations are tried: {hint}."));
            }
        }
        let own = function.variants.get(from).map(|variant| Arc::clone(&variant.model));
        let other =
            |model: &Arc<surefoot_gateway::project::Model>| own.as_ref().is_none_or(|own| !Arc::ptr_eq(own, model));
        let aliases = settings.project.models.iter().filter(|(_, model)| other(model)).map(|(name, _)| name.clone());
        let models = if self.models.is_empty() { aliases.collect() } else { self.models.clone() };
        ensure!(
            self.goal == Goal::Quality || !models.is_empty() || by.is_some(),
            "nothing to try: name cheaper models with --models, or who shortens prompts with --by"
        );
        Ok(Options {
            goal: self.goal.into(),
            by,
            models,
            checks: checks(function),
            rounds: self.rounds.into(),
            examples: self.examples.into(),
            test: self.test,
            seed: self.seed,
            margin: self.margin,
            most: self.max_usd,
            concurrency: self.concurrency.into(),
        })
    }

    async fn search(&self, house: &House, task: Task<'_>, options: &Options) -> anyhow::Result<Outcome> {
        let subject = GatewaySubject::new(house.gateway.clone(), Arc::clone(&house.store) as _).remembering();
        let (clock, chance) = (house.clock.as_ref(), house.chance.as_ref());
        let bench = Bench { subject: &subject, notebook: &*house.store, clock, chance };
        let drafts = Drafts::new(house, &self.place.project, &self.function);
        let bar = bar(0, &self.function);
        let progress = |news: News<'_>| {
            bar.set_length(news.progress.of);
            bar.set_position(news.progress.done);
            let (number, rounds, passed) = (news.candidate, news.rounds, news.progress.passed);
            bar.set_message(format!("number {number} of {rounds}, {}: {passed} passed", news.doing));
        };
        let outcome = optimize::optimize(task, bench, &drafts, options, &progress).await;
        bar.finish_and_clear();
        Ok(outcome?)
    }
}

/// What a cheap model's answers are checked by: what the function says of its answers, and how sure the model is of
/// its words, at several thresholds of which the cases choose.
fn checks(function: &Function) -> Vec<String> {
    let own = match (function.output.is_some(), function.knowledge.is_some()) {
        (true, _) => Some("when = [\"schema\"]".to_owned()),
        (false, true) => Some("when = [\"citations\", \"abstains\"]".to_owned()),
        (false, false) => None,
    };
    let sure = ["-0.05", "-0.2", "-0.5"].map(|least| format!("logprob = {least}"));
    own.into_iter().chain(sure).collect()
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| *share > 0.0 && *share < 1.0);
    share.ok_or_else(|| "a share between 0 and 1, like 0.4".into())
}

fn shown(told: &Told<'_>) {
    let outcome = told.outcome;
    let mut rows = table(["", "from", "how", "pass rate", "dollars an answer", "decided"]);
    for one in &outcome.candidates {
        let rate = one.train.and_then(|rate| rate.value).map(percent).unwrap_or_default();
        let usd = one.usd.map(|usd| format!("{usd:.6}")).unwrap_or_default();
        let from = if one.number == 0 { String::new() } else { one.parent.to_string() };
        rows.add_row([one.number.to_string(), from, one.how.told(), rate, usd, one.decided.clone()]);
    }
    say(rows.to_string());
    let (learned, kept) = outcome.cases;
    let cost = outcome.cost.map_or_else(|| "unknown".to_owned(), |cost| cost.to_string());
    say(format!("{learned} cases to choose by, {kept} kept back; cost {cost}"));
    if let Some(stopped) = &outcome.stopped {
        say(format!("ended early: {stopped}"));
    }
    say(&told.told);
    told.traffic.iter().for_each(|traffic| say(traffic.told()));
    for file in &told.written {
        say(format!("written: {file}"));
    }
}

/// A variant's file in its parts.
fn draft(text: &str) -> Option<Draft> {
    crate::settings::parts(text).map(|(front, prompt)| Draft { front: front.to_owned(), prompt: prompt.to_owned() })
}
