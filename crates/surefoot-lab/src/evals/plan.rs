//! How many cases a question needs, told before they are paid for.

use std::time::Duration;

use serde::Serialize;
use surefoot_types::Money;

use super::{Finished, compare};
use crate::stats::{
    mean,
    power::{Aim, cases_needed, detectable},
};

/// What it takes to see a difference, going by a run that is there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// The difference of pass rates to be seen, as a share.
    pub difference: f64,
    /// Cases that see it in four of five tries, at the 5 % level, both variants asked once.
    pub cases: u64,
    /// Cases that there are.
    pub cases_now: u64,
    /// The smallest difference that those can be expected to see.
    pub seen_now: f64,
    /// Answers for both variants together.
    pub answers: u64,
    /// What they cost; absent when a price is unknown.
    pub cost: Option<Money>,
    /// How long they take, one after the other.
    pub took: Duration,
    /// Whether the spread is that of two runs' differences; otherwise it is the largest that two runs with
    /// this pass rate can be expected to have: answers that have nothing to do with each other.
    pub paired: bool,
}

/// Plans from a finished run, and from an earlier one over the same cases where there is one. Absent
/// where the run could not be graded.
pub fn plan(last: &Finished, earlier: Option<&Finished>, difference: f64) -> Option<Plan> {
    let rate = last.run.overall.value?;
    let paired = earlier.and_then(|earlier| compare::variance(earlier, last));
    // A rate of 0 or 1 has no spread of its own: one case more, of the other kind, is assumed.
    let one_more = (rate * last.run.overall.of as f64 + 0.5) / (last.run.overall.of as f64 + 1.0);
    let variance = paired.unwrap_or(2.0 * one_more * (1.0 - one_more));
    let cases = cases_needed(variance, difference, Aim::USUAL).ceil() as u64;
    let answers = cases.saturating_mul(2);
    let asked = last.run.cases * last.run.repeats;
    let each =
        last.run.cost.filter(|_| asked > 0).map(|cost| cost.as_nanos() / i64::try_from(asked).unwrap_or(i64::MAX));
    let times: Vec<f64> = last.cases.iter().map(|case| case.took_ms as f64 / 1e3).collect();
    Some(Plan {
        difference,
        cases,
        cases_now: last.run.cases,
        seen_now: detectable(variance, last.run.cases as f64, Aim::USUAL).min(1.0),
        answers,
        cost: each.map(|each| Money::nanos(each.saturating_mul(i64::try_from(answers).unwrap_or(i64::MAX)))),
        took: Duration::from_secs_f64(mean::average(&times).unwrap_or(0.0) * answers as f64),
        paired: paired.is_some(),
    })
}

#[cfg(test)]
mod tests {
    use surefoot_testkit::samples;
    use surefoot_types::run::{CaseResult, Rate, Run, Verdict};

    use super::*;

    fn finished(of: u64, passes: impl Fn(u64) -> bool) -> Finished {
        let verdict = |n| if passes(n) { Verdict::Pass } else { Verdict::Fail };
        let case = |n: u64| CaseResult { verdict: verdict(n), took_ms: 500, ..samples::case(&n.to_string()) };
        let passed = (0..of).filter(|n| passes(*n)).count() as u64;
        let overall = Rate { passed, of, value: Some(passed as f64 / of as f64), low: 0.0, high: 1.0 };
        let cost = Some(Money::nanos(10 * i64::try_from(of).unwrap()));
        Finished { run: Run { cases: of, overall, cost, ..samples::run(1, "e") }, cases: (0..of).map(case).collect() }
    }

    #[test]
    fn without_a_second_run_the_worst_is_assumed() {
        let told = plan(&finished(50, |n| n % 5 > 0), None, 0.05).unwrap();
        assert!(!told.paired && told.seen_now > 0.2, "fifty cases do not see five points: {told:?}");
        // (1.96 + 0.84)^2 * 2 * 0.794 * 0.206 / 0.05^2
        assert_eq!(told.cases, 1_027);
        assert_eq!((told.answers, told.cost), (2 * told.cases, Some(Money::nanos(20 * told.cases as i64))));
        assert_eq!(told.took, Duration::from_secs_f64(told.cases as f64));
    }

    #[test]
    fn two_runs_that_mostly_agree_need_fewer_cases() {
        let (before, after) = (finished(100, |n| n % 5 > 0), finished(100, |n| n % 5 > 0 || n < 10));
        let told = plan(&after, Some(&before), 0.05).unwrap();
        assert!(told.paired && told.cases < 100, "{told:?}");
    }

    #[test]
    fn all_passing_is_no_certainty() {
        assert!(plan(&finished(20, |_| true), None, 0.02).unwrap().cases > 100);
        let nothing = Rate { passed: 0, of: 0, value: None, low: 0.0, high: 1.0 };
        let ungraded = Finished { run: Run { overall: nothing, ..samples::run(1, "e") }, cases: Vec::new() };
        assert_eq!(plan(&ungraded, None, 0.02), None);
    }
}
