use serde_json::json;
use surefoot_testkit::samples;
use surefoot_types::run::Rate;

use super::*;

/// A run of which so many passed of so many, with this interval and so many errors.
fn run(passed: u64, of: u64, [low, high]: [f64; 2], errors: u64) -> Run {
    let value = (of > 0).then(|| passed as f64 / of as f64);
    Run { cases: of + errors, overall: Rate { passed, of, value, low, high }, errors, ..samples::run(1, "e") }
}

fn told(spec: GateSpec, run: &Run) -> (bool, String) {
    let gate = decide(Some(&spec), run, &[]).unwrap();
    (gate.open, gate.reason)
}

#[test]
fn every_bar_must_be_reached() {
    let bars = GateSpec { pass_rate: Some(0.9), at_least: Some(0.8), ..GateSpec::default() };
    assert!(told(bars, &run(19, 20, [0.81, 0.99], 0)).0);
    let (open, reason) = told(bars, &run(19, 20, [0.76, 0.99], 0));
    assert_eq!((open, reason.as_str()), (false, "the lower end of its 95 % interval is 76.0 %, below 80.0 %"));
    assert!(told(bars, &run(17, 20, [0.76, 0.9], 0)).1.contains("the pass rate is 85.0 %, below 90.0 %"));
}

#[test]
fn errors_shut_it_even_where_there_is_none() {
    assert_eq!(decide(None, &run(10, 10, [0.7, 1.0], 1), &[]), None, "one in eleven may be");
    let gate = decide(None, &run(10, 10, [0.7, 1.0], 3), &[]).unwrap();
    assert!(!gate.open && gate.reason.contains("3 of 13 answers ended in an error"), "{gate:?}");
    let strict = GateSpec { max_errors: Some(0), ..GateSpec::default() };
    assert!(!told(strict, &run(10, 10, [0.7, 1.0], 1)).0);
}

#[test]
fn nothing_graded_is_nothing_reached() {
    assert_eq!(told(GateSpec::default(), &run(0, 0, [0.0, 1.0], 0)), (false, "no case could be graded".into()));
}

#[test]
fn a_run_that_was_stopped_shuts_it() {
    let stopped = Run { stopped: Some("no money".into()), ..run(10, 10, [0.7, 1.0], 0) };
    assert!(told(GateSpec::default(), &stopped).1.contains("no money"));
}

#[test]
fn mistakes_are_told_all_at_once() {
    let table = json!({ "pass_rate": 90, "at_least": "0.8", "max_errors": -1, "rate": 1 });
    let mistakes = GateSpec::read(table.as_object().unwrap()).unwrap_err();
    assert_eq!(mistakes.len(), 4, "{mistakes:?}");
    assert!(mistakes.iter().any(|one| one.message.contains("`rate` is no option of a gate")));
}

fn decided(spec: GateSpec, run: Run, cases: Vec<CaseResult>) -> (Decided, String) {
    let Decision { decided, reason } = settle(Some(&spec), &Finished { run, cases }, None);
    (decided, reason)
}

#[test]
fn what_is_sure_is_told_from_what_is_not() {
    let bars = GateSpec { at_least: Some(0.8), ..GateSpec::default() };
    for (interval, errors, expected) in [
        ([0.81, 0.99], 0, Decided::Pass),
        ([0.70, 0.95], 0, Decided::CannotTell),
        ([0.30, 0.79], 0, Decided::Fail),
        ([0.81, 0.99], 9, Decided::Broken),
    ] {
        assert_eq!(decided(bars, run(17, 20, interval, errors), Vec::new()).0, expected, "{interval:?}");
    }
    let stopped = Run { stopped: Some("no money".into()), ..run(10, 10, [0.7, 1.0], 0) };
    assert_eq!(decided(bars, stopped, Vec::new()).0, Decided::CannotTell);
    assert_eq!([Decided::Pass, Decided::Fail, Decided::CannotTell, Decided::Broken].map(Decided::code), [0, 1, 2, 3]);
    assert!(Decided::Fail > Decided::Broken && Decided::Broken > Decided::CannotTell, "the worst is told");
}

#[test]
fn cost_and_time_have_bars() {
    let case =
        |nanos: Option<i64>, took_ms| CaseResult { cost: nanos.map(Money::nanos), took_ms, ..samples::case("a") };
    let cases = vec![case(Some(1_000_000), 100), case(Some(3_000_000), 900)];
    let bars = GateSpec { usd_per_answer: Some(0.002), p95_ms: Some(1_000.0), ..GateSpec::default() };
    let (passed, reason) = decided(bars, run(2, 2, [0.3, 1.0], 0), cases.clone());
    assert!(passed == Decided::Pass && reason.contains("an answer costs $0.002000, at most $0.002"), "{reason}");
    let tight = GateSpec { usd_per_answer: Some(0.001), p95_ms: Some(500.0), ..GateSpec::default() };
    let (failed, reason) = decided(tight, run(2, 2, [0.3, 1.0], 0), cases);
    assert!(failed == Decided::Fail && reason.contains("above $0.001; the 95th percentile"), "{reason}");
    let unknown = decided(bars, run(1, 1, [0.2, 1.0], 0), vec![case(None, 1)]);
    assert!(unknown.0 == Decided::CannotTell && unknown.1.contains("[prices]"), "{unknown:?}");
}

#[test]
fn worse_fails_only_when_it_is_sure() {
    let verdicts = |right: usize| {
        let verdict =
            |n| if n < right { surefoot_types::run::Verdict::Pass } else { surefoot_types::run::Verdict::Fail };
        let case = |n: usize| CaseResult { verdict: verdict(n), ..samples::case(&n.to_string()) };
        Finished { run: run(right as u64, 60, [0.0, 1.0], 0), cases: (0..60).map(case).collect() }
    };
    let told = |before: usize, after: usize, margin| {
        let (before, after) = (verdicts(before), verdicts(after));
        let comparison = super::super::compare(&before, &after).unwrap();
        settle(Some(&GateSpec { margin, ..GateSpec::default() }), &after, Some(&comparison)).decided
    };
    assert_eq!(told(60, 40, None), Decided::Fail);
    assert_eq!(told(60, 58, None), Decided::Pass, "two of sixty may be chance");
    assert_eq!(told(60, 58, Some(0.05)), Decided::CannotTell, "and are no proof of the contrary");
    assert_eq!(told(60, 60, Some(0.2)), Decided::Pass);
    assert_eq!(told(40, 60, Some(0.0)), Decided::Pass);
}
