//! Runs over the same cases side by side: how good, how dear, how slow, and how sure that is.

use serde::Serialize;
use surefoot_types::{
    Money,
    ids::RunId,
    run::{CaseResult, Verdict},
};

use crate::{
    evals::{Finished, calibrate::Measured},
    stats::{
        Confidence, Interval, mean,
        pareto::{Choice, frontier},
    },
};

/// Where a run stands among others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Standing {
    /// Who was asked.
    pub subject: String,
    /// The run.
    pub run: RunId,
    /// Its pass rate.
    pub quality: Measured,
    /// Dollars for each answer that passes; absent where a price is unknown or none passes.
    pub cost: Option<Measured>,
    /// The median time of an answer, in milliseconds.
    pub took: Option<Measured>,
    /// Whether none of the others is as good on everything and better on something, as far as it was seen.
    pub best: bool,
    /// Whether another is better on everything, and so sure that no interval touches.
    pub beaten: bool,
}

/// The runs that were graded, in their order.
pub fn standings(runs: &[&Finished]) -> Vec<Standing> {
    let mut all: Vec<Standing> = runs.iter().filter_map(|run| standing(run)).collect();
    // What one of them lacks is compared of none.
    let known = (all.iter().all(|one| one.cost.is_some()), all.iter().all(|one| one.took.is_some()));
    let value = |known: bool, one: Option<Measured>| one.filter(|_| known).map_or(0.0, |one| one.value);
    let choice = |one: &Standing| Choice {
        quality: one.quality.value,
        cost: value(known.0, one.cost),
        latency: value(known.1, one.took),
    };
    let best = frontier(&all.iter().map(choice).collect::<Vec<_>>());
    let beaten: Vec<bool> = all.iter().map(|one| all.iter().any(|other| surely_beats(other, one, known))).collect();
    for ((one, best), beaten) in all.iter_mut().zip(best).zip(beaten) {
        (one.best, one.beaten) = (best, beaten);
    }
    all
}

fn surely_beats(one: &Standing, other: &Standing, known: (bool, bool)) -> bool {
    let below = |one: Option<Measured>, other: Option<Measured>| match (one, other) {
        (Some(one), Some(other)) => one.high < other.low,
        _ => false,
    };
    one.quality.low > other.quality.high
        && (!known.0 || below(one.cost, other.cost))
        && (!known.1 || below(one.took, other.took))
}

fn standing(finished: &Finished) -> Option<Standing> {
    let rate = finished.run.overall;
    let value = rate.value?;
    let quality = Measured { value, low: rate.low, high: rate.high };
    let answered = || finished.cases.iter().filter(|case| case.trace_id.is_some());
    let times: Vec<f64> = answered().map(|case| case.took_ms as f64).collect();
    let took = mean::quantile(&times, 0.5).zip(mean::quantile_interval(&times, 0.5, Confidence::P95));
    Some(Standing {
        subject: finished.run.subject.clone(),
        run: finished.run.id,
        quality,
        cost: cost(answered()),
        took: took.map(|(value, Interval { low, high })| Measured { value, low, high }),
        best: false,
        beaten: false,
    })
}

/// Dollars for an answer that passes, over all that were graded.
fn cost<'a>(answered: impl Iterator<Item = &'a CaseResult>) -> Option<Measured> {
    let graded = answered.filter(|case| matches!(case.verdict, Verdict::Pass | Verdict::Fail));
    let passed = |case: &CaseResult| if case.verdict == Verdict::Pass { 1.0 } else { 0.0 };
    let pairs: Option<Vec<(f64, f64)>> =
        graded.map(|case| Some((case.cost.map(Money::as_dollars)?, passed(case)))).collect();
    let (costs, passes): (Vec<f64>, Vec<f64>) = pairs?.into_iter().unzip();
    let ratio = mean::ratio(&costs, &passes, Confidence::P95)?;
    Some(Measured::of(ratio, 0.0, f64::INFINITY))
}

#[cfg(test)]
mod tests {
    use surefoot_testkit::samples;
    use surefoot_types::run::{Rate, Run};

    use super::*;
    use crate::stats::wilson;

    fn run(n: u64, subject: &str, passed: u64, nanos: Option<i64>, took_ms: u64) -> Finished {
        let verdict = |at| if at < passed { Verdict::Pass } else { Verdict::Fail };
        let case = |at: u64| CaseResult {
            verdict: verdict(at),
            cost: nanos.map(Money::nanos),
            took_ms,
            ..samples::case(&at.to_string())
        };
        let Interval { low, high } = wilson(passed, 100, Confidence::P95);
        let overall = Rate { passed, of: 100, value: Some(passed as f64 / 100.0), low, high };
        Finished {
            run: Run { subject: subject.into(), overall, cases: 100, ..samples::run(n, "e") },
            cases: (0..100).map(case).collect(),
        }
    }

    #[test]
    fn what_fails_is_paid_too() {
        let told = standings(&[&run(1, "a", 50, Some(1_000_000), 10)]);
        let cost = told[0].cost.unwrap();
        assert!((cost.value - 0.002).abs() < 1e-12 && cost.low < 0.002 && cost.high > 0.002, "{cost:?}");
        assert!(told[0].best && !told[0].beaten);
    }

    #[test]
    fn the_beaten_are_told_from_the_surely_beaten() {
        let (good, near, bad) =
            (run(1, "good", 90, Some(1), 10), run(2, "near", 88, Some(2), 11), run(3, "bad", 20, Some(9), 99));
        let told = standings(&[&good, &near, &bad]);
        let of = |at: usize| (told[at].best, told[at].beaten);
        assert_eq!([of(0), of(1), of(2)], [(true, false), (false, false), (false, true)]);
        // An unknown price is compared of none.
        let told = standings(&[&good, &run(2, "free?", 95, None, 5)]);
        assert_eq!(told.iter().map(|one| one.best).collect::<Vec<_>>(), [false, true]);
    }
}
