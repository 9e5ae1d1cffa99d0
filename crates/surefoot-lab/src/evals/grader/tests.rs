use std::path::Path;

use serde_json::{Value, json};
use surefoot_types::{
    Fault,
    run::{Grade, Verdict},
};

use super::*;
use crate::evals::{CaseInput, sample};

fn spec(table: Value) -> Result<GraderSpec, Vec<String>> {
    let Value::Object(table) = table else { panic!("a grader is a table") };
    GraderSpec::read(&table).map_err(|mistakes| mistakes.into_iter().map(|mistake| mistake.message).collect())
}

fn home() -> Home<'static> {
    Home { folder: Path::new("."), judge: None }
}

fn grader(table: Value) -> Grader {
    Grader::compile(&spec(table).unwrap(), home()).unwrap()
}

/// A grade of a grader that asks nobody.
fn grade(grader: &Grader, case: &Case, answer: Result<&Asked, &Fault>) -> Grade {
    let nobody = sample::Judge::new(&[]);
    sample::now(grader.grade(case, answer, Judging { subject: &nobody, mark: "run/1/0" }))
}

fn case(expect: Value) -> Case {
    let Value::Object(expect) = expect else { panic!("expectations are an object") };
    Case { id: "1".into(), input: CaseInput::Text("?".into()), cluster: None, expect }
}

/// The verdict that `table` gives of `said`, and why.
fn told(table: Value, said: &str) -> (Verdict, String) {
    let Grade { verdict, reason, .. } = grade(&grader(table), &case(json!({})), Ok(&sample::asked(said)));
    (verdict, reason)
}

#[test]
fn every_kind_can_be_meant_or_says_what_it_needs() {
    for kind in GraderSpec::KINDS {
        match spec(json!({ "kind": kind.name })) {
            Ok(spec) => assert_eq!(spec.name, kind.name),
            Err(mistakes) => {
                assert!(mistakes.iter().all(|told| told.contains("need") || told.contains("list")), "{mistakes:?}");
            }
        }
        assert!(!kind.about.is_empty(), "{}", kind.name);
    }
}

#[test]
fn mistakes_say_what_would_be_right() {
    let told = |table| spec(table).unwrap_err().join("; ");
    assert_eq!(
        told(json!({ "kind": "contain", "value": "a" })),
        "`contain` is no kind of grader: do you mean `contains`?"
    );
    assert!(told(json!({ "kind": "xyz" })).contains("it is one of contains, icontains"));
    let options =
        told(json!({ "kind": "contains", "value": "a", "tolerance": 1, "mode": "some", "ignore_case": "yes" }));
    for part in ["takes no option `tolerance`", "`mode` is \"all\" or \"any\"", "`ignore_case` is true or false"] {
        assert!(options.contains(part), "{options}");
    }
    assert!(told(json!({ "kind": "contains" })).contains("needs a `value`, or the `field`"));
    assert!(told(json!({ "kind": "equals", "value": 1, "field": "expect" })).contains("not both"));
    assert!(told(json!({ "kind": "latency" })).contains("needs a `threshold`"));
    assert!(told(json!({ "kind": "bleu", "value": "a", "threshold": -1 })).contains("is a number, 0 or more"));
    let within = told(json!({ "kind": "assert-set", "assert": [{ "kind": "is-json" }, { "kind": "regex" }] }));
    assert!(within.starts_with("grader 2 of the set: `regex` needs"), "{within}");
}

#[test]
fn what_cannot_be_compiled_is_told_before_anything_is_asked() {
    for (table, part) in [
        (json!({ "kind": "regex", "value": "(" }), "cannot be used"),
        (json!({ "kind": "json_schema", "value": { "type": 1 } }), "schema cannot be used"),
        (json!({ "kind": "contains", "value": [] }), "is empty"),
        (json!({ "kind": "contains-any", "value": "\"a\" b" }), "is not a list"),
        (json!({ "kind": "word-count", "value": { "min": 3, "max": 1 } }), "min not above max"),
        (json!({ "kind": "numeric-diff", "value": "x" }), "not a number"),
        (json!({ "kind": "trajectory:tool-args-match", "value": { "name": "a" } }), "needs `args`"),
        (json!({ "kind": "assert-set", "assert": [{ "kind": "regex", "value": "(" }] }), "cannot be used"),
        (json!({ "kind": "is-sql", "value": { "databaseType": "Excel" } }), "`databaseType` is one of MySQL"),
        (json!({ "kind": "is-sql", "value": { "tables": [] } }), "`tables` is none of databaseType"),
        (json!({ "kind": "llm-rubric", "value": "short" }), "needs a `judge`"),
        (json!({ "kind": "llm-rubric", "file": "nowhere.md", "judge": "m" }), "`nowhere.md` cannot be read"),
    ] {
        let why = Grader::compile(&spec(table).unwrap(), home()).unwrap_err();
        assert!(why.contains(part), "{why}");
    }
}

#[test]
fn turning_around_keeps_errors_and_what_is_undefined() {
    let fault = Fault::new(surefoot_types::Code::Upstream, "away");
    for not in [false, true] {
        let one = grader(json!({ "kind": "contains", "field": "expect", "not": not }));
        let undefined = grade(&one, &case(json!({})), Ok(&sample::asked("x")));
        let unanswered = grade(&one, &case(json!({ "expect": "x" })), Err(&fault));
        let broken = grade(&one, &case(json!({ "expect": { "a": 1 } })), Ok(&sample::asked("x")));
        let verdicts = [undefined.verdict, unanswered.verdict, broken.verdict];
        assert_eq!(verdicts, [Verdict::Undefined, Verdict::Error, Verdict::Error]);
    }
    assert_eq!(told(json!({ "kind": "contains", "value": "x", "not": true }), "x").0, Verdict::Fail);
    // Twice around is not around.
    assert_eq!(told(json!({ "kind": "not-contains", "value": "x", "not": true }), "x").0, Verdict::Pass);
}

#[test]
fn a_score_turns_around_with_its_verdict() {
    let one = grader(json!({ "kind": "not-rouge-n", "value": "a b", "threshold": 0.9 }));
    let one = grade(&one, &case(json!({})), Ok(&sample::asked("a c")));
    assert_eq!((one.verdict, one.score), (Verdict::Pass, Some(0.5)));
    assert_eq!(one.grader, "not-rouge-n");
}

#[test]
fn a_set_weighs_what_applies_and_hides_no_error() {
    let set = |threshold: Option<f64>, field: &str| {
        let mut table = json!({ "kind": "assert-set", "assert": [
            { "kind": "contains", "value": "a", "weight": 3 },
            { "kind": "contains", "value": "b" },
            { "kind": "equals", "field": field },
        ] });
        if let Some(threshold) = threshold {
            table["threshold"] = threshold.into();
        }
        grader(table)
    };
    let given = case(json!({ "expect": "a" }));
    let graded = |set: &Grader, said: &str| grade(set, &given, Ok(&sample::asked(said)));
    assert_eq!(graded(&set(None, "none"), "a b").verdict, Verdict::Pass);
    let failed = graded(&set(None, "none"), "a");
    assert_eq!((failed.verdict, failed.score), (Verdict::Fail, Some(0.75)));
    assert!(failed.reason.starts_with("contains: the answer lacks `b`"), "{}", failed.reason);
    assert_eq!(graded(&set(Some(0.75), "none"), "a").verdict, Verdict::Pass);
    assert_eq!(graded(&set(Some(0.81), "expect"), "a").verdict, Verdict::Fail);
    let error = grader(json!({ "kind": "assert-set", "threshold": 0, "assert": [
        { "kind": "contains", "value": "a" }, { "kind": "cost", "threshold": 1 },
    ] }));
    assert_eq!(graded(&error, "a").verdict, Verdict::Error);
}

#[test]
fn the_fields_of_a_set_are_known() {
    let set = spec(json!({ "kind": "assert-set", "assert": [
        { "kind": "equals", "field": "expect" }, { "kind": "abstains" },
    ] }));
    assert_eq!(set.unwrap().fields(), ["expect", "answerable"]);
}

#[test]
fn reasons_name_what_was_looked_at() {
    for (table, said, reason) in [
        (json!({ "kind": "word-count", "value": 3 }), "one two", "the answer has 2 words"),
        (json!({ "kind": "finish-reason", "value": "length" }), "", "the answer ended with `stop`"),
        (
            json!({ "kind": "json-diff", "value": { "a": 1, "b": "x" } }),
            r#"{"a": 1, "b": "y"}"#,
            "the likeness is 0.500, and 0.5 is asked for: `.b` 0.00",
        ),
        (
            json!({ "kind": "trajectory:tool-used", "value": "b" }),
            r#"{"name": "a", "arguments": "{}"}"#,
            "the answer calls `a`",
        ),
        (
            json!({ "kind": "is-valid-function-call", "value": [{ "name": "b" }] }),
            r#"{"name": "a", "arguments": "{}"}"#,
            "there is no tool `a`",
        ),
    ] {
        assert_eq!(told(table, said).1, reason);
    }
}

#[test]
fn a_tool_s_pattern_knows_stars_alone() {
    let fits = |pattern: &str, name: &str| {
        let said = json!({ "tool_calls": [{ "function": { "name": name, "arguments": "{}" } }] }).to_string();
        told(json!({ "kind": "trajectory:tool-used", "value": pattern }), &said).0 == Verdict::Pass
    };
    for (pattern, name, expected) in [
        ("search*", "search_orders", true),
        ("*orders", "search_orders", true),
        ("s*_*s", "search_orders", true),
        ("search", "search_orders", false),
        ("*x*", "search", false),
        ("a*a", "a", false),
        ("sea.ch", "search", false),
    ] {
        assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
    }
}

#[test]
fn an_answer_of_nothing_but_openings_is_read_in_good_time() {
    for said in ["<a>".repeat(20_000), "{".repeat(20_000), "<a></a".repeat(20_000), "\"".repeat(20_000)] {
        for kind in ["contains-xml", "contains-json", "contains-html"] {
            let verdict = told(json!({ "kind": kind }), &said).0;
            assert_ne!(verdict, Verdict::Error, "{kind}");
        }
    }
}

#[test]
fn sql_touches_only_what_is_allowed() {
    let rules =
        json!({ "allowedTables": ["select::(null|shop)::orders"], "allowedColumns": ["select::.*::(id|total)"] });
    let verdict = |said: &str| told(json!({ "kind": "is-sql", "value": rules }), said);
    for (said, expected) in [
        ("SELECT id, total FROM shop.orders WHERE id = 1", Verdict::Pass),
        ("SELECT o.id FROM orders o", Verdict::Pass),
        ("SELECT id FROM orders WHERE id IN (SELECT id FROM users)", Verdict::Fail),
        ("DELETE FROM orders WHERE id = 1", Verdict::Fail),
        ("SELECT id FROM orders; DROP TABLE orders", Verdict::Fail),
        ("SELECT card FROM orders", Verdict::Fail),
    ] {
        let (verdict, why) = verdict(said);
        assert_eq!(verdict, expected, "{said}: {why}");
    }
    assert_eq!(verdict("SELECT card FROM orders").1, "`select::null::card` is not allowed");
}

#[test]
fn a_document_type_may_not_define_anything() {
    let bomb = "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>";
    assert_eq!(told(json!({ "kind": "is-xml" }), bomb).0, Verdict::Fail);
}

#[test]
fn abstaining_is_read_from_the_opening() {
    for (said, expected) in [
        ("I don't know.", true),
        ("Sorry. The documents do not say.", true),
        ("It is 4141. The documents do not say more.", false),
    ] {
        assert_eq!(abstains_in_words(said), expected, "{said}");
    }
    let one = grader(json!({ "kind": "abstains" }));
    let verdict = |answerable: Value, said: &str| {
        grade(&one, &case(json!({ "answerable": answerable })), Ok(&sample::asked(said))).verdict
    };
    assert_eq!(verdict(json!(false), "I don't know."), Verdict::Pass);
    assert_eq!(verdict(json!("true"), "I don't know."), Verdict::Fail);
    assert_eq!(verdict(json!("perhaps"), "I don't know."), Verdict::Error);
}

/// A program's verdict on the answer `said`.
fn ran(command: &[&str], more: Value) -> Grade {
    let Value::Object(mut table) = more else { panic!("options are a table") };
    table.extend([("kind".into(), "command".into()), ("command".into(), json!(command))]);
    let table = Value::Object(table);
    grade(&grader(table), &case(json!({ "expect": "x" })), Ok(&sample::asked("said")))
}

#[test]
fn a_program_of_the_user_s_grades() {
    let python = |code: &str, more: Value| ran(&["python3", "-c", code], more);
    let read = "import json,sys; told=json.load(sys.stdin); ";
    for (code, more, verdict, score) in [
        ("print('true')", json!({}), Verdict::Pass, None),
        ("print('false')", json!({}), Verdict::Fail, None),
        ("print('false')", json!({ "not": true }), Verdict::Pass, None),
        ("print(0.6)", json!({ "threshold": 0.7 }), Verdict::Fail, Some(0.6)),
        ("print('null')", json!({ "not": true }), Verdict::Undefined, None),
        ("print('{\"score\": 0.9, \"reason\": \"near\"}')", json!({}), Verdict::Pass, Some(0.9)),
        (
            &format!("{read}print(json.dumps(told['output'] == 'said' and told['expect']['expect'] == 'x'))"),
            json!({}),
            Verdict::Pass,
            None,
        ),
        ("print('perhaps')", json!({ "not": true }), Verdict::Error, None),
        ("print(7)", json!({}), Verdict::Error, None),
        ("import sys; sys.exit('broken')", json!({ "not": true }), Verdict::Error, None),
        ("import os; print('false' if 'HOME' in os.environ else 'true')", json!({}), Verdict::Pass, None),
    ] {
        let grade = python(code, more);
        assert_eq!((grade.verdict, grade.score), (verdict, score), "{code}: {}", grade.reason);
    }
}

#[test]
fn a_program_that_overdoes_it_is_ended() {
    let slow = ran(&["python3", "-c", "import time; time.sleep(60)"], json!({ "timeout_s": 0.3 }));
    assert_eq!((slow.verdict, slow.reason.as_str()), (Verdict::Error, "the command took longer than 0.3 s"));
    let loud = ran(&["python3", "-c", "print('1' * 5000)"], json!({ "max_output_bytes": 100 }));
    assert_eq!((loud.verdict, loud.reason.as_str()), (Verdict::Error, "the command's output is longer than 100 bytes"));
    assert!(ran(&["no-such-program"], json!({})).reason.contains("cannot be started"));
    // Without a shell, what would be one to it is a name.
    assert_eq!(ran(&["echo true; echo"], json!({})).verdict, Verdict::Error);
}
