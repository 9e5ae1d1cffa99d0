//! The one client of every provider, over HTTP or inside this process.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};
use reqwest::{
    Response,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use surefoot_dialect::{self as dialect, Frame, StreamReader, ToolNames};
use surefoot_types::{
    Clock, Code, Fault, Retry,
    conversation::{Answer, Dialect},
};
use tokio::time::timeout;

use super::{
    Attempting,
    authorise::Tokens,
    impossible::impossible,
    presets::{self, Paths},
};
use crate::{
    api::{Api, Credential},
    call::Whole,
    health::Health,
    load::Lines,
    outside::Resident,
    project::{Reach, Target},
    trace_context::TraceContext,
    verify::in_words,
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
    tokens: Tokens,
    clock: Arc<dyn Clock>,
    /// How targets and keys are.
    pub(crate) health: Health,
    /// Who waits to be let through.
    pub(crate) lines: Lines,
}

/// One request to an API.
pub(crate) struct Sent<'a> {
    pub(crate) api: &'a Api,
    /// Which of its keys opens it.
    pub(crate) key: Option<&'a Credential>,
    pub(crate) url: String,
    /// Whether the key is shown as a bearer's, whatever it is for conversations.
    pub(crate) bearer: bool,
    /// Headers of this request alone.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
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
        let (tokens, health, lines) = (Tokens::default(), Health::default(), Lines::default());
        Ok(Self { http, residents, tokens, clock, health, lines })
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
    /// the target speaks the same dialect, but for what the target does not know.
    ///
    /// # Errors
    /// `bad_request`, with advice to ask elsewhere, where the target surely cannot answer.
    pub(crate) fn outgoing(&self, attempting: &Attempting<'_>, target: &Target) -> Result<Outgoing, Fault> {
        let Reach::Http(api) = &target.provider.reach else {
            return Ok(Outgoing { body: Bytes::new(), dropped: Vec::new() });
        };
        let (dialect, grounded) = (api.dialect(), &attempting.prompt.grounded);
        let name = target.name();
        if let Some(fault) = impossible(&name, &attempting.project.capabilities.get(&name), &grounded.request) {
            return Err(fault);
        }
        let own = attempting.call.body.as_ref();
        let own = own.filter(|_| grounded.untouched && dialect == grounded.request.dialect);
        let (body, mut dropped) = match own {
            Some(body) => (dialect::passthrough::request(dialect, body, &target.model, grounded.cap)?, Vec::new()),
            None => {
                let request = in_words(dialect, &grounded.request);
                let written = dialect::request_write(dialect, &request, &target.model);
                (written.body, written.dropped)
            }
        };
        let (body, lacking) = narrowed(api, body);
        dropped.extend(lacking);
        let keeps = attempting.plan.task.as_ref().is_some_and(|task| task.variant.prompt_cache);
        let body = if keeps { dialect::prompt_cached(dialect, body) } else { body };
        Ok(Outgoing { body, dropped })
    }

    /// Sends the request, opened by `key`, and waits for the target to begin.
    pub(crate) async fn begin(
        &self,
        attempting: &Attempting<'_>,
        target: &Target,
        key: Option<&Credential>,
        body: Bytes,
        traceparent: &str,
    ) -> Result<Begun, Fault> {
        let streamed = attempting.call.chat.stream;
        let Reach::Http(api) = &target.provider.reach else {
            return self.begin_resident(attempting, target).await;
        };
        let (dialect, context) = (api.dialect(), &attempting.call.context);
        let mut headers = trace_headers(traceparent, context.trace.as_ref());
        if dialect == Dialect::Anthropic {
            anthropic_headers(&mut headers, &context.headers);
        }
        let url = presets::chat(api, &target.model, streamed);
        let response = self.send(Sent { api, key, url, bearer: false, headers, body }).await?;
        let names = ToolNames::of(dialect, &attempting.prompt.grounded.request);
        if !streamed {
            return Ok(Begun::Whole(Box::new(whole(dialect, attempting, &names, response).await?)));
        }
        if is_whole(response.headers()) {
            // A server that does not stream answers all the same: told as a stream of one piece.
            let mut answer = dialect::answer_read(dialect, &read_all(response).await?)?;
            names.restore(&mut answer);
            return Ok(Begun::Stream(stream::iter([Ok(Frame::made(answer.into_events()))]).boxed()));
        }
        Ok(Begun::Stream(frames(dialect, names, response)))
    }

    /// Posts a body and gives the response if its status is a success.
    pub(crate) async fn send(&self, sent: Sent<'_>) -> Result<Response, Fault> {
        let Sent { api, key, url, bearer, headers, body } = sent;
        let post = api.headers.iter().fold(self.http.post(url), |post, (name, value)| post.header(name, value));
        let built = post.headers(headers).header(CONTENT_TYPE, "application/json").body(body).build();
        let mut request = built.map_err(|_| Fault::internal("a request to the provider cannot be made"))?;
        self.tokens.authorise(&mut request, api, key, bearer, self.clock.now()).await?;
        let response = self.http.execute(request).await.map_err(|error| unreachable_fault(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        if let (401, Some(key)) = (status, key) {
            self.tokens.forget(key).await;
        }
        let after = self.retry_after(response.headers());
        let body = read_all(response).await.unwrap_or_default();
        Err(dialect::fault_read(api.dialect(), status, after, &body))
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

/// A body without what the API does not know, and what of it the caller has to be told of.
fn narrowed(api: &Api, body: Bytes) -> (Bytes, Vec<String>) {
    let lacks = &api.preset.lacks;
    match (api.dialect(), api.preset.paths) {
        (Dialect::OpenaiChat, _) if *lacks != presets::NOTHING => {
            dialect::narrow::chat(body, lacks.members, lacks.renamed, lacks.developer)
        }
        (Dialect::Anthropic, Paths::Vertex(_)) => (dialect::narrow::vertex(&body, presets::VERTEX_VERSION), Vec::new()),
        _ => (body, Vec::new()),
    }
}

fn anthropic_headers(headers: &mut HeaderMap, passed: &BTreeMap<String, String>) {
    let version = passed.get("anthropic-version").map_or(presets::ANTHROPIC_VERSION, String::as_str);
    put(headers, "anthropic-version", version);
    if let Some(beta) = passed.get("anthropic-beta") {
        put(headers, "anthropic-beta", beta);
    }
}

/// Says which trace of the caller's the call is part of, and that this attempt is its parent there.
pub(crate) fn trace_headers(parent: &str, told: Option<&TraceContext>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    put(&mut headers, "traceparent", parent);
    if let Some(state) = told.and_then(|told| told.state.as_deref()) {
        put(&mut headers, "tracestate", state);
    }
    headers
}

/// Adds a header whose value came in one; what could not stand there is left out.
fn put(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
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
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
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
    if error.is_timeout() && error.is_connect() {
        let told = format!("no connection to the provider came about within {} s", CONNECT.as_secs());
        return Fault::new(Code::UpstreamTimeout, told).retry(Retry::Later(None));
    }
    if !error.is_connect() {
        return Fault::new(Code::Upstream, "the connection to the provider broke").retry(Retry::Later(None));
    }
    let causes: Vec<String> = std::iter::successors(std::error::Error::source(error), |error| error.source())
        .map(ToString::to_string)
        .collect();
    // Neither is typed where it can be seen from here.
    if causes.iter().any(|cause| cause.contains("dns error")) {
        return Fault::new(Code::Upstream, "the provider's name cannot be resolved")
            .hint("Check the address in the settings, and the name server.")
            .retry(Retry::Later(None));
    }
    let tls = error.url().is_some_and(|url| url.scheme() == "https");
    if let (true, Some(cause)) = (tls && !causes.iter().any(|cause| cause.contains("tcp connect")), causes.last()) {
        return Fault::new(Code::Upstream, format!("there is no TLS with the provider: {cause}"))
            .hint("Check the provider's certificate, and that its address begins with the right https or http.")
            .retry(Retry::Elsewhere);
    }
    Fault::new(Code::Upstream, "the provider cannot be reached").retry(Retry::Later(None))
}
