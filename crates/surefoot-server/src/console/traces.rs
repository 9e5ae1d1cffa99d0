//! Traces: the list, and one of them.

use askama::Template;
use axum::{
    Form,
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use surefoot_types::{
    conversation::{Message, Part, words},
    feedback::{Feedback, FeedbackValue},
    trace::{Outcome, Trace, TraceSummary},
};

use super::page::{Frame, cost, fault_page, moment, render, time, tokens};
use crate::{
    doors::{feedback_keep, trace_find, trace_page, TraceQuery},
    state::App,
};

/// Traces on a page.
const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "traces.html")]
struct List {
    frame: Frame,
    query: TraceQuery,
    outcomes: [&'static str; 3],
    rows: Vec<TraceSummary>,
    /// The address of the next page.
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "trace.html")]
struct One {
    frame: Frame,
    trace: Trace,
    answer: String,
    feedback: Vec<Feedback>,
}

/// The list.
pub(crate) async fn list(State(app): State<App>, Query(mut query): Query<TraceQuery>) -> Response {
    query.limit = Some(PAGE + 1);
    match trace_page(&app, &query).await {
        Err(told) => fault_page(&told),
        Ok(mut rows) => {
            let more = rows.len() > PAGE;
            rows.truncate(PAGE);
            let next = rows.last().filter(|_| more).map(|last| next_page(&query, &last.id.to_string()));
            let outcomes = [Outcome::Answered, Outcome::Failed, Outcome::Cancelled].map(Outcome::name);
            render(&List { frame: Frame::new(&app, "traces"), query, outcomes, rows, next })
        }
    }
}

fn next_page(query: &TraceQuery, before: &str) -> String {
    let mut address = format!("/traces?before={before}");
    for (name, value) in
        [("asked", &query.asked), ("outcome", &query.outcome), ("session", &query.session), ("text", &query.text)]
    {
        if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
            address.push_str(&format!("&{name}={}", encoded(value)));
        }
    }
    address
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
        Ok((trace, feedback)) => {
            let answer = words(&trace.answer);
            render(&One { frame: Frame::new(&app, "traces"), trace, answer, feedback })
        }
    }
}

/// Thumbs, from the page of a trace.
#[derive(Deserialize)]
pub(crate) struct Thumbs {
    value: bool,
}

/// Keeps it and comes back to the trace.
pub(crate) async fn feedback(State(app): State<App>, Path(id): Path<String>, Form(thumbs): Form<Thumbs>) -> Response {
    let kept = async {
        let trace = trace_find(&app, &id).await?;
        feedback_keep(&app, trace.id, "thumbs".into(), FeedbackValue::Boolean(thumbs.value)).await
    };
    match kept.await {
        Err(told) => fault_page(&told),
        Ok(_) => Redirect::to(&format!("/traces/{id}")).into_response(),
    }
}

/// A message's content as text, whatever its parts are.
fn said(message: &Message) -> String {
    let told = |part: &Part| match part {
        Part::Text { text } | Part::Refusal { text } | Part::Thinking { text, .. } => text.clone(),
        Part::ToolCall { name, arguments, .. } => format!("{name}({arguments})"),
        Part::ToolResult { content, .. } => words(content),
        Part::Image { .. } => "[image]".into(),
        Part::Other { .. } => "[other]".into(),
    };
    message.parts.iter().map(told).collect::<Vec<_>>().join("\n")
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

/// A step's place on the bar of the whole request, in whole hundredths: first, and how many.
fn bar(trace: &Trace, at_us: u64, took_us: u64) -> (u64, u64) {
    let whole = trace.took_us.max(1);
    let first = (at_us * 100 / whole).min(99);
    (first, (took_us * 100 / whole).clamp(1, 100 - first))
}
