//! The end of a search: its choice, measured once by cases that nothing was chosen by.

use std::collections::BTreeSet;

use surefoot_types::ports::Stored;

use super::Search;
use crate::{
    evals::Finished,
    optimize::{Goal, OptimizeError, Outcome, pool, verdict},
    stats::power::{Aim, detectable},
};

/// Runs that are looked through for earlier looks at the cases that are kept back.
const LOOKED_AT: usize = 1_000;

impl Search<'_> {
    /// Confirms the choice by the cases that are kept back.
    pub(super) async fn end(mut self) -> Result<Outcome, OptimizeError> {
        let chosen = match self.options.goal {
            Goal::Quality => pool::best_quality(&self.all),
            Goal::Cost => pool::cheapest(&self.all),
        };
        let confirmed = if chosen == 0 { None } else { self.confirm(chosen).await? };
        let rate = self.all[0].rate();
        let of = self.train.cases().len() as f64;
        // A rate of 0 or 1 has no spread of its own: one case more, of the other kind, is assumed.
        let rate = (rate * of + 0.5) / (of + 1.0);
        let kept = self.test.cases().len();
        Ok(Outcome {
            function: self.task.function.to_owned(),
            goal: self.options.goal,
            front: pool::front(&self.all),
            chosen: (chosen > 0).then_some(chosen),
            confirmed,
            cases: (self.train.cases().len(), kept),
            seen: detectable(2.0 * rate * (1.0 - rate), kept as f64, Aim::USUAL).min(1.0),
            cost: self.till.spent(),
            stopped: self.stopped.take(),
            seed: self.options.seed,
            candidates: self.all,
        })
    }

    async fn confirm(&mut self, chosen: usize) -> Result<Option<verdict::Confirmed>, OptimizeError> {
        let winner = self.all[chosen].draft.clone();
        let mut runs = Vec::new();
        for (part, number, draft) in [("kept back", 0, self.task.start), ("confirm", chosen, &winner)] {
            match self.measure(draft, &self.test, part, number, self.left()).await? {
                Ok(run) if run.run.stopped.is_none() => runs.push(run),
                Ok(run) => self.stopped = run.run.stopped,
                Err(why) => self.stopped = Some(why),
            }
        }
        let [start, winner] = &runs[..] else { return Ok(None) };
        let looks = self.looks(winner).await?;
        Ok(verdict::confirm(self.options.goal, start, winner, self.options.margin, looks))
    }

    /// How many winners were measured by any of these cases, this one included.
    async fn looks(&self, winner: &Finished) -> Stored<u64> {
        let inputs: BTreeSet<&str> = winner.cases.iter().map(|case| case.input.as_str()).collect();
        let mut subjects = BTreeSet::from([winner.run.subject.clone()]);
        for run in self.bench.notebook.run_list(Some(&winner.run.eval), LOOKED_AT).await? {
            if run.finished.is_none() || subjects.contains(&run.subject) {
                continue;
            }
            let cases = self.bench.notebook.run_cases(run.id).await?;
            if cases.iter().any(|case| inputs.contains(case.input.as_str())) {
                subjects.insert(run.subject);
            }
        }
        Ok(subjects.len() as u64)
    }
}
