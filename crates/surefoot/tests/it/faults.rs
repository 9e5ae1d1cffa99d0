//! Every kind of failure against every way of routing, through the whole product: a caller, Surefoot, and a provider in a
//! process of its own that misbehaves. Nothing hangs, nothing is cut short in silence, and no usage is made up.

use std::fmt::Write;

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use crate::support::{Project, Served, output, surefoot};

const ROUTES: [&str; 5] = ["fallback", "weighted", "latency", "cheapest", "least_busy"];

/// What comes of a failure where there is nothing else to ask.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Alone {
    /// An answer all the same.
    Answered,
    /// This status, after so many attempts.
    Failed(u16, usize),
    /// For a stream: the dialect's error event after the first words, and never an end as if it were whole.
    Broken,
}

use Alone::{Answered, Broken, Failed};

/// Words of the simulator, what comes of a whole answer, and of a stream.
const ROWS: [(&str, Alone, Alone); 21] = [
    ("fail-429", Failed(429, 2), Failed(429, 2)),
    ("fail-429+retry-after-60s", Failed(429, 1), Failed(429, 1)),
    ("fail-400", Failed(400, 1), Failed(400, 1)),
    ("fail-401", Failed(502, 1), Failed(502, 1)),
    ("fail-500", Failed(502, 2), Failed(502, 2)),
    ("fail-503", Failed(502, 2), Failed(502, 2)),
    ("fail-529", Failed(502, 2), Failed(502, 2)),
    ("fail-500+times-1", Answered, Answered),
    ("html-502", Failed(502, 2), Failed(502, 2)),
    ("close", Failed(502, 2), Failed(502, 2)),
    ("hang", Failed(504, 2), Failed(504, 2)),
    ("first-3s", Failed(504, 2), Failed(504, 2)),
    ("bad-json", Failed(502, 2), Broken),
    ("error-in-stream", Failed(502, 2), Broken),
    ("cut-1", Failed(502, 2), Broken),
    ("cut-5", Failed(502, 2), Broken),
    ("stall-1", Failed(504, 2), Broken),
    ("stall-5", Failed(504, 2), Broken),
    ("refuse", Answered, Answered),
    ("length", Answered, Answered),
    ("no-usage", Answered, Answered),
];

/// One question: a failure, a route, whether there is another target, whether it is streamed.
#[derive(Debug, Clone, Copy)]
struct Case {
    row: usize,
    route: usize,
    other: bool,
    stream: bool,
}

impl Case {
    fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for row in 0..ROWS.len() {
            for route in 0..ROUTES.len() {
                for (other, stream) in [(false, false), (false, true), (true, false), (true, true)] {
                    all.push(Self { row, route, other, stream });
                }
            }
        }
        all
    }

    fn alias(self) -> String {
        format!("m{}-{}-{}-{}", self.row, self.route, u8::from(self.other), u8::from(self.stream))
    }

    /// Its targets have names of their own, so that no case sees what another left behind.
    fn settings(self) -> String {
        let words = 20 + self.route * 4 + usize::from(self.other) * 2 + usize::from(self.stream);
        let what = ROWS[self.row].0;
        // Refusing and stopping are answers of their own.
        let bad = if ["refuse", "length"].contains(&what) { what.to_owned() } else { format!("{what}+words-{words}") };
        let others = if self.other { ", \"up/ok\"" } else { "" };
        format!("[models.{}]\ntargets = [\"up/{bad}\"{others}]\nroute = \"{}\"\n", self.alias(), ROUTES[self.route])
    }
}

async fn started() -> (Served, Served, Project) {
    let sim = Served::reachable(surefoot(&["sim", "--bind", "127.0.0.1:0"])).await;
    let mut settings = format!(
        "[providers.up]\nkind = \"openai\"\nbase_url = \"{0}/v1\"\nkey = \"env:SUREFOOT_TEST_UPSTREAM\"\n\
         [providers.other]\nkind = \"openai\"\nbase_url = \"{0}/v1\"\nkey = \"env:SUREFOOT_TEST_UPSTREAM\"\n\
         [providers.gone]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:9/v1\"\nkey = \"env:SUREFOOT_TEST_UPSTREAM\"\n\
         [providers.nowhere]\nkind = \"openai\"\nbase_url = \"http://nowhere.invalid/v1\"\nkey = \"env:SUREFOOT_TEST_UPSTREAM\"\n\
         [providers.plain]\nkind = \"openai\"\nbase_url = \"https://{1}/v1\"\nkey = \"env:SUREFOOT_TEST_UPSTREAM\"\n\
         [models]\ntwice = [\"up/fail-429+retry-after-60s\", \"other/fail-500\", \"other/ok\"]\n\
         unreachable = [\"gone/x\", \"nowhere/x\", \"plain/x\", \"other/ok\"]\n\
         [defaults]\nretries = 1\ntimeouts = {{ first_token = \"1500ms\", between_tokens = \"1500ms\", whole = \"1500ms\" }}\n",
        sim.url,
        sim.url.trim_start_matches("http://"),
    );
    for case in Case::all() {
        settings.write_str(&case.settings()).unwrap();
    }
    // A refused key is left out at all of its provider's models: that row has a provider of its own.
    let settings = settings.replace("\"up/fail-401", "\"other/fail-401");
    let project = Project::temp(&[("surefoot.toml", &settings)]);
    let mut up = surefoot(&["up", "--bind", "127.0.0.1:0", "--no-watch"]);
    up.arg(project.folder())
        .arg("--data")
        .arg(project.data())
        .env("SUREFOOT_TEST_UPSTREAM", "key-of-the-provider-1234");
    (sim, Served::started(up).await, project)
}

/// Asks a model; gives the status, the trace and what was answered.
async fn ask(served: &Served, client: &reqwest::Client, model: &str, stream: bool) -> (u16, Value, String) {
    let body = json!({"model": model, "stream": stream, "messages": [{"role": "user", "content": "hello"}]});
    let sent = client.post(format!("{}/v1/chat/completions", served.url)).json(&body).send().await.unwrap();
    let (status, id) = (sent.status().as_u16(), sent.headers()["x-surefoot-trace"].to_str().unwrap().to_owned());
    let text = sent.text().await.unwrap();
    let kept = client.get(format!("{}/api/traces/{id}", served.url)).send().await.unwrap();
    (status, kept.json().await.unwrap(), text)
}

/// What is wrong with what came of a case, if anything.
fn wrong(case: Case, status: u16, kept: &Value, text: &str) -> Option<String> {
    let (_, whole, streamed) = ROWS[case.row];
    let expected = if case.stream { streamed } else { whole };
    let attempts = kept["attempts"].as_array().map_or(0, Vec::len);
    let ended = !case.stream || text.contains("[DONE]");
    let answered = status == 200 && ended && !text.contains("\"error\"");
    let broken = status == 200 && text.contains("\"error\"") && !text.contains("[DONE]");
    let right = match (expected, case.other) {
        (Answered, _) => answered,
        // The request itself is at fault: it is wrong everywhere, unless the other was asked first.
        (Failed(400, _), true) => status == 400 || answered,
        (Failed(..), true) => answered && attempts <= 2,
        (Failed(told, many), false) => status == told && attempts == many && text.contains("\"error\""),
        (Broken, false) => broken && attempts == 1,
        // The other was asked first, or what broke off is told.
        (Broken, true) => (broken || answered) && attempts <= 2,
    };
    let (input, output) = (&kept["usage"]["input"], &kept["usage"]["output"]);
    let counted = match (answered, broken) {
        (true, _) => output.as_u64() > Some(0),
        (_, true) => output.as_u64() > Some(0) && kept["usage"]["estimated"] == true,
        // Nothing was said: at most half an answer that was never passed on.
        _ => !text.contains("choices") && (output.as_u64() == Some(0) || kept["usage"]["estimated"] == true),
    };
    let told = || {
        format!(
            "{case:?} {}: {status}, {attempts} attempts, {input} in, {output} out\n{text}\n{kept}",
            ROWS[case.row].0
        )
    };
    (!right || !counted).then(told)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_failure_against_every_route() {
    let (_sim, served, _project) = started().await;
    let client = reqwest::Client::new();
    let all = stream::iter(Case::all()).map(|case| {
        let (served, client) = (&served, &client);
        async move {
            let (status, kept, text) = ask(served, client, &case.alias(), case.stream).await;
            wrong(case, status, &kept, &text)
        }
    });
    let wrong: Vec<String> = all.buffer_unordered(48).filter_map(|told| async { told }).collect().await;
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), Case::all().len(), wrong.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_that_nobody_answers_are_named_and_passed_over() {
    let (_sim, served, _project) = started().await;
    let client = reqwest::Client::new();
    let (status, kept, text) = ask(&served, &client, "unreachable", false).await;
    assert_eq!(status, 200, "{text}");
    let told: Vec<&str> =
        (0..3).map(|at| kept["attempts"][at]["fault"]["message"].as_str().unwrap_or_default()).collect();
    assert_eq!(told[..2], ["the provider cannot be reached", "the provider's name cannot be resolved"], "{kept}");
    assert!(told[2].starts_with("there is no TLS with the provider"), "{kept}");
    assert_eq!(kept["usage"]["output"], kept["attempts"][3]["usage"]["output"], "{kept}");
}

/// A text whose times stand for any.
fn without_times(text: &str) -> String {
    let units = [" µs", " ms", " s"];
    let line = |line: &str| {
        let mut words: Vec<String> = Vec::new();
        for word in line.split(' ') {
            let unit = format!(" {}", word.trim_end_matches([',', ';', ')']));
            let after_number = words.last().is_some_and(|last| last.parse::<f64>().is_ok());
            if after_number && units.contains(&unit.as_str()) {
                words.pop();
                words.push(format!("[time]{}", &word[unit.len() - 1..]));
            } else {
                words.push(word.into());
            }
        }
        words.join(" ")
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn why_a_request_fell_back_twice() {
    let (_sim, served, project) = started().await;
    let client = reqwest::Client::new();
    let (status, kept, text) = ask(&served, &client, "twice", false).await;
    assert_eq!(status, 200, "{text}");
    let id = kept["id"].as_str().unwrap();
    let told = output(project.surefoot(&["why", id])).await;
    insta::assert_snapshot!(without_times(&told));
    let asked = client.get(format!("{}/api/traces/{id}/why", served.url)).send().await.unwrap();
    let asked: Value = asked.json().await.unwrap();
    let by_command: Value = serde_json::from_str(&output(project.surefoot(&["why", id, "--json"])).await).unwrap();
    assert_eq!(asked, by_command);
    assert_eq!(asked["trace_id"], id);
    // What was learnt shows at once.
    let health = client.get(format!("{}/api/health/targets", served.url)).send().await.unwrap();
    let health: Value = health.json().await.unwrap();
    let first = health["targets"].as_array().unwrap().iter().find(|one| one["target"] == "up/fail-429+retry-after-60s");
    let parked = &first.unwrap()["parked"][0];
    assert_eq!((parked["key"].as_str(), parked["strict"].as_bool()), (Some("env:SUREFOOT_TEST_UPSTREAM"), Some(true)));
    let metrics = client.get(format!("{}/metrics", served.url)).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("surefoot_target_circuit_open{target=\"other/fail-500\"} 0"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callers_deadline_is_kept_in_either_dialect() {
    let (_sim, served, _project) = started().await;
    let client = reqwest::Client::new();
    for (path, header, value) in [
        ("/v1/chat/completions", "x-surefoot-timeout", "300ms"),
        ("/v1/messages", "x-stainless-timeout", "0.3"),
        ("/v1/chat/completions", "x-stainless-read-timeout", "0.3"),
    ] {
        let body = json!({"model": "up/hang", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]});
        let sent = client.post(format!("{}{path}", served.url)).header(header, value).json(&body).send().await.unwrap();
        let (status, text) = (sent.status().as_u16(), sent.text().await.unwrap());
        assert_eq!(status, 504, "{text}");
        assert!(text.contains("the caller's own deadline of 0.3 s has passed"), "{text}");
    }
    let body = json!({"model": "up/ok", "messages": [{"role": "user", "content": "hello"}]});
    let post = client.post(format!("{}/v1/chat/completions", served.url)).header("x-surefoot-timeout", "soon");
    assert_eq!(post.json(&body).send().await.unwrap().status(), 400);
}
