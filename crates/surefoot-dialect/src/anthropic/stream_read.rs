//! Streams, from Anthropic's words.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use surefoot_types::{
    Fault,
    conversation::{Dialect, Event, Finish},
};

use super::{UsageIn, finish_of};
use crate::{calls, fault, ids, signature};

#[derive(Deserialize)]
struct Frame<'a> {
    r#type: Option<String>,
    index: Option<u64>,
    message: Option<Message>,
    #[serde(borrow)]
    content_block: Option<Block<'a>>,
    delta: Option<Delta>,
    usage: Option<UsageIn>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    id: String,
    #[serde(default)]
    model: String,
    usage: Option<UsageIn>,
}

#[derive(Deserialize)]
struct Block<'a> {
    r#type: String,
    text: Option<String>,
    thinking: Option<String>,
    data: Option<String>,
    #[serde(default)]
    id: String,
    #[serde(default)]
    name: String,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Delta {
    r#type: Option<String>,
    text: Option<String>,
    thinking: Option<String>,
    signature: Option<String>,
    partial_json: Option<String>,
    stop_reason: Option<String>,
}

/// A tool call being told.
#[derive(Debug)]
struct Call {
    /// The number of its block.
    block: Option<u64>,
    /// What its block began with: always `{}` from Anthropic, the whole input from some imitators.
    initial: String,
    /// Whether any of its arguments have come.
    argued: bool,
}

/// Reads one stream.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    usage: UsageIn,
    calls: Vec<Call>,
}

impl Reader {
    /// The meaning of a frame. Its type stands in the data; the event's name is for imitators that
    /// leave it out there.
    pub(crate) fn events(&mut self, name: Option<&str>, data: &Bytes) -> Result<Vec<Event>, Fault> {
        let frame: Frame<'_> = serde_json::from_slice(data).map_err(|error| fault::unreadable("stream", error))?;
        let kind = frame.r#type.as_deref().or(name).unwrap_or_default();
        let mut events = Vec::new();
        match kind {
            "message_start" => events.extend(frame.message.map(|message| self.start(message))),
            "content_block_start" => {
                events.extend(frame.content_block.and_then(|block| self.block(frame.index, block)));
            }
            "content_block_delta" => events.extend(frame.delta.and_then(|delta| self.delta(frame.index, delta))),
            "message_delta" => self.message_delta(frame.delta, frame.usage, &mut events),
            "message_stop" => events.push(Event::End),
            "error" => {
                let error = frame.error.unwrap_or_default();
                events.push(Event::Fault { fault: fault::in_band(Dialect::Anthropic, &error) });
            }
            // Pings, ends of blocks, and types that this version does not know.
            _ => {}
        }
        Ok(events)
    }

    fn start(&mut self, message: Message) -> Event {
        self.usage = message.usage.unwrap_or_default();
        Event::Start { id: message.id, model: message.model, usage: self.usage.read() }
    }

    fn block(&mut self, number: Option<u64>, block: Block<'_>) -> Option<Event> {
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        match block.r#type.as_str() {
            "text" => some(block.text).map(|text| Event::Text { text }),
            "thinking" => some(block.thinking).map(|text| Event::Thinking { text }),
            "redacted_thinking" => block.data.map(|wire| {
                let (by, data) = signature::read(Dialect::Anthropic, wire);
                Event::ThinkingRedacted { data, by }
            }),
            "tool_use" => {
                let initial = block.input.map_or("{}", RawValue::get).to_owned();
                self.calls.push(Call { block: number, initial, argued: false });
                Some(Event::ToolCall { index: self.calls.len() - 1, id: ids::restored(block.id), name: block.name })
            }
            // The provider's own tools reach only their own dialect.
            _ => None,
        }
    }

    fn delta(&mut self, number: Option<u64>, delta: Delta) -> Option<Event> {
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        match delta.r#type.as_deref()? {
            "text_delta" => some(delta.text).map(|text| Event::Text { text }),
            "thinking_delta" => some(delta.thinking).map(|text| Event::Thinking { text }),
            "signature_delta" => some(delta.signature).map(|wire| {
                let (by, signature) = signature::read(Dialect::Anthropic, wire);
                Event::ThinkingSignature { signature, by }
            }),
            "input_json_delta" => {
                let arguments = some(delta.partial_json)?;
                // By the block's number: the provider's own tools stream their input as well.
                let index = self.calls.iter().rposition(|call| call.block == number)?;
                self.calls[index].argued = true;
                Some(Event::ToolArguments { index, arguments })
            }
            _ => None,
        }
    }

    fn message_delta(&mut self, delta: Option<Delta>, usage: Option<UsageIn>, events: &mut Vec<Event>) {
        if let Some(reason) = delta.and_then(|delta| delta.stop_reason) {
            let finish = finish_of(&reason);
            self.unargued(&finish, events);
            events.push(Event::Finish { finish });
        }
        if let Some(usage) = usage {
            self.usage.update(usage);
            events.extend(self.usage.read().map(|usage| Event::Usage { usage }));
        }
    }

    /// A call without arguments streams none, and has what its block began with. Told only here,
    /// since a call that the token limit cut looks the same until the reason is known.
    fn unargued(&mut self, finish: &Finish, events: &mut Vec<Event>) {
        let cut = calls::cut(finish, self.calls.len());
        for (index, call) in self.calls.iter_mut().enumerate() {
            if !call.argued && cut != Some(index) {
                call.argued = true;
                events.push(Event::ToolArguments { index, arguments: std::mem::take(&mut call.initial) });
            }
        }
    }
}
