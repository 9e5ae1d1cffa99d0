//! The files of a project: every mistake is told at once, and what users copy works.

use crate::support::{Project, output, surefoot};

/// Everything that can be wrong, in one project.
const BROKEN: [(&str, &str); 12] = [
    (
        "surefoot.toml",
        r#"
[providers.openai]
kind = "opnai"
key = "sk-this-stands-in-clear"
colour = "red"

[providers.other]
kind = "openai"
key = "env:SUREFOOT_TEST_UNSET"

[models]
fast = "oppenai/gpt-4o"
good = ["other/m", "local/extrakt"]
answer = "local/extract"

[models.slow]
targets = ["sim/first-2x"]
timeouts = { first_token = "10", whole = "0s" }
retries = 99

[knowledge.docs]
folder = "nowhere"
include = ["[*.md"]

[budget]
daily_usd = 5

[budgets.daily]
per = "usr"
every = "dya"
usd = -1
on_exceed = "refuze"
warn_at = [80, 120]

[budgets.empty]

[limits.none]
per = "tag:"

[limits.odd]
requests = 0
tokens = "many"

[records]
keep = "al"
sample = 2
level = "powr"
when_full = "stopp"

[retention]
traces = "30"

[store]
url = "postgres://user:in-clear@host/db"
lease = "1s"

[defaults]
unpriced = "alow"

[prices."openai/gpt-4o"]
input = 1
above = [{ input = 2 }]
tiers = { batch = -1 }
since = "soon"

[[prices."other/m"]]
input = 1
output = 1
[[prices."other/m"]]
input = 2
output = 2

[server]
drain = "30"

[[server.keys]]
name = "app"
key = "file:key.txt"
admin = "al"
functions = ["anser", "x*"]
models = ["fst", "openai/*"]
expires = "2027-02-30"
limits = { request = 5 }
budget = { every = "day" }
keep = "none"

[guards]
secrets = "maks"

[serve]
bind = "127.0.0.1"
"#,
    ),
    ("key.txt", "sf-secret"),
    (
        "functions/answer/function.toml",
        "keep = \"metadta\"\nknowledge = \"dogs\"\npassages = 0\nvariant = \"concice\"\n\n[input.product]\ntype = \"strin\"\n",
    ),
    (
        "functions/answer/concise.md",
        "+++\nmodel = \"fastt\"\ntemprature = 0.5\ntemperature = 3\n+++\nAbout {{ input.prodct }}:\n{{ pasages() }} {{ product }}\n",
    ),
    ("functions/answer/broken.md", "+++\nmodel = \"sim/ok\"\n+++\nfirst line\n{% if x %}\n"),
    ("functions/empty/function.toml", "description = 3\n"),
    (
        "functions/shaped/function.toml",
        "hold = true\noutput = { type = \"objct\" }\nvariant = \"a\"\n[cache]\nsemantic = true\n",
    ),
    (
        "functions/shaped/a.md",
        "+++\nmodel = \"sim/ok\"\n[cascade]\nthen = \"sim/echo\"\nwhen = [\"schema\", \"abstain\", \"citations\"]\n[vote]\nanswers = 1\n+++\nHi\n",
    ),
    ("functions/shaped/b.md", "+++\nmodel = \"sim/ok\"\n[cascade]\nthen = \"strng\"\n+++\nHi\n"),
    ("functions/shaped/c.md", "+++\nmodel = \"sim/ok\"\n[best_of]\njudge = \"sim/ok\"\nanswers = 99\n+++\nHi\n"),
    (
        "evals/e.toml",
        "subject = \"anser\"\ndataset = \"e.jsonl\"\n[[graders]]\nkind = \"contain\"\n[[graders]]\nkind = \"regex\"\nvalue = \"(\"\n[gate]\npass_rate = 2\n",
    ),
    ("evals/e.jsonl", "{\"input\": \"a\"}\nnot json\n{\"id\": \"1\"}\n"),
];

#[tokio::test]
async fn every_mistake_is_told_at_once_with_its_place() {
    let project = Project::temp(&BROKEN);
    let told = surefoot(&["check"]).arg(project.folder()).output().await.unwrap();
    assert_eq!(told.status.code(), Some(1));
    let text = String::from_utf8(told.stderr).unwrap();
    assert!(!text.contains("stands-in-clear") && !text.contains("in-clear@"), "a secret is not repeated");
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn mistakes_as_json_have_file_line_column_text_and_suggestion() {
    let project = Project::temp(&[("surefoot.toml", "[models]\nfast = \"locl/extract\"\n")]);
    let told = surefoot(&["check", "--json"]).arg(project.folder()).output().await.unwrap();
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(told["ok"], false);
    let mistake = &told["mistakes"][0];
    assert_eq!(
        (&mistake["file"], &mistake["line"], &mistake["column"]),
        (&"surefoot.toml".into(), &2.into(), &9.into())
    );
    assert_eq!(mistake["text"], "locl/extract");
    assert_eq!(mistake["suggestion"], "Did you mean 'local'?");
}

#[tokio::test]
async fn a_project_that_is_not_there_says_so() {
    let told = surefoot(&["check", "no-such-folder"]).output().await.unwrap();
    assert_eq!(told.status.code(), Some(1));
    assert!(String::from_utf8(told.stderr).unwrap().contains("this file is missing"));
}

#[tokio::test]
async fn every_example_loads() {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");
    for entry in std::fs::read_dir(examples).unwrap() {
        let mut check = surefoot(&["check"]);
        check.arg(entry.unwrap().path());
        assert!(output(check).await.contains("all is well"));
    }
}

#[tokio::test]
async fn mistakes_in_routing_are_told() {
    let settings = r#"
[models.odd]
targets = ["sim/ok", "sim/echo"]
route = "latncy"
weights = [0]
hedge_after = "p99"
hedge_share = 2
sticky = "never"

[load]
at_once = 0
providers = { opnai = 3 }
patience = "0s"
"#;
    let project = Project::temp(&[("surefoot.toml", settings)]);
    let told = surefoot(&["check"]).arg(project.folder()).output().await.unwrap();
    assert_eq!(told.status.code(), Some(1));
    insta::assert_snapshot!(String::from_utf8(told.stderr).unwrap());
}

/// Every example of settings in the document about models is a project that loads.
#[tokio::test]
async fn the_examples_about_models_load() {
    let text = include_str!("../../../../docs/models.md");
    let blocks: Vec<&str> =
        text.split("```toml\n").skip(1).filter_map(|rest| rest.split_once("```").map(|(block, _)| block)).collect();
    let providers = blocks.iter().find(|block| block.contains("[providers.ollama]")).unwrap();
    assert!(blocks.len() > 4);
    for block in &blocks {
        let settings =
            if block.contains("[providers.") { (*block).to_owned() } else { format!("{providers}\n{block}") };
        let project = Project::temp(&[("surefoot.toml", &settings)]);
        let mut check = surefoot(&["check"]);
        check.arg(project.folder()).env("OPENAI_API_KEY", "k").env("ANTHROPIC_API_KEY", "k");
        assert!(output(check).await.contains("all is well"), "{block}");
    }
}

#[tokio::test]
async fn a_new_project_works() {
    let project = Project::temp(&[]);
    let mut init = surefoot(&["init"]);
    init.arg(project.folder());
    assert!(output(init).await.contains("surefoot.toml"));
    let mut check = surefoot(&["check"]);
    check.arg(project.folder());
    output(check).await;
    let answer = output(project.surefoot(&["ask", "How do I add a document?"])).await;
    assert!(answer.contains("folder docs") && answer.contains("quoted"), "{answer}");
    let runs = output(project.surefoot(&["eval", "--json"])).await;
    assert!(runs.contains("\"open\": true"), "{runs}");
    let report = output(project.surefoot(&["ingest", "--json"])).await;
    assert!(report.contains("\"unchanged\": 1"), "{report}");
    let found = output(project.surefoot(&["search", "--limit", "1", "prompt"])).await;
    assert!(found.contains("welcome.md"), "{found}");
    let traces = output(project.surefoot(&["traces", "--json"])).await;
    assert!(traces.contains("How do I add a document?"), "{traces}");

    // A second time nothing is written.
    let again = surefoot(&["init"]).arg(project.folder()).output().await.unwrap();
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8(again.stderr).unwrap().contains("nothing was written"));
}

#[tokio::test]
async fn a_gate_that_is_shut_fails_the_build() {
    let project = Project::temp(&[
        ("surefoot.toml", ""),
        (
            "evals/e.toml",
            "subject = \"sim/echo\"\ndataset = \"e.csv\"\n[[graders]]\nkind = \"equals\"\nfield = \"expect\"\n[gate]\npass_rate = 0.9\n",
        ),
        ("evals/e.csv", "input,expect\nsame,same\none,other\n"),
    ]);
    let told = project.surefoot(&["eval"]).output().await.unwrap();
    let text = String::from_utf8(told.stdout).unwrap();
    assert_eq!(told.status.code(), Some(1), "{text}");
    assert!(text.contains("gate shut") && text.contains("50.0 %"), "{text}");
}

#[tokio::test]
async fn a_document_that_cannot_be_parsed_is_named_and_stops_nothing() {
    let project = Project::temp(&[
        ("surefoot.toml", "[knowledge.docs]\nfolder = \"docs\"\n"),
        ("docs/good.md", "# Good\n\nThe good document is read.\n"),
        ("docs/bad.pdf", "%PDF-1.4 this is not a document"),
    ]);
    let told = project.surefoot(&["ingest"]).output().await.unwrap();
    assert_eq!(told.status.code(), Some(1));
    let (report, wrong) = (String::from_utf8(told.stdout).unwrap(), String::from_utf8(told.stderr).unwrap());
    assert!(report.contains("1 added") && report.contains("1 failed"), "{report}");
    assert!(wrong.contains("bad.pdf: "), "{wrong}");
    assert!(output(project.surefoot(&["search", "good document"])).await.contains("good.md"));
}
