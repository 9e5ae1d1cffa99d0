//! Traces: the list, and one of them.

use askama::Template;
use axum::{
    Extension, Form,
    extract::{
        Path, Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use surefoot_types::{
    Money, PriceBook, Timestamp,
    conversation::{Message, Part, words},
    feedback::{Feedback, FeedbackDraft, FeedbackValue, standing},
    ids::TraceId,
    price::Line,
    trace::{Keep, Outcome, Trace, TraceSummary},
};

use super::marks::{Piece, pieces};
use super::page::{
    Frame, address, cost, count, fault_page, is_first, moment, problem, render, sdk_address, time, tokens,
};
use crate::{
    access::Who,
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
    /// How far back a text was looked for, where older traces are left.
    pub(super) searched_to: Option<Timestamp>,
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
    pub(super) costs: Vec<Cost>,
    pub(super) feedback: Vec<Feedback>,
}

/// The list.
pub(crate) async fn list(
    State(app): State<App>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    query: Result<Query<TraceQuery>, QueryRejection>,
) -> Response {
    let Query(mut query) = match query {
        Ok(query) => query,
        Err(error) => return problem(error.status(), &error.body_text()),
    };
    query.limit = Some(PAGE + 1);
    match trace_page(&app, &who, &query).await {
        Err(told) => fault_page(&told),
        Ok(page) => {
            let mut rows = page.traces;
            let more = rows.len() > PAGE;
            rows.truncate(PAGE);
            let last = rows.last().filter(|_| more).map(|last| last.id);
            let searched_to = page.searched_to.filter(|_| !more);
            let next = last.or(searched_to).map(|id| page_address(&query, Some(&id.to_string())));
            let searched_to = searched_to.map(TraceId::made);
            let outcomes = [Outcome::Answered, Outcome::Failed, Outcome::Cancelled].map(Outcome::name);
            let (frame, address) = (Frame::new(&app, &who, "traces"), sdk_address(&headers));
            let newest = page_address(&query, None);
            let unfiltered = newest == "/traces" && query.before.is_none();
            render(&List { frame, query, outcomes, rows, searched_to, unfiltered, newest, next, address })
        }
    }
}

/// The address of a page with the same filter.
pub(super) fn page_address(query: &TraceQuery, before: Option<&str>) -> String {
    let TraceQuery { asked, outcome, session, key, tenant, user, text, .. } = query;
    let fields = [
        ("before", before),
        ("asked", asked.as_deref()),
        ("outcome", outcome.as_deref()),
        ("session", session.as_deref()),
        ("key", key.as_deref()),
        ("tenant", tenant.as_deref()),
        ("user", user.as_deref()),
        ("text", text.as_deref()),
    ];
    address("/traces", &fields)
}

/// One trace.
pub(crate) async fn show(State(app): State<App>, Extension(who): Extension<Who>, Path(id): Path<String>) -> Response {
    let found = async {
        let trace = trace_find(&app, &who, "id", &id).await?;
        let said = app.store.feedback_list(trace.id).await?;
        let feedback = standing(&said).into_iter().cloned().collect();
        Ok::<_, surefoot_types::Fault>((trace, feedback))
    };
    match found.await {
        Err(told) => fault_page(&told),
        Ok((trace, feedback)) => {
            let costs = costs(&app.gateway.project().prices, &trace);
            render(&one(Frame::new(&app, &who, "traces"), trace, costs, feedback))
        }
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
    Extension(who): Extension<Who>,
    Path(id): Path<String>,
    form: Result<Form<Thumbs>, FormRejection>,
) -> Response {
    let Form(thumbs) = match form {
        Ok(form) => form,
        Err(error) => return problem(error.status(), &error.body_text()),
    };
    let thumbs = FeedbackValue::Boolean(thumbs.value);
    match feedback_keep(&app, &who, &id, FeedbackDraft::new("thumbs", thumbs)).await {
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
        FeedbackValue::Choice(choice) if choice.chosen == feedback.trace_id => format!("{}: chosen", feedback.metric),
        FeedbackValue::Choice(choice) => format!("{}: {} was chosen", feedback.metric, choice.chosen),
        FeedbackValue::Withdrawn => format!("{}: withdrawn", feedback.metric),
    }
}

/// The page of a trace.
pub(super) fn one(frame: Frame, trace: Trace, costs: Vec<Cost>, feedback: Vec<Feedback>) -> One {
    let answer = pieces(&said(&trace.answer), &trace.citations);
    One { frame, trace, answer, costs, feedback }
}

/// What an attempt cost, by what was counted.
pub(super) struct Cost {
    pub(super) target: String,
    pub(super) lines: Vec<Line>,
    /// Whether the lines make up what was recorded. They do not after the price table was changed in
    /// hindsight.
    pub(super) adds_up: bool,
    /// Whether the provider itself said what it cost.
    pub(super) reported: bool,
    pub(super) cost: Option<Money>,
}

/// The lines of every attempt that used something, by the prices of its day.
pub(super) fn costs(prices: &PriceBook, trace: &Trace) -> Vec<Cost> {
    let used = trace.attempts.iter().filter_map(|attempt| Some((attempt, attempt.usage?)));
    used.map(|(attempt, usage)| {
        let price = prices.get(&attempt.target, trace.at).cloned();
        let lines = price.clone().unwrap_or_default().lines(&usage);
        let adds_up = price.is_some_and(|price| Some(price.cost(&usage)) == attempt.cost);
        let reported = usage.reported.is_some();
        Cost { target: attempt.target.clone(), lines, adds_up: adds_up && !reported, reported, cost: attempt.cost }
    })
    .collect()
}

/// A step's place on the bar of the whole request, in whole hundredths: first, and how many.
fn bar(trace: &Trace, at_us: u64, took_us: u64) -> (u64, u64) {
    let whole = trace.took_us.max(1);
    let first = (at_us * 100 / whole).min(99);
    (first, (took_us * 100 / whole).clamp(1, 100 - first))
}

/// How much is kept, as settings name it.
fn kept(keep: &Keep) -> &'static str {
    Keep::NAMES.iter().find(|(_, one)| one == keep).map_or("", |(name, _)| name)
}
