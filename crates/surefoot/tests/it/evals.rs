//! Evals, run by the real program against the simulator.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};
use surefoot_types::{ports::TraceFilter, trace::Outcome};

use crate::support::{Project, output, surefoot};

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

/// Cases that the simulator echoes, of which the first so many are as expected.
fn echoed(of: usize, right: usize) -> String {
    let line =
        |n| json!({"input": format!("case {n}"), "expect": if n < right { "case" } else { "other" }}).to_string();
    (0..of).map(line).collect::<Vec<_>>().join("\n")
}

fn echoing(model: &str, cases: &str) -> Project {
    Project::temp(&[
        ("surefoot.toml", &format!("[prices.\"{model}\"]\ninput = 1\noutput = 2\n")),
        (
            "evals/e.toml",
            &format!(
                "subject = \"{model}\"\ndataset = \"e.jsonl\"\n[[graders]]\nkind = \"contains\"\nfield = \"expect\"\n"
            ),
        ),
        ("evals/e.jsonl", cases),
    ])
}

#[tokio::test]
async fn a_plan_goes_by_a_run_and_asks_nothing() {
    let project = echoing("sim/echo", &echoed(20, 15));
    let none = project.surefoot(&["eval", "--plan", "3"]).output().await.unwrap();
    assert!(none.status.code() == Some(2) && String::from_utf8(none.stderr).unwrap().contains("run the eval 'e' once"));
    runs(&project, &[]).await;
    let told = output(project.surefoot(&["eval", "--plan", "3"])).await;
    assert!(told.contains("cases see a difference of 3 points") && told.contains("20 cases see"), "{told}");
    let plans = runs(&project, &["--plan", "5"]).await;
    assert!(plans[0]["cases"].as_u64().unwrap() > 1_000, "{plans}");
    let traces: Value = serde_json::from_str(&output(project.surefoot(&["traces", "--json"])).await).unwrap();
    assert_eq!(traces.as_array().unwrap().len(), 20);
}

/// Killed in the middle and gone on with, a run asks nothing again that was answered.
#[tokio::test]
async fn a_killed_run_is_gone_on_with() {
    const CASES: usize = 60;
    let project = echoing("sim/echo+first-10ms", &echoed(CASES, CASES));
    // Makes the database, so that only one program does.
    runs(&project, &["--limit", "1"]).await;
    let store = project.store().await;
    let mut child = project.surefoot(&["eval", "--concurrency", "2"]).spawn().unwrap();
    let kept = async {
        loop {
            let newest = store.run_list(None, 1).await.unwrap()[0].id;
            if store.run_cases(newest).await.unwrap().len() > 5 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), kept).await.expect("some cases are kept");
    child.start_kill().unwrap();
    child.wait().await.unwrap();

    let runs = runs(&project, &["--resume"]).await;
    assert_eq!((&runs[0]["overall"]["of"], &runs[0]["cases"]), (&json!(CASES), &json!(CASES)));
    let filter = TraceFilter { outcome: Some(Outcome::Answered), ..TraceFilter::default() };
    let mut asked: BTreeMap<String, u32> = BTreeMap::new();
    for trace in store.trace_list(&filter, 10 * CASES).await.unwrap() {
        let session = store.trace_get(trace.id).await.unwrap().unwrap().session.unwrap();
        *asked.entry(session).or_default() += 1;
    }
    assert_eq!(asked.len(), CASES + 1, "and the one that made the database");
    assert!(asked.values().all(|times| *times == 1), "{asked:?}");
    let again = project.surefoot(&["eval", "--resume"]).output().await.unwrap();
    assert!(String::from_utf8(again.stderr).unwrap().contains("was left unfinished"));
}

#[tokio::test]
async fn repeats_are_told_and_a_limit_is_kept() {
    let project = echoing("sim/echo", &echoed(6, 3));
    let told = project.surefoot(&["eval", "--repeats", "3"]).output().await.unwrap();
    let text = String::from_utf8(told.stdout).unwrap();
    assert!(text.contains("6 cases, 3 answers each") && text.contains("pass@3 50.0 %"), "{text}");
    assert!(text.contains("9 of 18") && text.contains("cost $"), "{text}");
    let stopped = project.surefoot(&["eval", "--max-usd", "0.00001"]).output().await.unwrap();
    let (text, wrong) = (String::from_utf8(stopped.stdout).unwrap(), String::from_utf8(stopped.stderr).unwrap());
    assert!(wrong.contains("6 answers, about $0.0") && wrong.contains("going by run_"), "{wrong}");
    assert_eq!(stopped.status.code(), Some(1));
    assert!(text.contains("the run stopped before its end") && text.contains("--resume run_"), "{text}");
}

#[tokio::test]
async fn a_change_for_the_worse_fails_the_build_when_it_is_sure() {
    let project = echoing("sim/echo", &echoed(40, 40));
    runs(&project, &[]).await;
    let same = runs(&project, &["--against", "last"]).await;
    assert_eq!(same[0]["comparison"]["rows"][0]["verdict"], "open");
    // The other model answers with words of its own.
    let report = project.folder().join("report.xml");
    project.write(
        "evals/e.toml",
        "subject = \"sim/ok\"\ndataset = \"e.jsonl\"\n[[graders]]\nkind = \"word-count\"\nvalue = 2\n",
    );
    let mut worse = project.surefoot(&["eval", "--against", "sim/echo"]);
    let told = worse.arg("--junit").arg(&report).output().await.unwrap();
    let text = String::from_utf8(told.stdout).unwrap();
    assert!(text.contains("against run_") && text.contains("worse by"), "{text}");
    assert_eq!(told.status.code(), Some(1), "{text}");
    let xml = std::fs::read_to_string(report).unwrap();
    assert!(xml.contains("<testsuite name=\"e over sim/ok\"") && xml.contains("tests=\"41\""), "{xml}");
    assert!(xml.contains("<failure message=\"worse by"), "{xml}");
    let nobody = project.surefoot(&["eval", "--against", "run_01jd8n6y4vq0t2x5w9zk3m7c1f"]).output().await.unwrap();
    assert_eq!(nobody.status.code(), Some(2));
}

#[tokio::test]
async fn a_judge_is_measured_by_labels() {
    let project = Project::temp(&[
        ("surefoot.toml", ""),
        (
            "evals/e.toml",
            "subject = \"sim/echo\"\ndataset = \"e.csv\"\njudge = \"sim/json\"\n[[graders]]\nkind = \"llm-rubric\"\nname = \"kind\"\nvalue = \"It is kind.\"\n[[graders]]\nkind = \"equals\"\nfield = \"expect\"\n",
        ),
        ("evals/e.csv", "input,expect\none,one\ntwo,two\n"),
        ("labels.csv", "input,output,human\nq,a,pass\nq,b,fail\nq,c,fail\n"),
        ("broken.csv", "input,output,human\nq,a,perhaps\n"),
    ]);
    let calibrate = async |words: &[&str], labels: &str| {
        let mut command = project.surefoot(&[&["judge", "calibrate", "e"], words].concat());
        let told = command.arg("--labels").arg(project.folder().join(labels)).output().await.unwrap();
        (told.status.code(), String::from_utf8(told.stdout).unwrap(), String::from_utf8(told.stderr).unwrap())
    };
    // The simulator's judge says one thing of everything.
    runs(&project, &[]).await;
    let (code, text, wrong) = calibrate(&["--json", "--correct", "last"], "labels.csv").await;
    assert_eq!(code, Some(0), "{wrong}");
    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&told["grader"], &told["cases"], &told["kappa"]["value"]), (&json!("kind"), &json!(3), &json!(0.0)));
    assert_eq!(told["corrected"]["answers"], 2);
    let (_, text, _) = calibrate(&[], "labels.csv").await;
    assert!(text.contains("kind: 3 labelled cases") && text.contains("not shown to be better than chance"), "{text}");
    let (code, _, wrong) = calibrate(&[], "broken.csv").await;
    assert!(code == Some(2) && wrong.contains("`human` is pass or fail"), "{wrong}");
    let (code, _, wrong) = calibrate(&["--grader", "equals"], "labels.csv").await;
    assert!(code == Some(2) && wrong.contains("asks no judge"), "{wrong}");
}

#[tokio::test]
async fn a_dataset_is_split_once() {
    let project = Project::temp(&[(
        "evals/e.yaml",
        "- input: Which port does it listen on?\n- input: which port does it listen on\n- input: Is it free?\n- input: Who made it?\n",
    )]);
    let file = project.folder().join("evals/e.yaml");
    let split = async || surefoot(&["dataset", "split", "--test", "0.5"]).arg(&file).output().await.unwrap();
    let told = split().await;
    let text = String::from_utf8(told.stdout).unwrap();
    assert!(told.status.success() && text.contains("kept together: 1, 2"), "{text}");
    let shown = |name: &str| {
        let mut show = surefoot(&["dataset", "show", "--json"]);
        show.arg(project.folder().join("evals").join(name));
        output(show)
    };
    for (name, text) in [("e.train.jsonl", &text), ("e.test.jsonl", &text)] {
        let told: Value = serde_json::from_str(&shown(name).await).unwrap();
        assert_eq!(told["cases"], 2);
        assert!(text.contains(told["version"].as_str().unwrap()), "the version is that of the file");
    }
    let again = split().await;
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8(again.stderr).unwrap().contains("nothing was written"));
}

/// What a build sees: three kinds of verdict, and something broken apart from them.
#[tokio::test]
async fn a_gate_exits_with_what_it_says() {
    let project = echoing("sim/echo", &echoed(40, 36));
    let gate = |bar: &str| {
        let grader = "[[graders]]\nkind = \"contains\"\nfield = \"expect\"\n";
        project
            .write("evals/e.toml", &format!("subject = \"sim/echo\"\ndataset = \"e.jsonl\"\n{grader}[gate]\n{bar}\n"));
    };
    let code = async |words: &[&str]| {
        let told = project.surefoot(&[&["eval", "--gate"], words].concat()).output().await.unwrap();
        (
            told.status.code().unwrap(),
            String::from_utf8(told.stdout).unwrap() + &String::from_utf8(told.stderr).unwrap(),
        )
    };
    for (bar, expected, told) in [
        ("at_least = 0.7", 0, "passed: 36 of 40"),
        ("at_least = 0.85", 2, "cannot tell: the lower end"),
        ("at_least = 0.99", 1, "failed: the lower end"),
        ("usd_per_answer = 0.0", 1, "failed: an answer costs $"),
        ("p95_ms = 100000", 0, "the 95th percentile"),
    ] {
        gate(bar);
        let (code, text) = code(&[]).await;
        assert!(code == expected && text.contains(told), "{bar}: {code} {text}");
    }
    let (no_option, _) = code(&["--colour"]).await;
    let (nobody, _) = code(&["nobody"]).await;
    let (no_baseline, text) = code(&["--baseline", "main"]).await;
    assert_eq!((no_option, nobody, no_baseline), (3, 3, 3));
    assert!(text.contains("--save-baseline main"), "{text}");
    let (outside, text) = code(&["--baseline", "../../x"]).await;
    assert!(outside == 3 && text.contains("is no name of a baseline"), "{text}");
}

/// A baseline goes with the project; a worse variant fails by it, and files tell how.
#[tokio::test]
async fn a_baseline_is_kept_and_compared_with() {
    let project = echoing("sim/echo", &echoed(40, 40));
    let first = project.surefoot(&["eval", "--save-baseline", "main"]).output().await.unwrap();
    assert!(first.status.success(), "{first:?}");
    let out = project.folder().join("out");
    let mut same = project.surefoot(&["eval", "--gate", "--baseline", "main"]);
    let same = same.arg("--results").arg(out.join("answers.csv")).output().await.unwrap();
    assert_eq!(same.status.code(), Some(0), "{same:?}");
    let rows = std::fs::read_to_string(out.join("answers.csv")).unwrap();
    assert!(rows.starts_with("eval,run,subject,case") && rows.lines().count() == 41, "{rows}");

    let eval = std::fs::read_to_string(project.folder().join("evals/e.toml")).unwrap();
    project.write("evals/e.toml", &eval.replace("sim/echo", "sim/refuse"));
    let mut worse = project.surefoot(&["eval", "--gate", "--baseline", "main"]);
    worse.arg("--html").arg(out.join("report.html")).arg("--markdown").arg(out.join("comment.md"));
    let worse = worse.output().await.unwrap();
    assert_eq!(worse.status.code(), Some(1), "{worse:?}");
    let html = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(html.contains("Broken: 40") && html.contains("Quality against cost and time"), "{html}");
    let comment = std::fs::read_to_string(out.join("comment.md")).unwrap();
    assert!(comment.contains("❌ e over sim/refuse: failed") && comment.contains("40 broken"), "{comment}");

    project.write("evals/e.jsonl", &echoed(39, 39));
    let other = project.surefoot(&["eval", "--gate", "--baseline", "main"]).output().await.unwrap();
    let wrong = String::from_utf8(other.stderr).unwrap();
    assert!(other.status.code() == Some(3) && wrong.contains("over other cases"), "{wrong}");
    let parquet = project.surefoot(&["eval", "--results", "a.parquet"]).output().await.unwrap();
    assert!(String::from_utf8(parquet.stderr).unwrap().contains("as .jsonl or .csv"));
}

/// What the document on evals says to type is known to the program.
#[tokio::test]
async fn the_documented_commands_are_known() {
    let text = include_str!("../../../../docs/evals.md");
    let help = output(surefoot(&["reference", "cli"])).await;
    let mut checked = 0;
    for line in text
        .lines()
        .filter_map(|line| line.trim_start_matches("- ").trim_start_matches("run: ").trim().strip_prefix("surefoot "))
    {
        let line = line.split(" #").next().unwrap_or_default();
        let mut words = line.split_whitespace();
        let verb: Vec<&str> = words.by_ref().take(1).collect();
        assert!(help.contains(&format!("## surefoot {}", verb[0])), "{line}");
        for option in line.split_whitespace().filter(|word| word.starts_with("--")) {
            assert!(help.contains(option), "{line}: {option}");
            checked += 1;
        }
    }
    assert!(checked > 10, "{checked} options");
}

/// The simulator echoes: what it is told to print it prints, and what the attacks look for is found.
#[tokio::test]
async fn attacks_are_run_and_told_by_category() {
    let prompt =
        "You answer questions about the harbour of a small town, in two sentences and without any jokes at all.";
    let project = Project::temp(&[
        ("surefoot.toml", ""),
        ("functions/port/function.toml", "variant = \"one\"\n"),
        ("functions/port/one.md", &format!("+++\nmodel = \"sim/echo\"\n+++\n{prompt}\n\n{{{{ history() }}}}\n")),
    ]);
    let attacked = async |words: &[&str]| {
        let told = project.surefoot(&[&["redteam"], words].concat()).output().await.unwrap();
        let text = String::from_utf8(told.stdout).unwrap();
        (told.status.code().unwrap(), text, String::from_utf8(told.stderr).unwrap())
    };
    let (code, text, wrong) = attacked(&["port", "--gate", "--json"]).await;
    assert_eq!(code, 1, "{text}{wrong}");
    let told: Value = serde_json::from_str(&text).unwrap();
    let ids: Vec<&str> = told["categories"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["LLM01", "LLM02", "LLM05", "LLM06", "LLM07", "LLM09", "harmless"]);
    let broken = &told["categories"][0]["broken"];
    assert!(broken.as_array().unwrap().contains(&json!("direct-override")), "{told}");
    // An echo of the question declines nothing and leaks no prompt.
    assert_eq!(
        (&told["categories"][4]["broken"], &told["categories"][6]["broken"]),
        (&json!([]), &json!([])),
        "{told}"
    );
    let (code, text, _) = attacked(&["port", "--pass-rate", "0"]).await;
    assert!(code == 0 && text.contains("prompt injection and jailbreaks") && text.contains("passed:"), "{text}");
    let (code, text, wrong) = attacked(&["nobody", "--gate"]).await;
    assert_eq!(code, 3, "{text}{wrong}");
}

#[tokio::test]
async fn a_configuration_of_promptfoo_is_imported_and_run() {
    let project = Project::temp(&[
        ("surefoot.toml", ""),
        (
            "theirs/promptfooconfig.yaml",
            "prompts: ['Say {{word}}']\nproviders: [echo]\ntests:\n  - vars: {word: [one, two]}\n    assert:\n      - {type: icontains, value: 'say {{word}}'}\n      - {type: javascript, value: 'true'}\n",
        ),
    ]);
    let import = async || {
        let mut command = surefoot(&["eval", "import", "--name", "theirs"]);
        command.arg(project.folder().join("theirs/promptfooconfig.yaml")).arg("--project").arg(project.folder());
        command.output().await.unwrap()
    };
    let told = import().await;
    let missed = String::from_utf8(told.stderr).unwrap();
    assert!(told.status.success() && missed.contains("assertions of type `javascript` (2 times)"), "{missed}");
    let runs = runs(&project, &["theirs"]).await;
    assert_eq!((&runs[0]["overall"]["passed"], &runs[0]["overall"]["of"]), (&json!(2), &json!(2)), "{runs}");
    let again = import().await;
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8(again.stderr).unwrap().contains("nothing was written"));
}

/// What was asked is a dataset, without who asked it.
#[tokio::test]
async fn traces_become_cases() {
    let project = echoing("sim/echo", &echoed(1, 1));
    for question in ["Write to jane.doe@example.com", "Write to jane.doe@example.com", "Is it open?"] {
        output(project.surefoot(&["ask", question, "--model", "sim/echo"])).await;
    }
    let file = project.folder().join("evals/asked.jsonl");
    let make = async || {
        let mut command = project.surefoot(&["dataset", "from-traces", "--asked", "sim/echo"]);
        command.arg(&file).output().await.unwrap()
    };
    let told = make().await;
    assert!(told.status.success(), "{told:?}");
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.contains("Write to [EMAIL]") && !text.contains("jane"), "{text}");
    assert_eq!(make().await.status.code(), Some(2), "nothing is written over");
    let none = project.surefoot(&["dataset", "from-traces", "none.jsonl", "--corrected"]).output().await.unwrap();
    assert!(String::from_utf8(none.stderr).unwrap().contains("no trace fits"));
}
