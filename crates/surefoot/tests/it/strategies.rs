//! Every kind of failure of a model against every way of using models: nothing hangs, what can be answered is, and all
//! else is the dialect's own error.

use std::fmt::Write;

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use crate::support::{Project, Served, surefoot};

/// How a variant uses the model that fails, with a good one at hand.
const STRATEGIES: [(&str, &str); 4] = [
    ("single", ""),
    ("cascade", "[cascade]\nthen = [\"strong\"]\nlogprob = -0.5\n"),
    ("best_of", "[best_of]\nanswers = 2\njudge = \"judge\"\nprompt = \"Prefer the shorter.\"\n"),
    ("vote", "[vote]\nanswers = 2\n"),
];

/// What the model does, whether its answers are to have a shape, and how the request ends where nobody else answers: with
/// status 200, or with this one.
const ROWS: [(&str, bool, u16); 19] = [
    ("fail-429+words-N", false, 429),
    ("fail-400+words-N", false, 400),
    ("fail-500+words-N", false, 502),
    ("fail-529+words-N", false, 502),
    ("html-502+words-N", false, 502),
    ("close+words-N", false, 502),
    ("hang+words-N", false, 504),
    ("bad-json+words-N", false, 502),
    ("error-in-stream+words-N", false, 502),
    ("error-200+words-N", false, 502),
    ("empty+words-N", false, 502),
    ("cut-1+words-N", false, 502),
    ("stall-1+words-N", false, 504),
    ("echo+drip-1", false, 200),
    ("tool+bad-call", false, 200),
    ("refuse", false, 200),
    ("length", false, 200),
    ("no-usage+words-N", false, 200),
    ("json+wrong-schema", true, 502),
];

const QUESTION: &str = "Wie heißt der Fluß? 川の名前は?";

#[derive(Debug, Clone, Copy)]
struct Case {
    row: usize,
    strategy: usize,
    stream: bool,
}

impl Case {
    fn all() -> Vec<Self> {
        let each = |row| (0..STRATEGIES.len()).map(move |strategy| (row, strategy));
        let pairs = (0..ROWS.len()).flat_map(each);
        pairs.flat_map(|(row, strategy)| [false, true].map(|stream| Self { row, strategy, stream })).collect()
    }

    fn function(self) -> String {
        format!("f{}-{}-{}", self.row, STRATEGIES[self.strategy].0.replace('_', "-"), u8::from(self.stream))
    }

    /// A model of its own, so that no case sees what another left behind.
    fn model(self) -> String {
        let words = 20 + self.strategy * 2 + usize::from(self.stream);
        ROWS[self.row].0.replace('N', &words.to_string())
    }
}

async fn started() -> (Served, Served, Project) {
    let sim = Served::reachable(surefoot(&["sim", "--bind", "127.0.0.1:0"])).await;
    let mut settings = format!(
        "[providers.up]\nkind = \"openai\"\nbase_url = \"{0}/v1\"\nkey = \"env:SUREFOOT_TEST_UPSTREAM\"\n\
         [defaults]\nretries = 1\ntimeouts = {{ first_token = \"1500ms\", between_tokens = \"1500ms\", whole = \"1500ms\" }}\n\
         [models]\nstrong = \"up/json\"\njudge = \"up/json\"\n",
        sim.url
    );
    let project = Project::temp(&[]);
    for case in Case::all() {
        let (function, (_, table)) = (case.function(), STRATEGIES[case.strategy]);
        writeln!(settings, "m-{function} = \"up/{}\"", case.model()).unwrap();
        let output = "[output]\ntype = \"object\"\nrequired = [\"city\"]\n\
                      [output.properties.city]\ntype = \"string\"\n";
        let output = if ROWS[case.row].1 { output } else { "description = \"Answers.\"\n" };
        project.write(&format!("functions/{function}/function.toml"), output);
        let variant = format!("+++\nmodel = \"m-{function}\"\n\n{table}+++\n{{{{ history() }}}}\n");
        project.write(&format!("functions/{function}/v.md"), &variant);
    }
    project.write("surefoot.toml", &settings);
    let mut up = surefoot(&["up", "--bind", "127.0.0.1:0", "--no-watch"]);
    up.arg(project.folder())
        .arg("--data")
        .arg(project.data())
        .env("SUREFOOT_TEST_UPSTREAM", "key-of-the-provider-1234");
    (sim, Served::started(up).await, project)
}

/// What is wrong with what came of a case, if anything.
async fn wrong(served: &Served, client: &reqwest::Client, case: Case) -> Option<String> {
    let tool = json!({"type": "function", "function": {"name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}});
    let mut body = json!({"model": case.function(), "stream": case.stream,
        "messages": [{"role": "user", "content": QUESTION}]});
    if ROWS[case.row].0.starts_with("tool") {
        body["tools"] = json!([tool]);
    }
    let sent = client.post(format!("{}/v1/chat/completions", served.url)).json(&body).send().await.unwrap();
    let (status, id) = (sent.status().as_u16(), sent.headers()["x-surefoot-trace"].to_str().unwrap().to_owned());
    let text = sent.text().await.unwrap();
    let kept = client.get(format!("{}/api/traces/{id}", served.url)).send().await.unwrap();
    let kept: Value = kept.json().await.unwrap();

    let (strategy, alone) = (STRATEGIES[case.strategy].0, ROWS[case.row].2);
    let told = text.contains("\"error\"");
    let whole = status == 200 && !told && (!case.stream || text.contains("[DONE]"));
    let right = match (strategy, alone) {
        // What is wrong with the request is wrong everywhere; else the strong one answers.
        ("cascade", 400) => status == 400 && told,
        (_, 200) | ("cascade", _) => whole,
        // A stream that has begun can only end in an error of its own, never as if it were whole.
        ("single", _) if case.stream && status == 200 => told && !text.contains("[DONE]"),
        (_, alone) => status == alone && told,
    };
    // The model tells no probabilities, so that the strong one's answer is the cascade's.
    let words_kept =
        strategy == "cascade" || ROWS[case.row].0 != "echo+drip-1" || kept["answer"].to_string().contains(QUESTION);
    let outcome = if whole { "answered" } else { "failed" };
    let counted = !whole || kept["usage"]["output"].as_u64() > Some(0);
    let right = right && words_kept && counted && kept["outcome"] == outcome;
    (!right).then(|| format!("{case:?} {strategy} {}: {status}\n{text}\n{kept}", case.model()))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_failure_against_every_strategy() {
    let (_sim, served, _project) = started().await;
    let client = reqwest::Client::new();
    let all = stream::iter(Case::all()).map(|case| wrong(&served, &client, case));
    let wrong: Vec<String> = all.buffer_unordered(32).filter_map(|told| async { told }).collect().await;
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), Case::all().len(), wrong.join("\n\n"));
}
