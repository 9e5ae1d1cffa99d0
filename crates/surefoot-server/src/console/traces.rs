//! Traces: the list, and one of them.

use askama::Template;
use axum::{
    Form,
    extract::{
        Path, Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use surefoot_types::{
    conversation::{Message, Part, words},
    feedback::{Feedback, FeedbackValue},
    trace::{Outcome, Trace, TraceSummary},
};

use super::marks::{Piece, pieces};
use super::page::{Frame, cost, fault_page, is_first, moment, problem, render, sdk_address, time, tokens};
use crate::{
    doors::{TraceQuery, feedback_keep, trace_find, trace_page},
    state::App,
};

/// Traces on a page.
const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "traces.html")]
pub(super) struct List {
    pub(super) frame: Frame,
    pub(super) query: TraceQuery,
    pub(super) outcomes: [&'static str; 3],
    pub(super) rows: Vec<TraceSummary>,
    /// Whether all traces were asked for.
    pub(super) unfiltered: bool,
    /// The address of the first page.
    pub(super) newest: String,
    /// The address of the next page.
    pub(super) next: Option<String>,
    /// Where SDKs are pointed, for the page that has nothing to show yet.
    pub(super) address: String,
}

#[derive(Template)]
#[template(path = "trace.html")]
pub(super) struct One {
    pub(super) frame: Frame,
    pub(super) trace: Trace,
    pub(super) answer: Vec<Piece>,
    pub(super) feedback: Vec<Feedback>,
}

/// The list.
pub(crate) async fn list(
    State(app): State<App>,
    headers: HeaderMap,
    query: Result<Query<TraceQuery>, QueryRejection>,
) -> Response {
    let Query(mut query) = match query {
        Ok(query) => query,
        Err(error) => return problem(error.status(), &error.body_text()),
    };
    query.limit = Some(PAGE + 1);
    match trace_page(&app, &query).await {
        Err(told) => fault_page(&told),
        Ok(mut rows) => {
            let more = rows.len() > PAGE;
            rows.truncate(PAGE);
            let next = rows.last().filter(|_| more).map(|last| page_address(&query, Some(&last.id.to_string())));
            let outcomes = [Outcome::Answered, Outcome::Failed, Outcome::Cancelled].map(Outcome::name);
            let (frame, address) = (Frame::new(&app, "traces"), sdk_address(&headers));
            let newest = page_address(&query, None);
            let unfiltered = newest == "/traces" && query.before.is_none();
            render(&List { frame, query, outcomes, rows, unfiltered, newest, next, address })
        }
    }
}

/// The address of a page with the same filter.
pub(super) fn page_address(query: &TraceQuery, before: Option<&str>) -> String {
    let TraceQuery { asked, outcome, session, text, .. } = query;
    let fields = [
        ("before", before),
        ("asked", asked.as_deref()),
        ("outcome", outcome.as_deref()),
        ("session", session.as_deref()),
        ("text", text.as_deref()),
    ];
    let told = fields.into_iter().filter_map(|(name, value)| {
        let value = value.filter(|value| !value.is_empty())?;
        Some(format!("{name}={}", encoded(value)))
    });
    let told = told.collect::<Vec<_>>().join("&");
    if told.is_empty() { "/traces".into() } else { format!("/traces?{told}") }
}

/// Percent-encodes what is not plain in a query.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// One trace.
pub(crate) async fn show(State(app): State<App>, Path(id): Path<String>) -> Response {
    let found = async {
        let trace = trace_find(&app, &id).await?;
        let feedback = app.journal.feedback_list(trace.id).await?;
        Ok::<_, surefoot_types::Fault>((trace, feedback))
    };
    match found.await {
        Err(told) => fault_page(&told),
        Ok((trace, feedback)) => render(&one(Frame::new(&app, "traces"), trace, feedback)),
    }
}

/// Thumbs, from the page of a trace.
#[derive(Deserialize)]
pub(crate) struct Thumbs {
    value: bool,
}

/// Keeps it and comes back to the trace.
pub(crate) async fn feedback(
    State(app): State<App>,
    Path(id): Path<String>,
    form: Result<Form<Thumbs>, FormRejection>,
) -> Response {
    let Form(thumbs) = match form {
        Ok(form) => form,
        Err(error) => return problem(error.status(), &error.body_text()),
    };
    let kept = async {
        let trace = trace_find(&app, &id).await?;
        feedback_keep(&app, trace.id, "thumbs".into(), FeedbackValue::Boolean(thumbs.value)).await
    };
    match kept.await {
        Err(told) => fault_page(&told),
        Ok(_) => Redirect::to(&format!("/traces/{id}")).into_response(),
    }
}

/// What was said as text, whatever its parts are.
fn said(parts: &[Part]) -> String {
    let told = |part: &Part| match part {
        Part::Text { text } | Part::Refusal { text } | Part::Thinking { text, .. } => text.clone(),
        Part::ToolCall { name, arguments, .. } => format!("{name}({arguments})"),
        Part::ToolResult { content, .. } => words(content),
        Part::Image { .. } => "[image]".into(),
        Part::File { .. } => "[file]".into(),
        Part::Other { .. } => "[other]".into(),
    };
    parts.iter().map(told).collect::<Vec<_>>().join("\n")
}

fn role(message: &Message) -> String {
    format!("{:?}", message.role).to_lowercase()
}

/// What was said, in a few words.
fn feedback_told(feedback: &Feedback) -> String {
    match &feedback.value {
        FeedbackValue::Boolean(yes) => format!("{}: {}", feedback.metric, if *yes { "yes" } else { "no" }),
        FeedbackValue::Number(number) => format!("{}: {number}", feedback.metric),
        FeedbackValue::Text(text) => format!("{}: {text}", feedback.metric),
    }
}

/// The page of a trace.
pub(super) fn one(frame: Frame, trace: Trace, feedback: Vec<Feedback>) -> One {
    let answer = pieces(&said(&trace.answer), &trace.citations);
    One { frame, trace, answer, feedback }
}

/// A step's place on the bar of the whole request, in whole hundredths: first, and how many.
fn bar(trace: &Trace, at_us: u64, took_us: u64) -> (u64, u64) {
    let whole = trace.took_us.max(1);
    let first = (at_us * 100 / whole).min(99);
    (first, (took_us * 100 / whole).clamp(1, 100 - first))
}
