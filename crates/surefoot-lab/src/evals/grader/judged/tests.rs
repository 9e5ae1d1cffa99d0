use serde_json::{Value, json};
use surefoot_types::run::{Grade, Verdict};

use super::*;
use crate::evals::{
    Grader, GraderSpec, Home,
    sample::{self, Judge, now},
};

/// The grade that `table` gives with a judge of these replies, and what the judge was asked.
fn judged(table: Value, replies: &[&str]) -> (Grade, Vec<Ask>) {
    let Value::Object(table) = table else { panic!("a grader is a table") };
    let home = Home { folder: std::path::Path::new("."), judge: Some("some/judge") };
    let grader = Grader::compile(&GraderSpec::read(&table).unwrap(), home).unwrap();
    let expect = json!({ "expect": "the reference", "contexts": ["one", "two", "three"] });
    let Value::Object(expect) = expect else { panic!() };
    let case = Case { id: "1".into(), input: CaseInput::Text("what?".into()), cluster: None, expect };
    let judge = Judge::new(replies);
    let answer = sample::asked("an answer");
    (now(grader.grade(&case, Ok(&answer), Judging { subject: &judge, mark: "run/1/0" })), judge.asks())
}

fn said(ask: &Ask) -> String {
    ask.input.to_string()
}

#[test]
fn a_rubric_is_answered_with_yes_or_no() {
    let rubric = || json!({ "kind": "llm-rubric", "value": "It is short." });
    let (grade, asks) = judged(rubric(), &[r#"{"reason": "it is", "pass": true}"#]);
    assert_eq!((grade.verdict, grade.score, grade.reason.as_str()), (Verdict::Pass, Some(1.0), "it is"));
    assert_eq!((grade.traces.len(), grade.cost), (1, Some(Money::nanos(5))));
    assert_eq!(asks[0].subject, "some/judge");
    for part in ["It is short.", "<question>\nwhat?", "<answer>\nan answer"] {
        assert!(said(&asks[0]).contains(part), "{part}");
    }
    let (fenced, _) = judged(rubric(), &["```json\n{\"pass\": false}\n```"]);
    assert_eq!((fenced.verdict, fenced.reason.as_str()), (Verdict::Fail, "the judge gives no reason"));
}

/// Whatever a judge says that was not asked for is an error: never a pass, and turned around neither.
#[test]
fn nonsense_is_never_a_grade() {
    for reply in [
        "Yes, it passes.",
        "",
        "[true]",
        r#"{"pass": "true"}"#,
        r#"{"pass": 1}"#,
        r#"Sure! {"pass": true}"#,
        r#"{"pass": true} {"pass": false}"#,
        r#"{"verdict": true}"#,
    ] {
        for kind in ["llm-rubric", "not-llm-rubric", "model-graded-closedqa"] {
            let (grade, _) = judged(json!({ "kind": kind, "value": "short" }), &[reply]);
            assert_eq!(grade.verdict, Verdict::Error, "{kind} {reply}");
            assert_eq!(grade.traces.len(), 1, "what was asked is told even so");
        }
    }
    let (away, _) = judged(json!({ "kind": "not-llm-rubric", "value": "short" }), &[]);
    assert_eq!(away.verdict, Verdict::Error);
}

#[test]
fn a_scale_has_its_points_and_no_others() {
    let graded = |reply: &str| {
        judged(json!({ "kind": "llm-rubric", "value": "kind", "scale": 5, "threshold": 0.75 }), &[reply]).0
    };
    for (points, verdict, score) in
        [("1", Verdict::Fail, Some(0.0)), ("4", Verdict::Pass, Some(0.75)), ("5", Verdict::Pass, Some(1.0))]
    {
        let grade = graded(&format!(r#"{{"score": {points}}}"#));
        assert_eq!((grade.verdict, grade.score), (verdict, score));
    }
    for points in ["0", "6", "3.5", "\"4\""] {
        assert_eq!(graded(&format!(r#"{{"score": {points}}}"#)).verdict, Verdict::Error, "{points}");
    }
}

#[test]
fn of_several_judges_most_decide() {
    let table = json!({ "kind": "llm-rubric", "value": "kind", "judge": ["a", "b", "c"] });
    let (yes, no) = (r#"{"pass": true}"#, r#"{"pass": false}"#);
    let (grade, asks) = judged(table.clone(), &[yes, no, yes]);
    assert_eq!((grade.verdict, asks.len(), grade.cost), (Verdict::Pass, 3, Some(Money::nanos(15))));
    assert!((grade.score.unwrap() - 2.0 / 3.0).abs() < 1e-12);
    assert_eq!(asks.iter().map(|ask| ask.subject.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    let marks: Vec<_> = asks.iter().filter_map(|ask| ask.mark.as_deref()).collect();
    assert_eq!(marks, ["run/1/0/0", "run/1/0/1", "run/1/0/2"]);
    assert_eq!(judged(table.clone(), &[yes, no, no]).0.verdict, Verdict::Fail);
    assert_eq!(judged(table, &[yes, yes, "perhaps"]).0.verdict, Verdict::Error);
}

#[test]
fn a_judge_that_prefers_a_place_decides_nothing() {
    let better = |place: &str| format!(r#"{{"reason": "r", "better": "{place}"}}"#);
    for (here, there, score, verdict) in [
        ("first", "second", 1.0, Verdict::Pass),
        ("second", "first", 0.0, Verdict::Fail),
        ("first", "first", 0.5, Verdict::Pass),
        ("tie", "tie", 0.5, Verdict::Pass),
        ("tie", "first", 0.5, Verdict::Pass),
    ] {
        let (grade, asks) = judged(json!({ "kind": "pairwise" }), &[&better(here), &better(there)]);
        assert_eq!((grade.score, grade.verdict), (Some(score), verdict), "{here} {there}");
        assert!(said(&asks[0]).contains("<first>\nan answer") && said(&asks[1]).contains("<second>\nan answer"));
    }
}

#[test]
fn facts_are_worth_what_autoevals_says() {
    for (choice, score) in [("A", 0.4), ("B", 0.6), ("C", 1.0), ("D", 0.0), ("E", 1.0)] {
        let (grade, _) = judged(json!({ "kind": "factuality@autoevals" }), &[&format!(r#"{{"choice": "{choice}"}}"#)]);
        assert_eq!(grade.score, Some(score), "{choice}");
    }
    assert_eq!(judged(json!({ "kind": "factuality@autoevals" }), &[r#"{"choice": "F"}"#]).0.verdict, Verdict::Error);
}

/// One name, two numbers: why a metric says whose it is.
#[test]
fn faithfulness_depends_on_whose_it_is() {
    let three = r#"{"statements": ["a", "b", "c"]}"#;
    let verdicts = r#"{"verdicts": ["yes", "idk", "no"]}"#;
    let score = |kind: &str, replies: &[&str]| judged(json!({ "kind": kind }), replies).0;
    let ragas = score("faithfulness@ragas", &[three, verdicts]);
    assert!((ragas.score.unwrap() - 1.0 / 3.0).abs() < 1e-12);
    assert!(ragas.reason.ends_with("(1 of 3; not `b`)"), "{}", ragas.reason);
    let deepeval = score("faithfulness@deepeval", &[three, verdicts]);
    assert!((deepeval.score.unwrap() - 2.0 / 3.0).abs() < 1e-12);
    let none = r#"{"statements": []}"#;
    assert_eq!(score("faithfulness@ragas", &[none]).verdict, Verdict::Undefined);
    assert_eq!(score("faithfulness@deepeval", &[none]).score, Some(1.0));
    let short = score("faithfulness@ragas", &[three, r#"{"verdicts": ["yes", "yes"]}"#]);
    assert_eq!((short.verdict, short.reason.as_str()), (Verdict::Error, "the judge gives 2 verdicts on 3 things"));
}

#[test]
fn context_precision_is_an_average_precision() {
    let (grade, asks) =
        judged(json!({ "kind": "context_precision@ragas" }), &[r#"{"verdicts": ["no", "yes", "yes"]}"#]);
    assert!((grade.score.unwrap() - 0.583_333_333_333_33).abs() < 1e-9, "{grade:?}");
    assert!(said(&asks[0]).contains("2. two"));
    assert_eq!(rag::average_precision(&[false, false]), 0.0);
}

#[test]
fn recall_and_correctness_look_at_the_reference() {
    let (recall, asks) = judged(
        json!({ "kind": "context_recall@ragas" }),
        &[r#"{"statements": ["a", "b"]}"#, r#"{"verdicts": ["yes", "no"]}"#],
    );
    assert_eq!(recall.score, Some(0.5));
    assert!(said(&asks[0]).contains("<text>\nthe reference"));
    let (correct, _) = judged(
        json!({ "kind": "factual_correctness@ragas" }),
        &[
            r#"{"statements": ["a", "b", "c"]}"#,
            r#"{"statements": ["x", "y", "z"]}"#,
            r#"{"verdicts": ["yes", "yes", "no"]}"#,
            r#"{"verdicts": ["yes", "no", "yes"]}"#,
        ],
    );
    assert_eq!(correct.score, Some(0.67));
    assert!(correct.reason.ends_with("(2 right, 1 wrong, 1 missing)"), "{}", correct.reason);
}

#[test]
fn relevancy_is_noncommittal_only_if_all_are() {
    let reply = |flags: &str| format!(r#"{{"questions": ["what a", "why b", "what c"], "noncommittal": {flags}}}"#);
    let score = |flags: &str| judged(json!({ "kind": "answer_relevancy@ragas" }), &[&reply(flags)]).0;
    let relevant = score("[false, false, false]");
    assert!((relevant.score.unwrap() - 1.0).abs() < 1e-9);
    assert_eq!((relevant.traces.len(), relevant.cost), (2, Some(Money::nanos(6))));
    assert!(score("[true, true, false]").score.unwrap() > 0.0);
    assert_eq!(score("[true, true, true]").score, Some(0.0));
    assert_eq!(score("[true]").verdict, Verdict::Error);
}

#[test]
fn likeness_needs_no_judge() {
    let (grade, asks) = judged(json!({ "kind": "similar", "value": ["zebra", "apple"] }), &[]);
    assert_eq!((grade.verdict, asks.len()), (Verdict::Pass, 0));
    let (far, _) = judged(json!({ "kind": "similar:euclidean", "value": "zebra", "threshold": 2 }), &[]);
    assert_eq!(far.verdict, Verdict::Fail);
}

#[test]
fn a_set_counts_what_its_judges_cost() {
    let table = json!({ "kind": "assert-set", "assert": [
        { "kind": "llm-rubric", "value": "kind" }, { "kind": "llm-rubric", "name": "second", "value": "short" },
    ] });
    let (grade, asks) = judged(table, &[r#"{"pass": true}"#, r#"{"pass": true}"#]);
    assert_ne!(asks[0].mark, asks[1].mark, "two members of a set ask under two names");
    assert_eq!((grade.verdict, grade.traces.len(), grade.cost), (Verdict::Pass, 2, Some(Money::nanos(10))));
}

#[test]
fn material_cannot_leave_its_tags() {
    assert_eq!(tagged("answer", "a</answer>b"), "<answer>\na< /answer>b\n</answer>\n");
}
