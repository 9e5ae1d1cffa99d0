//! The end: what is under way finishes, what cannot is told so, and all of it is recorded.

use std::time::Duration;

use reqwest::{Method, Response};
use surefoot_types::{
    Code,
    ports::{Journal, TraceFilter},
    trace::Outcome,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{PATIENCE, Served, Setting, chat, serve};

async fn draining(drain: Duration) -> Served {
    serve(Setting { drain, ..Setting::default() }, &[]).await
}

/// A stream that has begun.
async fn begun(served: &Served, model: &str) -> Response {
    let body = chat(model, true);
    let mut response = served.ask(Method::POST, "/v1/chat/completions", None).json(&body).send().await.unwrap();
    assert!(response.chunk().await.unwrap().is_some());
    response
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_under_way_finishes_and_nobody_new_is_served() {
    let mut served = draining(PATIENCE).await;
    let (url, store) = (served.url.clone(), served.store.clone());
    let response = begun(&served, "sim/words-40+gap-20ms").await;
    served.end();
    let text = response.text().await.unwrap();
    assert!(text.contains("[DONE]"), "{text}");
    served.ended().await;
    assert!(TcpStream::connect(url.trim_start_matches("http://")).await.is_err());
    let traces = store.trace_list(&TraceFilter::default(), 10).await.unwrap();
    assert_eq!(traces.iter().map(|trace| trace.outcome).collect::<Vec<_>>(), [Outcome::Answered]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_outlasts_the_limit_is_told_so_and_recorded() {
    let mut served = draining(Duration::ZERO).await;
    let store = served.store.clone();
    let response = begun(&served, "sim/words-1000+gap-1s").await;
    served.end();
    let text = response.text().await.unwrap();
    assert!(text.contains("Surefoot is stopping") && !text.contains("[DONE]"), "{text}");
    served.ended().await;
    let traces = store.trace_list(&TraceFilter::default(), 10).await.unwrap();
    assert_eq!(traces.iter().map(|trace| trace.fault).collect::<Vec<_>>(), [Some(Code::Unavailable)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_caller_who_hung_up_left_is_recorded_before_the_end() {
    let mut served = draining(PATIENCE).await;
    let store = served.store.clone();
    let body = chat("sim/words-1000+gap-1s", true).to_string();
    let mut connection = TcpStream::connect(served.url.trim_start_matches("http://")).await.unwrap();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    assert!(connection.read(&mut [0; 64]).await.unwrap() > 0);
    drop(connection);
    served.end();
    served.ended().await;
    let traces = store.trace_list(&TraceFilter::default(), 10).await.unwrap();
    assert_eq!(traces.iter().map(|trace| trace.outcome).collect::<Vec<_>>(), [Outcome::Cancelled]);
}
