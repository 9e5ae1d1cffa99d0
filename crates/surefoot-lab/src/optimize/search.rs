//! The search: measure the start, propose and weigh, confirm once.

mod end;
mod measure;

use std::collections::BTreeSet;

use surefoot_types::{
    Money,
    run::{CaseResult, Verdict},
};

use super::{
    Candidate, Draft, Goal, How, News, OptimizeError, Options, Outcome, Task, Workshop, pool,
    propose::{self, Wanted, Writer},
    till::Till,
    verdict,
};
use crate::evals::{Bench, Dataset, Finished, Grader, RunError};

/// Fewer cases than these in a part say nothing.
const FEWEST: usize = 8;
/// Every so many rounds a prompt gets demonstrations instead of being written anew.
const DEMONSTRATED: usize = 4;
/// From so many training cases on, a child is tried on a quarter of them first.
const SCREENED: usize = 32;

/// Searches for a better variant, or a cheaper one. Nothing is written anywhere but runs into the notebook.
///
/// The same task and options ask the same questions in the same order, each under a name of its own: where the
/// subject remembers answers by their names, a search that was killed goes on where it was.
///
/// # Errors
/// When the task cannot be meant or the start cannot be measured, or when the store fails. What goes wrong after
/// that ends the search with what it has.
pub async fn optimize(
    task: Task<'_>,
    bench: Bench<'_>,
    workshop: &dyn Workshop,
    options: &Options,
    progress: &(dyn Fn(News<'_>) + Send + Sync),
) -> Result<Outcome, OptimizeError> {
    let split = task.dataset.split(options.test, options.seed);
    let (train, test) = (split.train, split.test);
    if train.cases().len().min(test.cases().len()) < FEWEST {
        let (learned, kept) = (train.cases().len(), test.cases().len());
        let told = format!(
            "{learned} cases to choose by and {kept} that are kept back: fewer than {FEWEST} say nothing; add cases, or \
             change the share that is kept back"
        );
        return Err(OptimizeError::Task(told));
    }
    let graders = task.eval.compile().map_err(RunError::Eval)?;
    let till = Till::new(bench.subject);
    let mut search = Search {
        prefix: prefix(&task, options),
        rng: fastrand::Rng::with_seed(options.seed),
        till: &till,
        all: Vec::new(),
        stopped: None,
        refusal: None,
        dearest: Money::ZERO,
        task,
        bench,
        workshop,
        options,
        progress,
        graders,
        train,
        test,
    };
    search.begin().await?;
    match options.goal {
        Goal::Quality => search.for_quality().await?,
        Goal::Cost => search.for_cost().await?,
    }
    search.end().await
}

/// What all questions of a search begin with: another task, seed or writer asks anew.
fn prefix(task: &Task<'_>, options: &Options) -> String {
    let parts =
        (task.function, task.start.text(), task.dataset.hash(), task.eval.graded_by(), options.seed, &options.by);
    format!("optimize/{}", &blake3::hash(format!("{parts:?}").as_bytes()).to_hex()[..16])
}

struct Search<'a> {
    task: Task<'a>,
    bench: Bench<'a>,
    workshop: &'a dyn Workshop,
    options: &'a Options,
    progress: &'a (dyn Fn(News<'_>) + Send + Sync),
    graders: Vec<Grader>,
    till: &'a Till<'a>,
    train: Dataset,
    test: Dataset,
    prefix: String,
    rng: fastrand::Rng,
    all: Vec<Candidate>,
    stopped: Option<String>,
    /// Why the last prompt that was written could not be tried.
    refusal: Option<String>,
    /// The dearest answer so far, its judges included.
    dearest: Money,
}

impl Search<'_> {
    async fn begin(&mut self) -> Result<(), OptimizeError> {
        let mut start = Candidate::new(0, 0, How::Start, self.task.start.clone());
        let run = self.measure(&start.draft, &self.train, "train", 0, self.left()).await?;
        let run = run.map_err(OptimizeError::Start)?;
        if let Some(stopped) = &run.run.stopped {
            return Err(OptimizeError::Start(stopped.clone()));
        }
        if run.run.overall.value.is_none() {
            return Err(OptimizeError::Start(format!(
                "{} of {} cases ended in an error",
                run.run.errors, run.run.cases
            )));
        }
        self.note(&run);
        start.measured(run);
        start.accepted = true;
        start.decided = "the search begins with it".into();
        self.all.push(start);
        Ok(())
    }

    async fn for_quality(&mut self) -> Result<(), OptimizeError> {
        for round in 1..=self.options.rounds {
            if self.over() {
                break;
            }
            let parent = pool::parent(&self.all, &mut self.rng);
            let shows = self.options.examples > 0 && (self.options.by.is_none() || round % DEMONSTRATED == 0);
            let shown = if shows { self.demonstrated(parent) } else { None };
            let child = match shown {
                Some(child) => Some(child),
                None => self.written(Wanted::Better, parent).await?,
            };
            if let Some(child) = child {
                self.weigh(child).await?;
            }
        }
        Ok(())
    }

    async fn for_cost(&mut self) -> Result<(), OptimizeError> {
        let start = self.task.start;
        for model in &self.options.models {
            let mut tries: Vec<(How, Option<Draft>)> = vec![(How::Model(model.clone()), start.with_model(model))];
            let cascade = |check: &String| (How::Cascade(format!("{model} ({check})")), start.after(model, check));
            tries.extend(self.options.checks.iter().map(cascade));
            for (how, draft) in tries {
                let Some(draft) = draft else { continue };
                if self.all.len() > self.options.rounds || self.over() {
                    return Ok(());
                }
                let child = Candidate::new(self.all.len(), 0, how, draft);
                self.weigh(child).await?;
                // The cheap model alone is cheaper than with another behind it.
                if self.all.last().is_some_and(|last| last.accepted) {
                    break;
                }
            }
        }
        while self.options.by.is_some() && self.all.len() <= self.options.rounds && !self.over() {
            let cheapest = pool::cheapest(&self.all);
            let Some(child) = self.written(Wanted::Shorter, cheapest).await? else { continue };
            self.weigh(child).await?;
        }
        Ok(())
    }

    /// Whether nothing more is to be tried, and why.
    fn over(&mut self) -> bool {
        if self.stopped.is_none() && self.options.goal == Goal::Quality {
            let perfect = self.all.iter().any(|one| one.accepted && one.rate() >= 1.0);
            self.stopped = perfect.then(|| "every training case passes".to_owned());
        }
        if self.stopped.is_none()
            && let (Some(most), Some(left)) = (self.options.most, self.left())
            && left < self.price(self.train.cases().len() + 1) + self.reserve()
        {
            self.stopped = Some(format!("of {most} no more is left than the confirmation may cost"));
        }
        self.stopped.is_some()
    }

    /// A child with demonstrations.
    fn demonstrated(&mut self, parent: usize) -> Option<Candidate> {
        let (shown, draft) = propose::examples(&self.all[parent], self.options.examples, &mut self.rng)?;
        let child = Candidate::new(self.all.len(), parent, How::Examples(shown), draft);
        self.fresh(child)
    }

    /// A child whose prompt a model wrote. What cannot be tried is noted, and told when it is asked again.
    async fn written(&mut self, wanted: Wanted, parent: usize) -> Result<Option<Candidate>, OptimizeError> {
        let Some(model) = self.options.by.as_deref() else {
            self.stopped = Some("nobody writes prompts: name a model with --by".into());
            return Ok(None);
        };
        let (base, run) = (self.all[parent].draft.clone(), self.all[parent].run.as_ref());
        let failures = run.and_then(|run| propose::failures(run, &self.train, &mut self.rng));
        let failures = match (wanted, failures) {
            (Wanted::Better, None) => {
                self.stopped = Some("no training case fails that a prompt could mend".into());
                return Ok(None);
            }
            (_, failures) => failures.unwrap_or_default(),
        };
        let writer = Writer { till: self.till, model, prefix: &self.prefix, about: self.task.about };
        let written = match writer.write(wanted, &base, &failures, self.refusal.as_deref()).await {
            Ok(written) => written,
            Err(fault) if self.all.len() == 1 => return Err(OptimizeError::Writer(fault)),
            Err(fault) => {
                self.stopped = Some(format!("the model that writes prompts gave no answer: {}", fault.told()));
                return Ok(None);
            }
        };
        let how = if wanted == Wanted::Better { How::Reflected } else { How::Shortened };
        let mut child = Candidate::new(self.all.len(), parent, how, base);
        child.why = written.why;
        match written.draft {
            Ok(draft) => Ok(self.fresh(Candidate { draft, ..child })),
            Err(why) => {
                self.refuse(child, why);
                Ok(None)
            }
        }
    }

    /// The child, unless it was tried before.
    fn fresh(&mut self, child: Candidate) -> Option<Candidate> {
        let known = self.all.iter().find(|one| one.draft == child.draft).map(|one| one.number);
        match known {
            None => Some(child),
            Some(known) => {
                self.refuse(child, format!("it is the one that was tried as number {known}"));
                None
            }
        }
    }

    fn refuse(&mut self, child: Candidate, why: String) {
        self.all.push(Candidate { decided: format!("not tried: {why}"), ..child });
        self.refusal = Some(why);
    }

    /// Measures a child and decides whether the search goes on from it.
    async fn weigh(&mut self, mut child: Candidate) -> Result<(), OptimizeError> {
        match self.tried(&mut child).await? {
            Ok(()) => self.all.push(child),
            Err(why) => self.refuse(child, why),
        }
        Ok(())
    }

    /// The inner error is why the child cannot be asked.
    async fn tried(&mut self, child: &mut Candidate) -> Result<Result<(), String>, OptimizeError> {
        let other = if self.options.goal == Goal::Cost { 0 } else { child.parent };
        // A case that a prompt shows says nothing about it.
        let train = self.train.without(&self.shown(child));
        let mut most = self.left().map(|left| left - self.reserve());
        if train.cases().len() >= SCREENED {
            let batch = train.drawn((train.cases().len() / 4).max(FEWEST), &mut self.rng);
            let run = match self.measure(&child.draft, &batch, "train", child.number, most).await? {
                Ok(run) => run,
                Err(why) => return Ok(Err(why)),
            };
            if let Some(told) = self.screened(other, &run) {
                child.decided = told;
                return Ok(Ok(()));
            }
            // What is answered already is not asked again, and counts again in the run over all of them.
            most = most.map(|most| most + run.run.cost.unwrap_or_default());
        }
        let run = match self.measure(&child.draft, &train, "train", child.number, most).await? {
            Ok(run) => run,
            Err(why) => return Ok(Err(why)),
        };
        self.note(&run);
        self.refusal = None;
        if let Some(stopped) = &run.run.stopped {
            child.decided = format!("not measured to the end: {stopped}");
            self.stopped = Some(stopped.clone());
        } else if run.run.overall.value.is_none() {
            child.decided = format!("{} of {} cases ended in an error", run.run.errors, run.run.cases);
        } else if let Some(before) = &self.all[other].run {
            let weighed = verdict::weigh(self.options.goal, before, &run, self.options.margin);
            (child.accepted, child.decided) = (weighed.accepted, weighed.told);
            child.measured(run);
        }
        Ok(Ok(()))
    }

    /// What is told of a child that did worse on its first cases than the one before it.
    fn screened(&self, other: usize, run: &Finished) -> Option<String> {
        if run.run.stopped.is_some() {
            return None;
        }
        let ids: BTreeSet<&str> = run.cases.iter().map(|case| case.case_id.as_str()).collect();
        let passes = |cases: &[CaseResult]| {
            cases.iter().filter(|case| ids.contains(case.case_id.as_str()) && case.verdict == Verdict::Pass).count()
        };
        let (now, then) = (passes(&run.cases), self.all[other].run.as_ref().map_or(0, |run| passes(&run.cases)));
        let worse = match self.options.goal {
            Goal::Quality => now < then,
            Goal::Cost => (now as f64) < then as f64 - 2.0 * self.options.margin * ids.len() as f64 - 1.0,
        };
        worse.then(|| format!("passes {now} of its first {} cases, where the one before it passes {then}", ids.len()))
    }

    /// The ids of the cases that a candidate's prompt shows, those of its ancestors included.
    fn shown(&self, child: &Candidate) -> BTreeSet<String> {
        let (mut shown, mut one) = (BTreeSet::new(), child);
        loop {
            if let How::Examples(ids) = &one.how {
                shown.extend(ids.iter().cloned());
            }
            if one.number == 0 {
                return shown;
            }
            one = &self.all[one.parent];
        }
    }
}
