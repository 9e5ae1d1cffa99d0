//! The doors of the models: what comes in reaches the provider as it came, and every refusal is told in the
//! caller's dialect and recorded.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, extract::State, routing::post};
use reqwest::Method;
use serde_json::Value;
use surefoot_gateway::{
    Project,
    api::Api,
    project::{Model, Policy, Provider, Reach, Routing, Target},
};
use surefoot_testkit::HandClock;
use surefoot_types::{
    Code, Money, Price, Timestamp,
    budget::{Budget, Every, Limit, Per, Rates},
    price,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use crate::support::{PATIENCE, Served, Setting, chat, guarded, serve, served};

type Seen = Arc<Mutex<Vec<Bytes>>>;

/// A provider of OpenAI's dialect that keeps what it is sent.
async fn upstream() -> (String, Seen) {
    const ANSWER: &str = r#"{"id":"c","object":"chat.completion","created":1,"model":"x","choices":[{"index":0,
        "message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}"#;
    let seen = Seen::default();
    let keep = |State(seen): State<Seen>, body: Bytes| async move {
        seen.lock().unwrap().push(body);
        ANSWER
    };
    let router = Router::new().route("/chat/completions", post(keep)).with_state(seen.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, seen)
}

fn over(base_url: String) -> Project {
    let reach = Reach::Http(Box::new(Api::compatible(base_url)));
    let provider = Arc::new(Provider { name: "up".into(), reach });
    let targets = vec![Target { provider, model: "real".into() }];
    let model = Arc::new(Model { targets, policy: Policy::default(), cache: None, routing: Routing::default() });
    Project { models: BTreeMap::from([("m".into(), model)]), ..Project::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_surefoot_object_the_rest_reaches_the_provider_as_it_came() {
    let (url, seen) = upstream().await;
    let served = serve(Setting { project: over(url), ..Setting::default() }, &[]).await;
    let sent = r#"{ "model":"m","odd":12345678901234567890123, "surefoot": {"session":"s-1"},"ratio":1.10,
        "messages":[{"role":"user","content":"hi","extra":1.50e0}] }"#;
    let request = served.ask(Method::POST, "/v1/chat/completions", None);
    let response = request.header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    let response = response.body(sent).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let trace = served.trace_of(&response).await;
    assert_eq!(trace.session.as_deref(), Some("s-1"));
    assert_eq!(trace.parent.as_deref(), Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
    let expected = sent.replace(r#", "surefoot": {"session":"s-1"}"#, "").replace(r#""m""#, r#""real""#);
    assert_eq!(String::from_utf8(seen.lock().unwrap()[0].to_vec()).unwrap(), expected);
}

/// The error in a body, in the shape of OpenAI or of Anthropic.
fn shape(told: &Value) -> &'static str {
    assert!(told["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{told}");
    assert!(told["error"]["type"].is_string(), "{told}");
    if told["type"] == "error" { "anthropic" } else { "openai" }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_has_the_dialects_shape_and_a_trace_that_is_there() {
    let (open, shut) = (served().await, guarded().await);
    let asks = |served: &Served, method: Method, path: &str| served.ask(method, path, None).json(&chat("m", false));
    for (what, request, served, status, expected) in [
        ("no key", asks(&shut, Method::POST, "/v1/chat/completions"), &shut, 401, "openai"),
        ("no key", asks(&shut, Method::POST, "/v1/messages"), &shut, 401, "anthropic"),
        ("no key", asks(&shut, Method::POST, "/v1/embeddings"), &shut, 401, "openai"),
        ("no key", asks(&shut, Method::GET, "/v1/models"), &shut, 401, "openai"),
        ("no key", asks(&shut, Method::GET, "/v1/models").header("anthropic-version", "x"), &shut, 401, "anthropic"),
        ("no such model", asks(&open, Method::GET, "/v1/models/none"), &open, 404, "openai"),
        (
            "another host",
            asks(&open, Method::POST, "/v1/messages").header("host", "evil.example"),
            &open,
            403,
            "anthropic",
        ),
        ("another host", asks(&open, Method::GET, "/v1/models").header("host", "evil.example"), &open, 403, "openai"),
        (
            "another site",
            asks(&open, Method::POST, "/v1/chat/completions").header("origin", "http://evil.example"),
            &open,
            403,
            "openai",
        ),
    ] {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{what}");
        let trace = served.trace_of(&response).await;
        let code = match status {
            401 => Code::Unauthenticated,
            403 => Code::Forbidden,
            _ => Code::NotFound,
        };
        assert_eq!(trace.fault.map(|fault| fault.code), Some(code), "{what}");
        assert_eq!(shape(&response.json().await.unwrap()), expected, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_cannot_be_read_is_told_on_the_trace_of_its_key() {
    let served = guarded().await;
    let response = served.ask(Method::POST, "/v1/messages", Some("app")).body("{").send().await.unwrap();
    assert_eq!(response.status(), 400);
    assert_eq!(served.trace_of(&response).await.key.as_deref(), Some("app"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_call_is_refused_before_the_body_is_there() {
    let served = guarded().await;
    for path in ["/v1/chat/completions", "/v1/messages", "/v1/embeddings", "/api/keys"] {
        let mut connection = TcpStream::connect(served.url.trim_start_matches("http://")).await.unwrap();
        let head = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 500000\r\n\r\n{{");
        connection.write_all(head.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        timeout(PATIENCE, connection.read_exact(&mut answer)).await.expect("an answer comes").unwrap();
        assert_eq!(&answer, b"HTTP/1.1 401", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_caller_who_sends_on_still_hears_why() {
    let served = guarded().await;
    let body = vec![b' '; 600 * 1024];
    let sent = served.ask(Method::POST, "/v1/messages", Some("wrong")).body(body).send().await.unwrap();
    assert_eq!(sent.status(), 401);
    assert_eq!(shape(&sent.json().await.unwrap()), "anthropic");
}

/// A project that allows two requests and 1,000 tokens a minute, and money for a few answers.
fn limited() -> Project {
    let rates = Rates { requests: Some(2), tokens: Some(1_000), ..Rates::default() };
    let limit = Limit { name: "l".into(), per: Per::All, rates };
    let budget = Budget {
        name: "b".into(),
        per: Per::All,
        every: Every::Day,
        limit: Money::nanos(1_000_000_000),
        hard: true,
        warn_at: Vec::new(),
    };
    let mut project = Project { limits: vec![limit], budgets: vec![budget], ..Project::default() };
    let rates = price::Rates { output: Money::nanos(1_000_000_000), ..price::Rates::default() };
    project.prices.add("sim/ok", Price::of(rates));
    project
}

#[tokio::test(flavor = "multi_thread")]
async fn how_a_caller_stands_is_told_in_the_names_of_its_dialect() {
    let now: Timestamp = "2026-11-25T13:14:15.250Z".parse().unwrap();
    let clock = Arc::new(HandClock::new(now));
    let served = serve(Setting { project: limited(), clock, ..Setting::default() }, &[]).await;
    let ask = async |path: &str, stream| {
        let sent = served.ask(Method::POST, path, None).json(&chat("sim/ok", stream)).send().await.unwrap();
        let told = |name: &str| sent.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let names = if path == "/v1/messages" {
            [
                "requests-limit",
                "requests-remaining",
                "requests-reset",
                "tokens-limit",
                "tokens-remaining",
                "tokens-reset",
            ]
            .map(|name| format!("anthropic-ratelimit-{name}"))
        } else {
            [
                "limit-requests",
                "remaining-requests",
                "reset-requests",
                "limit-tokens",
                "remaining-tokens",
                "reset-tokens",
            ]
            .map(|name| format!("x-ratelimit-{name}"))
        };
        let quotas = names.map(|name| told(&name).unwrap_or_default());
        let rest = ["x-surefoot-budget-remaining", "retry-after", "retry-after-ms"].map(told);
        (sent.status().as_u16(), quotas, rest)
    };
    let (status, [limit, remaining, reset, of_tokens, left, _], [budget, ..]) =
        ask("/v1/chat/completions", false).await;
    assert_eq!([limit, remaining, reset, of_tokens], ["2", "1", "45s", "1000"]);
    assert!(status == 200 && left.parse::<u64>().unwrap() < 1_000, "{status} {left}");
    let budget: f64 = budget.unwrap().parse().unwrap();
    assert!(budget > 0.9 && budget < 1.0, "{budget}");
    let end = "2026-11-25T13:15:00Z";
    let (status, [limit, remaining, reset, ..], _) = ask("/v1/messages", true).await;
    assert_eq!((status, [limit.as_str(), &remaining, &reset]), (200, ["2", "0", end]));
    let (status, [_, remaining, reset, ..], [_, after, after_ms]) = ask("/v1/messages", false).await;
    assert_eq!((status, [remaining.as_str(), &reset]), (429, ["0", end]));
    assert_eq!([after.unwrap(), after_ms.unwrap()], ["45", "44750"], "to the end of the minute, exactly");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_limited_has_no_headers() {
    let served = served().await;
    let sent = served.ask(Method::POST, "/v1/messages", None).json(&chat("sim/ok", false)).send().await.unwrap();
    let names = sent.headers().keys().map(ToString::to_string);
    let told: Vec<String> = names.filter(|name| name.contains("ratelimit") || name.contains("budget")).collect();
    assert_eq!(told, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_target_cannot_give_is_refused_and_not_left_out() {
    let served = served().await;
    for (field, value) in [("n", serde_json::json!(2)), ("logprobs", serde_json::json!(true))] {
        let mut body = chat("sim/ok", false);
        body[field] = value;
        let (status, told) = served.api(Method::POST, "/v1/chat/completions", None, Some(body)).await;
        assert_eq!((status, told["error"]["param"].as_str()), (400, Some(field)), "{told}");
    }
    let mut body = chat("sim/ok", false);
    (body["n"], body["logprobs"]) = (1.into(), false.into());
    assert_eq!(served.api(Method::POST, "/v1/chat/completions", None, Some(body)).await.0, 200);
}
