//! Every row of the table of providers: what it is sent, whole and streamed, and what becomes of its answer, quirks
//! and all. A new row is a folder in `tests/fixtures/providers` and its lines in the snapshot.

use std::{
    fmt::Write,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use surefoot_gateway::attempt::presets::{PRESETS, Preset};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::support::{Project, Served, surefoot};

/// Headers that open an API or say which it is.
const TOLD: [&str; 6] =
    ["authorization", "x-api-key", "x-goog-api-key", "api-key", "anthropic-version", "x-amz-security-token"];

/// What a provider was sent.
type Seen = Arc<Mutex<Vec<(String, Vec<(String, String)>, Value)>>>;

fn name(preset: &Preset) -> String {
    format!("{}-{}", preset.kind, preset.api)
}

/// A server that answers below each row's name with that row's fixture.
async fn vendors() -> (String, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Seen::default();
    let keep = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, Arc::clone(&keep)));
        }
    });
    (url, seen)
}

async fn answer(mut stream: TcpStream, seen: Seen) {
    let mut read = Vec::new();
    let (head, body) = loop {
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).await.unwrap();
        if count == 0 {
            return;
        }
        read.extend_from_slice(&piece[..count]);
        let text = String::from_utf8(read.clone()).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if body.len() == length.parse::<usize>().unwrap() {
            break (head.to_owned(), serde_json::from_str::<Value>(body).unwrap());
        }
    };
    let path = head.split(' ').nth(1).unwrap().to_owned();
    let headers = head.lines().filter_map(|line| line.split_once(": "));
    let headers = headers.filter(|(name, _)| TOLD.contains(name)).map(|(name, value)| (name.into(), masked(value)));
    let streamed = body["stream"] == true || path.contains("stream");
    let folder = fixtures().join(path.split('/').nth(1).unwrap());
    seen.lock().unwrap().push((path, headers.collect(), body));
    let binary = folder.join("stream.bin");
    let (file, kind) = match (streamed, binary.exists()) {
        (false, _) => (folder.join("whole.json"), "application/json"),
        (true, true) => (binary, "application/vnd.amazon.eventstream"),
        (true, false) => (folder.join("stream.txt"), "text/event-stream"),
    };
    let answer = std::fs::read(&file).unwrap_or_else(|_| panic!("{} is missing", file.display()));
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", answer.len());
    stream.write_all(&[head.into_bytes(), answer].concat()).await.unwrap();
}

fn fixtures() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/providers"))
}

/// A signature and its day change with the clock.
fn masked(value: &str) -> String {
    let Some((scope, signature)) = value.split_once("Signature=") else { return value.to_owned() };
    assert_eq!(signature.len(), 64);
    let (account, scope) = scope.split_once('/').unwrap();
    format!("{account}/DAY{}Signature=…", &scope[8..])
}

/// A request with something in it that not every server knows.
fn question(model: &str, stream: bool) -> Value {
    let mut body = json!({"model": model, "messages": [
            {"role": "developer", "content": "Be short."}, {"role": "user", "content": "What is 6 x 7?"}],
        "max_completion_tokens": 100, "seed": 7, "logit_bias": {"5": 1}, "stream": stream,
        "tools": [{"type": "function", "function": {"name": "multiply", "parameters": {"type": "object"}}}]});
    if stream {
        body["stream_options"] = json!({"include_usage": true});
    }
    body
}

/// What Surefoot made of an answer, as its trace tells it.
async fn understood(client: &reqwest::Client, served: &Served, trace: &str) -> Value {
    let sent = client.get(format!("{}/api/traces/{trace}", served.url)).send().await.unwrap();
    let trace: Value = sent.json().await.unwrap();
    let attempt = &trace["attempts"][0];
    json!({"answer": trace["answer"], "finish": trace["finish"], "usage": attempt["usage"], "cost": attempt["cost"]})
}

/// The settings that put every row before the server.
fn settings(url: &str) -> String {
    let mut text = String::new();
    for preset in PRESETS {
        let key = match preset.kind {
            "bedrock" => "key = \"aws:SUREFOOT_TEST\"\nregion = \"eu-central-1\"",
            "vertex" => "key = \"command:printf a-token\"",
            _ if preset.keyless => "",
            _ => "keys = [\"env:SUREFOOT_TEST_KEY\", \"env:SUREFOOT_TEST_OTHER\"]",
        };
        let (name, kind, api) = (name(preset), preset.kind, preset.api);
        writeln!(text, "[providers.{name}]\nkind = \"{kind}\"\napi = \"{api}\"\nbase_url = \"{url}/{name}\"\n{key}")
            .unwrap();
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_is_spoken_to_in_its_own_way() {
    let (url, seen) = vendors().await;
    let project = Project::temp(&[("surefoot.toml", &settings(&url))]);
    let mut up = surefoot(&["up", "--bind", "127.0.0.1:0", "--no-watch"]);
    up.arg(project.folder()).arg("--data").arg(project.data());
    up.env("SUREFOOT_TEST_KEY", "a-key").env("SUREFOOT_TEST_OTHER", "another-key");
    up.env("SUREFOOT_TEST_ACCESS_KEY_ID", "AKID").env("SUREFOOT_TEST_SECRET_ACCESS_KEY", "secret");
    up.env("SUREFOOT_TEST_SESSION_TOKEN", "session");
    let served = Served::started(up).await;
    let client = reqwest::Client::new();
    let mut all = String::new();
    for preset in PRESETS {
        writeln!(all, "== {}", name(preset)).unwrap();
        let mut answers = Vec::new();
        for stream in [false, true] {
            let body = question(&format!("{}/m:1", name(preset)), stream);
            let sent = client.post(format!("{}/v1/chat/completions", served.url)).json(&body).send().await.unwrap();
            let (status, headers) = (sent.status(), sent.headers().clone());
            let text = sent.text().await.unwrap();
            assert_eq!(status, 200, "{}: {text}", name(preset));
            let (path, opened, body) = seen.lock().unwrap().pop().unwrap();
            let opened: Vec<String> = opened.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            let way = if stream { "stream" } else { "whole" };
            writeln!(all, "{way} {path}\n  {}\n  {body}", opened.join("\n  ")).unwrap();
            if let Some(dropped) = headers.get("x-surefoot-dropped") {
                writeln!(all, "  dropped: {}", dropped.to_str().unwrap()).unwrap();
            }
            assert!(text.contains("42.") || text.contains("multiply"), "{}: {text}", name(preset));
            assert!(!text.contains("\"error\":{"), "{}: {text}", name(preset));
            let trace = headers["x-surefoot-trace"].to_str().unwrap();
            answers.push(understood(&client, &served, trace).await);
        }
        writeln!(all, "  -> {}", answers[0]).unwrap();
        if answers[0] != answers[1] {
            writeln!(all, "  streamed -> {}", answers[1]).unwrap();
        }
    }
    insta::assert_snapshot!(all);
}

/// What users copy from the page of providers works.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_providers_is_right() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/providers.md")).unwrap();
    let blocks: Vec<&str> = page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(blocks.len() > 5);
    for block in blocks {
        let project = Project::temp(&[("surefoot.toml", block), ("token", "a-token")]);
        let mut check = surefoot(&["check"]);
        check.arg(project.folder());
        for name in ["OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "KEY_A", "KEY_B"]
        {
            check.env(name, "a-key");
        }
        check.env("AWS_ACCESS_KEY_ID", "AKID").env("AWS_SECRET_ACCESS_KEY", "secret");
        let told = check.output().await.unwrap();
        assert!(told.status.success(), "{block}\n{}", String::from_utf8(told.stderr).unwrap());
    }
    for preset in PRESETS {
        assert!(page.contains(&format!("`{}`", preset.kind)), "{} is not on the page", preset.kind);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_kind_lacks_or_has_no_use_for_is_a_mistake() {
    for (settings, says) in [
        ("kind = \"opnai\"", "Did you mean 'openai'?"),
        ("kind = \"openai\"\napi = \"respnses\"", "Did you mean 'responses'?"),
        ("kind = \"azure\"", "'base_url' is missing"),
        ("kind = \"bedrock\"\nregion = \"eu central\"", "'region' cannot be 'eu central'"),
        ("kind = \"bedrock\"", "'region' is missing"),
        ("kind = \"vertex\"", "'project' is missing"),
        ("kind = \"groq\"\nregion = \"eu-central-1\"", "'region' is of no use here"),
        ("kind = \"groq\"\napi_version = \"1\"", "'api_version' is of no use here"),
        ("kind = \"groq\"\nkey = \"env:A\"\nkeys = [\"env:B\"]", "'key' and 'keys' stand side by side"),
        ("kind = \"groq\"\nkeys = [\"env:A\", \"env:A\"]", "the same key stands here twice"),
        ("kind = \"groq\"\nkeys = [\"gsk_in_clear\"]", "a secret stands here in clear"),
    ] {
        let project = Project::temp(&[("surefoot.toml", &format!("[providers.it]\n{settings}\n"))]);
        let mut check = surefoot(&["check"]);
        check.arg(project.folder()).env("A", "a").env("B", "b");
        for name in ["AWS_REGION", "AWS_DEFAULT_REGION", "GOOGLE_CLOUD_PROJECT"] {
            check.env_remove(name);
        }
        let told = check.output().await.unwrap();
        let text = String::from_utf8([told.stderr, told.stdout].concat()).unwrap();
        assert!(!told.status.success() && text.contains(says), "{settings}: {text}");
        assert!(!text.contains("gsk_in_clear"), "{text}");
    }
}
