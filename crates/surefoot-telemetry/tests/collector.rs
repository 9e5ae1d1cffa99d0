//! What a real collector is sent, over real HTTP.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::{
    collector::{metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};
use prost::Message;
use surefoot_gateway::Observer;
use surefoot_telemetry::{Options, Telemetry};
use surefoot_testkit::samples::trace;
use surefoot_types::{
    Code, Fault, Secret, Usage,
    ids::AttemptId,
    trace::{Attempt, Span as TraceSpan, Trace},
};
use tokio::net::TcpListener;

/// A request's path, key and body.
type Got = (String, String, Vec<u8>);

/// A collector that keeps what it is sent. Its first so many answers are refusals.
#[derive(Clone, Default)]
struct Collector {
    got: Arc<Mutex<Vec<Got>>>,
    refusals: Arc<Mutex<u32>>,
}

impl Collector {
    async fn start(refusals: u32) -> (Self, String) {
        let collector = Self { refusals: Arc::new(Mutex::new(refusals)), ..Self::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = collector.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let collector = serving.clone();
                let service = service_fn(move |request| collector.clone().take(request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        (collector, url)
    }

    async fn take(self, request: Request<Incoming>) -> Result<Response<Full<hyper::body::Bytes>>, Infallible> {
        let path = request.uri().path().to_owned();
        let key = request.headers().get("x-key").map(|key| key.to_str().unwrap().to_owned()).unwrap_or_default();
        let body = request.into_body().collect().await.unwrap().to_bytes().to_vec();
        let mut refusals = self.refusals.lock().unwrap();
        if path == "/v1/traces" && *refusals > 0 {
            *refusals -= 1;
            return Ok(Response::builder().status(503).body(Full::default()).unwrap());
        }
        self.got.lock().unwrap().push((path, key, body));
        Ok(Response::new(Full::default()))
    }

    fn spans(&self) -> Vec<Span> {
        let got = self.got.lock().unwrap();
        let requests = got.iter().filter(|(path, ..)| path == "/v1/traces");
        let decoded = requests.map(|(_, _, body)| ExportTraceServiceRequest::decode(body.as_slice()).unwrap());
        decoded.flat_map(|one| one.resource_spans).flat_map(|one| one.scope_spans).flat_map(|one| one.spans).collect()
    }

    fn metrics(&self) -> Vec<String> {
        let got = self.got.lock().unwrap();
        let requests = got.iter().filter(|(path, ..)| path == "/v1/metrics");
        let decoded = requests.map(|(_, _, body)| ExportMetricsServiceRequest::decode(body.as_slice()).unwrap());
        let metrics =
            decoded.flat_map(|one| one.resource_metrics).flat_map(|one| one.scope_metrics).flat_map(|one| one.metrics);
        metrics.map(|metric| metric.name).collect()
    }
}

fn options(endpoint: String, content: bool) -> Options {
    Options {
        endpoint,
        headers: BTreeMap::from([("x-key".to_owned(), Secret::new("collector-key"))]),
        service: "shop".into(),
        version: "1".into(),
        content,
        interval: Duration::from_secs(3600),
    }
}

/// A function's request that failed at one target and was answered by the next.
fn fell_back(n: u64) -> Trace {
    let mut trace = trace(n);
    trace.parent = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into());
    trace.function = Some("answer".into());
    trace.abstained = Some(false);
    trace.spans.push(TraceSpan { step: "ground".into(), at_us: 20, took_us: 30, note: String::new() });
    let begun = |id, target| Attempt::begun(AttemptId::from_bits(id), target, 100, 0);
    let failed = Attempt { fault: Some(Fault::new(Code::Upstream, "it broke")), ..begun(1, "a/x") };
    let usage = Usage { input: 10, cache_read: 5, output: 7, ..Usage::default() };
    trace.attempts = vec![failed, Attempt { usage: Some(usage), took_us: 50, ..begun(2, "b/y") }];
    trace
}

fn told<'a>(span: &'a Span, name: &str) -> Option<&'a Value> {
    let found = |one: &&KeyValue| one.key == name;
    span.attributes.iter().find(found)?.value.as_ref()?.value.as_ref()
}

fn text(text: &str) -> Option<Value> {
    Some(Value::StringValue(text.into()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_told_with_its_attempts() {
    let (collector, url) = Collector::start(1).await;
    let telemetry = Telemetry::start(&options(url, false)).unwrap();
    telemetry.trace_ended(&Arc::new(fell_back(1)));
    telemetry.close(Duration::from_secs(10)).await;

    let spans = collector.spans();
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["invoke_workflow answer", "retrieval", "chat x", "chat y"]);
    let trace_id = |span: &Span| span.trace_id.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert!(spans.iter().all(|span| trace_id(span) == "4bf92f3577b34da6a3ce929d0e0e4736"), "the caller's own trace");
    let (root, last) = (&spans[0], spans.last().unwrap());
    assert_eq!(root.parent_span_id, [0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7]);
    assert!(spans[1..].iter().all(|span| span.parent_span_id == root.span_id));
    assert_eq!(told(last, "gen_ai.provider.name").cloned(), text("b"));
    assert_eq!(told(last, "gen_ai.usage.input_tokens").cloned(), Some(Value::IntValue(15)), "cached ones included");
    assert_eq!(told(&spans[spans.len() - 2], "error.type").cloned(), text("upstream"));
    assert_eq!(last.end_time_unix_nano - last.start_time_unix_nano, 50_000);

    let keys: Vec<String> = collector.got.lock().unwrap().iter().map(|(_, key, _)| key.clone()).collect();
    assert!(keys.iter().all(|key| key == "collector-key"));
    let said = trace(1).question;
    assert!(!said.is_empty());
    let bodies = collector.got.lock().unwrap().clone();
    let holds = |(_, _, body): &Got| body.windows(said.len()).any(|window| window == said.as_bytes());
    assert!(!bodies.iter().any(holds), "what was said stays here");
    for name in ["gen_ai.client.operation.duration", "gen_ai.client.token.usage"] {
        assert!(collector.metrics().iter().any(|metric| metric == name), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_goes_along_only_if_asked_for() {
    let (collector, url) = Collector::start(0).await;
    let telemetry = Telemetry::start(&options(url, true)).unwrap();
    telemetry.trace_ended(&Arc::new(fell_back(1)));
    // Its caller's trace is not being sampled.
    let parent = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00".into());
    telemetry.trace_ended(&Arc::new(Trace { parent, ..fell_back(2) }));
    telemetry.close(Duration::from_secs(10)).await;
    let spans = collector.spans();
    let root = |span: &&Span| span.name.starts_with("invoke_workflow");
    assert_eq!(spans.iter().filter(root).count(), 1);
    let Some(Value::StringValue(said)) = told(&spans[0], "gen_ai.output.messages") else { panic!("{:?}", spans[0]) };
    let said: serde_json::Value = serde_json::from_str(said).unwrap();
    assert_eq!(said[0]["role"], "assistant");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_holds_nothing_up() {
    let telemetry = Telemetry::start(&options("http://127.0.0.1:9".into(), false)).unwrap();
    for n in 0..20_000 {
        telemetry.trace_ended(&Arc::new(fell_back(n)));
    }
    telemetry.close(Duration::from_millis(50)).await;
}
