//! What the path delivers, as an HTTP response in the caller's dialect: whole, or as server-sent events.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, header},
    response::Response,
};
use bytes::Bytes;
use futures_util::stream;
use surefoot_dialect::{self as dialect, Dialect, StreamOptions, StreamWriter};
use surefoot_gateway::{Added, Delivery, Done, Failed, Head, Reply, Whole};
use surefoot_types::{Fault, Timestamp, ids::TraceId};
use tokio::{sync::mpsc, time::timeout};

use crate::{fault, standing};

/// Carries the trace's id.
pub(crate) const TRACE: HeaderName = HeaderName::from_static("x-surefoot-trace");
/// Names the fields that could not be carried to the target.
const DROPPED: HeaderName = HeaderName::from_static("x-surefoot-dropped");
/// How long a stream may be silent before a sign of life is sent.
const SILENCE: Duration = Duration::from_secs(15);

/// How the caller wants its answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) dialect: Dialect,
    pub(crate) stream: bool,
    pub(crate) include_usage: bool,
    /// When the answer is made, which some dialects say.
    pub(crate) now: Timestamp,
}

/// The response to a call.
pub(crate) async fn response(mut reply: Reply, wanted: Wanted) -> Response {
    let trace = reply.trace_id;
    let head = match reply.deliveries.recv().await {
        Some(Delivery::Head(head)) => head,
        Some(Delivery::Failed(failed)) => return failed_response(&failed, trace, wanted),
        _ => return fault::response(wanted.dialect, &ended(), trace),
    };
    let headed = |response| with_headers(response, trace, &head, wanted.dialect, wanted.now);
    if wanted.stream {
        return headed(streamed(reply, wanted));
    }
    match reply.deliveries.recv().await {
        Some(Delivery::Done(done)) => match *done {
            Done { whole: Some(whole), added } => headed(whole_response(&whole, &added, wanted)),
            Done { whole: None, .. } => fault::response(wanted.dialect, &ended(), trace),
        },
        Some(Delivery::Failed(failed)) => failed_response(&failed, trace, wanted),
        _ => fault::response(wanted.dialect, &ended(), trace),
    }
}

fn failed_response(failed: &Failed, trace: TraceId, wanted: Wanted) -> Response {
    let response = fault::response(wanted.dialect, &failed.fault, trace);
    standing::told(response, wanted.dialect, &failed.standing, wanted.now)
}

fn whole_response(whole: &Whole, added: &Added, wanted: Wanted) -> Response {
    let surefoot = added.to_value();
    let body = match &whole.raw {
        Some(raw) => dialect::passthrough::answer(raw, &surefoot),
        None => dialect::answer_write(wanted.dialect, &whole.answer, wanted.now.as_second(), &surefoot),
    };
    json(body)
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
    let writer = StreamWriter::new(
        wanted.dialect,
        StreamOptions { json_array: false, include_usage: wanted.include_usage, created: wanted.now.as_second() },
    );
    let state = Some((reply.deliveries, writer));
    let pieces = stream::unfold(state, move |state| async move {
        let (mut deliveries, mut writer) = state?;
        loop {
            let (bytes, last) = next(&mut deliveries, &mut writer, wanted.dialect, reply.trace_id).await;
            let state = (!last).then_some((deliveries, writer));
            if !bytes.is_empty() || last {
                return Some((Ok::<_, Infallible>(bytes), state));
            }
            (deliveries, writer) = state?;
        }
    });
    let mut response = Response::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // nginx in front would otherwise gather the stream before it passes it on.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// The next bytes of a stream, and whether they are its last.
async fn next(
    deliveries: &mut mpsc::Receiver<Delivery>,
    writer: &mut StreamWriter,
    dialect: Dialect,
    trace: TraceId,
) -> (Bytes, bool) {
    match timeout(SILENCE, deliveries.recv()).await {
        Err(_) => (sign_of_life(dialect), false),
        Ok(Some(Delivery::Head(_))) => (Bytes::new(), false),
        Ok(Some(Delivery::Frame(frame))) => (writer.frame(&frame), false),
        Ok(Some(Delivery::Done(done))) => (writer.finish(&done.added.to_value()), true),
        Ok(Some(Delivery::Failed(failed))) => (writer.fail(&failed.fault, &failed.added.to_value()), true),
        Ok(None) => (writer.fail(&ended(), &Added::new(trace).to_value()), true),
    }
}

fn sign_of_life(dialect: Dialect) -> Bytes {
    Bytes::from_static(match dialect {
        Dialect::OpenaiChat | Dialect::OpenaiResponses | Dialect::Gemini => b": still here\n\n",
        // Its frames are binary, and none of them says nothing.
        Dialect::Bedrock => b"",
        Dialect::Anthropic => b"event: ping\ndata: {\"type\": \"ping\"}\n\n",
    })
}

fn ended() -> Fault {
    Fault::internal("the request ended without an answer")
}
