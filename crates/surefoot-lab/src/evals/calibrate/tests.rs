use serde_json::json;
use surefoot_testkit::samples;

use super::*;
use crate::evals::{
    GraderSpec, Home,
    sample::{Judge, now},
};

fn grader(kind: &str) -> Grader {
    let table = json!({ "kind": kind, "name": "judge", "value": "kind" });
    let home = Home { folder: std::path::Path::new("."), judge: Some("j") };
    Grader::compile(&GraderSpec::read(table.as_object().unwrap()).unwrap(), home).unwrap()
}

fn labels(cases: &[(&str, bool)]) -> Dataset {
    let line = |(output, human): &(&str, bool)| json!({ "input": "?", "output": output, "human": human }).to_string();
    Dataset::parse("l.jsonl", cases.iter().map(line).collect::<Vec<_>>().join("\n").as_bytes()).unwrap()
}

/// A judge's calibration on these labels, from its replies in their order.
fn calibrated(kind: &str, cases: &[(&str, bool)], replies: &[&str], unlabelled: &[CaseResult]) -> Calibration {
    let judge = Judge::new(replies);
    now(calibrate(&grader(kind), &labels(cases), &judge, 1, unlabelled, &|_| {})).unwrap()
}

const YES: &str = r#"{"reason": "it is", "pass": true}"#;
const NO: &str = r#"{"reason": "it is not", "pass": false}"#;

#[test]
fn verdicts_are_counted_beside_people_s() {
    // 40 and 10 where people pass, 15 and 35 where they fail: the reference case of the statistics.
    let (mut cases, mut replies) = (Vec::new(), Vec::new());
    for (human, judge, times) in [(true, YES, 40), (true, NO, 10), (false, YES, 15), (false, NO, 35)] {
        cases.extend(vec![("an answer", human); times]);
        replies.extend(vec![judge; times]);
    }
    let told = calibrated("llm-rubric", &cases, &replies, &[]);
    assert_eq!((told.cases, told.confusion), (100, [[40, 10], [15, 35]]));
    let kappa = told.kappa.unwrap();
    assert!((kappa.value - 0.5).abs() < 1e-9 && (kappa.low - 0.331_112_961_587_77).abs() < 1e-9);
    assert_eq!((told.sensitivity.unwrap().value, told.specificity.unwrap().value), (0.8, 0.7));
    assert_eq!((told.disagreements.len(), told.disagreements[0].reason.as_str()), (25, "it is not"));
    assert_eq!(told.cost, Some(Money::nanos(500)));
    assert!(told.told().contains("better than chance; correct its rates"), "{}", told.told());
}

#[test]
fn what_the_judge_could_not_say_is_left_out_and_told() {
    let told = calibrated("llm-rubric", &[("a", true), ("b", false), ("c", true)], &[YES, "perhaps", YES], &[]);
    assert_eq!((told.cases, told.errors), (2, 1));
    assert!(told.told().starts_with("judge: 2 labelled cases (1 errors and 0 undefined left out)"));
    assert_eq!(told.kappa, None, "of one verdict only there is no kappa");
    assert!(told.told().contains("label cases of both kinds"), "{}", told.told());
}

#[test]
fn a_judge_that_likes_length_is_found_out() {
    let long = "long ".repeat(50);
    let (mut cases, mut replies) = (Vec::new(), Vec::new());
    for at in 0..40 {
        let human = at % 2 == 0;
        let is_long = at % 4 < 2;
        cases.push((if is_long { long.as_str() } else { "short" }, human));
        replies.push(if is_long || human { YES } else { NO });
    }
    let bias = calibrated("llm-rubric", &cases, &replies, &[]).length_bias.unwrap();
    assert!((bias.value - 0.5).abs() < 1e-9 && bias.low > 0.0, "{bias:?}");
}

#[test]
fn a_judge_that_prefers_the_first_place_is_found_out() {
    let first = r#"{"better": "first"}"#;
    let second = r#"{"better": "second"}"#;
    let tie = r#"{"better": "tie"}"#;
    let cases = [("a", true), ("b", true), ("c", false), ("d", false)];
    let replies = [first, first, first, second, tie, tie, tie, first];
    let told = calibrated("pairwise", &cases, &replies, &[]);
    assert_eq!((told.flips.unwrap().value, told.first_preferred.unwrap().value), (0.5, 1.0));
    let whole = calibrated("llm-rubric", &[("a", true)], &[YES], &[]);
    assert_eq!((whole.flips, whole.first_preferred), (None, None));
}

#[test]
fn a_run_s_rate_is_corrected_by_labels() {
    let (mut cases, mut replies) = (Vec::new(), Vec::new());
    for at in 0..60 {
        // It passes whatever people pass, and half of what they fail.
        let human = at % 2 == 0;
        cases.push(("an answer", human));
        replies.push(if human || at % 4 == 1 { YES } else { NO });
    }
    let graded = |at: usize| CaseResult {
        grades: vec![Grade::plain("judge", if at % 4 == 3 { Verdict::Fail } else { Verdict::Pass }, "")],
        ..samples::case(&at.to_string())
    };
    let run: Vec<CaseResult> = (0..400).map(graded).collect();
    let told = calibrated("llm-rubric", &cases, &replies, &run).corrected.unwrap();
    assert_eq!((told.answers, told.judge), (400, 0.75));
    assert!((told.people.value - 0.5).abs() < 0.02 && told.people.low < 0.5 && 0.5 < told.people.high, "{told:?}");
    let other = Grade::plain("other", Verdict::Pass, "");
    let unrelated = [CaseResult { grades: vec![other], ..samples::case("a") }];
    assert_eq!(calibrated("llm-rubric", &cases, &replies, &unrelated).corrected, None);
}

#[test]
fn labels_that_are_none_are_told_all_at_once() {
    let text = r#"{"input": "?", "output": "a", "human": "maybe"}
{"input": "?", "human": true}
{"input": "?", "output": "a", "human": "Fail"}"#;
    let labels = Dataset::parse("l.jsonl", text.as_bytes()).unwrap();
    let judge = Judge::new(&[]);
    let wrong = now(calibrate(&grader("llm-rubric"), &labels, &judge, 1, &[], &|_| {})).unwrap_err();
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert!(wrong[0].contains("case 1: `human` is pass or fail") && wrong[1].contains("case 2: has no `output`"));
    assert_eq!(judge.asks().len(), 0);
}
