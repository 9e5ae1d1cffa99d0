//! The one client of every provider, over HTTP or inside this process.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};
use reqwest::{RequestBuilder, Response, header::HeaderMap};
use surefoot_dialect::{self as dialect, Frame, StreamReader, ToolNames};
use surefoot_types::{
    Clock, Code, Fault, Retry,
    conversation::{Answer, Dialect},
};
use tokio::time::timeout;

use super::{Attempting, presets};
use crate::{
    call::Whole,
    outside::Resident,
    project::{Provider, Reach, Target},
    trace_context::TraceContext,
};

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a connection is given to end its response after the stream's last frame.
const DRAIN: Duration = Duration::from_secs(1);
/// Longest whole answer that is read.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

/// Reaches every provider.
pub struct Upstream {
    http: reqwest::Client,
    residents: BTreeMap<String, Arc<dyn Resident>>,
    clock: Arc<dyn Clock>,
}

/// What a target gives when it begins to answer.
pub(crate) enum Begun {
    /// A stream.
    Stream(BoxStream<'static, Result<Frame, Fault>>),
    /// A whole answer.
    Whole(Box<Whole>),
}

/// What goes out to a target over HTTP.
pub(crate) struct Outgoing {
    pub(crate) body: Bytes,
    pub(crate) dropped: Vec<String>,
}

impl Upstream {
    pub(crate) fn new(residents: BTreeMap<String, Arc<dyn Resident>>, clock: Arc<dyn Clock>) -> Result<Self, Fault> {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .tcp_nodelay(true)
            .pool_max_idle_per_host(256)
            .user_agent(concat!("surefoot/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| Fault::internal(format!("no HTTP client can be made: {error}")))?;
        Ok(Self { http, residents, clock })
    }

    /// A provider inside this process.
    pub(crate) fn resident(&self, name: &str) -> Option<&Arc<dyn Resident>> {
        self.residents.get(name)
    }

    /// `provider/model-id` of every model inside this process that is worth listing.
    pub(crate) fn resident_models(&self) -> impl Iterator<Item = String> {
        self.residents
            .iter()
            .flat_map(|(name, resident)| resident.models().into_iter().map(move |id| format!("{name}/{id}")))
    }

    /// The request in the target's words: the caller's own bytes where nothing of it was changed and
    /// the target speaks the same dialect.
    pub(crate) fn outgoing(&self, attempting: &Attempting<'_>, target: &Target) -> Result<Outgoing, Fault> {
        let Reach::Http { dialect, .. } = &target.provider.reach else {
            return Ok(Outgoing { body: Bytes::new(), dropped: Vec::new() });
        };
        let grounded = &attempting.prompt.grounded;
        if let (true, Some(body)) = (grounded.untouched && *dialect == grounded.request.dialect, &attempting.call.body)
        {
            let body = dialect::passthrough::request(*dialect, body, &target.model, grounded.cap)?;
            return Ok(Outgoing { body, dropped: Vec::new() });
        }
        let written = dialect::request_write(*dialect, &grounded.request, &target.model);
        Ok(Outgoing { body: written.body, dropped: written.dropped })
    }

    /// Sends the request and waits for the target to begin.
    pub(crate) async fn begin(
        &self,
        attempting: &Attempting<'_>,
        target: &Target,
        body: Bytes,
        traceparent: &str,
    ) -> Result<Begun, Fault> {
        let streamed = attempting.call.chat.stream;
        let Reach::Http { dialect, base_url, .. } = &target.provider.reach else {
            return self.begin_resident(attempting, target).await;
        };
        let url = format!("{base_url}{}", presets::path(*dialect, &target.model, streamed));
        let mut request = authorised(self.http.post(url), &target.provider);
        if *dialect == Dialect::Anthropic {
            request = with_anthropic_headers(request, &attempting.call.context.headers);
        }
        request = with_trace(request, traceparent, attempting.call.context.trace.as_ref());
        let response = self.send(request, body, *dialect).await?;
        let names = ToolNames::of(*dialect, &attempting.prompt.grounded.request);
        if !streamed {
            return Ok(Begun::Whole(Box::new(whole(*dialect, attempting, &names, response).await?)));
        }
        if is_whole(response.headers()) {
            // A server that does not stream answers all the same: told as a stream of one piece.
            let mut answer = dialect::answer_read(*dialect, &read_all(response).await?)?;
            names.restore(&mut answer);
            return Ok(Begun::Stream(stream::iter([Ok(Frame::made(answer.into_events()))]).boxed()));
        }
        Ok(Begun::Stream(frames(*dialect, names, response)))
    }

    /// Posts a body and gives the response if its status is a success.
    pub(crate) async fn send(&self, request: RequestBuilder, body: Bytes, dialect: Dialect) -> Result<Response, Fault> {
        let response = request
            .header(reqwest::header::CONTENT_TYPE, "application/json")
            .body(body)
            .send()
            .await
            .map_err(|error| unreachable_fault(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        let after = self.retry_after(response.headers());
        let body = read_all(response).await.unwrap_or_default();
        Err(dialect::fault_read(dialect, status, after, &body))
    }

    /// A request to one of the provider's addresses, with its key.
    pub(crate) fn post(&self, provider: &Provider, base_url: &str, path: &str) -> RequestBuilder {
        authorised(self.http.post(format!("{base_url}{path}")), provider)
    }

    fn retry_after(&self, headers: &HeaderMap) -> Option<Duration> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let millis =
            text("retry-after-ms").and_then(|value| value.trim().parse::<u64>().ok()).map(Duration::from_millis);
        millis.or_else(|| dialect::retry_after(text("retry-after")?, self.clock.now()))
    }

    async fn begin_resident(&self, attempting: &Attempting<'_>, target: &Target) -> Result<Begun, Fault> {
        let resident = self.resident(&target.provider.name).ok_or_else(|| {
            Fault::internal(format!("the provider '{}' is not part of this program", target.provider.name))
        })?;
        let grounded = &attempting.prompt.grounded;
        let events = resident.chat(&target.model, &grounded.request, &grounded.question, &grounded.hits).await?;
        Ok(Begun::Stream(events.map(|event| event.map(|event| Frame::made(vec![event]))).boxed()))
    }
}

/// A stream that broke off.
pub(crate) fn cut() -> Fault {
    Fault::new(Code::Upstream, "the provider's answer was cut off before its end").retry(Retry::Later(None))
}

fn authorised(request: RequestBuilder, provider: &Provider) -> RequestBuilder {
    let Reach::Http { dialect, key, headers, .. } = &provider.reach else { return request };
    let mut request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
    if let Some(key) = key {
        request = match dialect {
            Dialect::Anthropic => request.header("x-api-key", key.reveal()),
            Dialect::Gemini => request.header("x-goog-api-key", key.reveal()),
            Dialect::OpenaiChat | Dialect::OpenaiResponses | Dialect::Bedrock => request.bearer_auth(key.reveal()),
        };
    }
    request
}

fn with_anthropic_headers(request: RequestBuilder, passed: &BTreeMap<String, String>) -> RequestBuilder {
    let version = passed.get("anthropic-version").map_or(presets::ANTHROPIC_VERSION, String::as_str);
    let request = request.header("anthropic-version", version);
    match passed.get("anthropic-beta") {
        Some(beta) => request.header("anthropic-beta", beta),
        None => request,
    }
}

/// Says which trace of the caller's the call is part of, and that this attempt is its parent there.
pub(crate) fn with_trace(request: RequestBuilder, parent: &str, told: Option<&TraceContext>) -> RequestBuilder {
    let request = request.header("traceparent", parent);
    match told.and_then(|told| told.state.as_deref()) {
        Some(state) => request.header("tracestate", state),
        None => request,
    }
}

async fn whole(
    target: Dialect,
    attempting: &Attempting<'_>,
    names: &ToolNames,
    response: Response,
) -> Result<Whole, Fault> {
    let body = read_all(response).await?;
    let mut answer: Answer = dialect::answer_read(target, &body)?;
    names.restore(&mut answer);
    let raw = (target == attempting.call.chat.dialect).then_some(body);
    Ok(Whole { answer, raw })
}

async fn read_all(response: Response) -> Result<Bytes, Fault> {
    let mut all = Vec::new();
    let mut pieces = response.bytes_stream();
    while let Some(piece) = pieces.next().await {
        all.extend_from_slice(&piece.map_err(|_| cut())?);
        if all.len() > LARGEST_ANSWER {
            return Err(Fault::new(Code::Upstream, "the provider's answer is larger than 64 MB"));
        }
    }
    Ok(all.into())
}

fn is_whole(headers: &HeaderMap) -> bool {
    let kind = headers.get(reqwest::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// The frames of a streamed response, up to the dialect's end: some servers leave the connection open
/// after it. A frame that cannot be read ends it too.
fn frames(target: Dialect, names: ToolNames, response: Response) -> BoxStream<'static, Result<Frame, Fault>> {
    let pieces = response.bytes_stream();
    let reader = StreamReader::new(target);
    stream::unfold(Some((pieces, reader)), |state| async move {
        let (mut pieces, mut reader) = state?;
        let (batch, next) = match pieces.next().await {
            Some(Ok(piece)) => match reader.push(&piece) {
                Ok(frames) if reader.ended() => {
                    tokio::spawn(drain(pieces));
                    (frames.into_iter().map(Ok).collect(), None)
                }
                Ok(frames) => (frames.into_iter().map(Ok).collect(), Some((pieces, reader))),
                Err(fault) => (vec![Err(fault)], None),
            },
            Some(Err(_)) => (vec![Err(cut())], None),
            None => (reader.close().into_iter().map(Ok).collect::<Vec<_>>(), None),
        };
        Some((stream::iter(batch), next))
    })
    .flatten()
    .map(move |frame: Result<Frame, Fault>| {
        frame.map(|mut frame| {
            names.restore_frame(&mut frame);
            frame
        })
    })
    .boxed()
}

/// Reads on for a moment after a stream's end: a connection whose response was read to its last byte is used again.
async fn drain(mut pieces: impl Stream + Unpin + Send) {
    // What comes, and whether it ends in time, is all the same.
    let _ = timeout(DRAIN, async { while pieces.next().await.is_some() {} }).await;
}

fn unreachable_fault(error: &reqwest::Error) -> Fault {
    // The error's own text names the address, which may hold a key in its query: leave it out.
    let what = if error.is_connect() {
        "the provider cannot be reached"
    } else if error.is_timeout() {
        "the provider did not answer in time"
    } else {
        "the connection to the provider broke"
    };
    Fault::new(Code::Upstream, what).retry(Retry::Later(None))
}
