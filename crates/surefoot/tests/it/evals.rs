//! Evals, run by the real program against the simulator.

use serde_json::Value;

use crate::support::{Project, output};

/// The runs that `surefoot eval --json` prints.
async fn runs(project: &Project, words: &[&str]) -> Value {
    let mut command = project.surefoot(&[&["eval", "--json"], words].concat());
    let told = command.output().await.unwrap();
    serde_json::from_slice(&told.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8(told.stderr).unwrap()))
}

#[tokio::test]
async fn a_judge_is_asked_like_anybody_and_its_nonsense_is_an_error() {
    let project = Project::temp(&[
        ("surefoot.toml", "[prices.\"sim/json\"]\ninput = 1\noutput = 2\n"),
        ("evals/rubrics/kind.md", "The answer is kind.\n"),
        (
            "evals/e.toml",
            r#"
subject = "sim/json"
dataset = "e.csv"
judge = "sim/json"

[[graders]]
kind = "llm-rubric"
name = "kind"
file = "rubrics/kind.md"

[[graders]]
kind = "llm-rubric"
name = "babbler"
value = "The answer is short."
judge = "sim/ok"

[[graders]]
kind = "similar"
field = "expect"

[[graders]]
kind = "command"
command = ["python3", "-c", "print(0.8)"]
"#,
        ),
        ("evals/e.csv", "input,expect\none,{}\n"),
    ]);
    let runs = runs(&project, &[]).await;
    let graders = runs[0]["graders"].as_array().unwrap();
    let of = |at: usize| (graders[at]["rate"]["of"].as_u64(), graders[at]["errors"].as_u64());
    assert_eq!(
        [of(0), of(1), of(2), of(3)].map(|(of, errors)| (of.unwrap(), errors.unwrap())),
        [(1, 0), (0, 1), (1, 0), (1, 0)]
    );
    // Every question to a judge is a trace: one answer, two judgements, one embedding.
    let traces = output(project.surefoot(&["traces", "--json"])).await;
    let traces: Value = serde_json::from_str(&traces).unwrap();
    assert_eq!(traces.as_array().unwrap().len(), 4, "{traces}");
    assert!(traces.as_array().unwrap().iter().all(|trace| trace["door"] == "eval"));
}

#[tokio::test]
async fn a_judge_that_there_is_not_is_a_mistake() {
    let project = Project::temp(&[
        ("surefoot.toml", ""),
        (
            "evals/e.toml",
            "subject = \"sim/ok\"\ndataset = \"e.csv\"\njudge = \"nobody\"\n[[graders]]\nkind = \"llm-rubric\"\nvalue = \"kind\"\n",
        ),
        ("evals/e.csv", "input\none\n"),
    ]);
    let told = project.surefoot(&["eval"]).output().await.unwrap();
    let wrong = String::from_utf8(told.stderr).unwrap();
    assert!(wrong.contains("'nobody'") && wrong.contains("evals/e.toml:3"), "{wrong}");
}
