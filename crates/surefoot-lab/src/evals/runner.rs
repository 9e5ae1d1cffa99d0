//! Runs an eval: asks, grades and keeps every case, several at once.
//!
//! Each case is kept as soon as it is graded, so a run that is cut off (its future dropped, the process
//! killed) leaves what it had, under a head without an end.

use futures_util::stream::{FuturesUnordered, StreamExt};
use surefoot_types::{
    Chance, Clock, Fault,
    ids::RunId,
    ports::{Notebook, StoreError, Stored},
    run::{CaseResult, GraderSummary, Rate, Run, Verdict},
};
use tokio::time::Instant;

use super::{
    Ask, Asked, Case, Dataset, Eval, Grader, Mistake, Subject,
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
}

impl Default for Options {
    fn default() -> Self {
        Self { concurrency: 4, limit: None }
    }
}

/// How far a run is, in cases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Cases kept.
    pub done: u64,
    /// Cases in all.
    pub of: u64,
    /// Cases that passed.
    pub passed: u64,
    /// Cases that failed.
    pub failed: u64,
    /// Cases that ended in an error.
    pub errors: u64,
}

/// A run that came to its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// Its head, as kept.
    pub run: Run,
    /// Its cases, in the dataset's order.
    pub cases: Vec<CaseResult>,
}

/// Why a run did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The eval cannot be meant as it stands; nothing was asked.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Eval(Vec<Mistake>),
    /// The store failed; what was kept before stays.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Runs `eval` over `dataset`. `progress` is told at the start and after every case.
///
/// # Errors
/// When the eval has mistakes, before anything is asked, or when the store fails.
pub async fn run(
    eval: &Eval,
    dataset: &Dataset,
    bench: Bench<'_>,
    options: Options,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Finished, RunError> {
    let graders = prepared(eval, dataset)?;
    let part = options.limit.map(|limit| dataset.first(limit));
    let dataset = part.as_ref().unwrap_or(dataset);
    let mut head = head(eval, dataset, bench);
    bench.notebook.run_put(&head).await?;
    let work = Work { run: head.id, eval, graders: &graders, bench };
    let cases = work.all(dataset.cases(), options.concurrency, progress).await?;
    tally::tally(&mut head, &cases, eval.gate.as_ref());
    head.finished = Some(bench.clock.now());
    bench.notebook.run_put(&head).await?;
    Ok(Finished { run: head, cases })
}

fn prepared(eval: &Eval, dataset: &Dataset) -> Result<Vec<Grader>, RunError> {
    let graders = eval.compile().map_err(RunError::Eval)?;
    let mistakes = eval.mistakes_with(dataset);
    if mistakes.is_empty() { Ok(graders) } else { Err(RunError::Eval(mistakes)) }
}

/// The head of a run that begins now.
fn head(eval: &Eval, dataset: &Dataset, bench: Bench<'_>) -> Run {
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
    /// Asks, grades and keeps `cases`, at most `at_once` at a time; gives them in their order.
    async fn all(
        &self,
        cases: &[Case],
        at_once: usize,
        progress: &(dyn Fn(Progress) + Send + Sync),
    ) -> Stored<Vec<CaseResult>> {
        let of = cases.len() as u64;
        progress(Progress { of, ..Progress::default() });
        let mut waiting = cases.iter().enumerate();
        let mut running = FuturesUnordered::new();
        let mut results = Vec::with_capacity(cases.len());
        let mut count = Count::default();
        loop {
            while running.len() < at_once.max(1) {
                let Some((at, case)) = waiting.next() else { break };
                running.push(async move { (at, self.one(case).await) });
            }
            let Some((at, kept)) = running.next().await else { break };
            let result = kept?;
            count.add(result.verdict);
            results.push((at, result));
            let Count { passed, failed, errors, .. } = count;
            progress(Progress { done: results.len() as u64, of, passed, failed, errors });
        }
        results.sort_by_key(|(at, _)| *at);
        Ok(results.into_iter().map(|(_, result)| result).collect())
    }

    async fn one(&self, case: &Case) -> Stored<CaseResult> {
        let begun = Instant::now();
        let ask = Ask { subject: self.eval.subject.clone(), input: case.input.clone(), schema: None };
        let answer = self.bench.subject.ask(ask).await;
        let took = answer.as_ref().map_or_else(|_| begun.elapsed(), |asked| asked.took);
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let result = graded(case, self.graders, answer, took_ms, self.bench.subject).await;
        self.bench.notebook.run_case_add(self.run, &result).await?;
        Ok(result)
    }
}

/// A case with its grades. Without an answer it is an error, even where no grader applies.
async fn graded(
    case: &Case,
    graders: &[Grader],
    answer: Result<Asked, Fault>,
    took_ms: u64,
    judge: &dyn Subject,
) -> CaseResult {
    let mut grades = Vec::with_capacity(graders.len());
    for grader in graders {
        grades.push(grader.grade(case, answer.as_ref(), judge).await);
    }
    let verdict = if answer.is_ok() { tally::verdict(&grades) } else { Verdict::Error };
    let answered = answer.ok();
    CaseResult {
        case_id: case.id.clone(),
        input: case.input.to_string(),
        trace_id: answered.as_ref().map(|asked| asked.trace_id),
        cost: answered.as_ref().and_then(|asked| asked.cost),
        output: answered.map(|asked| asked.text).unwrap_or_default(),
        verdict,
        grades,
        took_ms,
    }
}

#[cfg(test)]
mod tests;
