//! `surefoot replay`.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use async_trait::async_trait;
use clap::Args;
use serde::Serialize;
use serde_json::json;
use surefoot_gateway::{resolve::is_live, shadow};
use surefoot_lab::evals::{
    self, Ask, Asked, Bench, CaseInput, Comparison, Dataset, Eval, Finished, Options, Progress, Subject, Vectors,
};
use surefoot_types::{
    Fault, Money,
    conversation::Role,
    feedback::{FeedbackValue, standing},
    ids::TraceId,
    ports::TraceFilter,
    trace::{Keep, Outcome, Trace},
};

use super::{Place, eval::compared, when::When};
use crate::{
    assemble::{GatewaySubject, House, asked_as_told},
    settings::Settings,
    terminal::{bar, say, say_json, tell, told},
};

/// Requests on a page of those that are looked through.
const PAGE: usize = 200;

/// Ask what was asked before again, of another variant or model, and compare the answers
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot replay answer --variant concise
  surefoot replay answer --model openai/gpt-5-mini --since 2026-11-01 --limit 200 --max-usd 5
  surefoot replay answer --variant concise --shadow
  surefoot replay answer --variant concise --eval answer --json | jq '.after.cost_usd'

The answers that were given are not asked for again: they and the new ones are graded by the graders of an eval, with
corrections as what is expected, and compared question by question. Only requests of one question are asked again, whose
words were kept whole; how many were left out is told. Each question is asked in the name of the user who asked it, so
that an erasure finds it; budgets hold. Exits with 1 when the new answers are worse.")]
pub(crate) struct Replay {
    /// The function that was asked
    function: String,
    /// The variant to ask now
    #[arg(long, required_unless_present = "model", conflicts_with = "model")]
    variant: Option<String>,
    /// The model, alias or function to ask now
    #[arg(long)]
    model: Option<String>,
    /// Ask nothing: take what the variant answered as the function's shadow
    #[arg(long, conflicts_with = "model")]
    shadow: bool,
    /// Only what was asked since: a time like 7d or a day
    #[arg(long, default_value = "7d")]
    since: When,
    /// The eval whose graders grade [default: the one of this function]
    #[arg(long, value_name = "NAME")]
    eval: Option<String>,
    /// How many questions, the newest first
    #[arg(short, long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    limit: u16,
    /// How many questions to ask at once
    #[arg(short, long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..))]
    concurrency: u16,
    /// Stop before it costs more than so many dollars
    #[arg(long, value_name = "DOLLARS")]
    max_usd: Option<Money>,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What both sides came to.
#[derive(Debug, Serialize)]
struct Told {
    questions: usize,
    left_out: usize,
    before: Side,
    after: Side,
    comparison: Comparison,
}

/// One side.
#[derive(Debug, Serialize)]
struct Side {
    subject: String,
    run: String,
    passed: u64,
    of: u64,
    errors: u64,
    /// Why not every question was answered and graded, where that is so.
    stopped: Option<String>,
    /// What an answer cost, in dollars; absent where a price is unknown.
    cost_usd: Option<f64>,
    /// How long half of them took at most, in milliseconds.
    median_ms: Option<f64>,
}

impl Replay {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let (settings, house) = self.place.open_fresh().await?;
        let replayed = self.replay(&settings, &house).await;
        house.close().await;
        let replayed = replayed?;
        if self.json {
            say_json(&replayed)?;
        } else {
            shown(&replayed);
        }
        let worse = replayed.comparison.rows.first().is_some_and(|row| row.verdict == evals::Settled::Worse);
        Ok(if worse { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    async fn replay(&self, settings: &Settings, house: &House) -> anyhow::Result<Told> {
        let Some(function) = settings.project.functions.get(&self.function) else {
            let known: Vec<&str> = settings.project.functions.keys().map(String::as_str).collect();
            bail!("there is no function '{}'; the project has: {}", self.function, known.join(", "));
        };
        if let Some(variant) = self.variant.as_ref().filter(|variant| !function.variants.contains_key(*variant)) {
            let known: Vec<&str> = function.variants.keys().map(String::as_str).collect();
            bail!("'{}' has no variant '{variant}'; it has: {}", self.function, known.join(", "));
        }
        if !self.shadow && !function.tools.is_empty() {
            bail!("'{}' uses tools: to ask it again would do again what they do", self.function);
        }
        let eval = self.graders(settings)?;
        let (past, shadowed, left_out) =
            if self.shadow { self.shadowed(house).await? } else { self.past(house).await? };
        if past.is_empty() {
            bail!("nothing of '{}' can be asked again: {left_out} requests since then were left out", self.function);
        }
        let dataset = dataset(house, &past).await?;
        let after = match (&self.variant, &self.model) {
            (Some(variant), _) => format!("{}@{variant}", self.function),
            (None, model) => model.clone().unwrap_or_default(),
        };
        let before = format!("{} as it was", self.function);
        let users = past.iter().map(|trace| (trace.id.to_string(), trace.user.clone())).collect();
        let past = past.into_iter().map(|trace| (trace.question.clone(), trace)).collect();
        let asking = GatewaySubject::new(house.gateway.clone(), Arc::clone(&house.store) as _);
        let subject = Replayed { past, users, shadowed, before: before.clone(), after: after.clone(), asking };
        let most = self.max_usd;
        let before = self.graded(house, &Eval { subject: before, ..eval.clone() }, &dataset, &subject, most).await?;
        let most = most.map(|most| left(most, before.run.cost));
        let after = self.graded(house, &Eval { subject: after, ..eval }, &dataset, &subject, most).await?;
        Ok(Told {
            questions: dataset.cases().len(),
            left_out,
            comparison: evals::compare(&before, &after)?,
            before: side(house, &before, false).await?,
            after: side(house, &after, true).await?,
        })
    }

    /// The eval that lends its graders.
    fn graders(&self, settings: &Settings) -> anyhow::Result<Eval> {
        let is_of = |eval: &&Eval| eval.subject.split('@').next() == Some(&self.function);
        let found = match &self.eval {
            Some(name) => settings.evals.iter().find(|eval| eval.name == *name),
            None => settings.evals.iter().find(is_of),
        };
        let known: Vec<&str> = settings.evals.iter().map(|eval| eval.name.as_str()).collect();
        let found = found.with_context(|| {
            format!("which graders? Name an eval with --eval; the project has: {}", known.join(", "))
        })?;
        Ok(Eval { name: format!("replay-{}", self.function), gate: None, ..found.clone() })
    }

    /// What was asked that can be asked again, the newest first, each question once; and how many were left out.
    async fn past(&self, house: &House) -> anyhow::Result<Past> {
        let mut filter = TraceFilter {
            asked: Some(self.function.clone()),
            outcome: Some(Outcome::Answered),
            since: Some(self.since.before(house.clock.now())),
            ..TraceFilter::default()
        };
        let (mut past, mut left_out, mut seen) = (Vec::new(), 0, BTreeSet::new());
        loop {
            let page = house.store.trace_list(&filter, PAGE).await?;
            for summary in &page {
                let Some(trace) = house.store.trace_get(summary.id).await? else { continue };
                if !is_live(&trace.door) || !seen.insert(trace.question.clone()) {
                    continue;
                }
                if !again(&trace) {
                    left_out += 1;
                    continue;
                }
                past.push(trace);
                if past.len() >= self.limit.into() {
                    return Ok((past, BTreeMap::new(), left_out));
                }
            }
            match page.last() {
                Some(last) if page.len() == PAGE => filter.before = Some(last.id),
                _ => return Ok((past, BTreeMap::new(), left_out)),
            }
        }
    }

    /// What the variant answered as the shadow, and the requests that it answered copies of.
    async fn shadowed(&self, house: &House) -> anyhow::Result<Past> {
        let variant = self.variant.as_deref().unwrap_or_default();
        let mut filter = TraceFilter {
            asked: Some(format!("{}@{variant}", self.function)),
            outcome: Some(Outcome::Answered),
            since: Some(self.since.before(house.clock.now())),
            ..TraceFilter::default()
        };
        let (mut past, mut shadowed, mut left_out) = (Vec::new(), BTreeMap::new(), 0);
        loop {
            let page = house.store.trace_list(&filter, PAGE).await?;
            for summary in page.iter().filter(|summary| summary.door == shadow::DOOR) {
                let Some(copy) = house.store.trace_get(summary.id).await? else { continue };
                let original = copy.tags.get(shadow::TAG).and_then(|id| id.parse().ok());
                let original = match original {
                    Some(id) => house.store.trace_get(id).await?,
                    None => None,
                };
                match original.filter(|original| original.keep == Keep::All) {
                    Some(original) if !shadowed.contains_key(&original.question) => {
                        shadowed.insert(original.question.clone(), copy);
                        past.push(original);
                    }
                    Some(_) => {}
                    None => left_out += 1,
                }
                if past.len() >= self.limit.into() {
                    return Ok((past, shadowed, left_out));
                }
            }
            match page.last() {
                Some(last) if page.len() == PAGE => filter.before = Some(last.id),
                _ => return Ok((past, shadowed, left_out)),
            }
        }
    }

    async fn graded(
        &self,
        house: &House,
        eval: &Eval,
        dataset: &Dataset,
        subject: &Replayed,
        most: Option<Money>,
    ) -> anyhow::Result<Finished> {
        let bench =
            Bench { subject, notebook: &*house.store, clock: house.clock.as_ref(), chance: house.chance.as_ref() };
        let options = Options { concurrency: self.concurrency.into(), most, ..Options::default() };
        let bar = bar(0, &eval.subject);
        let progress = |news: Progress| {
            bar.set_length(news.of);
            bar.set_position(news.done);
        };
        let finished = evals::run(eval, dataset, bench, options, &progress).await;
        bar.finish_and_clear();
        Ok(finished?)
    }
}

/// What is left of the cap once the answers that were given are graded; nothing where nobody knows what that cost.
fn left(most: Money, spent: Option<Money>) -> Money {
    spent.map_or(Money::ZERO, |spent| (most - spent).max(Money::ZERO))
}

/// Past requests; what a shadow answered to them, by their questions; and how many were left out.
type Past = (Vec<Trace>, BTreeMap<String, Trace>, usize);

/// Whether a request can be asked again as it was: one question, without what a function's inputs or earlier turns said,
/// all of it kept.
fn again(trace: &Trace) -> bool {
    let turns = trace.prompt.iter().filter(|message| message.role != Role::System).count();
    trace.keep == Keep::All && turns <= 1 && !trace.question.trim().is_empty() && !trace.question.contains("[secret]")
}

/// The questions as cases: what a user said the answer should have been is what is expected.
async fn dataset(house: &House, past: &[Trace]) -> anyhow::Result<Dataset> {
    let mut lines = String::new();
    for trace in past {
        let said = house.store.feedback_list(trace.id).await?;
        let mut corrections = standing(&said).into_iter().filter(|one| one.metric == "correction");
        let expected = corrections.next_back().and_then(|one| match &one.value {
            FeedbackValue::Text(text) => Some(text.clone()),
            _ => None,
        });
        let mut case = json!({"id": trace.id, "input": trace.question});
        if let Some(unit) = trace.user.as_ref().or(trace.session.as_ref()) {
            case["cluster"] = blake3::hash(unit.as_bytes()).to_hex()[..16].into();
        }
        if let Some(expected) = expected {
            case["expect"] = expected.into();
        }
        lines.push_str(&format!("{case}\n"));
    }
    Ok(Dataset::parse("replay.jsonl", lines.as_bytes())?)
}

/// Past questions: answered as they were, or asked again.
struct Replayed {
    /// By their questions.
    past: BTreeMap<String, Trace>,
    /// Who asked, by the ids of the past requests, which are those of the cases.
    users: BTreeMap<String, Option<String>>,
    shadowed: BTreeMap<String, Trace>,
    before: String,
    after: String,
    asking: GatewaySubject,
}

impl Replayed {
    fn past(&self, input: &CaseInput) -> Option<&Trace> {
        match input {
            CaseInput::Text(question) => self.past.get(question),
            _ => None,
        }
    }
}

#[async_trait]
impl Subject for Replayed {
    async fn ask(&self, ask: Ask) -> Result<Asked, Fault> {
        let past = self.past(&ask.input);
        match past {
            Some(trace) if ask.subject == self.before => Ok(remembered(trace)),
            Some(trace) if ask.subject == self.after => match self.shadowed.get(&trace.question) {
                Some(copy) => Ok(remembered(copy)),
                None => self.asking.ask_for(ask, trace.user.clone()).await,
            },
            // A judge reads the question and the answer: whoever erases the one means that too.
            _ => {
                let user = ask.mark.as_deref().and_then(case_of).and_then(|case| self.users.get(case)?.clone());
                self.asking.ask_for(ask, user).await
            }
        }
    }

    fn origin(&self, input: &CaseInput) -> Option<TraceId> {
        self.past(input).map(|trace| trace.id)
    }

    async fn embed(&self, model: &str, texts: &[String]) -> Result<Vectors, Fault> {
        self.asking.embed(model, texts).await
    }
}

/// An answer that was given before, which costs nothing now.
fn remembered(trace: &Trace) -> Asked {
    Asked { cost: Some(Money::ZERO), ..asked_as_told(trace.clone()) }
}

/// The case that a question is about, by its mark: the run's id stands before it.
fn case_of(mark: &str) -> Option<&str> {
    mark.split('/').nth(1)
}

/// One side; of what was asked anew, a case with the past request's trace has no answer.
async fn side(house: &House, finished: &Finished, anew: bool) -> anyhow::Result<Side> {
    let (mut costs, mut times) = (Vec::new(), Vec::new());
    let answered = finished.cases.iter().filter_map(|case| Some((case, case.trace_id?)));
    let answered = answered.filter(|(case, id)| !anew || id.to_string() != case.case_id);
    for (_, id) in answered {
        if let Some(trace) = house.store.trace_get(id).await? {
            costs.push(trace.cost.map(Money::as_dollars));
            times.push(trace.took_us as f64 / 1_000.0);
        }
    }
    times.sort_by(f64::total_cmp);
    let all: Option<Vec<f64>> = costs.into_iter().collect();
    let mean = |all: Vec<f64>| (!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64);
    let run = &finished.run;
    Ok(Side {
        subject: run.subject.clone(),
        run: run.id.to_string(),
        passed: run.overall.passed,
        of: run.overall.of,
        errors: run.errors,
        stopped: run.stopped.clone(),
        cost_usd: all.and_then(mean),
        median_ms: times.get(times.len() / 2).copied(),
    })
}

fn shown(replayed: &Told) {
    say(format!("{} questions asked again, {} left out", replayed.questions, replayed.left_out));
    for side in [&replayed.before, &replayed.after] {
        let cost = side.cost_usd.map_or_else(|| "an unknown price".to_owned(), |cost| format!("{cost:.6} dollars"));
        let time = side.median_ms.map_or_else(String::new, |ms| told(Duration::from_secs_f64(ms / 1_000.0)));
        let Side { subject, passed, of, errors, run, stopped, .. } = side;
        say(format!(
            "  {subject}: {passed} of {of} pass, {errors} errors, {cost} an answer, half within {time} ({run})"
        ));
        if let Some(stopped) = stopped {
            tell(format!("{subject} ended early: {stopped}"));
        }
    }
    compared(&replayed.comparison);
    if replayed.comparison.rows.first().is_some_and(|row| row.verdict == evals::Settled::Open) {
        tell("The difference cannot be told from chance: ask more questions again with --limit and --since.");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_side_may_cost_what_the_first_left() {
        let most = Money::nanos(10);
        assert_eq!(left(most, Some(Money::nanos(4))), Money::nanos(6));
        assert_eq!(left(most, Some(Money::nanos(14))), Money::ZERO);
        assert_eq!(left(most, None), Money::ZERO, "nobody knows what is left");
    }

    #[test]
    fn what_was_answered_before_costs_nothing_now() {
        let mut trace = Trace::begun(TraceId::from_bits(1), surefoot_types::Timestamp::UNIX_EPOCH, "api", "answer");
        trace.cost = Some(Money::nanos(5));
        assert_eq!(remembered(&trace).cost, Some(Money::ZERO));
    }

    #[test]
    fn a_judge_s_question_names_its_case() {
        assert_eq!(case_of("run_1/trace_2/0/polite/true"), Some("trace_2"));
        assert_eq!(case_of("run_1"), None);
    }
}
