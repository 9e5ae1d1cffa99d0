//! Acts a plan out as an HTTP response.

use std::{collections::VecDeque, fmt, future::pending, time::Duration};

use bytes::Bytes;
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use http_body_util::{Either, Full, StreamBody};
use hyper::{
    Response, StatusCode,
    body::Frame,
    header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER},
};
use serde_json::Value;
use surefoot_dialect::{self as dialect, Dialect, StreamOptions, StreamWriter};
use surefoot_gateway::attempt::sim::{Failure, Opening, Plan, Step, open};
use surefoot_types::conversation::{Answer, Event, Gathered};
use tokio::{task::yield_now, time::sleep};

/// When every answer says it was made, in seconds since 1970: the same request, the same bytes.
pub(super) const CREATED: i64 = 1_700_000_000;

pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream; charset=utf-8");
const FRAMES: HeaderValue = HeaderValue::from_static("application/vnd.amazon.eventstream");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// The connection is dropped on purpose.
#[derive(Debug)]
pub(super) struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("simulated: the connection drops")
    }
}

impl std::error::Error for Dropped {}

/// A body that may break off.
pub(super) type SimBody = Either<Full<Bytes>, StreamBody<BoxStream<'static, Result<Frame<Bytes>, Dropped>>>>;
/// A response, or a connection closed without one.
pub(super) type Acted = Result<Response<SimBody>, Dropped>;

/// A whole body.
pub(super) fn whole_body(status: StatusCode, content_type: HeaderValue, body: Bytes) -> Response<SimBody> {
    let mut response = Response::new(Either::Left(Full::new(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// A failure's response.
pub(super) fn failed(failure: &Failure, dialect: Dialect) -> Response<SimBody> {
    let status = StatusCode::from_u16(failure.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let content_type = if failure.page { HTML } else { JSON };
    let mut response = whole_body(status, content_type, failure.body(dialect));
    if let Some(wait) = failure.retry_after {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        if wait != Duration::from_secs(seconds) {
            let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            response.headers_mut().insert(HeaderName::from_static("retry-after-ms"), HeaderValue::from(millis));
        }
    }
    response
}

/// Acts a plan out as one body, which `write` makes of the answer.
pub(super) async fn whole(plan: Plan, dialect: Dialect, write: impl FnOnce(Answer) -> Bytes) -> Acted {
    let (mut steps, drip) = (VecDeque::from(plan.steps), plan.drip);
    match open(&mut steps).await {
        Opening::Answers => {}
        Opening::Fails(failure) => return Ok(failed(&failure, dialect)),
        Opening::Mislabels(failure) => return Ok(whole_body(StatusCode::OK, JSON, failure.body(dialect))),
        Opening::Empty => return Ok(whole_body(StatusCode::OK, JSON, Bytes::from_static(empty(dialect, false)))),
        Opening::Closes => return Err(Dropped),
    }
    let mut gathered = Gathered::default();
    let mut spoilt = false;
    for step in steps {
        match step {
            Step::Wait(wait) => sleep(wait).await,
            Step::Event(Event::Fault { fault }) => {
                let body = Failure::new(500, fault.message).body(dialect);
                return Ok(whole_body(StatusCode::OK, JSON, body));
            }
            Step::Event(event) => gathered.take(&event),
            Step::Fail(failure) | Step::Mislabelled(failure) => return Ok(failed(&failure, dialect)),
            Step::Empty | Step::BadJson => spoilt = true,
            Step::Cut => return Ok(half(&write(gathered.into_answer()), Dropping::Now)),
            Step::Stall => return Ok(half(&write(gathered.into_answer()), Dropping::Never)),
        }
    }
    let mut body = write(gathered.into_answer());
    if spoilt {
        body.truncate(body.len() / 2);
    }
    let Some(bytes) = drip else { return Ok(whole_body(StatusCode::OK, JSON, body)) };
    Ok(streamed_body(JSON, dripping(stream::iter([Ok(body)]).boxed(), bytes)))
}

/// A body that comes in pieces.
fn streamed_body(content_type: HeaderValue, pieces: BoxStream<'static, Result<Bytes, Dropped>>) -> Response<SimBody> {
    let frames = pieces.map(|piece| piece.map(Frame::data)).boxed();
    let mut response = Response::new(Either::Right(StreamBody::new(frames)));
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// The same bytes, so many at a time. Each leaves before the next is there, so that hyper cannot put them together.
fn dripping(
    pieces: BoxStream<'static, Result<Bytes, Dropped>>,
    bytes: usize,
) -> BoxStream<'static, Result<Bytes, Dropped>> {
    let cut = move |piece: Bytes| {
        let starts = (0..piece.len()).step_by(bytes);
        starts.map(|at| Ok(piece.slice(at..piece.len().min(at + bytes)))).collect::<Vec<_>>()
    };
    let drops = pieces.flat_map(move |piece| {
        stream::iter(match piece {
            Ok(piece) => cut(piece),
            Err(dropped) => vec![Err(dropped)],
        })
    });
    drops
        .then(|drop| async move {
            yield_now().await;
            drop
        })
        .boxed()
}

/// An answer with nothing in it.
fn empty(dialect: Dialect, streamed: bool) -> &'static [u8] {
    match (dialect, streamed) {
        (Dialect::OpenaiChat, false) => {
            br#"{"id":"sim","object":"chat.completion","created":1700000000,"model":"empty","choices":[]}"#
        }
        (Dialect::OpenaiChat, true) => {
            b"data: {\"id\":\"sim\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"empty\",\"choices\":[]}\n\ndata: [DONE]\n\n"
        }
        (Dialect::OpenaiResponses, false) => br#"{"id":"sim","object":"response","created_at":1700000000}"#,
        (Dialect::Anthropic, false) => br#"{"id":"sim","type":"message","role":"assistant","model":"empty"}"#,
        (Dialect::Gemini, false) => br#"{"modelVersion":"empty"}"#,
        (Dialect::Gemini, true) => b"data: {\"modelVersion\":\"empty\"}\n\n",
        (Dialect::Bedrock, false) => b"{}",
        (Dialect::OpenaiResponses | Dialect::Anthropic | Dialect::Bedrock, true) => b"",
    }
}

/// When a connection drops.
#[derive(Debug, Clone, Copy)]
enum Dropping {
    Now,
    Never,
}

/// The first half of a body, whose head promises all of it.
fn half(body: &Bytes, dropping: Dropping) -> Response<SimBody> {
    let first = stream::iter([Ok(Frame::data(body.slice(..body.len() / 2)))]);
    let then = stream::once(async move {
        match dropping {
            Dropping::Now => Err(drop_connection().await),
            Dropping::Never => pending().await,
        }
    });
    let mut response = Response::new(Either::Right(StreamBody::new(first.chain(then).boxed())));
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    response
}

/// Lets what was written leave first: hyper throws it away when it meets the error at once.
async fn drop_connection() -> Dropped {
    yield_now().await;
    Dropped
}

/// Acts a plan out as a stream of events.
pub(super) async fn streamed(plan: Plan, dialect: Dialect, include_usage: bool, json_array: bool) -> Acted {
    let (mut steps, drip) = (VecDeque::from(plan.steps), plan.drip);
    let content_type = match dialect {
        Dialect::Bedrock => FRAMES,
        Dialect::Gemini if json_array => JSON,
        _ => EVENTS,
    };
    match open(&mut steps).await {
        Opening::Answers => {}
        Opening::Fails(failure) => return Ok(failed(&failure, dialect)),
        Opening::Mislabels(failure) => return Ok(whole_body(StatusCode::OK, JSON, failure.body(dialect))),
        Opening::Empty => {
            return Ok(whole_body(StatusCode::OK, content_type, Bytes::from_static(empty(dialect, true))));
        }
        Opening::Closes => return Err(Dropped),
    }
    let writer = StreamWriter::new(dialect, StreamOptions { include_usage, json_array, created: CREATED });
    let speaking = Speaking { steps, writer, dialect };
    let pieces = stream::unfold(speaking, |mut speaking| async move { Some((speaking.next().await?, speaking)) });
    let pieces = pieces.boxed();
    Ok(streamed_body(
        content_type,
        match drip {
            Some(bytes) => dripping(pieces, bytes),
            None => pieces,
        },
    ))
}

/// A stream on its way out.
struct Speaking {
    steps: VecDeque<Step>,
    writer: StreamWriter,
    dialect: Dialect,
}

impl Speaking {
    /// The next bytes; `None` at an end that looks like one.
    async fn next(&mut self) -> Option<Result<Bytes, Dropped>> {
        loop {
            let bytes = match self.steps.pop_front()? {
                Step::Wait(wait) => {
                    sleep(wait).await;
                    continue;
                }
                Step::Event(Event::Fault { fault }) => self.writer.fail(&fault, &Value::Null),
                Step::Event(Event::End) => self.writer.finish(&Value::Null),
                Step::Event(event) => self.writer.frame(&dialect::Frame::made(vec![event])),
                Step::BadJson => Bytes::from_static(malformed(self.dialect)),
                Step::Stall => pending().await,
                Step::Cut | Step::Fail(_) | Step::Mislabelled(_) | Step::Empty => {
                    return Some(Err(drop_connection().await));
                }
            };
            if !bytes.is_empty() {
                return Some(Ok(bytes));
            }
        }
    }
}

/// An event whose JSON breaks off.
fn malformed(dialect: Dialect) -> &'static [u8] {
    match dialect {
        Dialect::OpenaiChat => {
            b"data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"cont\n\n"
        }
        Dialect::OpenaiResponses => {
            b"event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"te\n\n"
        }
        // Not a frame: its sums are wrong.
        Dialect::Bedrock => b"\0\0\0\x10\0\0\0\0broken!!",
        Dialect::Gemini => b"data: {\"candidates\":[{\"content\":{\"parts\":[{\"te\n\n",
        Dialect::Anthropic => {
            b"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"te\n\n"
        }
    }
}
