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
