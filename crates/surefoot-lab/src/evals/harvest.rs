//! Cases from what was really asked: from traces, with the feedback and the corrections that they got.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use surefoot_types::{
    conversation::{Message, Role, words},
    feedback::{Feedback, FeedbackValue, standing},
    trace::Trace,
};

use super::Dataset;

/// Takes out of a text what must not be kept in a dataset: secrets and personal data.
pub trait Scrub {
    /// The text without them.
    fn scrub(&self, text: &str) -> String;
}

/// What to take of a trace.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wanted {
    /// Only traces with feedback that fits.
    pub feedback: Option<Condition>,
    /// Only traces that somebody corrected.
    pub corrected: bool,
    /// The whole conversation instead of the last question.
    pub conversation: bool,
}

/// A condition on feedback: `thumbs=false`, `stars<3`.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    metric: String,
    sign: char,
    value: f64,
}

impl std::str::FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is no condition: like thumbs=false, stars<3 or stars>4");
        let at = text.find(['=', '<', '>']).ok_or_else(wrong)?;
        let (metric, rest) = text.split_at(at);
        let value = match rest[1..].trim() {
            "true" => 1.0,
            "false" => 0.0,
            number => number.parse().map_err(|_| wrong())?,
        };
        let sign = rest.chars().next().ok_or_else(wrong)?;
        let metric = metric.trim().to_owned();
        if metric.is_empty() { Err(wrong()) } else { Ok(Self { metric, sign, value }) }
    }
}

impl Condition {
    fn holds(&self, feedback: &Feedback) -> bool {
        let value = match feedback.value {
            FeedbackValue::Boolean(flag) => f64::from(u8::from(flag)),
            FeedbackValue::Number(number) => number,
            FeedbackValue::Text(_) | FeedbackValue::Choice(_) | FeedbackValue::Withdrawn => return false,
        };
        feedback.metric == self.metric
            && match self.sign {
                '<' => value < self.value,
                '>' => value > self.value,
                _ => (value - self.value).abs() < 1e-12,
            }
    }
}

/// The metric whose words are the answer as it should have been.
const CORRECTION: &str = "correction";
/// The metric that says yes or no of the whole answer.
const THUMBS: &str = "thumbs";

/// The case that a trace makes, with `id` and `trace`, its `output` and what people said of it: `expect` from
/// the newest correction, `human` from the newest thumb, so that it is a labelled case too. None where it is not wanted.
/// `feedback` is in the order in which it was kept: what was taken back, or replaced by who said it, does not count.
pub fn case(trace: &Trace, feedback: &[Feedback], wanted: &Wanted, scrub: &dyn Scrub) -> Option<Map<String, Value>> {
    let feedback = standing(feedback);
    let fits = |condition: &Condition| feedback.iter().any(|one| condition.holds(one));
    let newest = |metric: &str| feedback.iter().filter(|one| one.metric == metric).max_by_key(|one| one.at);
    let correction = newest(CORRECTION).and_then(|one| match &one.value {
        FeedbackValue::Text(text) => Some(text.as_str()),
        _ => None,
    });
    let question = trace.question.trim();
    if question.is_empty() || !wanted.feedback.as_ref().is_none_or(fits) || (wanted.corrected && correction.is_none()) {
        return None;
    }
    let id = trace.id.to_string();
    let mut case = Map::from_iter([("id".to_owned(), Value::from(id.as_str()))]);
    match conversation(trace).filter(|_| wanted.conversation) {
        Some(messages) => {
            let one = |(role, text): (&str, String)| json!({"role": role, "content": scrub.scrub(&text)});
            case.insert("messages".into(), messages.into_iter().map(one).collect());
        }
        None => {
            case.insert("input".into(), scrub.scrub(question).into());
        }
    }
    case.extend(trace.session.as_ref().map(|session| ("cluster".to_owned(), cluster(session))));
    case.extend(correction.map(|text| ("expect".to_owned(), scrub.scrub(text).into())));
    case.insert("output".into(), scrub.scrub(&words(&trace.answer)).into());
    if let Some(FeedbackValue::Boolean(good)) = newest(THUMBS).map(|one| &one.value) {
        case.insert("human".into(), if *good { "pass" } else { "fail" }.into());
    }
    case.insert("trace".into(), id.into());
    Some(case)
}

/// A session, by a name that tells nothing of who it was.
fn cluster(session: &str) -> Value {
    blake3::hash(session.as_bytes()).to_hex()[..12].into()
}

/// What users and model said, without the function's own instructions; none where that is no conversation that
/// ends with a question.
fn conversation(trace: &Trace) -> Option<Vec<(&'static str, String)>> {
    let said = |one: &Message| match one.role {
        Role::User => Some(("user", one.words())),
        Role::Assistant => Some(("assistant", one.words())),
        _ => None,
    };
    let messages: Vec<_> = trace.prompt.iter().filter_map(said).filter(|(_, text)| !text.trim().is_empty()).collect();
    (messages.last()?.0 == "user").then_some(messages)
}

/// The cases as a dataset, one of those that ask and expect the same.
///
/// # Errors
/// When there is none.
pub fn gathered(cases: Vec<Map<String, Value>>) -> Result<Dataset, String> {
    let mut seen = BTreeSet::new();
    let mut same = |case: &Map<String, Value>| {
        let said = ["input", "messages", "expect"].map(|field| case.get(field).map(ToString::to_string));
        seen.insert(said)
    };
    let lines: String =
        cases.into_iter().filter(|case| same(case)).map(|case| Value::Object(case).to_string() + "\n").collect();
    if lines.is_empty() {
        return Err("no trace fits: no case was made".into());
    }
    Dataset::parse("traces.jsonl", lines.as_bytes()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use surefoot_types::{
        Timestamp,
        ids::{FeedbackId, TraceId},
    };

    use super::*;

    struct Stars;

    impl Scrub for Stars {
        fn scrub(&self, text: &str) -> String {
            text.replace("Jane", "*")
        }
    }

    fn trace(n: u128, question: &str) -> Trace {
        let begun = Trace::begun(TraceId::from_bits(n), Timestamp::UNIX_EPOCH, "openai_chat", "answer");
        let prompt = vec![
            Message::text(Role::System, "Be kind."),
            Message::text(Role::User, "Hello"),
            Message::text(Role::Assistant, "Hello Jane"),
            Message::text(Role::User, question),
        ];
        let answer = Message::text(Role::Assistant, "Jane, no.").parts;
        Trace { question: question.into(), prompt, answer, session: Some("jane@example.com".into()), ..begun }
    }

    fn said(metric: &str, value: FeedbackValue) -> Feedback {
        let (id, trace_id) = (FeedbackId::from_bits(1), TraceId::from_bits(1));
        let (span, session, user) = (None, None, None);
        Feedback { id, trace_id, span, session, user, at: Timestamp::UNIX_EPOCH, metric: metric.into(), value }
    }

    #[test]
    fn a_correction_is_an_expectation_and_a_thumb_a_label() {
        let feedback = [
            said("correction", FeedbackValue::Text("Yes, Jane.".into())),
            said("thumbs", FeedbackValue::Boolean(false)),
        ];
        let case = case(&trace(1, "Is Jane in?"), &feedback, &Wanted::default(), &Stars).unwrap();
        let of = |field: &str| case[field].as_str().unwrap();
        assert_eq!([of("input"), of("expect"), of("output"), of("human")], ["Is * in?", "Yes, *.", "*, no.", "fail"]);
        assert!(!Value::Object(case).to_string().to_lowercase().contains("jane"), "a session names nobody");
    }

    #[test]
    fn what_was_taken_back_is_no_label() {
        let thumb = said("thumbs", FeedbackValue::Boolean(false));
        let correction = said("correction", FeedbackValue::Text("Yes.".into()));
        let back = ["thumbs", "correction"].map(|metric| said(metric, FeedbackValue::Withdrawn));
        let all = [thumb, correction, back[0].clone(), back[1].clone()];
        let left = case(&trace(1, "Is Jane in?"), &all, &Wanted::default(), &Stars).unwrap();
        assert!(!left.contains_key("human") && !left.contains_key("expect"), "{left:?}");
        let wanted = Wanted { feedback: Some("thumbs=false".parse().unwrap()), ..Wanted::default() };
        assert_eq!(case(&trace(1, "?"), &all, &wanted, &Stars), None);
        assert!(case(&trace(1, "?"), &all[..1], &wanted, &Stars).is_some());
    }

    #[test]
    fn a_conversation_has_its_turns_without_the_instructions() {
        let wanted = Wanted { conversation: true, ..Wanted::default() };
        let case = case(&trace(1, "Is Jane in?"), &[], &wanted, &Stars).unwrap();
        assert_eq!(case["messages"].as_array().unwrap().len(), 3);
        assert_eq!(case["messages"][1]["content"], "Hello *");
    }

    #[test]
    fn conditions_are_read_and_hold() {
        for (text, value, holds) in [
            ("thumbs=false", FeedbackValue::Boolean(false), true),
            ("thumbs=false", FeedbackValue::Boolean(true), false),
            ("thumbs<0.5", FeedbackValue::Number(0.2), true),
            ("thumbs>4", FeedbackValue::Number(4.0), false),
            ("thumbs=1", FeedbackValue::Text("1".into()), false),
        ] {
            assert_eq!(text.parse::<Condition>().unwrap().holds(&said("thumbs", value)), holds, "{text}");
        }
        for wrong in ["thumbs", "=1", "thumbs=perhaps"] {
            assert!(wrong.parse::<Condition>().unwrap_err().contains("is no condition"));
        }
        let wanted = Wanted { corrected: true, ..Wanted::default() };
        assert_eq!(case(&trace(1, "?"), &[], &wanted, &Stars), None);
    }

    #[test]
    fn the_same_question_is_one_case() {
        let of = |n, question: &str| case(&trace(n, question), &[], &Wanted::default(), &Stars).unwrap();
        let dataset = gathered(vec![of(1, "Is Jane in?"), of(2, "Is Jane in?"), of(3, "And Jim?")]).unwrap();
        assert_eq!(dataset.cases().len(), 2);
        assert!(gathered(Vec::new()).unwrap_err().contains("no trace fits"));
    }
}
