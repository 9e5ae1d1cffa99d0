//! What people and programs say about an answer afterwards.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    fault::{Code, Fault},
    ids::{FeedbackId, TraceId},
    trace::{Keep, Trace},
};

/// Longest name of a metric, in bytes.
pub const LONGEST_METRIC: usize = 64;
/// Longest comment or correction, in bytes.
pub const LONGEST_TEXT: usize = 64 * 1024;
/// Most answers that one was chosen over.
pub const MOST_OVER: usize = 16;
/// Most pieces of feedback on one trace, withdrawn and replaced ones counted.
pub const MOST_ON_A_TRACE: usize = 500;

/// Names whose kind is fixed: what is said under any other is yes or no, or a number.
const KINDS: [(&str, Kind); 7] = [
    ("thumbs", Kind::Boolean),
    ("comment", Kind::Text),
    ("correction", Kind::Text),
    ("preference", Kind::Choice),
    // What users do tells something too: asking again, taking the answer along, going away.
    ("retried", Kind::Boolean),
    ("copied", Kind::Boolean),
    ("abandoned", Kind::Boolean),
];

/// What may be said under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Boolean,
    Measure,
    Text,
    Choice,
}

impl Kind {
    fn of(metric: &str) -> Self {
        KINDS.iter().find(|(name, _)| *name == metric).map_or(Self::Measure, |(_, kind)| *kind)
    }

    fn takes(self, value: &FeedbackValue) -> bool {
        match value {
            FeedbackValue::Withdrawn => true,
            FeedbackValue::Boolean(_) => matches!(self, Self::Boolean | Self::Measure),
            FeedbackValue::Number(_) => self == Self::Measure,
            FeedbackValue::Text(_) => self == Self::Text,
            FeedbackValue::Choice(_) => self == Self::Choice,
        }
    }

    fn told(self) -> &'static str {
        match self {
            Self::Boolean => "true or false",
            Self::Measure => "true or false, or a number",
            Self::Text => "a text",
            Self::Choice => "a choice: {\"chosen\": a trace, \"over\": [the others]}",
        }
    }
}

/// One piece of feedback.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Feedback {
    /// Its id.
    pub id: FeedbackId,
    /// What it is about; where it is about a session, the newest trace that the session had then.
    pub trace_id: TraceId,
    /// The part of the trace that it is about: a step's name, or an attempt's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<String>,
    /// The session, where it is about all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Who said it, as far as it is known: the caller's name for its end user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// When it came.
    pub at: Timestamp,
    /// The metric's name: `thumbs`, `comment`, `correction`, `preference`, or a name of the caller's own.
    pub metric: String,
    /// What was said.
    pub value: FeedbackValue,
}

/// The kinds of feedback.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FeedbackValue {
    /// What was said before is taken back.
    Withdrawn,
    /// Yes or no.
    Boolean(bool),
    /// A number, higher is more.
    Number(f64),
    /// Words: a comment, or the answer as it should have been.
    Text(String),
    /// One answer is better than others.
    Choice(Choice),
}

/// A choice between answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The better one.
    pub chosen: TraceId,
    /// Those that it was compared with.
    pub over: Vec<TraceId>,
}

/// Feedback as somebody says it, before it is known whether it can be.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedbackDraft {
    /// See [`Feedback::span`].
    pub span: Option<String>,
    /// See [`Feedback::session`].
    pub session: Option<String>,
    /// See [`Feedback::user`]; unless told, the trace's.
    pub user: Option<String>,
    /// See [`Feedback::metric`].
    pub metric: String,
    /// See [`Feedback::value`].
    pub value: FeedbackValue,
}

impl FeedbackDraft {
    /// About a trace as a whole, by its own user.
    pub fn new(metric: impl Into<String>, value: FeedbackValue) -> Self {
        Self { span: None, session: None, user: None, metric: metric.into(), value }
    }

    /// The feedback on `trace`. Whether the traces of a choice are there is for the caller to see.
    ///
    /// # Errors
    /// `BadRequest` where the name, the value or what it is about is not one; `Forbidden` for words on a trace of which
    /// no words are kept.
    pub fn on(self, trace: &Trace, id: FeedbackId, at: Timestamp) -> Result<Feedback, Fault> {
        self.check_metric()?;
        self.check_value(trace)?;
        if let Some(span) = self.span.as_deref().filter(|span| !has_span(trace, span)) {
            let steps: Vec<&str> = trace.spans.iter().map(|span| span.step.as_str()).collect();
            return Err(wrong("span", format!("the trace has no step or attempt '{span}'"))
                .hint(format!("Its steps are: {}.", steps.join(", "))));
        }
        if self.session.is_some() && self.session != trace.session {
            return Err(wrong("session", "the trace is not of that session".into()));
        }
        let Self { span, session, user, metric, value } = self;
        let user = user.or_else(|| trace.user.clone());
        Ok(Feedback { id, trace_id: trace.id, span, session, user, at, metric, value })
    }

    fn check_metric(&self) -> Result<(), Fault> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if self.metric.is_empty() || self.metric.len() > LONGEST_METRIC || !self.metric.chars().all(plain) {
            let told = format!("a metric's name has 1 to {LONGEST_METRIC} letters, digits, '-', '_' or '.'");
            return Err(wrong("metric", told));
        }
        Ok(())
    }

    fn check_value(&self, trace: &Trace) -> Result<(), Fault> {
        let kind = Kind::of(&self.metric);
        if !kind.takes(&self.value) {
            let hint = "`comment` and `correction` take a text; `null` takes back what was said before.";
            return Err(wrong("value", format!("'{}' takes {}", self.metric, kind.told())).hint(hint));
        }
        match &self.value {
            FeedbackValue::Number(number) if !number.is_finite() => {
                Err(wrong("value", "the number is not a finite one".into()))
            }
            FeedbackValue::Text(text) if text.trim().is_empty() => Err(wrong("value", "the text says nothing".into())),
            FeedbackValue::Text(text) if text.len() > LONGEST_TEXT => {
                Err(wrong("value", format!("the text has {} bytes, of at most {LONGEST_TEXT}", text.len())))
            }
            FeedbackValue::Text(_) if trace.keep <= Keep::Metadata => {
                let told = "no words of this request are kept, so that none are kept of what is said about it";
                Err(Fault::new(Code::Forbidden, told))
            }
            FeedbackValue::Choice(choice) => choice.check(trace.id),
            _ => Ok(()),
        }
    }
}

impl Choice {
    /// All traces that it names.
    pub fn traces(&self) -> impl Iterator<Item = TraceId> {
        std::iter::once(self.chosen).chain(self.over.iter().copied())
    }

    fn check(&self, about: TraceId) -> Result<(), Fault> {
        let mut all: Vec<TraceId> = self.traces().collect();
        let named = all.len();
        all.sort_unstable();
        all.dedup();
        if self.over.is_empty() || self.over.len() > MOST_OVER || all.len() != named {
            return Err(wrong("value", format!("an answer is chosen over 1 to {MOST_OVER} others, each named once")));
        }
        if !all.contains(&about) {
            return Err(wrong("value", "the trace that the choice is about is not one of those chosen from".into()));
        }
        Ok(())
    }
}

fn has_span(trace: &Trace, name: &str) -> bool {
    trace.spans.iter().any(|span| span.step == name)
        || trace.attempts.iter().any(|attempt| attempt.id.to_string() == name)
}

fn wrong(param: &str, message: String) -> Fault {
    Fault::bad_request(param, message)
}

/// The feedback that stands, of all in the order in which it was kept: by each user, under each name and about each
/// thing, the last that was said, unless that takes back what was said before.
pub fn standing(all: &[Feedback]) -> Vec<&Feedback> {
    let place =
        |one: &'_ Feedback| (one.trace_id, one.user.clone(), one.metric.clone(), one.span.clone(), one.session.clone());
    let mut last = std::collections::HashMap::new();
    for (number, one) in all.iter().enumerate() {
        last.insert(place(one), number);
    }
    let mut numbers: Vec<usize> = last.into_values().collect();
    numbers.sort_unstable();
    numbers.into_iter().map(|number| &all[number]).filter(|one| one.value != FeedbackValue::Withdrawn).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::trace::Span;

    fn id(n: u128) -> TraceId {
        TraceId::from_bits(n)
    }

    fn trace() -> Trace {
        let mut trace = Trace::begun(id(1), Timestamp::UNIX_EPOCH, "openai_chat", "answer");
        trace.session = Some("s".into());
        trace.user = Some("ann".into());
        trace.spans = vec![Span { step: "ground".into(), at_us: 0, took_us: 1, note: String::new() }];
        trace
    }

    fn said(metric: &str, value: FeedbackValue) -> Result<Feedback, Fault> {
        FeedbackDraft::new(metric, value).on(&trace(), FeedbackId::from_bits(1), Timestamp::UNIX_EPOCH)
    }

    fn text(text: &str) -> FeedbackValue {
        FeedbackValue::Text(text.into())
    }

    fn choice(chosen: u128, over: &[u128]) -> FeedbackValue {
        FeedbackValue::Choice(Choice { chosen: id(chosen), over: over.iter().copied().map(id).collect() })
    }

    #[test]
    fn what_can_be_said_under_a_name() {
        let (yes, number) = (FeedbackValue::Boolean(true), FeedbackValue::Number(0.5));
        for (metric, value, fits) in [
            ("thumbs", yes.clone(), true),
            ("thumbs", number.clone(), false),
            ("stars", number, true),
            ("stars", yes.clone(), true),
            ("stars", text("five"), false),
            ("stars", FeedbackValue::Withdrawn, true),
            ("stars", FeedbackValue::Number(f64::INFINITY), false),
            ("comment", text("good"), true),
            ("comment", text("  "), false),
            ("comment", text(&"x".repeat(LONGEST_TEXT + 1)), false),
            ("correction", yes.clone(), false),
            ("copied", yes.clone(), true),
            ("preference", choice(1, &[2, 3]), true),
            ("preference", choice(2, &[1]), true),
            ("preference", choice(2, &[3]), false),
            ("preference", choice(1, &[1]), false),
            ("preference", choice(1, &[]), false),
            ("preference", yes.clone(), false),
            ("", yes.clone(), false),
            ("two words", yes.clone(), false),
            (&"m".repeat(LONGEST_METRIC + 1), yes, false),
        ] {
            let told = said(metric, value.clone());
            assert_eq!(told.is_ok(), fits, "{metric} {value:?}: {told:?}");
        }
    }

    #[test]
    fn what_it_is_about_must_be_there() {
        let about = |span: Option<&str>, session: Option<&str>| {
            let mut draft = FeedbackDraft::new("thumbs", FeedbackValue::Boolean(true));
            (draft.span, draft.session) = (span.map(Into::into), session.map(Into::into));
            draft.on(&trace(), FeedbackId::from_bits(1), Timestamp::UNIX_EPOCH).is_ok()
        };
        assert!(about(Some("ground"), None) && about(None, Some("s")) && about(None, None));
        assert!(!about(Some("fly"), None) && !about(None, Some("t")));
    }

    #[test]
    fn no_words_are_kept_about_a_request_of_which_none_are() {
        let mut trace = trace();
        trace.keep = Keep::Metadata;
        let on =
            |value| FeedbackDraft::new("comment", value).on(&trace, FeedbackId::from_bits(1), Timestamp::UNIX_EPOCH);
        assert_eq!(on(text("hm")).unwrap_err().code, Code::Forbidden);
    }

    #[test]
    fn the_last_word_of_each_user_stands() {
        let mut all = Vec::new();
        for (user, metric, value) in [
            (Some("ann"), "thumbs", FeedbackValue::Boolean(true)),
            (Some("bob"), "thumbs", FeedbackValue::Boolean(true)),
            (None, "thumbs", FeedbackValue::Boolean(true)),
            (Some("ann"), "comment", text("good")),
            (Some("ann"), "thumbs", FeedbackValue::Boolean(false)),
            (Some("bob"), "thumbs", FeedbackValue::Withdrawn),
            (Some("ann"), "stars", FeedbackValue::Number(2.0)),
        ] {
            let mut draft = FeedbackDraft::new(metric, value);
            draft.user = user.map(Into::into);
            let mut trace = trace();
            trace.user = None;
            let id = FeedbackId::from_bits(all.len() as u128);
            all.push(draft.on(&trace, id, Timestamp::UNIX_EPOCH).unwrap());
        }
        let stands: Vec<u128> = standing(&all).iter().map(|one| one.id.to_bits()).collect();
        assert_eq!(stands, [2, 3, 4, 6]);
    }

    #[test]
    fn values_are_plain_json() {
        for (value, expected) in [
            (FeedbackValue::Withdrawn, json!(null)),
            (FeedbackValue::Boolean(true), json!(true)),
            (FeedbackValue::Number(0.5), json!(0.5)),
            (text("t"), json!("t")),
            (choice(1, &[2]), json!({"chosen": id(1), "over": [id(2)]})),
        ] {
            assert_eq!(serde_json::to_value(&value).unwrap(), expected);
            assert_eq!(serde_json::from_value::<FeedbackValue>(expected).unwrap(), value);
        }
        let old = json!({"id": FeedbackId::from_bits(1), "trace_id": id(1), "at": "2026-01-01T00:00:00Z", "metric": "thumbs", "value": true});
        assert_eq!(serde_json::from_value::<Feedback>(old).unwrap().user, None);
    }
}
