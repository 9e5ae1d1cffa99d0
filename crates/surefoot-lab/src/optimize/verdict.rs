//! What may be believed: of a child beside its parent, and of the winner over cases that nothing was chosen by.

use serde::Serialize;
use surefoot_types::{
    Money,
    run::{CaseResult, Rate},
};

use super::{Goal, pool};
use crate::{
    evals::{Compared, Finished, compare},
    stats::{Confidence, paired},
};

/// A child goes on beside its parent where chance alone would make it look so much better in at most one of so
/// many tries. It is a search: what is claimed in the end is tested by other cases.
const ACCEPT: f64 = 0.1;
/// A cheaper child must cost at most this share of its parent.
const CHEAPER: f64 = 0.95;

/// What was decided of a child.
pub(super) struct Weighed {
    pub(super) accepted: bool,
    pub(super) told: String,
}

/// Weighs a child against `other` by the training cases. For quality it must be better by a paired test, or cheaper
/// and surely not worse than `margin` allows; for cost it must be the latter.
pub(super) fn weigh(goal: Goal, other: &Finished, child: &Finished, margin: f64) -> Weighed {
    let Some(confidence) = Confidence::new(1.0 - 2.0 * ACCEPT) else {
        return Weighed { accepted: false, told: String::new() };
    };
    let row = compare::overall(other, child, confidence);
    let Some(difference) = row.difference else {
        return Weighed { accepted: false, told: "no case could be graded beside the one before it".into() };
    };
    let points =
        format!("{:+.1} points over {} cases, one-sided p {:.3}", difference * 100.0, row.cases, one_sided(&row));
    let better = difference > 0.0 && one_sided(&row) < ACCEPT;
    if goal == Goal::Quality && better {
        return Weighed { accepted: true, told: format!("better than its parent: {points}") };
    }
    let costs = pool::usd(&other.cases).zip(pool::usd(&child.cases));
    let cheaper = costs.is_some_and(|(then, now)| now <= CHEAPER * then && then > 0.0);
    let held = row.low > -margin;
    match (cheaper, held, goal) {
        (true, true, _) => {
            Weighed { accepted: true, told: format!("cheaper, and not worse beyond the margin: {points}") }
        }
        (true, false, _) => Weighed { accepted: false, told: format!("cheaper, but perhaps worse: {points}") },
        (false, _, Goal::Quality) => Weighed { accepted: false, told: format!("not shown to be better: {points}") },
        (false, _, Goal::Cost) => Weighed { accepted: false, told: format!("not cheaper: {points}") },
    }
}

/// How often chance alone would make it look at least so much better.
fn one_sided(row: &Compared) -> f64 {
    if row.difference.is_some_and(|difference| difference > 0.0) { row.p / 2.0 } else { 1.0 - row.p / 2.0 }
}

/// What the cases say that nothing was chosen by.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Confirmed {
    /// The start's pass rate over them.
    pub before: Rate,
    /// The winner's.
    pub after: Rate,
    /// The winner's less the start's, over the cases that both could grade.
    pub difference: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// How sure the interval is: 0.95, and more where these cases were looked at before.
    pub confidence: f64,
    /// How many winners were measured by these cases, this one included: each look is a chance to be fooled.
    pub looks: u64,
    /// What an answer costs less, where prices are known.
    pub saving: Option<Saving>,
    /// Whether it is shown: better, or for the sake of cost, cheaper and not worse beyond the margin.
    pub proven: bool,
}

/// What an answer costs less, judges aside.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Saving {
    /// Dollars for an answer of the start, in the mean.
    pub before: f64,
    /// And of the winner.
    pub after: f64,
    /// What is saved, as a share of the start's cost.
    pub share: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Compares the winner with the start over cases that were kept back, at 95 % divided by the looks (Bonferroni).
pub(super) fn confirm(goal: Goal, start: &Finished, winner: &Finished, margin: f64, looks: u64) -> Option<Confirmed> {
    let confidence = Confidence::new(1.0 - 0.05 / looks.max(1) as f64)?;
    let row = compare::overall(start, winner, confidence);
    let saving = saving(&start.cases, &winner.cases, confidence);
    let proven = match goal {
        Goal::Quality => row.low > 0.0 && row.p < confidence.alpha(),
        Goal::Cost => row.low > -margin && saving.is_some_and(|saving| saving.low > 0.0),
    };
    Some(Confirmed {
        before: start.run.overall,
        after: winner.run.overall,
        difference: row.difference?,
        low: row.low,
        high: row.high,
        confidence: 1.0 - confidence.alpha(),
        looks,
        saving,
        proven,
    })
}

/// Over the cases that both answered, paired.
fn saving(start: &[CaseResult], winner: &[CaseResult], confidence: Confidence) -> Option<Saving> {
    let cost = |case: &CaseResult| case.trace_id.and(case.cost).map(Money::as_dollars);
    let both = start.iter().filter_map(|then| {
        let now = winner.iter().find(|now| now.case_id == then.case_id)?;
        Some((cost(then)?, cost(now)?))
    });
    let (then, now): (Vec<f64>, Vec<f64>) = both.unzip();
    let less = paired::paired::<u64>(&then, &now, None, confidence)?.estimate;
    let mean = |costs: &[f64]| costs.iter().sum::<f64>() / costs.len() as f64;
    let before = mean(&then);
    (before > 0.0).then(|| Saving {
        before,
        after: mean(&now),
        share: less.value / before,
        low: less.interval.low / before,
        high: less.interval.high / before,
    })
}
