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
    let gate = decide(Some(&spec), run).unwrap();
    (gate.open, gate.reason)
}

#[test]
fn every_bar_must_be_reached() {
    let bars = GateSpec { pass_rate: Some(0.9), at_least: Some(0.8), max_errors: None };
    assert!(told(bars, &run(19, 20, [0.81, 0.99], 0)).0);
    let (open, reason) = told(bars, &run(19, 20, [0.76, 0.99], 0));
    assert_eq!((open, reason.as_str()), (false, "the lower end of its 95 % interval is 76.0 %, below 80.0 %"));
    assert!(told(bars, &run(17, 20, [0.76, 0.9], 0)).1.contains("the pass rate is 85.0 %, below 90.0 %"));
}

#[test]
fn errors_shut_it_even_where_there_is_none() {
    assert_eq!(decide(None, &run(10, 10, [0.7, 1.0], 1)), None, "one in eleven may be");
    let gate = decide(None, &run(10, 10, [0.7, 1.0], 3)).unwrap();
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
