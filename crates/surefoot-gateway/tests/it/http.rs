//! What a provider over HTTP is really sent.

use std::sync::Arc;

use surefoot_gateway::{
    Project, TraceContext,
    api::Api,
    project::{Provider, Reach},
    trace_context::attempt_span,
};
use surefoot_types::{Price, budget::Per, conversation::ChatRequest, price::Rates, trace::Outcome};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{
    money::budget,
    support::{Act, Scripted, rig_with},
};

/// A provider that answers one request, and gives what it was sent: the head, and the body.
async fn provider() -> (String, tokio::task::JoinHandle<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = Vec::new();
        let (head, body) = loop {
            let mut piece = [0; 4096];
            let count = stream.read(&mut piece).await.unwrap();
            read.extend_from_slice(&piece[..count]);
            let text = String::from_utf8(read.clone()).unwrap();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            if body.len() == length.parse::<usize>().unwrap() {
                break (head.to_owned(), body.to_owned());
            }
        };
        let answer = r#"{"id":"1","object":"chat.completion","created":0,"model":"x","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":20,"total_tokens":30}}"#;
        let response = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{answer}",
            answer.len()
        );
        stream.write_all(response.as_bytes()).await.unwrap();
        (head, body)
    });
    (url, seen)
}

#[tokio::test]
async fn a_budget_caps_the_callers_own_bytes_and_a_trace_goes_on() {
    let (url, seen) = provider().await;
    let rates = Rates { input: "1".parse().unwrap(), output: "2".parse().unwrap(), ..Rates::default() };
    let reach = Reach::Http(Box::new(Api::compatible(url)));
    let change = |project: &mut Project| {
        project.providers.insert("far".into(), Arc::new(Provider { name: "far".into(), reach }));
        project.prices.add("far/llama", Price::of(rates));
        project.budgets.push(budget(Per::All, 1_000_000));
    };
    let rig = rig_with(&[Scripted::new(&[Act::Say("unused")])], |_| {}, change).await;
    let body = r#"{"model": "far/llama", "messages": [{"role": "user", "content": "?"}], "odd": 12345678901234567890}"#;
    let mut call = rig.call("?", false);
    call.chat = ChatRequest::ask("far/llama", "?");
    call.body = Some(body.into());
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    call.context.trace = TraceContext::read(Some(parent), Some("vendor=1"));
    let (_, trace) = rig.ask_with(call).await;
    assert_eq!(trace.outcome, Outcome::Answered, "{:?}", trace.fault);
    let (head, body) = seen.await.unwrap();
    let span = attempt_span(trace.attempts[0].id);
    assert!(head.contains(&format!("traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-{span}-01")), "{head}");
    assert!(head.contains("tracestate: vendor=1"), "{head}");
    let cap = trace.parameters.max_tokens.unwrap();
    assert!(cap < 500, "no more than there is money for: {cap}");
    let expected = r#"{"model": "llama", "messages": [{"role": "user", "content": "?"}], "odd": 12345678901234567890,"max_tokens":CAP}"#;
    assert_eq!(body, expected.replace("CAP", &cap.to_string()));
}
