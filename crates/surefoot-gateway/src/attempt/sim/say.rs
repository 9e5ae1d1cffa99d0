//! What an answer says.

use serde_json::{Value, json};
use surefoot_types::{
    Usage,
    conversation::{ChatRequest, Event, Finish, Part, ResponseFormat, Role, Tool, ToolChoice},
};

use super::{
    behaviour::{Behaviour, Say},
    cite,
    draw::Draw,
    fit,
    plan::Asked,
};

/// Arguments that are no JSON.
const BROKEN_CALL: &str = "{\"simulated\": tru";
/// What it says before it answers, where it is asked to reason.
pub(super) const THOUGHT: &str = "The question is simulated, and so is the thought.";

/// About how long an `ok` answer is, in bytes.
const OK_BYTES: usize = 300;
/// How much of the question an `ok` answer repeats, in characters.
const REPEATED: usize = 60;

const SENTENCES: [&str; 12] = [
    "Nothing here comes from a model.",
    "Ask again and the same words come back.",
    "Another seed would have told it differently.",
    "The path behind it is as real as any other.",
    "It takes as long as it was asked to take.",
    "Some answers are long and this one is not.",
    "Every word was chosen before the first was sent.",
    "It has an opinion on nothing at all.",
    "A test can rely on each letter of it.",
    "There is no meaning between these lines.",
    "It stands in for a provider that is far away.",
    "The next sentence follows from the seed alone.",
];

const VOCABULARY: [&str; 24] = [
    "river", "stone", "under", "the", "quiet", "bridge", "carries", "light", "and", "slow", "water", "past", "old",
    "willows", "where", "a", "heron", "waits", "for", "morning", "with", "patient", "careful", "steps",
];

/// An answer before it is cut into pieces.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    /// Its text, or a call's arguments.
    pub(super) text: String,
    /// What the text is.
    pub(super) shape: Shape,
    /// Why it ends.
    pub(super) finish: Finish,
    /// Calls beside the first.
    pub(super) calls: Vec<Call>,
}

/// A tool call beside the first, as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: String,
}

/// What a text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// Words.
    Text,
    /// A refusal.
    Refusal,
    /// The arguments of a tool call.
    Call { id: String, name: String },
}

impl Shape {
    /// The event that tells a piece of it.
    pub(super) fn event(&self, piece: String) -> Event {
        match self {
            Self::Text => Event::Text { text: piece },
            Self::Refusal => Event::Refusal { text: piece },
            Self::Call { .. } => Event::ToolArguments { index: 0, arguments: piece },
        }
    }
}

impl Said {
    fn text(text: String) -> Self {
        Self { text, shape: Shape::Text, finish: Finish::Stop, calls: Vec::new() }
    }

    /// Stops it where it has so many tokens.
    pub(super) fn cut(&mut self, most: u64) {
        let end = Usage::beginning(&self.text, most).len();
        if end < self.text.len() {
            self.text.truncate(end);
            self.finish = Finish::Length;
        }
    }
}

/// The answer to a request.
pub(super) fn say(behaviour: &Behaviour, asked: &Asked<'_>, question: &str, draw: &mut Draw) -> Said {
    match &behaviour.say {
        Say::Ok => Said::text(sentences(question, draw)),
        Say::Echo => Said::text(question.to_owned()),
        Say::Words(count) => Said::text(words(*count, draw)),
        Say::Fixed(text) => Said::text(text.clone()),
        Say::Json => Said::text(json_answer(asked.request, behaviour.wrong_schema)),
        Say::Cite => Said::text(cite::quoted(asked.request)),
        Say::CiteWrong => Said::text(cite::misquoted(asked.request)),
        Say::Refuse => Said {
            text: "I cannot help with that. (Simulated refusal.)".into(),
            shape: Shape::Refusal,
            finish: Finish::Refusal,
            calls: Vec::new(),
        },
        Say::Tool => match tools_due(asked.request, behaviour.calls).split_first() {
            Some((first, others)) => calls(first, others, behaviour, draw),
            None => Said::text(sentences(question, draw)),
        },
    }
}

fn sentences(question: &str, draw: &mut Draw) -> String {
    let end = question.char_indices().nth(REPEATED).map_or(question.len(), |(at, _)| at);
    let mut text = String::with_capacity(OK_BYTES + 64);
    text.push_str("This is a simulated answer to \"");
    text.push_str(&question[..end]);
    text.push_str("\".");
    // Steps that share no factor with the number of sentences come back to the first only after all.
    let step = if draw.next().is_multiple_of(2) { 5 } else { 7 };
    let mut at = draw.next() as usize % SENTENCES.len();
    while text.len() < OK_BYTES {
        text.push(' ');
        text.push_str(SENTENCES[at]);
        at = (at + step) % SENTENCES.len();
    }
    text
}

fn words(count: usize, draw: &mut Draw) -> String {
    let mut text = String::with_capacity(count * 7);
    for at in 0..count {
        if at > 0 {
            text.push(' ');
        }
        text.push_str(draw.pick(&VOCABULARY));
    }
    text.push('.');
    text
}

fn json_answer(request: &ChatRequest, wrong: bool) -> String {
    let value = match (&request.response_format, wrong) {
        (Some(ResponseFormat::JsonSchema { schema, .. }), false) => fit::fitting(schema),
        (Some(ResponseFormat::JsonSchema { schema, .. }), true) => fit::unfitting(schema),
        (_, false) => json!({"answer": "simulated"}),
        (_, true) => json!(["simulated"]),
    };
    value.to_string()
}

/// The tools to call: none once a result is there, so that an agent's loop ends.
fn tools_due(request: &ChatRequest, calls: usize) -> Vec<&Tool> {
    let Some(last) = request.messages.last() else { return Vec::new() };
    if last.role == Role::Tool || last.parts.iter().any(|part| matches!(part, Part::ToolResult { .. })) {
        return Vec::new();
    }
    let calls = if request.parallel_tools == Some(false) { 1 } else { calls };
    let may_be_called = |tool: &&Tool| match &request.tool_choice {
        Some(ToolChoice::None) => false,
        Some(ToolChoice::Named(name)) => tool.name == *name,
        _ => true,
    };
    let tools: Vec<&Tool> = request.tools.iter().filter(may_be_called).collect();
    tools.iter().copied().cycle().take(if tools.is_empty() { 0 } else { calls }).collect()
}

fn calls(first: &Tool, others: &[&Tool], behaviour: &Behaviour, draw: &mut Draw) -> Said {
    let Call { id, name, arguments } = call(first, behaviour, draw);
    let others = others.iter().map(|tool| call(tool, behaviour, draw)).collect();
    Said { text: arguments, shape: Shape::Call { id, name }, finish: Finish::ToolCalls, calls: others }
}

fn call(tool: &Tool, behaviour: &Behaviour, draw: &mut Draw) -> Call {
    let wrong = behaviour.wrong_schema;
    let arguments: Value = if wrong { fit::unfitting(&tool.schema) } else { fit::fitting_object(&tool.schema) };
    let id = format!("call_{:016x}", draw.next());
    let arguments = if behaviour.bad_call { BROKEN_CALL.to_owned() } else { arguments.to_string() };
    Call { id, name: tool.name.clone(), arguments }
}
