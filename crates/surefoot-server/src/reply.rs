//! What the path delivers, as an HTTP response in the caller's dialect: whole, or as server-sent events.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, header},
    response::Response,
};
use bytes::Bytes;
use futures_util::stream;
use serde_json::Value;
use surefoot_dialect::{self as dialect, Dialect, StreamOptions, StreamWriter, responses};
use surefoot_gateway::{Added, Delivery, Done, Failed, Head, Reply, Whole};
use surefoot_types::{Fault, Timestamp, conversation::Gathered, ids::TraceId, trace::Keep};
use tokio::{sync::mpsc, time::timeout};

use crate::{
    doors::{Keeping, TOKEN, Tokens},
    fault, standing,
    state::App,
};

/// Carries the trace's id.
pub(crate) const TRACE: HeaderName = HeaderName::from_static("x-surefoot-trace");
/// Names the fields that could not be carried to the target.
const DROPPED: HeaderName = HeaderName::from_static("x-surefoot-dropped");
/// How long a stream may be silent before a sign of life is sent.
const SILENCE: Duration = Duration::from_secs(15);

/// How the caller wants its answer.
#[derive(Clone)]
pub(crate) struct Wanted {
    pub(crate) dialect: Dialect,
    pub(crate) stream: bool,
    pub(crate) include_usage: bool,
    /// Whether a stream is wanted as one JSON array (Gemini without `alt=sse`).
    pub(crate) json_array: bool,
    /// When the answer is made, which some dialects say.
    pub(crate) now: Timestamp,
    /// What keeps the answer, for later requests to go on from.
    pub(crate) keeping: Option<Arc<Keeping>>,
    /// Gives leave to say something about the answer without a key.
    tokens: Arc<Tokens>,
    token: Option<String>,
}

impl Wanted {
    /// A whole answer, which is not kept.
    pub(crate) fn new(app: &App, dialect: Dialect) -> Self {
        Self {
            dialect,
            stream: false,
            include_usage: false,
            json_array: false,
            now: app.clock.now(),
            keeping: None,
            tokens: Arc::clone(&app.tokens),
            token: None,
        }
    }

    /// The `surefoot` object of the answer.
    fn beside(&self, added: &Added) -> Value {
        let mut told = added.to_value();
        if let Some(token) = &self.token {
            told["feedback_token"] = token.as_str().into();
        }
        told
    }
}

/// The response to a call.
pub(crate) async fn response(mut reply: Reply, mut wanted: Wanted) -> Response {
    let trace = reply.trace_id;
    wanted.token = wanted.tokens.issue(trace, wanted.now).await;
    let head = match reply.deliveries.recv().await {
        Some(Delivery::Head(head)) => head,
        Some(Delivery::Failed(failed)) => return failed_response(&failed, trace, &wanted),
        _ => return fault::response(wanted.dialect, &ended(), trace),
    };
    let (dialect, now) = (wanted.dialect, wanted.now);
    let token = wanted.token.as_deref().and_then(|token| HeaderValue::from_str(token).ok());
    let headed = |response| {
        let mut response = with_headers(response, trace, &head, dialect, now);
        response.headers_mut().extend(token.map(|token| (TOKEN, token)));
        response
    };
    if wanted.stream {
        return headed(streamed(reply, wanted));
    }
    match reply.deliveries.recv().await {
        Some(Delivery::Done(done)) => match *done {
            Done { whole: Some(whole), added, keep } => {
                let body = match &wanted.keeping {
                    Some(keeping) => kept_body(&whole, &added, keep, &wanted, keeping).await,
                    None => whole_body(&whole, &added, &wanted),
                };
                headed(json(body))
            }
            Done { whole: None, .. } => fault::response(wanted.dialect, &ended(), trace),
        },
        Some(Delivery::Failed(failed)) => failed_response(&failed, trace, &wanted),
        _ => fault::response(wanted.dialect, &ended(), trace),
    }
}

fn failed_response(failed: &Failed, trace: TraceId, wanted: &Wanted) -> Response {
    let response = fault::response(wanted.dialect, &failed.fault, trace);
    standing::told(response, wanted.dialect, &failed.standing, wanted.now)
}

fn whole_body(whole: &Whole, added: &Added, wanted: &Wanted) -> Bytes {
    let surefoot = wanted.beside(added);
    match &whole.raw {
        Some(raw) => dialect::passthrough::answer(raw, &surefoot),
        None => dialect::answer_write(wanted.dialect, &whole.answer, wanted.now.as_second(), &surefoot),
    }
}

/// The body of a response that is kept before it is told.
async fn kept_body(whole: &Whole, added: &Added, keep: Keep, wanted: &Wanted, keeping: &Keeping) -> Bytes {
    let citations = added.citations.as_deref().unwrap_or_default();
    let raw = whole.raw.as_ref();
    let (own, surefoot) = (keeping.own(), wanted.beside(added));
    let mut body = responses::response_write(&whole.answer, raw, wanted.now.as_second(), own, citations, &surefoot);
    if !keeping.keep(whole.answer.parts.clone(), &body, keep).await {
        body["store"] = false.into();
    }
    responses::response_bytes(&body)
}

/// A response of JSON.
pub(crate) fn json(body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Adds the trace's id, what was dropped, and how the caller stands.
pub(crate) fn with_headers(
    mut response: Response,
    trace: TraceId,
    head: &Head,
    dialect: Dialect,
    now: Timestamp,
) -> Response {
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&trace.to_string()) {
        headers.insert(TRACE, value);
    }
    if !head.dropped.is_empty()
        && let Ok(value) = HeaderValue::from_str(&head.dropped.join(","))
    {
        headers.insert(DROPPED, value);
    }
    standing::told(response, dialect, &head.standing, now)
}

fn streamed(reply: Reply, wanted: Wanted) -> Response {
    let array = wanted.json_array;
    let streaming = Streaming::new(reply, wanted);
    let pieces = stream::unfold(Some(streaming), |streaming| async move {
        let mut streaming = streaming?;
        loop {
            let (bytes, last) = streaming.next().await;
            if !bytes.is_empty() || last {
                return Some((Ok::<_, Infallible>(bytes), (!last).then_some(streaming)));
            }
        }
    });
    let mut response = Response::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    let kind = if array { "application/json" } else { "text/event-stream" };
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // nginx in front would otherwise gather the stream before it passes it on.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// A stream on its way.
struct Streaming {
    deliveries: mpsc::Receiver<Delivery>,
    writer: StreamWriter,
    wanted: Wanted,
    trace: TraceId,
    /// What was said, where it is kept.
    said: Gathered,
}

impl Streaming {
    fn new(reply: Reply, wanted: Wanted) -> Self {
        let options = StreamOptions {
            json_array: wanted.json_array,
            include_usage: wanted.include_usage,
            created: wanted.now.as_second(),
        };
        let mut writer = StreamWriter::new(wanted.dialect, options);
        if let Some(keeping) = &wanted.keeping {
            writer.own(keeping.own().clone());
        }
        Self { deliveries: reply.deliveries, writer, wanted, trace: reply.trace_id, said: Gathered::default() }
    }

    /// The next bytes, and whether they are the last.
    async fn next(&mut self) -> (Bytes, bool) {
        match timeout(SILENCE, self.deliveries.recv()).await {
            Err(_) => (sign_of_life(&self.wanted), false),
            Ok(Some(Delivery::Head(_))) => (Bytes::new(), false),
            Ok(Some(Delivery::Frame(frame))) => {
                if self.wanted.keeping.is_some() {
                    frame.events.iter().for_each(|event| self.said.take(event));
                }
                (self.writer.frame(&frame), false)
            }
            Ok(Some(Delivery::Done(done))) => (self.finish(&done).await, true),
            Ok(Some(Delivery::Failed(failed))) => (self.writer.fail(&failed.fault, &failed.added.to_value()), true),
            Ok(None) => (self.writer.fail(&ended(), &Added::new(self.trace).to_value()), true),
        }
    }

    /// The end of a good answer. One that is to be kept is kept before its last byte leaves.
    async fn finish(&mut self, done: &Done) -> Bytes {
        let surefoot = self.wanted.beside(&done.added);
        let Some(keeping) = &self.wanted.keeping else { return self.writer.finish(&surefoot) };
        let cited = self.writer.cite(done.added.citations.as_deref().unwrap_or_default());
        let mut last = self.writer.finish(&surefoot);
        let parts = std::mem::take(&mut self.said).parts;
        if let Some(body) = self.writer.told()
            && !keeping.keep(parts, body, done.keep).await
        {
            self.writer.own([("store".to_owned(), false.into())].into_iter().collect());
            last = self.writer.finish(&surefoot);
        }
        [cited, last].concat().into()
    }
}

fn sign_of_life(wanted: &Wanted) -> Bytes {
    Bytes::from_static(match wanted.dialect {
        _ if wanted.json_array => b"\n",
        Dialect::OpenaiChat | Dialect::OpenaiResponses | Dialect::Gemini => b": still here\n\n",
        // Its frames are binary, and none of them says nothing.
        Dialect::Bedrock => b"",
        Dialect::Anthropic => b"event: ping\ndata: {\"type\": \"ping\"}\n\n",
    })
}

fn ended() -> Fault {
    Fault::internal("the request ended without an answer")
}
