//! Streams, from OpenAI's words.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use surefoot_types::{
    Fault,
    conversation::{Dialect, Event, Part},
    usage::Tier,
};

use super::{
    UsageIn, finish_of,
    read::{Logprobs, arguments_text, call_id, content_text, content_thinking, is_truthy, lenient, read_thinking},
};
use crate::{fault, logprobs};

#[derive(Deserialize)]
struct Chunk {
    id: Option<String>,
    model: Option<String>,
    choices: Option<Vec<Choice>>,
    usage: Option<UsageIn>,
    #[serde(default, deserialize_with = "crate::json::tier")]
    service_tier: Option<Tier>,
    x_groq: Option<Groq>,
    error: Option<Value>,
}

/// Groq's own place for usage.
#[derive(Deserialize)]
struct Groq {
    usage: Option<UsageIn>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    index: usize,
    delta: Option<Delta>,
    logprobs: Option<Logprobs>,
    finish_reason: Option<String>,
    /// Moonshot's place for usage.
    usage: Option<UsageIn>,
}

#[derive(Deserialize)]
struct Delta {
    /// A text, or parts of one.
    content: Option<Value>,
    refusal: Option<String>,
    reasoning_content: Option<String>,
    reasoning: Option<String>,
    thinking_blocks: Option<Value>,
    tool_calls: Option<Vec<CallDelta>>,
}

#[derive(Deserialize)]
struct CallDelta {
    index: Option<u64>,
    id: Option<String>,
    function: Option<FunctionDelta>,
}

#[derive(Deserialize, Default)]
struct FunctionDelta {
    name: Option<String>,
    arguments: Option<Value>,
}

/// A tool call as far as it has been told.
#[derive(Debug)]
struct Call {
    /// The server's number for it, where it gives one.
    number: Option<u64>,
    id: String,
    /// Our number, once its name is known and it has begun.
    begun: Option<usize>,
    /// Arguments that came before the name.
    early: String,
}

/// Reads one stream. Servers differ in how they tell tool calls: some repeat id and name, some
/// tell the name late, some leave out the number or give every call the number 0.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    started: bool,
    finished: bool,
    id: String,
    /// The tier that serves it: some tell it on every chunk, some on one.
    tier: Option<Tier>,
    calls: Vec<Call>,
    begun: usize,
}

impl Reader {
    /// Whether a finish reason has been told.
    pub(crate) fn finished(&self) -> bool {
        self.finished
    }

    pub(crate) fn events(&mut self, data: &Bytes) -> Result<Vec<Event>, Fault> {
        if data.trim_ascii() == b"[DONE]" {
            return Ok(vec![Event::End]);
        }
        let chunk: Chunk = lenient(data).map_err(|error| fault::unreadable("stream", error))?;
        if let Some(error) = chunk.error.filter(is_truthy) {
            return Ok(vec![Event::Fault { fault: fault::in_band(Dialect::OpenaiChat, &error) }]);
        }
        self.tier = chunk.service_tier.or(self.tier);
        let mut events = Vec::new();
        let choices = chunk.choices.unwrap_or_default();
        let elsewhere = chunk.x_groq.and_then(|groq| groq.usage);
        let elsewhere = elsewhere.or_else(|| choices.iter().find_map(|choice| choice.usage.clone()));
        let usage = chunk.usage.or(elsewhere).and_then(|usage| usage.read(self.tier));
        // Azure's first chunk has neither choices nor an id: it tells of prompt filters.
        if !self.started && (!choices.is_empty() || usage.is_some()) {
            self.started = true;
            self.id = chunk.id.unwrap_or_default();
            events.push(Event::Start { id: self.id.clone(), model: chunk.model.unwrap_or_default(), usage: None });
        }
        // The neutral words have one answer; others of `n` reach their own dialect as they came.
        for choice in choices.into_iter().filter(|choice| choice.index == 0) {
            self.choice(choice, &mut events);
        }
        events.extend(usage.map(|usage| Event::Usage { usage }));
        Ok(events)
    }

    fn choice(&mut self, choice: Choice, events: &mut Vec<Event>) {
        if let Some(delta) = choice.delta {
            let some = |text: Option<String>| text.filter(|text| !text.is_empty());
            let reasoning = some(delta.reasoning_content).or(some(delta.reasoning));
            let reasoning = reasoning.or_else(|| content_thinking(delta.content.as_ref()));
            events.extend(reasoning.map(|text| Event::Thinking { text }));
            for part in read_thinking(delta.thinking_blocks) {
                match part {
                    Part::Thinking { signature: Some(signature), by: Some(by), .. } => {
                        events.push(Event::ThinkingSignature { signature, by });
                    }
                    Part::Thinking { redacted: Some(data), by: Some(by), .. } => {
                        events.push(Event::ThinkingRedacted { data, by });
                    }
                    _ => {}
                }
            }
            events.extend(some(Some(content_text(delta.content))).map(|text| Event::Text { text }));
            events.extend(some(delta.refusal).map(|text| Event::Refusal { text }));
            for call in delta.tool_calls.unwrap_or_default() {
                self.call(call, events);
            }
        }
        let tokens = choice.logprobs.and_then(|told| told.content).map(logprobs::read).unwrap_or_default();
        events.extend((!tokens.is_empty()).then_some(Event::Logprobs { tokens }));
        let reason = choice.finish_reason.filter(|reason| !reason.is_empty() && !self.finished);
        if let Some(reason) = reason {
            self.finished = true;
            events.push(Event::Finish { finish: finish_of(&reason) });
        }
    }

    fn call(&mut self, delta: CallDelta, events: &mut Vec<Event>) {
        let function = delta.function.unwrap_or_default();
        let name = function.name.filter(|name| !name.is_empty());
        let id = delta.id.filter(|id| !id.is_empty());
        let at = self.find(delta.index, id.as_deref(), name.is_some()).unwrap_or_else(|| {
            self.calls.push(Call { number: delta.index, id: String::new(), begun: None, early: String::new() });
            self.calls.len() - 1
        });
        let call = &mut self.calls[at];
        if let (Some(id), true) = (id, call.id.is_empty()) {
            call.id = id;
        }
        let arguments = function.arguments.map(arguments_text).unwrap_or_default();
        let index = match (call.begun, name) {
            (Some(index), _) => index,
            (None, None) => return call.early.push_str(&arguments),
            (None, Some(name)) => {
                let index = self.begun;
                self.begun += 1;
                call.begun = Some(index);
                if call.id.is_empty() {
                    call.id = call_id(&self.id, index);
                }
                events.push(Event::ToolCall { index, id: call.id.clone(), name });
                let early = std::mem::take(&mut call.early);
                events.extend(
                    Some(early)
                        .filter(|early| !early.is_empty())
                        .map(|arguments| Event::ToolArguments { index, arguments }),
                );
                index
            }
        };
        if !arguments.is_empty() {
            events.push(Event::ToolArguments { index, arguments });
        }
    }

    /// The call that a delta continues; none when it begins one.
    fn find(&self, number: Option<u64>, id: Option<&str>, named: bool) -> Option<usize> {
        // A name together with another id is another call, whatever its number says.
        let another = |call: &Call| named && id.is_some_and(|id| !call.id.is_empty() && call.id != id);
        let same = |call: &Call| match number {
            Some(number) => call.number == Some(number) && !another(call),
            None => id.is_some_and(|id| call.id == id),
        };
        match self.calls.iter().rposition(same) {
            None if number.is_none() && id.is_none() && !named => self.calls.len().checked_sub(1),
            found => found,
        }
    }
}
