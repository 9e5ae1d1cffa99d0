//! The page about answers: its project, served and asked.

use serde_json::{Value, json};

use crate::support::{Project, Served};

const PAGE: &str = include_str!("../../../../docs/answers.md");

/// The files that the page shows: each block under a line that ends with its name in backticks and a colon.
fn files() -> Vec<(&'static str, &'static str)> {
    let mut files = Vec::new();
    for (before, rest) in PAGE.match_indices("\n\n```").map(|(at, _)| (&PAGE[..at], &PAGE[at + 5..])) {
        let Some(named) = before.strip_suffix(':') else { continue };
        let line = named.rsplit("\n\n").next().unwrap_or_default();
        let name = line.rsplit('`').find(|name| name.contains('.') && !name.contains(' '));
        let block = rest.split_once('\n').and_then(|(_, body)| body.split_once("```")).map(|(body, _)| body);
        files.extend(name.zip(block));
    }
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_s_project_answers_as_the_page_says() {
    let files = files();
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    let triage = |file: &str| format!("functions/triage/{file}");
    let expected = ["function.toml", "plain.md"].map(triage).into_iter().chain(["surefoot.toml".to_owned()]);
    let expected: Vec<String> = expected.chain(["cheap.md", "chosen.md", "voted.md"].map(triage)).collect();
    assert_eq!(names, expected);
    let project = Project::temp(&files);
    let served = Served::start(&project).await;
    let client = reqwest::Client::new();
    for (model, strategy) in [
        ("triage", Value::Null),
        ("triage@cheap", json!("cascade: step 2, since step 1 does not fit the schema")),
        ("triage@chosen", json!("best_of: the judge took one of 3")),
        ("triage@voted", json!("vote: 5 of 5 agree")),
    ] {
        let messages = json!([{"role": "user", "content": "The export button does nothing."}]);
        let (status, told) = served.ask(&client, &json!({"model": model, "messages": messages})).await;
        assert_eq!(status, 200, "{told}");
        assert_eq!(told["surefoot"].get("strategy").unwrap_or(&Value::Null), &strategy);
        let text = told["choices"][0]["message"]["content"].as_str().unwrap();
        let answer: Value = serde_json::from_str(text).unwrap();
        assert!(
            answer["urgent"].is_boolean() && ["bug", "wish", "question"].contains(&answer["label"].as_str().unwrap())
        );
    }
}

#[tokio::test]
async fn a_threshold_is_measured_before_it_is_set() {
    let mut cases = String::new();
    for (a, b, same) in [
        ("How long is the warranty?", "How long is the warranty period?", true),
        ("Can I return it within 30 days?", "Can I return it within 30 days, please?", true),
        ("How long is the warranty?", "Where is the office in Bremen?", false),
        ("Where is the office in Bremen?", "Which colours are there?", false),
    ] {
        cases.push_str(&json!({"a": a, "b": b, "same": same}).to_string());
        cases.push('\n');
    }
    let project = Project::temp(&files());
    project.write("alike.jsonl", &cases);
    project.write("broken.jsonl", "{\"a\": \"x\"}\n");
    let file = |name: &str| project.folder().join(name).display().to_string();
    let calibrate = async |function: &str, cases: &str, most: &str| {
        let words = ["cache", "calibrate", function, "--cases", &file(cases), "--most-false", most, "--json"];
        project.surefoot(&words).output().await.unwrap()
    };
    let told = calibrate("triage", "alike.jsonl", "0.9").await;
    let table: Value = serde_json::from_slice(&told.stdout).unwrap();
    let first = &table["rows"][0];
    // Two pairs of the file differ, and those that were made of its questions: a number, negations, a name.
    assert_eq!(first["hits"]["of"], 2, "{table}");
    assert!(first["false_hits"]["of"].as_u64().unwrap() > 4);
    assert_eq!(first["false_hits"]["passed"], 0, "numbers, negations and names are told apart: {table}");
    assert!(told.status.success() && table["threshold"].is_number());
    let few = calibrate("triage", "alike.jsonl", "0.05").await;
    assert_eq!(few.status.code(), Some(1), "so few pairs show nothing");
    for (function, cases, expected) in [
        ("trriage", "alike.jsonl", "there is no function 'trriage'; the project has: triage"),
        ("triage", "broken.jsonl", "line 1: a case is `{\"a\": \"…\", \"b\": \"…\", \"same\": true}`"),
        ("triage", "missing.jsonl", "cannot be read"),
    ] {
        let refused = calibrate(function, cases, "0.05").await;
        let told = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && told.contains(expected), "{told}");
    }
}
