//! From grades to a run's figures.

use surefoot_types::{
    Money,
    run::{CaseResult, Grade, GraderSummary, Rate, Run, Verdict},
};

use super::gate;
use crate::stats::{Confidence, wilson};

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

    /// The pass rate over the cases that could be graded. Among more than `limit` errors it is
    /// refused: counted out without a value, its interval as wide as can be.
    pub(super) fn rate(self, limit: u64) -> Rate {
        let of = self.passed + self.failed;
        if self.errors > limit {
            return Rate { passed: self.passed, of, value: None, low: 0.0, high: 1.0 };
        }
        let interval = wilson(self.passed, of, Confidence::P95);
        let value = (of > 0).then(|| self.passed as f64 / of as f64);
        Rate { passed: self.passed, of, value, low: interval.low, high: interval.high }
    }
}

/// Fills in the figures of a run whose cases are all there, and its gate.
pub(super) fn tally(run: &mut Run, results: &[CaseResult], spec: Option<&gate::GateSpec>) {
    let limit = gate::errors_allowed(spec, run.cases);
    let count = Count::of(results.iter().map(|case| case.verdict));
    run.overall = count.rate(limit);
    run.errors = count.errors;
    for (at, summary) in run.graders.iter_mut().enumerate() {
        let count = Count::of(results.iter().filter_map(|case| case.grades.get(at)).map(|grade| grade.verdict));
        *summary = GraderSummary {
            grader: std::mem::take(&mut summary.grader),
            rate: count.rate(limit),
            errors: count.errors,
            undefined: count.undefined,
        };
    }
    run.cost = cost(results);
    run.gate = gate::decide(spec, run);
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

    #[test]
    fn a_rate_counts_what_could_be_graded() {
        let count = Count { passed: 9, failed: 1, errors: 1, undefined: 5 };
        let rate = count.rate(1);
        assert_eq!((rate.passed, rate.of, rate.value), (9, 10, Some(0.9)));
        assert!((rate.low - 0.59584997320476).abs() < 1e-9);
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

    #[test]
    fn too_many_errors_leave_no_rate() {
        let count = Count { passed: 9, failed: 1, errors: 2, undefined: 0 };
        assert_eq!(count.rate(1), Rate { passed: 9, of: 10, value: None, low: 0.0, high: 1.0 });
        assert_eq!(Count::default().rate(0).value, None);
    }
}
