//! A run as rows of a table, and as a document: Markdown for a pull request, HTML for people.

mod html;
mod markdown;
mod plot;
mod standing;

use std::collections::BTreeMap;

pub use html::html;
pub use markdown::markdown;
pub use standing::{Standing, standings};
use surefoot_types::run::{CaseResult, Rate, Run, Verdict};

use super::{Comparison, Decision, Finished};
use crate::stats::{
    Confidence, Interval,
    repeats::{self, Attempts},
};

/// A run with all that a document tells of it.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// The run.
    pub finished: &'a Finished,
    /// What it is compared with.
    pub before: Option<&'a Finished>,
    /// How it compares.
    pub comparison: Option<&'a Comparison>,
    /// What follows for a build.
    pub decision: &'a Decision,
    /// The run among others over the same cases, itself first.
    pub standings: &'a [Standing],
}

impl Page<'_> {
    /// The answers to `case` before and now, of a case that changed.
    fn sides(&self, case: &str) -> Option<[&CaseResult; 2]> {
        let of = |finished: &'_ Finished| finished.cases.iter().position(|one| one.case_id == case);
        let before = self.before?;
        Some([&before.cases[of(before)?], &self.finished.cases[of(self.finished)?]])
    }
}

/// A verdict, as data has it.
pub(super) fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Error => "error",
        Verdict::Undefined => "undefined",
    }
}

/// The graders that say `verdict` of a case, with their reasons.
pub(super) fn reasons(case: &CaseResult, verdict: Verdict) -> String {
    let those = case.grades.iter().filter(|grade| grade.verdict == verdict);
    those.map(|grade| format!("{}: {}", grade.grader, grade.reason)).collect::<Vec<_>>().join("; ")
}

/// A text of at most so many letters, with what is cut told.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}… ({} more)", &text[..end], text[end..].chars().count()),
        None => text.to_owned(),
    }
}

/// One row: all graders together, or one of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The grader's name; [`ALL`] for the first row.
    pub name: String,
    /// Its rate.
    pub rate: Rate,
    /// Cases that ended in an error.
    pub errors: u64,
    /// Cases to which it does not apply.
    pub undefined: u64,
}

/// The name of the row of all graders together.
pub const ALL: &str = "all graders";

impl Row {
    /// `90.0 %`; `not trusted` among too many errors, and `–` where nothing was graded.
    pub fn rate_told(&self) -> String {
        match self.rate.value {
            Some(value) => percent(value),
            None if self.errors > 0 => "not trusted".into(),
            None => "–".into(),
        }
    }

    /// `59.6 – 98.2 %`, the 95 % interval; empty where there is no rate.
    pub fn interval_told(&self) -> String {
        match self.rate.value {
            Some(_) => format!("{:.1} – {}", floor(self.rate.low), percent(self.rate.high)),
            None => String::new(),
        }
    }
}

/// A run's rows: all graders together, then each in the eval's order.
pub fn rows(run: &Run) -> Vec<Row> {
    let undefined = (run.cases * run.repeats).saturating_sub(run.overall.of + run.errors);
    let all = Row { name: ALL.into(), rate: run.overall, errors: run.errors, undefined };
    let each = run.graders.iter().map(|grader| Row {
        name: grader.grader.clone(),
        rate: grader.rate,
        errors: grader.errors,
        undefined: grader.undefined,
    });
    std::iter::once(all).chain(each).collect()
}

/// How reliable a run is whose cases were answered several times.
#[derive(Debug, Clone, PartialEq)]
pub struct Reliability {
    /// Answers that are drawn.
    pub k: u64,
    /// How often one of `k` answers passes, with its 95 % interval over cases.
    pub one_of: Share,
    /// How often all `k` pass.
    pub all_of: Share,
}

/// A share with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// The share.
    pub value: f64,
    /// Where it lies.
    pub interval: Interval,
}

impl Share {
    /// `81.0 % (70.2 – 91.8 %)`.
    pub fn told(&self) -> String {
        let Interval { low, high } = self.interval;
        format!("{} ({:.1} – {})", percent(self.value), floor(low), percent(high))
    }
}

/// pass@k and pass^k of a run for every k from 2 to its repeats; nothing where a case has one answer.
pub fn reliability(run: &Run, cases: &[CaseResult]) -> Vec<Reliability> {
    let mut attempts: BTreeMap<&str, Attempts> = BTreeMap::new();
    for case in cases.iter().filter(|case| matches!(case.verdict, Verdict::Pass | Verdict::Fail)) {
        let of = attempts.entry(&case.case_id).or_insert(Attempts { of: 0, passed: 0 });
        of.of += 1;
        of.passed += u64::from(case.verdict == Verdict::Pass);
    }
    let attempts: Vec<Attempts> = attempts.into_values().collect();
    let share = |figure: &dyn Fn(Attempts) -> Option<f64>| {
        let mean = repeats::over_cases(&attempts, figure, Confidence::P95)?.estimate;
        Some(Share { value: mean.value, interval: mean.interval.within(0.0, 1.0) })
    };
    let of = |k| {
        let (one_of, all_of) = (share(&|case| case.pass_at(k))?, share(&|case| case.pass_all(k))?);
        Some(Reliability { k, one_of, all_of })
    };
    (2..=run.repeats).filter_map(of).collect()
}

/// A share as a percentage with one decimal. It is cut, not rounded: 99.96 % is not 100 %, and a
/// rate just below a gate does not look as if it had reached it.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", floor(share))
}

/// A share in percent, cut after one decimal; the small nudge undoes what 0.29 × 1000 loses.
fn floor(share: f64) -> f64 {
    (share * 1000.0 + 1e-9).floor() / 10.0
}

#[cfg(test)]
mod tests {
    use surefoot_testkit::samples::{self, run};

    use super::*;

    #[test]
    fn percentages_are_cut() {
        for (share, told) in
            [(0.9, "90.0 %"), (0.29, "29.0 %"), (0.99996, "99.9 %"), (1.0, "100.0 %"), (0.0, "0.0 %"), (0.07, "7.0 %")]
        {
            assert_eq!(percent(share), told);
        }
    }

    #[test]
    fn a_refused_rate_is_not_told() {
        let row = |value, errors| Row {
            name: "g".into(),
            rate: Rate { passed: 3, of: 4, value, low: 0.3, high: 0.95 },
            errors,
            undefined: 0,
        };
        assert_eq!(row(None, 5).rate_told(), "not trusted");
        assert_eq!(row(None, 0).rate_told(), "–");
        assert_eq!(row(None, 5).interval_told(), "");
        assert_eq!(
            (row(Some(0.75), 0).rate_told(), row(Some(0.75), 0).interval_told()),
            ("75.0 %".into(), "30.0 – 95.0 %".into())
        );
    }

    #[test]
    fn reliability_is_told_for_every_number_of_answers() {
        let answer = |id: &str, repeat, verdict| CaseResult { repeat, verdict, ..samples::case(id) };
        let cases: Vec<_> = [("a", [Verdict::Pass; 3]), ("b", [Verdict::Pass, Verdict::Fail, Verdict::Fail])]
            .into_iter()
            .flat_map(|(id, verdicts)| (0..).zip(verdicts).map(move |(at, verdict)| answer(id, at, verdict)))
            .collect();
        let told = reliability(&Run { repeats: 3, ..run(1, "answer") }, &cases);
        let figures: Vec<_> = told.iter().map(|one| (one.k, one.one_of.value, one.all_of.value)).collect();
        assert_eq!(figures.len(), 2);
        assert!((figures[0].1 - (1.0 + 2.0 / 3.0) / 2.0).abs() < 1e-12 && figures[0].2 == 0.5);
        assert_eq!(figures[1], (3, 1.0, 0.5));
        assert_eq!(told[1].all_of.told(), "50.0 % (0.0 – 100.0 %)");
        assert_eq!(reliability(&run(1, "answer"), &cases), []);
    }

    #[test]
    fn the_first_row_is_all_graders_together() {
        let run = run(1, "answer");
        let rows = rows(&run);
        assert_eq!(rows.len(), 1 + run.graders.len());
        assert_eq!((rows[0].name.as_str(), rows[0].rate), (ALL, run.overall));
    }
}
