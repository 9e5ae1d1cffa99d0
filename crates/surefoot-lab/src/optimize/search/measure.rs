//! What a draft does with some cases, and what that may cost.

use surefoot_types::{Money, run::CaseResult};

use super::Search;
use crate::{
    evals::{self, Bench, Dataset, Eval, Finished},
    optimize::{Draft, News, OptimizeError},
};

impl Search<'_> {
    /// Asks a draft some cases. The inner error is why the draft cannot be asked.
    pub(super) async fn measure(
        &self,
        draft: &Draft,
        cases: &Dataset,
        part: &str,
        candidate: usize,
        most: Option<Money>,
    ) -> Result<Result<Finished, String>, OptimizeError> {
        let name = draft.name();
        let subject = match self.workshop.admit(&name, draft) {
            Ok(subject) => subject,
            Err(why) => return Ok(Err(why)),
        };
        let eval = Eval { name: self.run_name(part), subject, gate: None, ..self.task.eval.clone() };
        let named = self.till.under(format!("{}/{name}", self.prefix));
        let bench = Bench { subject: &named, ..self.bench };
        let concurrency = self.options.concurrency;
        let options = evals::Options { concurrency, most, ..evals::Options::default() };
        let told = |progress| {
            (self.progress)(News { candidate, rounds: self.options.rounds, doing: part, progress });
        };
        Ok(Ok(evals::run_graded(&eval, &self.graders, cases, bench, options, &told).await?))
    }

    fn run_name(&self, part: &str) -> String {
        format!("optimize:{}:{part}", self.task.function)
    }

    pub(super) fn note(&mut self, run: &Finished) {
        let price = |case: &CaseResult| {
            let judges = case.grades.iter().filter_map(|grade| grade.cost);
            case.cost.into_iter().chain(judges).sum::<Money>()
        };
        self.dearest = run.cases.iter().map(price).max().unwrap_or_default().max(self.dearest);
    }

    /// What so many answers may cost.
    pub(super) fn price(&self, answers: usize) -> Money {
        Money::nanos(self.dearest.as_nanos().saturating_mul(i64::try_from(answers).unwrap_or(i64::MAX)))
    }

    /// What is kept for the confirmation.
    pub(super) fn reserve(&self) -> Money {
        self.price(2 * self.test.cases().len())
    }

    /// The money that is left; absent without a limit. Where a price is unknown, runs find that out themselves.
    pub(super) fn left(&self) -> Option<Money> {
        self.options.most.map(|most| most - self.till.spent().unwrap_or_default())
    }
}
