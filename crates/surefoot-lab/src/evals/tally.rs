//! From grades to a run's figures.

use std::collections::BTreeSet;

use surefoot_types::{
    Money,
    run::{CaseResult, Grade, Rate, Run, Verdict},
};

use super::gate;
use crate::stats::{
    Confidence, Interval,
    mean::{self, Mean},
    proportion::wilson_effective,
    wilson,
};

/// A case's verdict: error over fail over pass; undefined if every grader was.
pub(super) fn verdict(grades: &[Grade]) -> Verdict {
    [Verdict::Error, Verdict::Fail, Verdict::Pass]
        .into_iter()
        .find(|verdict| grades.iter().any(|grade| grade.verdict == *verdict))
        .unwrap_or(Verdict::Undefined)
}

/// How often each verdict was given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) errors: u64,
    pub(super) undefined: u64,
}

impl Count {
    pub(super) fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Pass => self.passed += 1,
            Verdict::Fail => self.failed += 1,
            Verdict::Error => self.errors += 1,
            Verdict::Undefined => self.undefined += 1,
        }
    }

    fn of(verdicts: impl Iterator<Item = Verdict>) -> Self {
        let mut count = Self::default();
        verdicts.for_each(|verdict| count.add(verdict));
        count
    }
}

/// What a verdict was given to: an answer of one case, among cases that belong together.
#[derive(Debug, Clone, Copy)]
struct Given<'a> {
    unit: &'a str,
    verdict: Verdict,
}

/// The pass rate over the answers that could be graded. Among more than `limit` errors it is refused:
/// counted out without a value, its interval as wide as can be. Answers to one case, and cases of one
/// cluster, are no independent witnesses: over them the interval is wider.
fn rate(given: &[Given<'_>], limit: u64) -> (Rate, Count) {
    let count = Count::of(given.iter().map(|one| one.verdict));
    let of = count.passed + count.failed;
    let nothing = Rate { passed: count.passed, of, value: None, low: 0.0, high: 1.0 };
    if count.errors > limit || of == 0 {
        return (nothing, count);
    }
    let graded = given.iter().filter(|one| matches!(one.verdict, Verdict::Pass | Verdict::Fail));
    let (units, scores): (Vec<&str>, Vec<f64>) =
        graded.map(|one| (one.unit, if one.verdict == Verdict::Pass { 1.0 } else { 0.0 })).unzip();
    let alone = units.iter().collect::<BTreeSet<_>>().len() == units.len();
    let interval = if alone {
        wilson(count.passed, of, Confidence::P95)
    } else {
        let told = mean::clustered(&scores, &units, Confidence::P95);
        told.map_or(Interval { low: 0.0, high: 1.0 }, |told| spread(&told))
    };
    let value = Some(count.passed as f64 / of as f64);
    (Rate { value, low: interval.low, high: interval.high, ..nothing }, count)
}

/// The interval of a clustered rate: Wilson's, of as many independent cases as would know it that well.
/// Without any spread between clusters (all pass, or all fail) those are the clusters.
fn spread(told: &Mean) -> Interval {
    let (rate, se, clusters) = (told.estimate.value, told.estimate.se, told.freedom + 1.0);
    let certain = se <= 1e-12 || rate * (1.0 - rate) <= 1e-12;
    if certain {
        return wilson((rate * clusters).round() as u64, clusters as u64, Confidence::P95);
    }
    wilson_effective(rate, rate * (1.0 - rate) / (se * se), Confidence::P95.t(told.freedom))
}

/// Fills in the figures of a run from the answers that are there, and its gate.
pub(super) fn tally(run: &mut Run, results: &[CaseResult], spec: Option<&gate::GateSpec>) {
    let limit = gate::errors_allowed(spec, run.cases * run.repeats);
    let all: Vec<_> = results.iter().map(|case| Given { unit: unit_of(case), verdict: case.verdict }).collect();
    let (overall, count) = rate(&all, limit);
    (run.overall, run.errors) = (overall, count.errors);
    for (at, summary) in run.graders.iter_mut().enumerate() {
        let graded = results.iter().filter_map(|case| Some((case, case.grades.get(at)?)));
        let given: Vec<_> = graded.map(|(case, grade)| Given { unit: unit_of(case), verdict: grade.verdict }).collect();
        let (rate, count) = rate(&given, limit);
        (summary.rate, summary.errors, summary.undefined) = (rate, count.errors, count.undefined);
    }
    run.cost = cost(results);
    run.gate = gate::decide(spec, run, results);
}

/// What an answer is one of: its cluster, or its case.
pub(super) fn unit_of(case: &CaseResult) -> &str {
    case.cluster.as_deref().unwrap_or(&case.case_id)
}

/// What the answers and their judges cost; absent when a price is unknown. Faults bring no answer, hence
/// no trace.
fn cost(results: &[CaseResult]) -> Option<Money> {
    let answers = results.iter().filter(|case| case.trace_id.is_some()).map(|case| case.cost);
    let grades = results.iter().flat_map(|case| &case.grades);
    answers.chain(grades.filter(|grade| !grade.traces.is_empty()).map(|grade| grade.cost)).sum()
}

#[cfg(test)]
mod tests {
    use surefoot_testkit::samples;
    use surefoot_types::ids::TraceId;

    use super::*;

    fn grades(verdicts: &[Verdict]) -> Vec<Grade> {
        let grade = |verdict: &Verdict| Grade::plain("g", *verdict, "");
        verdicts.iter().map(grade).collect()
    }

    #[test]
    fn the_worst_grade_is_the_case_s() {
        use Verdict::{Error, Fail, Pass, Undefined};
        for (given, expected) in [
            (vec![Pass, Fail, Error, Undefined], Error),
            (vec![Pass, Fail, Undefined], Fail),
            (vec![Undefined, Pass], Pass),
            (vec![Undefined, Undefined], Undefined),
            (vec![], Undefined),
        ] {
            assert_eq!(verdict(&grades(&given)), expected, "{given:?}");
        }
    }

    /// Verdicts, each of a case of its own.
    fn alone(passed: usize, failed: usize, errors: usize) -> Vec<Given<'static>> {
        const UNITS: [&str; 12] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
        let verdicts = [(Verdict::Pass, passed), (Verdict::Fail, failed), (Verdict::Error, errors)];
        let verdicts = verdicts.into_iter().flat_map(|(verdict, times)| vec![verdict; times]);
        verdicts.zip(UNITS).map(|(verdict, unit)| Given { unit, verdict }).collect()
    }

    #[test]
    fn a_rate_counts_what_could_be_graded() {
        let (rate, _) = rate(&alone(9, 1, 1), 1);
        assert_eq!((rate.passed, rate.of, rate.value), (9, 10, Some(0.9)));
        assert!((rate.low - 0.59584997320476).abs() < 1e-9);
    }

    #[test]
    fn too_many_errors_leave_no_rate() {
        assert_eq!(rate(&alone(9, 1, 2), 1).0, Rate { passed: 9, of: 10, value: None, low: 0.0, high: 1.0 });
        assert_eq!(rate(&[], 0).0.value, None);
    }

    #[test]
    fn answers_to_one_case_are_not_so_many_cases() {
        let of = |unit, passes| Given { unit, verdict: if passes { Verdict::Pass } else { Verdict::Fail } };
        let each: Vec<_> = alone(6, 4, 0);
        let thrice: Vec<_> = each.iter().flat_map(|one| [*one; 3]).collect();
        let (few, many) = (rate(&each, 0).0, rate(&thrice, 0).0);
        assert_eq!((few.value, many.value, many.of), (Some(0.6), Some(0.6), 30));
        assert!(many.high - many.low > 0.5, "asking again brings no new cases: {many:?}");
        // One cluster says nothing of others; clusters that all pass say what so many cases would.
        assert_eq!((rate(&[of("a", true), of("a", false)], 0).0.low, rate(&[of("a", true); 2], 0).0.low), (0.0, 0.0));
        let passed: Vec<_> = ["a", "b", "c"].iter().flat_map(|unit| [of(unit, true); 2]).collect();
        assert_eq!(rate(&passed, 0).0.low, wilson(3, 3, Confidence::P95).low);
    }

    #[test]
    fn judges_cost_too() {
        let judged = Grade {
            traces: vec![TraceId::from_bits(1)],
            cost: Some(Money::nanos(5)),
            ..grades(&[Verdict::Pass])[0].clone()
        };
        let unknown = Grade { cost: None, ..judged.clone() };
        let case = |grades| CaseResult { grades, cost: Some(Money::nanos(7)), ..samples::case("a") };
        let case = |grades| CaseResult { trace_id: Some(TraceId::from_bits(2)), ..case(grades) };
        assert_eq!(cost(&[case(vec![judged.clone(), grades(&[Verdict::Pass])[0].clone()])]), Some(Money::nanos(12)));
        assert_eq!(cost(&[case(vec![judged, unknown])]), None);
    }
}
