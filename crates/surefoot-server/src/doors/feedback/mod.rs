//! `POST /api/feedback`, by whoever has a key or a token; and `/feedback.js`, which web pages send it with.

pub(crate) mod origin;
pub(crate) mod token;

use std::net::IpAddr;

use axum::{
    Extension, Json,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use surefoot_types::{
    Code, Fault, Retry,
    feedback::{Feedback, FeedbackDraft, FeedbackValue, LONGEST_TEXT, MOST_ON_A_TRACE},
    ids::{FeedbackId, TraceId},
    key::Admin,
    ports::TraceFilter,
    trace::Trace,
};
use utoipa::ToSchema;

use self::origin::Foreign;
use super::traces;
use crate::{access::Who, body, caller::caller, fault, json, state::App, strangers::bucket};

/// Carries a feedback token: on an answer, and with feedback.
pub(crate) const TOKEN: HeaderName = HeaderName::from_static("x-surefoot-feedback");
/// Largest body: a text of which every byte is escaped, and the rest.
const LARGEST_BODY: usize = 6 * LONGEST_TEXT + 16 * 1024;

/// On a request: where it comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Address(pub(crate) IpAddr);

/// Feedback on a trace, on a part of it, or on a session.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FeedbackBody {
    /// The trace that it is about; a token tells it by itself.
    #[schema(example = "tr_01jd8n6y4vq0t2x5w9zk3m7c1f")]
    trace_id: Option<String>,
    /// The part of the trace: a step's name, or an attempt's id.
    span: Option<String>,
    /// The session, where it is about all of it.
    session: Option<String>,
    /// Who says it; unless told, the trace's end user. Not with a token.
    user: Option<String>,
    /// A token that came with the answer, in place of a key. The header `x-surefoot-feedback` may carry it too.
    token: Option<String>,
    /// `thumbs`, `comment`, `correction`, `preference`, or a name of your own.
    metric: String,
    /// True or false, a number, a text, a choice `{"chosen": trace, "over": [traces]}`, or null to take back what was said.
    value: Value,
}

/// Who says something.
enum Sayer {
    /// Somebody with a key, or on this machine.
    Known(Box<Who>),
    /// Somebody with a token for this trace.
    Token(TraceId),
}

/// Feedback by somebody with a key, or with the token of an answer. What the same user says again, under the same name
/// and about the same thing, takes the place of what was said before; all of it is kept.
#[utoipa::path(post, path = "/api/feedback", tag = "feedback", operation_id = "feedback", security(("key" = [])),
    request_body = FeedbackBody, responses(
    (status = 201, description = "It is kept; its id", body = Value),
    (status = 400, description = "The body cannot be read, or says what cannot be said"),
    (status = 404, description = "There is no such trace or session"),
    (status = 429, description = "Too much came at once, or about one trace")))]
pub(crate) async fn create(
    State(app): State<App>,
    foreign: Option<Extension<Foreign>>,
    address: Option<Extension<Address>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let foreign = foreign.map(|Extension(foreign)| foreign);
    let kept = take(&app, foreign.is_some(), address.map(|Extension(address)| address.0), &headers, body).await;
    let response = match kept {
        Ok(kept) => (StatusCode::CREATED, Json(json!({"id": kept.id, "trace_id": kept.trace_id}))).into_response(),
        Err(told) => fault::plain(&told),
    };
    match foreign {
        Some(foreign) => foreign.readable(response),
        None => response,
    }
}

/// A browser asks whether a page of another site may send feedback.
pub(crate) async fn preflight(foreign: Option<Extension<Foreign>>) -> Response {
    origin::preflight(foreign.as_ref().map(|Extension(foreign)| foreign))
}

/// The script for web pages.
pub(crate) async fn script() -> Response {
    let kind = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "max-age=300")];
    (kind, include_str!("../../../assets/feedback.js")).into_response()
}

async fn take(
    app: &App,
    foreign: bool,
    address: Option<IpAddr>,
    headers: &HeaderMap,
    body: Body,
) -> Result<Feedback, Fault> {
    let read = body::read(body, LARGEST_BODY.min(app.body_limit)).await;
    let read = read.and_then(|body| json::parse::<FeedbackBody>(&body));
    let header = headers.get(TOKEN).and_then(|token| token.to_str().ok());
    let token = read.as_ref().ok().and_then(|body| body.token.as_deref()).or(header);
    let now = app.clock.now();
    let sayer = match token {
        Some(token) => {
            if let Some(address) = address {
                limit(app.feedback_by_address.take(bucket(address), app.feedback.per_minute, now))?;
            }
            Sayer::Token(app.tokens.read(token, now).await?)
        }
        None if foreign => {
            return Err(Fault::new(Code::Unauthenticated, "feedback from another site's page needs a feedback token")
                .hint("It came with the answer: `surefoot.feedback_token`, or the header `x-surefoot-feedback`."));
        }
        None => Sayer::Known(Box::new(Who::new(app.gateway.admit(&caller(app, headers), Admin::None)?))),
    };
    let body = read?;
    let trace = about(app, &sayer, &body).await?;
    keep(app, &sayer, &trace, draft(&sayer, body)?).await
}

fn draft(sayer: &Sayer, body: FeedbackBody) -> Result<FeedbackDraft, Fault> {
    if body.user.is_some() && matches!(sayer, Sayer::Token(_)) {
        return Err(Fault::bad_request("user", "a token speaks for the trace's own user, and for nobody else"));
    }
    let value: FeedbackValue = serde_json::from_value(body.value).map_err(|_| {
        Fault::bad_request(
            "value",
            "the value must be true or false, a number, a text, a choice between traces, or null",
        )
    })?;
    Ok(FeedbackDraft { span: body.span, session: body.session, user: body.user, metric: body.metric, value })
}

/// The trace that it is about: for a session its newest.
async fn about(app: &App, sayer: &Sayer, body: &FeedbackBody) -> Result<Trace, Fault> {
    match (sayer, &body.trace_id, &body.session) {
        (Sayer::Token(id), told, _) => {
            if told.as_ref().is_some_and(|told| *told != id.to_string()) {
                return Err(Fault::new(Code::Forbidden, "the feedback token is for another trace")
                    .hint("Each answer comes with its own token; leave `trace_id` out, and it is about that answer."));
            }
            let found = app.store.trace_get(*id).await?;
            found.ok_or_else(|| Fault::new(Code::NotFound, "the trace that the token is for is not kept"))
        }
        (Sayer::Known(who), Some(id), _) => traces::find(app, who, "trace_id", id).await,
        (Sayer::Known(who), None, Some(session)) => {
            let tenant = who.sees_only().map(str::to_owned);
            let filter = TraceFilter { session: Some(session.clone()), tenant, ..TraceFilter::default() };
            let newest = app.store.trace_list(&filter, 1).await?.first().map(|newest| newest.id);
            let none = || Fault::new(Code::NotFound, format!("there is no session '{session}'"));
            traces::find(app, who, "session", &newest.ok_or_else(none)?.to_string()).await
        }
        (Sayer::Known(_), None, None) => {
            Err(Fault::bad_request("trace_id", "name the trace or the session that the feedback is about")
                .hint("The trace's id stands in the header `x-surefoot-trace` of every answer."))
        }
    }
}

/// Keeps feedback on a trace that `who` may know of.
pub(crate) async fn keep_on(app: &App, who: &Who, trace: &str, draft: FeedbackDraft) -> Result<Feedback, Fault> {
    let trace = traces::find(app, who, "trace_id", trace).await?;
    keep(app, &Sayer::Known(Box::new(who.clone())), &trace, draft).await
}

async fn keep(app: &App, sayer: &Sayer, trace: &Trace, draft: FeedbackDraft) -> Result<Feedback, Fault> {
    let now = app.clock.now();
    limit(app.feedback_by_trace.take(trace.id, app.feedback.per_minute, now))?;
    let id = FeedbackId::mint(app.clock.as_ref(), app.chance.as_ref());
    let mut feedback = draft.on(trace, id, now)?;
    if let FeedbackValue::Choice(choice) = &feedback.value {
        for other in choice.traces().filter(|other| *other != trace.id) {
            compared(app, sayer, trace, other).await?;
        }
    }
    if let FeedbackValue::Text(text) = &mut feedback.value {
        app.gateway.redact_like(trace, text);
    }
    if app.store.feedback_list(trace.id).await?.len() >= MOST_ON_A_TRACE {
        let told = format!("there are {MOST_ON_A_TRACE} pieces of feedback on this trace already");
        return Err(Fault::new(Code::RateLimited, told));
    }
    app.store.feedback_add(&feedback).await?;
    metrics::counter!("surefoot_feedback_total", "by" => if matches!(sayer, Sayer::Token(_)) { "token" } else { "key" })
        .increment(1);
    Ok(feedback)
}

/// Sees whether another trace of a choice is one that the sayer may know of. A token's holder knows those of the session
/// that its own trace is of.
async fn compared(app: &App, sayer: &Sayer, own: &Trace, other: TraceId) -> Result<(), Fault> {
    match sayer {
        Sayer::Known(who) => traces::find(app, who, "value", &other.to_string()).await.map(|_| ()),
        Sayer::Token(_) => {
            let found = app.store.trace_get(other).await?;
            let same = |found: Trace| {
                own.session.is_some() && (found.session, found.tenant) == (own.session.clone(), own.tenant.clone())
            };
            if found.is_some_and(same) {
                return Ok(());
            }
            Err(Fault::new(Code::NotFound, format!("there is no trace {other} in the session that the token is for")))
        }
    }
}

fn limit(taken: Result<(), std::time::Duration>) -> Result<(), Fault> {
    taken.map_err(|wait| {
        Fault::new(Code::RateLimited, "too much feedback came in this minute")
            .hint("`[feedback] per_minute` says how much is taken from one address by tokens, and about one trace.")
            .retry(Retry::Later(Some(wait)))
    })
}
