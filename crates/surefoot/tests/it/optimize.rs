//! Optimisation, run by the real program against a simulator with a script.

use serde_json::{Value, json};

use crate::support::{Project, Served, output, surefoot};

/// The start answers few questions; the prompt that the writer gives answers all of them.
const SCRIPT: &str = r#"
[[when]]
contains = "<failures>"
answer = '{"why": "The answers wonder and give no number.", "prompt": "{{ role(\"user\") }}\nGive the number alone.\n{{ input.question }}"}'

[[when]]
contains = "Give the number alone."
answer = "42"

[[when]]
contains = "easy"
answer = "42"

[[when]]
answer = "I wonder."
"#;

const START: &str = "+++\nmodel = \"far/m\"\n+++\n{{ role(\"user\") }}\nAnswer the question.\n{{ input.question }}\n";

async fn scripted() -> (Served, Project) {
    let project = Project::temp(&[
        ("script.toml", SCRIPT),
        ("functions/f/function.toml", "[input.question]\ntype = \"string\"\n"),
        ("functions/f/plain.md", START),
        ("evals/f.toml", "subject = \"f\"\ndataset = \"f.jsonl\"\n[[graders]]\nkind = \"equals\"\nvalue = \"42\"\n"),
    ]);
    let case = |n: u32| {
        let kind = if n.is_multiple_of(6) { "easy" } else { "hard" };
        json!({"input": {"question": format!("What is the {kind} number {n} of {}?", n * 7)}}).to_string() + "\n"
    };
    project.write("evals/f.jsonl", &(0..60).map(case).collect::<String>());
    let script = project.folder().join("script.toml");
    let sim = surefoot(&["sim", "--bind", "127.0.0.1:0", "--script", &script.to_string_lossy()]);
    let sim = Served::reachable(sim).await;
    let url = &sim.url;
    project.write(
        "surefoot.toml",
        &format!(
            "[providers.far]\nkind = \"ollama\"\nbase_url = \"{url}/v1\"\n[prices.\"far/m\"]\ninput = 10\noutput = 20\n[prices.\"far/small\"]\ninput = 1\noutput = 2\n[prices.\"far/w\"]\ninput = 10\noutput = 20\n"
        ),
    );
    (sim, project)
}

async fn optimized(project: &Project, words: &[&str]) -> (i32, Value, String) {
    let told = project.surefoot(&[&["optimize", "f", "--json"], words].concat()).output().await.unwrap();
    let wrong = String::from_utf8(told.stderr).unwrap();
    let value = serde_json::from_slice(&told.stdout).unwrap_or(Value::Null);
    (told.status.code().unwrap(), value, wrong)
}

async fn asked(sim: &Served) -> u64 {
    let text = sim.until(|_| true, "/sim/requests").await;
    serde_json::from_str::<Value>(&text).unwrap()["count"].as_u64().unwrap()
}

#[tokio::test]
async fn a_better_prompt_is_written_beside_the_others() {
    let (sim, project) = scripted().await;
    let words = ["--by", "far/w", "--rounds", "3", "--examples", "0"];
    let (code, told, wrong) = optimized(&project, &words).await;
    assert_eq!(code, 0, "{told}{wrong}");
    assert_eq!(told["written"], json!(["functions/f/optimized.md", "functions/f/reports/optimized.md"]));
    let confirmed = &told["confirmed"];
    assert!(confirmed["low"].as_f64().unwrap() > 0.4 && confirmed["proven"] == true, "{confirmed}");
    let read = |file: &str| std::fs::read_to_string(project.folder().join(file)).unwrap();
    assert!(read("functions/f/optimized.md").starts_with("+++\nmodel = \"far/m\"\n+++\n{{ role(\"user\") }}\nGive"));
    assert_eq!(read("functions/f/plain.md"), START);
    let report = read("functions/f/reports/optimized.md");
    assert!(report.contains("+Give the number alone.") && report.contains("-Answer the question."), "{report}");

    // The same search again finds all its answers, and another look at the same winner is the same look.
    let before = asked(&sim).await;
    project.write("functions/f/function.toml", "variant = \"plain\"\n[input.question]\ntype = \"string\"\n");
    output(surefoot(&["check", &project.folder().to_string_lossy()])).await;
    let (_, again, wrong) = optimized(&project, &words).await;
    assert_eq!(asked(&sim).await, before, "{wrong}");
    assert_eq!((&again["confirmed"], &again["cost"]), (&told["confirmed"], &told["cost"]));
    assert_eq!(again["written"][0], "functions/f/optimized-2.md");
}

#[tokio::test]
async fn a_cap_holds_and_nothing_is_written_without_proof() {
    let (_sim, project) = scripted().await;
    let (code, _, wrong) = optimized(&project, &["--by", "far/w", "--max-usd", "0.000001"]).await;
    assert!(code == 2 && wrong.contains("could not be measured"), "{wrong}");
    let words = ["--goal", "cost", "--models", "far/small", "--rounds", "2", "--margin", "0.1"];
    let (code, told, wrong) = optimized(&project, &words).await;
    assert!(matches!(code, 0 | 1) && told["candidates"].as_array().unwrap().len() > 1, "{told}{wrong}");
    let files = |folder: &str| std::fs::read_dir(project.folder().join(folder)).unwrap().count();
    assert_eq!(files("functions/f") > 2, code == 0, "{told}");
    for (words, said) in [
        (&["--name", "plain", "--by", "far/w"][..], "is there already"),
        (&["--name", "../x", "--by", "far/w"], "is no name of a variant"),
        (&["--from", "nobody", "--by", "far/w"], "there is no variant 'nobody'"),
        (&["--eval", "nobody", "--by", "far/w"], "there is no eval 'nobody'"),
        (&["--examples", "0"], "name a model with --by"),
    ] {
        let (code, _, wrong) = optimized(&project, words).await;
        assert!(code == 2 && wrong.contains(said), "{words:?}: {wrong}");
    }
}
