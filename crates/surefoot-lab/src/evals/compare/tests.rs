use surefoot_testkit::samples;
use surefoot_types::run::{GraderSummary, Rate};

use super::*;

fn finished(verdicts: &[(&str, Verdict)]) -> Finished {
    let case = |(id, verdict): &(&str, Verdict)| CaseResult { verdict: *verdict, ..samples::case(id) };
    Finished { run: samples::run(1, "answer"), cases: verdicts.iter().map(case).collect() }
}

/// A run of so many cases, of which the first so many pass.
fn passing(of: usize, passed: usize) -> Finished {
    let ids: Vec<String> = (0..of).map(|n| format!("{n:04}")).collect();
    let verdict = |at| if at < passed { Verdict::Pass } else { Verdict::Fail };
    finished(&ids.iter().enumerate().map(|(at, id)| (id.as_str(), verdict(at))).collect::<Vec<_>>())
}

#[test]
fn cases_are_paired_by_id_whatever_their_order() {
    use Verdict::{Error, Fail, Pass, Undefined};
    let before =
        finished(&[("a", Pass), ("b", Fail), ("c", Fail), ("d", Pass), ("e", Error), ("f", Pass), ("gone", Pass)]);
    let after =
        finished(&[("f", Undefined), ("d", Fail), ("c", Pass), ("b", Fail), ("a", Pass), ("e", Pass), ("new", Fail)]);
    let got = compare(&before, &after).unwrap();
    assert_eq!((got.mended, got.broken), (vec!["c".to_owned()], vec!["d".to_owned()]));
    assert_eq!(got.left_out, ["e", "f", "gone", "new"]);
    let all = &got.rows[0];
    assert_eq!((all.cases, all.difference, all.p, all.verdict), (4, Some(0.0), 1.0, Settled::Open));
}

#[test]
fn better_is_said_when_it_is_sure() {
    let got = compare(&passing(40, 20), &passing(40, 28)).unwrap();
    let all = &got.rows[0];
    assert_eq!((all.difference, all.verdict, all.more_cases), (Some(0.7 - 0.5), Settled::Better, None));
    assert!((all.p - 2.0 / 256.0).abs() < 1e-12, "{all:?}");
    assert_eq!(all.told(), "better by 20.0 points (95 % interval 6.5 to 32.2)");
    let back = compare(&passing(40, 28), &passing(40, 20)).unwrap();
    assert_eq!(back.rows[0].told(), "worse by 20.0 points (95 % interval 6.5 to 32.2)");
}

/// The same difference, with more and more cases behind it.
#[test]
fn the_verdict_comes_with_the_cases() {
    let verdict = |of: usize| compare(&passing(of, of / 2), &passing(of, of * 11 / 20)).unwrap().rows[0].clone();
    let few = verdict(40);
    assert_eq!(few.verdict, Settled::Open);
    assert!(few.told().starts_with("cannot be told: +5.0 points (95 % interval"), "{}", few.told());
    let needed = few.cases + few.more_cases.unwrap();
    assert_eq!(verdict(usize::try_from(needed).unwrap() * 2).verdict, Settled::Better);
}

#[test]
fn nothing_graded_says_nothing() {
    let got = compare(&finished(&[("a", Verdict::Error)]), &finished(&[("a", Verdict::Pass)])).unwrap();
    let all = &got.rows[0];
    assert_eq!((all.difference, all.low, all.high, all.p), (None, -1.0, 1.0, 1.0));
    assert!(all.told().starts_with("nothing to compare"));
    let same = compare(&passing(5, 5), &passing(5, 5)).unwrap();
    assert!(same.rows[0].told().ends_with("and no case differs"), "{}", same.rows[0].told());
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

/// Eight clusters of five cases that all move together are eight witnesses, not forty.
#[test]
fn cases_that_belong_together_count_as_one() {
    let run = |passes: &dyn Fn(usize) -> bool, clusters: bool| {
        let mut run = passing(40, 0);
        for (at, case) in run.cases.iter_mut().enumerate() {
            case.verdict = if passes(at) { Verdict::Pass } else { Verdict::Fail };
            case.cluster = clusters.then(|| (at / 5).to_string());
        }
        run
    };
    let (before, after) = (|at: usize| at / 5 == 0, |at: usize| at / 5 < 3);
    let apart = compare(&run(&before, false), &run(&after, false)).unwrap().rows[0].clone();
    let together = compare(&run(&before, true), &run(&after, true)).unwrap().rows[0].clone();
    assert_eq!((apart.verdict, together.verdict), (Settled::Better, Settled::Open));
    assert_eq!(apart.difference, together.difference);
}

#[test]
fn answers_to_one_case_are_averaged_first() {
    let mut before = passing(10, 5);
    let again: Vec<CaseResult> = before.cases.iter().map(|case| CaseResult { repeat: 1, ..case.clone() }).collect();
    before.cases.extend(again);
    let mut after = before.clone();
    after.cases[9].verdict = Verdict::Pass;
    let got = compare(&before, &after).unwrap();
    let all = &got.rows[0];
    assert_eq!((all.cases, got.mended.as_slice()), (10, ["0009".to_owned()].as_slice()));
    assert!((all.difference.unwrap() - 0.05).abs() < 1e-12, "half of one case in ten");
}

/// Where all move alike there is no spread to be seen, and two cases prove no more for that.
#[test]
fn few_that_move_alike_are_not_sure() {
    let run = |of: usize, verdict: Verdict| {
        let mut run = passing(of, 0);
        for case in &mut run.cases {
            case.verdict = verdict;
        }
        let again: Vec<CaseResult> = run.cases.iter().map(|case| CaseResult { repeat: 1, ..case.clone() }).collect();
        run.cases.extend(again);
        run
    };
    let moved = |of| compare(&run(of, Verdict::Fail), &run(of, Verdict::Pass)).unwrap().rows[0].clone();
    let (two, twelve) = (moved(2), moved(12));
    assert_eq!((two.verdict, two.p), (Settled::Open, 0.5));
    assert!(two.told().ends_with(": too few cases"), "{}", two.told());
    assert_eq!(twelve.verdict, Settled::Better);
    assert!(0.5 < twelve.low && twelve.low < 1.0, "{twelve:?}");
    let same = compare(&run(12, Verdict::Pass), &run(12, Verdict::Pass)).unwrap().rows[0].clone();
    assert!(same.low < -0.1 && same.high > 0.1, "that none of twelve moved is no certainty: {same:?}");
}

#[test]
fn graders_are_compared_and_their_p_adjusted() {
    let nothing = Rate { passed: 0, of: 0, value: None, low: 0.0, high: 1.0 };
    let summary = |name: &str| GraderSummary { grader: name.into(), rate: nothing, errors: 0, undefined: 0 };
    let graded = |passed: usize| {
        let mut run = passing(40, passed);
        run.run.graders = vec![summary("one"), summary("two")];
        for case in &mut run.cases {
            let score = if case.verdict == Verdict::Pass { 0.9 } else { 0.2 };
            let one = Grade { score: Some(score), ..Grade::plain("one", case.verdict, "") };
            case.grades = vec![one, Grade::plain("two", Verdict::Pass, "")];
        }
        run
    };
    let got = compare(&graded(20), &graded(28)).unwrap();
    let names: Vec<_> = got.rows.iter().map(|row| (row.name.as_str(), row.measure)).collect();
    assert_eq!(
        names,
        [(ALL, Measure::PassRate), ("one", Measure::PassRate), ("one", Measure::Score), ("two", Measure::PassRate)]
    );
    assert!((got.rows[1].p - 2.0 * got.rows[0].p).abs() < 1e-12, "the smallest but one of three: {:?}", got.rows);
    assert!((got.rows[2].difference.unwrap() - 0.14).abs() < 1e-12);
}

/// Of many pairs of runs without a true difference, hardly more than one in twenty is called one.
#[test]
fn false_alarms_stay_at_their_level() {
    let mut rng = fastrand::Rng::with_seed(3);
    let mut run = || {
        let mut run = passing(60, 0);
        for case in &mut run.cases {
            case.verdict = if rng.f64() < 0.7 { Verdict::Pass } else { Verdict::Fail };
        }
        run
    };
    let alarms = (0..1_000).filter(|_| compare(&run(), &run()).unwrap().rows[0].verdict != Settled::Open).count();
    assert!(alarms <= 60, "{alarms} of 1000");
}
