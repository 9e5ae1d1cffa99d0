//! Each misbehaviour, as a client meets it.

use std::time::Duration;

use reqwest::{Client, Response};
use serde_json::{Value, json};
use surefoot_dialect::{Dialect, StreamReader};
use surefoot_gateway::attempt::sim::Script;
use surefoot_types::conversation::{Answer, ChatRequest, Event, Finish, Gathered, Part, Tool, words};
use tokio::net::TcpListener;

use super::{SimOptions, serve};

/// Silence for so long is taken for silence for ever, where it is asked for.
const SILENCE: Duration = Duration::from_millis(500);
/// Anything else comes within this.
const PATIENCE: Duration = Duration::from_secs(30);
const DIALECTS: [&str; 2] = ["/v1/chat/completions", "/v1/messages"];

struct Rig {
    base: String,
    client: Client,
    _ends_the_server: tokio::sync::oneshot::Sender<()>,
}

async fn rig(options: SimOptions) -> Rig {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (ends, ended) = tokio::sync::oneshot::channel::<()>();
    tokio::spawn(serve(options, listener, async {
        let _ = ended.await;
    }));
    Rig { base, client: Client::builder().no_proxy().build().unwrap(), _ends_the_server: ends }
}

impl Rig {
    async fn post(&self, path: &str, body: &Value) -> reqwest::Result<Response> {
        self.client.post(format!("{}{path}", self.base)).bearer_auth("sk-test-0123456789abcd").json(body).send().await
    }

    async fn ask(&self, path: &str, model: &str, stream: bool) -> reqwest::Result<Response> {
        let messages = [json!({"role": "user", "content": "one two three four five"})];
        let body = json!({"model": model, "messages": messages, "max_tokens": 100, "stream": stream});
        self.post(path, &body).await
    }

    async fn get(&self, path: &str) -> Value {
        self.client.get(format!("{}{path}", self.base)).send().await.unwrap().json().await.unwrap()
    }

    /// The status and the body as far as it came, with how it ended.
    async fn told(&self, path: &str, model: &str, stream: bool) -> (u16, String, Ending) {
        let Ok(mut response) = self.ask(path, model, stream).await else {
            return (0, String::new(), Ending::Broken);
        };
        let mut body = Vec::new();
        let limit = if model.contains("stall") { SILENCE } else { PATIENCE };
        let ending = loop {
            match tokio::time::timeout(limit, response.chunk()).await {
                Err(_) => break Ending::Silent,
                Ok(Err(_)) => break Ending::Broken,
                Ok(Ok(None)) => break Ending::Whole,
                Ok(Ok(Some(chunk))) => body.extend_from_slice(&chunk),
            }
        };
        (response.status().as_u16(), String::from_utf8(body).unwrap(), ending)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Whole,
    Broken,
    Silent,
}

/// The text of an answer in either dialect.
fn text(body: &Value) -> &str {
    let openai = body["choices"][0]["message"]["content"].as_str();
    openai.or_else(|| body["content"][0]["text"].as_str()).unwrap_or_default()
}

/// The data of a stream's events that can be parsed.
fn events(body: &str) -> Vec<Value> {
    body.lines().filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok()).collect()
}

fn streamed_text(body: &str) -> String {
    let of = |event: &Value| {
        let openai = event["choices"][0]["delta"]["content"].as_str();
        openai.or_else(|| event["delta"]["text"].as_str()).unwrap_or_default().to_owned()
    };
    events(body).iter().map(of).collect()
}

#[tokio::test]
async fn answers_whole_and_streamed_are_the_same_in_both_dialects() {
    let rig = rig(SimOptions::default()).await;
    for path in DIALECTS {
        let (status, whole, _) = rig.told(path, "ok", false).await;
        assert_eq!(status, 200, "{whole}");
        let whole: Value = serde_json::from_str(&whole).unwrap();
        assert!(text(&whole).starts_with("This is a simulated answer to \"one two three"), "{whole}");
        assert!(whole["usage"].is_object(), "{whole}");
        let (status, streamed, ending) = rig.told(path, "ok", true).await;
        assert_eq!((status, ending), (200, Ending::Whole));
        assert_eq!(streamed_text(&streamed), text(&whole), "{path}");
        assert!(streamed.contains("[DONE]") || streamed.contains("message_stop"));
    }
}

#[tokio::test]
async fn the_same_seed_gives_the_same_bytes() {
    let (one, same) = (rig(SimOptions::default()).await, rig(SimOptions::default()).await);
    let other = rig(SimOptions { seed: 1, script: None }).await;
    for path in DIALECTS {
        for model in ["ok", "words-40", "json", "rate-0.5", "cut-3"] {
            for stream in [false, true] {
                let first = one.told(path, model, stream).await;
                assert_eq!(first, same.told(path, model, stream).await, "{path} {model}");
            }
        }
        assert_ne!(one.told(path, "ok", false).await, other.told(path, "ok", false).await);
    }
}

#[tokio::test]
async fn failures_have_their_status_and_the_dialects_shape() {
    let rig = rig(SimOptions::default()).await;
    for stream in [false, true] {
        let response = rig.ask(DIALECTS[0], "fail-429+retry-after-2s", stream).await.unwrap();
        assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (429, &"2".parse().unwrap()));
        assert!(!response.headers().contains_key("retry-after-ms"));
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["error"]["code"], "rate_limit_exceeded");
        let response = rig.ask(DIALECTS[1], "fail-529+retry-after-1200ms", stream).await.unwrap();
        assert_eq!(response.status(), 529);
        assert_eq!(
            (&response.headers()["retry-after"], &response.headers()["retry-after-ms"]),
            (&"2".parse().unwrap(), &"1200".parse().unwrap())
        );
        let body: Value = response.json().await.unwrap();
        assert_eq!((&body["type"], &body["error"]["type"]), (&json!("error"), &json!("overloaded_error")));
        let page = rig.ask(DIALECTS[0], "html-502", stream).await.unwrap();
        assert_eq!(
            (page.status().as_u16(), &page.headers()["content-type"]),
            (502, &"text/html; charset=utf-8".parse().unwrap())
        );
        assert!(page.text().await.unwrap().starts_with("<!DOCTYPE html>"));
    }
}

#[tokio::test]
async fn connections_break_and_fall_silent() {
    let rig = rig(SimOptions::default()).await;
    for path in DIALECTS {
        for stream in [false, true] {
            assert_eq!(rig.told(path, "close", stream).await, (0, String::new(), Ending::Broken));
            let (status, cut, ending) = rig.told(path, "echo+cut-3", stream).await;
            assert_eq!((status, ending), (200, Ending::Broken), "{path} {stream}");
            assert!(!cut.is_empty() && serde_json::from_str::<Value>(&cut).is_err(), "{cut}");
            let (status, stalled, ending) = rig.told(path, "echo+stall-3", stream).await;
            assert_eq!((status, ending), (200, Ending::Silent), "{path} {stream}");
            assert!(!stalled.is_empty() && serde_json::from_str::<Value>(&stalled).is_err(), "{stalled}");
            if stream {
                assert_eq!(streamed_text(&cut), "one two three ");
                assert_eq!(streamed_text(&stalled), "one two three ");
            }
            let hung = tokio::time::timeout(SILENCE, rig.ask(path, "hang", stream)).await;
            assert!(hung.is_err(), "{path} {stream}");
        }
    }
}

#[tokio::test]
async fn nonsense_and_errors_come_in_the_middle() {
    let rig = rig(SimOptions::default()).await;
    for path in DIALECTS {
        let (status, body, ending) = rig.told(path, "ok+bad-json", false).await;
        assert_eq!((status, ending), (200, Ending::Whole));
        assert!(!body.is_empty() && serde_json::from_str::<Value>(&body).is_err(), "{body}");
        let (_, body, ending) = rig.told(path, "echo+bad-json", true).await;
        let data: Vec<&str> = body.lines().filter_map(|line| line.strip_prefix("data: {")).collect();
        assert_eq!((ending, data.len() - events(&body).len()), (Ending::Whole, 1), "{body}");
        let (status, body, _) = rig.told(path, "echo+error-in-stream", false).await;
        assert!(status == 200 && body.contains("\"error\""), "{body}");
        let (_, body, ending) = rig.told(path, "echo+error-in-stream", true).await;
        assert_eq!((streamed_text(&body).as_str(), ending), ("one two three ", Ending::Whole));
        assert!(body.contains("\"error\"") && !body.contains("[DONE]") && !body.contains("message_stop"), "{body}");
    }
}

#[tokio::test]
async fn it_recovers_after_so_many_times() {
    let rig = rig(SimOptions::default()).await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(rig.told(DIALECTS[0], "fail-503+times-2", false).await.0);
    }
    assert_eq!(statuses, [503, 503, 200, 200]);
}

#[tokio::test]
async fn tools_json_and_refusals_are_in_the_dialects_words() {
    let rig = rig(SimOptions::default()).await;
    let schema = json!({"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}});
    let message = json!({"role": "user", "content": "Weather?"});
    let tool = json!({"type": "function", "function": {"name": "weather", "parameters": schema}});
    let body = json!({"model": "tool", "messages": [message], "tools": [tool]});
    let answer: Value = rig.post(DIALECTS[0], &body).await.unwrap().json().await.unwrap();
    assert_eq!(answer["choices"][0]["finish_reason"], "tool_calls", "{answer}");
    let function = &answer["choices"][0]["message"]["tool_calls"][0]["function"];
    assert_eq!(*function, json!({"name": "weather", "arguments": "{\"city\":\"simulated\"}"}));
    let tool = json!({"name": "weather", "input_schema": schema});
    let body = json!({"model": "tool", "max_tokens": 9, "messages": [message], "tools": [tool]});
    let answer: Value = rig.post(DIALECTS[1], &body).await.unwrap().json().await.unwrap();
    assert_eq!(
        (&answer["stop_reason"], &answer["content"][0]["input"]),
        (&json!("tool_use"), &json!({"city": "simulated"}))
    );

    let format = json!({"type": "json_schema", "json_schema": {"name": "n", "schema": schema}});
    let body = json!({"model": "json", "messages": [message], "response_format": format});
    let answer: Value = rig.post(DIALECTS[0], &body).await.unwrap().json().await.unwrap();
    assert_eq!(text(&answer), r#"{"city":"simulated"}"#);
    let (_, refused, _) = rig.told(DIALECTS[0], "refuse", false).await;
    assert!(refused.contains("\"refusal\":\"I cannot"), "{refused}");
    let (_, cut, _) = rig.told(DIALECTS[0], "length+no-usage", true).await;
    assert!(cut.contains("\"finish_reason\":\"length\""), "{cut}");
}

#[tokio::test]
async fn embeddings_and_models_are_there() {
    let rig = rig(SimOptions::default()).await;
    let body = json!({"model": "ok", "input": ["a", "b", "a"]});
    let made: Value = rig.post("/v1/embeddings", &body).await.unwrap().json().await.unwrap();
    let vector = |at: usize| made["data"][at]["embedding"].as_array().unwrap();
    assert_eq!((vector(0).len(), vector(0)), (64, vector(2)));
    assert_ne!(vector(0), vector(1));
    let body = json!({"model": "ok", "input": "a", "dimensions": 1536});
    let made: Value = rig.post("/v1/embeddings", &body).await.unwrap().json().await.unwrap();
    assert_eq!(made["data"][0]["embedding"].as_array().unwrap().len(), 1536);
    let body = json!({"model": "ok", "input": "a", "dimensions": 1_000_000_000});
    assert_eq!(rig.post("/v1/embeddings", &body).await.unwrap().status(), 400);
    let body = json!({"model": "fail-503", "input": "a"});
    assert_eq!(rig.post("/v1/embeddings", &body).await.unwrap().status(), 503);
    assert_eq!(rig.get("/v1/models").await["data"][0]["id"], "ok");
    assert_eq!(rig.get("/v1/models/words-7").await["id"], "words-7");
    assert!(rig.get("/v1/models/gpt-4o").await["error"]["message"].as_str().unwrap().contains("gpt-4o"));
}

#[tokio::test]
async fn what_cannot_be_read_is_refused() {
    let rig = rig(SimOptions::default()).await;
    for path in DIALECTS {
        let (status, body, _) = rig.told(path, "gpt-4o", false).await;
        assert!(status == 404 && body.contains("retry-after-2s"), "{body}");
        assert_eq!(rig.told(path, "echo+cite", true).await.0, 400);
        let url = format!("{}{path}", rig.base);
        let response = rig.client.post(&url).body("{\"model\":").send().await.unwrap();
        assert_eq!(response.status(), 400);
        let large = rig.client.post(&url).body(vec![b' '; 33 << 20]).send().await;
        assert!(large.is_err() || large.is_ok_and(|response| response.status() == 413));
    }
    assert_eq!(rig.client.get(format!("{}/v1/completions", rig.base)).send().await.unwrap().status(), 404);
    assert_eq!(rig.client.post(format!("{}/sim/requests", rig.base)).send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn a_script_answers_any_model() {
    let script = Script::parse("[[when]]\nmodel = \"gpt-4o\"\ncontains = \"THREE\"\nanswer = \"Scripted.\"").unwrap();
    let rig = rig(SimOptions { seed: 0, script: Some(script) }).await;
    let (_, body, _) = rig.told(DIALECTS[1], "gpt-4o", false).await;
    assert_eq!(text(&serde_json::from_str(&body).unwrap()), "Scripted.");
    assert_eq!(rig.told(DIALECTS[1], "gpt-4", false).await.0, 200);
}

#[tokio::test]
async fn what_reached_it_can_be_seen_without_secrets() {
    let rig = rig(SimOptions::default()).await;
    for _ in 0..120 {
        rig.told(DIALECTS[0], "times-1", false).await;
    }
    rig.post("/v1/embeddings", &json!({"model": "ok", "input": "x".repeat(100_000)})).await.unwrap();
    let seen = rig.get("/sim/requests").await;
    assert_eq!((&seen["count"], seen["requests"].as_array().unwrap().len()), (&json!(121), 100));
    let first = &seen["requests"][0];
    assert_eq!((&first["method"], &first["path"]), (&json!("POST"), &json!(DIALECTS[0])));
    assert_eq!(first["headers"]["authorization"], "Bearer …abcd");
    assert_eq!(first["body"]["messages"][0]["content"], "one two three four five");
    assert_eq!(seen["requests"][99]["body"].as_str().unwrap().len(), 64 * 1024);
    assert!(!seen.to_string().contains("sk-test"));

    let url = format!("{}/sim/requests", rig.base);
    rig.client.delete(url).send().await.unwrap();
    assert_eq!(rig.get("/sim/requests").await, json!({"count": 0, "requests": []}));
    assert_eq!(rig.told(DIALECTS[0], "times-1", false).await.0, 500, "counts are forgotten too");
}

/// A question to `model` in a dialect's words, at its address.
fn question(dialect: Dialect, model: &str, stream: bool) -> (String, Vec<u8>) {
    let mut request = ChatRequest::ask(model, "one two drei vier fünf 六");
    request.stream = stream;
    request.parameters.max_tokens = Some(500);
    request.tools.push(Tool {
        name: "weather".into(),
        description: None,
        schema: json!({"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}}),
        strict: None,
        extra: serde_json::Map::new(),
    });
    let verb = |whole: &'static str, streamed: &'static str| if stream { streamed } else { whole };
    let path = match dialect {
        Dialect::OpenaiChat => "/v1/chat/completions".into(),
        Dialect::OpenaiResponses => "/v1/responses".into(),
        Dialect::Anthropic => "/v1/messages".into(),
        Dialect::Gemini => {
            format!("/v1beta/models/{model}:{}", verb("generateContent", "streamGenerateContent?alt=sse"))
        }
        Dialect::Bedrock => format!("/model/{model}/{}", verb("converse", "converse-stream")),
    };
    (path, surefoot_dialect::request_write(dialect, &request, model).body.to_vec())
}

/// What is understood of an answer: the answer if it is a whole one, else nothing.
async fn understood(rig: &Rig, dialect: Dialect, model: &str, stream: bool) -> Option<Answer> {
    let (path, body) = question(dialect, model, stream);
    let sent = rig.client.post(format!("{}{path}", rig.base)).body(body).send().await.ok()?;
    let kind = sent.headers()["content-type"].to_str().unwrap().to_owned();
    if !stream || kind == "application/json" {
        return surefoot_dialect::answer_read(dialect, &sent.bytes().await.ok()?).ok();
    }
    let (mut reader, mut gathered, mut pieces) = (StreamReader::new(dialect), Gathered::default(), sent);
    let mut frames = Vec::new();
    while let Ok(Some(piece)) = pieces.chunk().await {
        frames.extend(reader.push(&piece).ok()?);
    }
    frames.extend(reader.close());
    frames.iter().flat_map(|frame| &frame.events).for_each(|event| gathered.take(event));
    let failed = frames.iter().flat_map(|frame| &frame.events).any(|event| matches!(event, Event::Fault { .. }));
    (gathered.ended && gathered.finish.is_some() && !failed).then(|| gathered.into_answer())
}

const ALL: [Dialect; 5] =
    [Dialect::OpenaiChat, Dialect::OpenaiResponses, Dialect::Anthropic, Dialect::Gemini, Dialect::Bedrock];

#[tokio::test]
async fn every_dialect_is_spoken_whole_and_streamed_alike() {
    let rig = rig(SimOptions::default()).await;
    for dialect in ALL {
        for (model, finish, says) in [
            ("ok", Finish::Stop, "This is a simulated answer"),
            ("echo+drip-1", Finish::Stop, "one two drei vier fünf 六"),
            ("think+echo", Finish::Stop, "drei"),
            ("tool", Finish::ToolCalls, "weather"),
            ("length", Finish::Length, "This is"),
            ("filter", Finish::Refusal, "This is"),
        ] {
            let whole = understood(&rig, dialect, model, false).await.unwrap();
            let streamed = understood(&rig, dialect, model, true).await.unwrap();
            let told = serde_json::to_string(&whole.parts).unwrap();
            assert!(told.contains(says), "{dialect:?} {model}: {told}");
            let usage = |answer: &Answer| answer.usage.map(|usage| (usage.input, usage.output));
            assert_eq!(usage(&whole), usage(&streamed), "{dialect:?} {model}");
            assert!(usage(&whole).is_some_and(|(input, output)| input > 0 && output > 0), "{dialect:?} {model}");
            assert_eq!((&whole.finish, &streamed.finish), (&finish, &finish), "{dialect:?} {model}");
            assert_eq!(words(&whole.parts), words(&streamed.parts), "{dialect:?} {model}");
            let thought = whole.parts.iter().any(|part| matches!(part, Part::Thinking { .. }));
            assert_eq!(thought, model.starts_with("think"), "{dialect:?} {model}: {told}");
        }
        let silent = understood(&rig, dialect, "no-usage", true).await.unwrap();
        // Anthropic's streams have a place for usage that must not be empty.
        assert!(silent.usage.is_none_or(|usage| usage.total() == 0), "{dialect:?}");
    }
}

#[tokio::test]
async fn what_goes_wrong_is_never_a_whole_answer_in_any_dialect() {
    let rig = rig(SimOptions::default()).await;
    for dialect in ALL {
        for model in ["error-200", "empty", "bad-json", "error-in-stream", "cut-2", "close", "fail-500", "html-502"] {
            for stream in [false, true] {
                let answer = understood(&rig, dialect, model, stream).await;
                assert!(answer.is_none(), "{dialect:?} {model} {stream}: {answer:?}");
            }
        }
        // Cut after each event there is: whole only after the last.
        let mut events = 0;
        while understood(&rig, dialect, &format!("think+echo+cut-event-{events}"), true).await.is_none() {
            events += 1;
            assert!(events < 40, "{dialect:?}");
        }
        assert!(events > 8, "{dialect:?}: {events}");
    }
}

#[tokio::test]
async fn a_call_can_break_off() {
    let rig = rig(SimOptions::default()).await;
    let answer = understood(&rig, Dialect::OpenaiChat, "bad-call", true).await.unwrap();
    let broken = answer.parts.iter().any(
        |part| matches!(part, Part::ToolCall { arguments, .. } if serde_json::from_str::<Value>(arguments).is_err()),
    );
    assert!(broken, "{answer:?}");
}

#[tokio::test]
async fn documents_are_ranked_and_texts_moderated() {
    let rig = rig(SimOptions::default()).await;
    let body = json!({"model": "ok", "query": "red apples", "documents": ["blue", "red apples", "red"], "top_n": 2});
    let ranked: Value = rig.post("/v2/rerank", &body).await.unwrap().json().await.unwrap();
    let order = |at: usize| (ranked["results"][at]["index"].clone(), ranked["results"][at]["relevance_score"].clone());
    assert_eq!((order(0), order(1)), ((json!(1), json!(1.0)), (json!(2), json!(0.5))), "{ranked}");
    assert_eq!(ranked["results"].as_array().unwrap().len(), 2);
    for (model, flagged) in [("ok", false), ("refuse", true)] {
        let body = json!({"model": model, "input": ["a", "b"]});
        let told: Value = rig.post("/v1/moderations", &body).await.unwrap().json().await.unwrap();
        assert_eq!((&told["results"][1]["flagged"], told["results"].as_array().unwrap().len()), (&json!(flagged), 2));
    }
    let body = json!({"model": "fail-503", "query": "q", "documents": ["d"]});
    assert_eq!(rig.post("/v1/rerank", &body).await.unwrap().status(), 503);
    let asked = json!({"contents": [{"role": "user", "parts": [{"text": "?"}]}]});
    let array = rig.post("/v1beta/models/ok:streamGenerateContent", &asked).await.unwrap();
    assert!(array.json::<Value>().await.unwrap().is_array());
}
