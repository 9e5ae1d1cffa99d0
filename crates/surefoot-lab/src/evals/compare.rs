//! Two runs over the same dataset, compared case by case: did the change help?

use std::collections::BTreeMap;

use serde::Serialize;
use surefoot_types::run::{CaseResult, Verdict};

use super::Finished;
use crate::stats::{Confidence, Pairs};

/// What changed between two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Cases that passed in both.
    pub both_passed: u64,
    /// Cases that passed in neither.
    pub both_failed: u64,
    /// Ids of the cases that failed before and pass now.
    pub mended: Vec<String>,
    /// Ids of the cases that passed before and fail now.
    pub broken: Vec<String>,
    /// Ids of the cases that one of the runs lacks or could not grade; they count nowhere above or below.
    pub left_out: Vec<String>,
    /// The pass rate now minus the one before; absent when no case was graded in both.
    pub difference: Option<f64>,
    /// Lower end of its 95 % interval (Newcombe, for pairs).
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// McNemar's exact two-sided p: how often chance alone would mend and break this unevenly.
    pub p: f64,
}

/// The runs are not over the same cases.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the runs are over different datasets (`{before}` and `{after}`): run the older eval again")]
pub struct OtherDataset {
    /// The first eight digits of the hash of the earlier run's dataset.
    pub before: String,
    /// And of the later one's.
    pub after: String,
}

/// Compares a run with an earlier one, pairing cases by their ids.
///
/// # Errors
/// When they are over different datasets.
pub fn compare(before: &Finished, after: &Finished) -> Result<Comparison, OtherDataset> {
    if before.run.dataset != after.run.dataset {
        let short = |hash: &str| hash.chars().take(8).collect();
        return Err(OtherDataset { before: short(&before.run.dataset), after: short(&after.run.dataset) });
    }
    let earlier: BTreeMap<&str, Option<bool>> = graded(&before.cases).collect();
    let later: BTreeMap<&str, Option<bool>> = graded(&after.cases).collect();
    let mut pairs = Pairs::default();
    let (mut mended, mut broken, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    for (id, now) in &later {
        match (earlier.get(id).copied().flatten(), now) {
            (Some(true), Some(true)) => pairs.both += 1,
            (Some(false), Some(false)) => pairs.neither += 1,
            (Some(false), Some(true)) => mended.push((*id).to_owned()),
            (Some(true), Some(false)) => broken.push((*id).to_owned()),
            _ => left_out.push((*id).to_owned()),
        }
    }
    left_out.extend(earlier.keys().filter(|id| !later.contains_key(*id)).map(|id| (*id).to_owned()));
    left_out.sort();
    (pairs.first_only, pairs.second_only) = (mended.len() as u64, broken.len() as u64);
    let difference = pairs.difference(Confidence::P95);
    let interval = difference.map(|difference| difference.interval);
    Ok(Comparison {
        both_passed: pairs.both,
        both_failed: pairs.neither,
        mended,
        broken,
        left_out,
        difference: difference.map(|difference| difference.value),
        low: interval.map_or(-1.0, |interval| interval.low),
        high: interval.map_or(1.0, |interval| interval.high),
        p: pairs.mcnemar(),
    })
}

/// Whether each case passed, where that is known.
fn graded(cases: &[CaseResult]) -> impl Iterator<Item = (&str, Option<bool>)> {
    cases.iter().map(|case| {
        let passed = match case.verdict {
            Verdict::Pass => Some(true),
            Verdict::Fail => Some(false),
            Verdict::Error | Verdict::Undefined => None,
        };
        (case.case_id.as_str(), passed)
    })
}

#[cfg(test)]
mod tests {
    use surefoot_testkit::samples;

    use super::*;

    fn finished(verdicts: &[(&str, Verdict)]) -> Finished {
        let case = |(id, verdict): &(&str, Verdict)| CaseResult { verdict: *verdict, ..samples::case(id) };
        Finished { run: samples::run(1, "answer"), cases: verdicts.iter().map(case).collect() }
    }

    #[test]
    fn cases_are_paired_by_id_whatever_their_order() {
        use Verdict::{Error, Fail, Pass, Undefined};
        let before =
            finished(&[("a", Pass), ("b", Fail), ("c", Fail), ("d", Pass), ("e", Error), ("f", Pass), ("gone", Pass)]);
        let after = finished(&[
            ("f", Undefined),
            ("d", Fail),
            ("c", Pass),
            ("b", Fail),
            ("a", Pass),
            ("e", Pass),
            ("new", Fail),
        ]);
        let got = compare(&before, &after).unwrap();
        assert_eq!((got.both_passed, got.both_failed), (1, 1));
        assert_eq!((got.mended, got.broken), (vec!["c".to_owned()], vec!["d".to_owned()]));
        assert_eq!(got.left_out, ["e", "f", "gone", "new"]);
        assert_eq!((got.difference, got.p), (Some(0.0), 1.0));
    }

    #[test]
    fn better_is_positive_and_has_its_interval() {
        let run = |passing: usize| {
            let ids: Vec<_> = (0..40).map(|n| format!("{n:02}")).collect();
            let verdict = |at| if at < passing { Verdict::Pass } else { Verdict::Fail };
            finished(&ids.iter().enumerate().map(|(at, id)| (id.as_str(), verdict(at))).collect::<Vec<_>>())
        };
        let got = compare(&run(20), &run(28)).unwrap();
        assert_eq!(got.difference, Some(28.0 / 40.0 - 0.5));
        assert!(0.0 < got.low && got.low < 0.2 && 0.2 < got.high, "{got:?}");
        assert!((got.p - 2.0 / 256.0).abs() < 1e-12, "{got:?}");
    }

    #[test]
    fn nothing_graded_says_nothing() {
        let got = compare(&finished(&[("a", Verdict::Error)]), &finished(&[("a", Verdict::Pass)])).unwrap();
        assert_eq!((got.difference, got.low, got.high, got.p), (None, -1.0, 1.0, 1.0));
    }

    #[test]
    fn other_datasets_are_refused() {
        let (before, mut after) = (finished(&[]), finished(&[]));
        after.run.dataset = "11".repeat(32);
        let refused = compare(&before, &after).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the runs are over different datasets (`00000000` and `11111111`): run the older eval again"
        );
    }
}
