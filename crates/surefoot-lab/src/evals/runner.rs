//! Runs an eval: asks, grades and keeps every case, several at once.
//!
//! Each case is kept as soon as it is graded, so a run that is cut off (its future dropped, the process
//! killed) leaves what it had, under a head without an end.

use std::collections::BTreeMap;

use futures_util::stream::{FuturesUnordered, StreamExt};
use serde::{Deserialize, Serialize};
use surefoot_types::{
    Chance, Clock, Fault, Money,
    ids::{RunId, TraceId},
    ports::{Notebook, StoreError, Stored},
    run::{CaseResult, Grade, GraderSummary, Rate, Run, Verdict},
};
use tokio::time::Instant;

use super::{
    Ask, Asked, Case, Dataset, Eval, Grader, Judging, Mistake, Subject,
    purse::Purse,
    resume::Left,
    tally::{self, Count},
};

/// What a run works with.
#[derive(Clone, Copy)]
pub struct Bench<'a> {
    /// What is asked.
    pub subject: &'a dyn Subject,
    /// Where the run is kept.
    pub notebook: &'a dyn Notebook,
    /// Tells when it began and ended.
    pub clock: &'a dyn Clock,
    /// Gives its id.
    pub chance: &'a dyn Chance,
}

/// How to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Cases asked at once; at least one.
    pub concurrency: usize,
    /// The first so many cases alone; all where absent.
    pub limit: Option<usize>,
    /// Answers to each case; at least one.
    pub repeats: u64,
    /// What it may cost; it stops before it costs more.
    pub most: Option<Money>,
    /// The run that it goes on with.
    pub resume: Option<RunId>,
}

impl Default for Options {
    fn default() -> Self {
        Self { concurrency: 4, limit: None, repeats: 1, most: None, resume: None }
    }
}

/// How far a run is, in answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Answers kept.
    pub done: u64,
    /// Answers in all.
    pub of: u64,
    /// Answers that passed.
    pub passed: u64,
    /// Answers that failed.
    pub failed: u64,
    /// Cases that ended in an error.
    pub errors: u64,
    /// What they cost so far; absent once a price is unknown.
    pub spent: Option<Money>,
}

/// A run that came to its end, or was stopped by its limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// Its head, as kept.
    pub run: Run,
    /// Its cases, in the dataset's order, and of each its answers.
    pub cases: Vec<CaseResult>,
}

/// Why a run did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The eval cannot be meant as it stands; nothing was asked.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Eval(Vec<Mistake>),
    /// The run cannot be gone on with.
    #[error("{0}")]
    Resume(String),
    /// The store failed; what was kept before stays.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Runs `eval` over `dataset`. `progress` is told at the start and after every answer.
///
/// # Errors
/// When the eval has mistakes or the run to go on with is another's, before anything is asked, or when the
/// store fails.
pub async fn run(
    eval: &Eval,
    dataset: &Dataset,
    bench: Bench<'_>,
    options: Options,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Finished, RunError> {
    let graders = prepared(eval, dataset)?;
    let part = options.limit.map(|limit| dataset.first(limit));
    run_graded(eval, &graders, part.as_ref().unwrap_or(dataset), bench, options, progress).await
}

/// Runs `eval` with its graders as they were compiled, over a dataset that may be a part of the one that they were
/// checked against.
///
/// # Errors
/// As [`run`], for what is wrong with the run to go on with and with the store.
pub(crate) async fn run_graded(
    eval: &Eval,
    graders: &[Grader],
    dataset: &Dataset,
    bench: Bench<'_>,
    options: Options,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Finished, RunError> {
    let fresh = head(eval, dataset, bench, options.repeats.max(1));
    let left = match options.resume {
        Some(id) => Left::find(bench.notebook, id, &fresh).await?,
        None => Left { run: fresh, cases: Vec::new() },
    };
    let mut head = Run { stopped: None, gate: None, ..left.run.clone() };
    bench.notebook.run_put(&head).await?;
    let work = Work { run: head.id, eval, graders, bench };
    let (cases, purse) = work.all(dataset.cases(), left, options, progress).await?;
    if (cases.len() as u64) < head.cases * head.repeats {
        head.stopped = Some(purse.refusal());
    } else {
        head.finished = Some(bench.clock.now());
    }
    tally::tally(&mut head, &cases, eval.gate.as_ref());
    bench.notebook.run_put(&head).await?;
    Ok(Finished { run: head, cases })
}

fn prepared(eval: &Eval, dataset: &Dataset) -> Result<Vec<Grader>, RunError> {
    let graders = eval.compile().map_err(RunError::Eval)?;
    let mistakes = eval.mistakes_with(dataset);
    if mistakes.is_empty() { Ok(graders) } else { Err(RunError::Eval(mistakes)) }
}

/// The head of a run that begins now.
fn head(eval: &Eval, dataset: &Dataset, bench: Bench<'_>, repeats: u64) -> Run {
    let nothing = Rate { passed: 0, of: 0, value: None, low: 0.0, high: 1.0 };
    let summary = |name: &str| GraderSummary { grader: name.to_owned(), rate: nothing, errors: 0, undefined: 0 };
    Run {
        id: RunId::mint(bench.clock, bench.chance),
        eval: eval.name.clone(),
        subject: eval.subject.clone(),
        dataset: dataset.hash().to_owned(),
        started: bench.clock.now(),
        finished: None,
        cases: dataset.cases().len() as u64,
        overall: nothing,
        errors: 0,
        graders: eval.graders.iter().map(|spec| summary(&spec.name)).collect(),
        cost: None,
        gate: None,
        repeats,
        graded_by: eval.graded_by(),
        stopped: None,
    }
}

/// A run under way.
struct Work<'a> {
    run: RunId,
    eval: &'a Eval,
    graders: &'a [Grader],
    bench: Bench<'a>,
}

impl Work<'_> {
    /// Asks, grades and keeps what `left` lacks, several at a time and as long as the money lasts; gives
    /// all answers in the order of their cases. Every case is asked once before one is asked again, so
    /// that a run that stops has seen as many cases as it could.
    async fn all(
        &self,
        cases: &[Case],
        left: Left,
        options: Options,
        progress: &(dyn Fn(Progress) + Send + Sync),
    ) -> Stored<(Vec<CaseResult>, Purse)> {
        let kept = left.kept();
        let all = (0..left.run.repeats).flat_map(|repeat| cases.iter().map(move |case| (case, repeat)));
        let mut waiting = all.filter(|(case, repeat)| !kept.contains(&(case.id.as_str(), *repeat)));
        let mut meter = Meter::new(left.run.cases * left.run.repeats, options.most, progress);
        left.cases.iter().for_each(|case| meter.count(case));
        meter.tell();
        let mut running = FuturesUnordered::new();
        let mut results = left.cases.clone();
        loop {
            while running.len() < options.concurrency.max(1) && meter.purse.affords(running.len()) {
                let Some((case, repeat)) = waiting.next() else { break };
                running.push(self.one(case, repeat));
            }
            let Some(kept) = running.next().await else { break };
            let result = kept?;
            meter.count(&result);
            meter.tell();
            results.push(result);
        }
        let places: BTreeMap<&str, usize> = cases.iter().enumerate().map(|(at, case)| (case.id.as_str(), at)).collect();
        results.sort_by_key(|case| (places.get(case.case_id.as_str()).copied(), case.repeat));
        Ok((results, meter.purse))
    }

    async fn one(&self, case: &Case, repeat: u64) -> Stored<CaseResult> {
        let begun = Instant::now();
        let mark = format!("{}/{}/{repeat}", self.run, case.id);
        let ask = Ask {
            subject: self.eval.subject.clone(),
            input: case.input.clone(),
            schema: None,
            mark: Some(mark.clone()),
            // A cached answer has no time of its own, which a bar on times would take for a fast one.
            fresh: repeat > 0 || self.eval.gate.is_some_and(|gate| gate.p95_ms.is_some()),
        };
        let answer = self.bench.subject.ask(ask).await;
        let took = answer.as_ref().map_or_else(|_| begun.elapsed(), |asked| asked.took);
        let mut grades = Vec::with_capacity(self.graders.len());
        for grader in self.graders {
            let mark = format!("{mark}/{}", grader.name());
            let judging = Judging { subject: self.bench.subject, mark: &mark };
            grades.push(grader.grade(case, answer.as_ref(), judging).await);
        }
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let origin = self.bench.subject.origin(&case.input);
        let result = CaseResult { repeat, ..graded(case, grades, answer, took_ms, origin) };
        self.bench.notebook.run_case_add(self.run, &result).await?;
        Ok(result)
    }
}

/// Counts answers as they come, and tells.
struct Meter<'a> {
    of: u64,
    count: Count,
    done: u64,
    purse: Purse,
    progress: &'a (dyn Fn(Progress) + Send + Sync),
}

impl<'a> Meter<'a> {
    fn new(of: u64, most: Option<Money>, progress: &'a (dyn Fn(Progress) + Send + Sync)) -> Self {
        Self { of, count: Count::default(), done: 0, purse: Purse::new(most), progress }
    }

    fn count(&mut self, case: &CaseResult) {
        self.done += 1;
        self.count.add(case.verdict);
        self.purse.pay(case);
    }

    fn tell(&self) {
        let Count { passed, failed, errors, .. } = self.count;
        let spent = self.purse.spent();
        (self.progress)(Progress { done: self.done, of: self.of, passed, failed, errors, spent });
    }
}

/// A case with its grades. Without an answer it is an error, even where no grader applies; it costs nothing then, and
/// its trace is that of the request that it is a copy of, if it is one.
fn graded(
    case: &Case,
    grades: Vec<Grade>,
    answer: Result<Asked, Fault>,
    took_ms: u64,
    origin: Option<TraceId>,
) -> CaseResult {
    let verdict = if answer.is_ok() { tally::verdict(&grades) } else { Verdict::Error };
    let answered = answer.ok();
    CaseResult {
        case_id: case.id.clone(),
        repeat: 0,
        cluster: case.cluster.clone(),
        input: case.input.to_string(),
        trace_id: answered.as_ref().map(|asked| asked.trace_id).or(origin),
        cost: answered.as_ref().map_or(origin.map(|_| Money::ZERO), |asked| asked.cost),
        output: answered.map(|asked| asked.text).unwrap_or_default(),
        verdict,
        grades,
        took_ms,
    }
}

#[cfg(test)]
mod tests;
