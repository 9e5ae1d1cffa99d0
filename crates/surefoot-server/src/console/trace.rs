//! One trace: its waterfall, what was said, what it cost, and why it went as it did.

use askama::Template;
use axum::{
    Extension, Form,
    extract::{Path, State, rejection::FormRejection},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use surefoot_types::{
    Money, PriceBook,
    conversation::{Message, Part, words},
    feedback::{Feedback, FeedbackDraft, FeedbackValue, standing},
    price::Line,
    trace::{Keep, Trace},
    why::{Because, Why},
};

use super::{
    marks::{Piece, pieces},
    page::{Frame, cost, count, fault_page, is_first, moment, problem, render, time, tokens},
    reasons::{Reason, reasons},
};
use crate::{
    access::Who,
    doors::{feedback_keep, trace_find},
    state::App,
};

/// The marks on the axis of the waterfall.
const MARKS: u64 = 4;

#[derive(Template)]
#[template(path = "trace.html")]
pub(super) struct One {
    pub(super) frame: Frame,
    pub(super) trace: Trace,
    pub(super) answer: Vec<Piece>,
    pub(super) costs: Vec<Cost>,
    pub(super) feedback: Vec<Feedback>,
    /// What made it slow, dear or wrong.
    pub(super) reasons: Vec<Reason>,
    /// What was decided, in order.
    pub(super) because: Vec<Because>,
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
            render(&one(Frame::new(&app, &who, "/traces"), trace, costs, feedback))
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
pub(super) fn said(parts: &[Part]) -> String {
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
    let (reasons, because) = (reasons(&trace, &costs, &feedback), Why::of(&trace).because);
    One { frame, trace, answer, costs, feedback, reasons, because }
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

/// A bar of the waterfall, in thousandths of the whole request.
pub(super) struct Bar {
    pub(super) name: String,
    /// Whether it is part of the step above.
    pub(super) under: bool,
    /// What was waited before it.
    pub(super) waited: (u64, u64),
    /// Until the first word came.
    pub(super) begun: (u64, u64),
    /// The rest.
    pub(super) rest: (u64, u64),
    pub(super) took_us: u64,
    pub(super) note: String,
}

/// The steps, and under theirs the attempts.
fn waterfall(trace: &Trace) -> Vec<Bar> {
    let whole = whole(trace);
    let mut bars = Vec::new();
    for span in &trace.spans {
        let rest = place(whole, span.at_us, span.took_us);
        let (name, note) = (span.step.clone(), span.note.clone());
        bars.push(Bar { name, under: false, waited: (0, 0), begun: (0, 0), rest, took_us: span.took_us, note });
        if span.step == "attempt" {
            bars.extend(trace.attempts.iter().map(|attempt| {
                let first = attempt.first_us.unwrap_or(0).min(attempt.took_us);
                let note = attempt.fault.as_ref().map(|fault| format!("{}: {}", fault.code.name(), fault.message));
                Bar {
                    name: attempt.target.clone(),
                    under: true,
                    waited: place(whole, attempt.at_us.saturating_sub(attempt.waited_us), attempt.waited_us),
                    begun: place(whole, attempt.at_us, first),
                    rest: place(whole, attempt.at_us + first, attempt.took_us - first),
                    took_us: attempt.took_us,
                    note: note.unwrap_or_else(|| attempt.purpose.clone()),
                }
            }));
        }
    }
    bars
}

/// What the waterfall goes over, in microseconds: the request, and what it recorded after its end.
fn whole(trace: &Trace) -> u64 {
    let ends = trace.spans.iter().map(|span| span.at_us + span.took_us);
    ends.max().unwrap_or(0).max(trace.took_us).max(1)
}

/// Where a time stands on a bar of a thousand, and how long it is: what took any time shows.
fn place(whole: u64, at_us: u64, took_us: u64) -> (u64, u64) {
    let thousandths = |us: u64| u64::try_from(u128::from(us) * 1_000 / u128::from(whole)).unwrap_or(1_000);
    let at = thousandths(at_us).min(997);
    (at, if took_us == 0 { 0 } else { thousandths(took_us).clamp(3, 1_000 - at) })
}

/// The times on the axis.
fn axis(trace: &Trace) -> Vec<String> {
    (0..=MARKS).map(|mark| time(&(whole(trace) * mark / MARKS))).collect()
}

/// How much is kept, as settings name it.
fn kept(keep: &Keep) -> &'static str {
    Keep::NAMES.iter().find(|(_, one)| one == keep).map_or("", |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_lies_within_the_whole_and_shows() {
        for ((at, took), expected) in [
            ((0, 500), (0, 500)),
            ((500, 500), (500, 500)),
            ((999, 1), (997, 3)),
            ((0, 0), (0, 0)),
            ((0, 5_000), (0, 1_000)),
        ] {
            assert_eq!(place(1_000, at, took), expected, "{at} {took}");
        }
    }
}
