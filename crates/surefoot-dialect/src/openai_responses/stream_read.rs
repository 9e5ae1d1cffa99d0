//! Streams, from the words of OpenAI's responses.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use surefoot_types::{
    Fault,
    conversation::{Dialect, Event},
    usage::Tier,
};

use super::{Sealed, UsageWire, answer::Incomplete, finish_of};
use crate::{fault, logprobs};

#[derive(Deserialize)]
struct Frame {
    r#type: Option<String>,
    #[serde(default)]
    output_index: u64,
    #[serde(default)]
    summary_index: u64,
    delta: Option<String>,
    logprobs: Option<Vec<logprobs::TokenIn>>,
    item: Option<Value>,
    response: Option<Response>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    id: String,
    model: Option<String>,
    status: Option<String>,
    usage: Option<UsageWire>,
    #[serde(default, deserialize_with = "crate::json::tier")]
    service_tier: Option<Tier>,
    incomplete_details: Option<Incomplete>,
    error: Option<Value>,
}

/// A call being told.
#[derive(Debug)]
struct Call {
    /// The number of its item.
    item: u64,
    /// Whether any of its arguments have come.
    argued: bool,
}

/// Reads one stream.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    started: bool,
    calls: Vec<Call>,
}

impl Reader {
    /// The meaning of a frame. Its type stands in the data; the event's name is for imitators that
    /// leave it out there.
    pub(crate) fn events(&mut self, name: Option<&str>, data: &Bytes) -> Result<Vec<Event>, Fault> {
        if data.trim_ascii() == b"[DONE]" {
            // Some imitators close with the chat's terminator, after their own.
            return Ok(Vec::new());
        }
        let frame: Frame = serde_json::from_slice(data).map_err(|error| fault::unreadable("stream", error))?;
        let kind = frame.r#type.clone().or_else(|| name.map(str::to_owned)).unwrap_or_default();
        let mut events = Vec::new();
        let delta = || frame.delta.clone().filter(|text| !text.is_empty());
        match kind.as_str() {
            "response.created" | "response.queued" | "response.in_progress" => {
                events.extend(frame.response.and_then(|response| self.start(response)));
            }
            "response.output_text.delta" => {
                events.extend(delta().map(|text| Event::Text { text }));
                let tokens = frame.logprobs.map(logprobs::read).unwrap_or_default();
                events.extend((!tokens.is_empty()).then_some(Event::Logprobs { tokens }));
            }
            "response.refusal.delta" => events.extend(delta().map(|text| Event::Refusal { text })),
            "response.reasoning_summary_part.added" if frame.summary_index > 0 => {
                events.push(Event::Thinking { text: "\n\n".into() });
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                events.extend(delta().map(|text| Event::Thinking { text }));
            }
            "response.function_call_arguments.delta" => {
                events.extend(delta().and_then(|arguments| self.arguments(frame.output_index, arguments)));
            }
            "response.output_item.added" => self.added(&frame, &mut events),
            "response.output_item.done" => self.done(frame, &mut events),
            "response.completed" | "response.incomplete" | "response.failed" | "error" => {
                self.end(&kind, frame, data, &mut events);
            }
            _ => {}
        }
        Ok(events)
    }

    fn start(&mut self, response: Response) -> Option<Event> {
        let first = !std::mem::replace(&mut self.started, true);
        first.then(|| Event::Start { id: response.id, model: response.model.unwrap_or_default(), usage: None })
    }

    fn added(&mut self, frame: &Frame, events: &mut Vec<Event>) {
        let Some(item) = &frame.item else { return };
        let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        if text("type") == "function_call" {
            let index = self.calls.len();
            let arguments = text("arguments");
            self.calls.push(Call { item: frame.output_index, argued: !arguments.is_empty() });
            events.push(Event::ToolCall { index, id: text("call_id"), name: text("name") });
            events.extend((!arguments.is_empty()).then_some(Event::ToolArguments { index, arguments }));
        }
    }

    fn arguments(&mut self, item: u64, arguments: String) -> Option<Event> {
        let index = self.calls.iter().position(|call| call.item == item)?;
        self.calls[index].argued = true;
        Some(Event::ToolArguments { index, arguments })
    }

    /// An item is complete: what only now is known of it.
    fn done(&mut self, frame: Frame, events: &mut Vec<Event>) {
        let Some(item) = frame.item else { return };
        let text = |name: &str| item.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        match text("type").unwrap_or_default() {
            "message" => {}
            "function_call" => {
                let index = self.calls.iter().position(|call| call.item == frame.output_index);
                let unargued = index.filter(|&index| !self.calls[index].argued);
                if let Some((index, arguments)) = unargued.zip(text("arguments")) {
                    events.push(Event::ToolArguments { index, arguments: arguments.to_owned() });
                }
            }
            "reasoning" => {
                events.extend(text("encrypted_content").map(|wire| match Sealed::read(wire.to_owned()) {
                    Sealed::Signature(by, signature) => Event::ThinkingSignature { signature, by },
                    Sealed::Redacted(by, data) => Event::ThinkingRedacted { data, by },
                }));
            }
            _ => events.push(Event::Other { dialect: Dialect::OpenaiResponses, value: item }),
        }
    }

    fn end(&mut self, kind: &str, frame: Frame, data: &Bytes, events: &mut Vec<Event>) {
        let error = match (kind, &frame.response) {
            ("error", _) => Some(frame.error.clone().or_else(|| serde_json::from_slice(data).ok()).unwrap_or_default()),
            ("response.failed", response) => {
                Some(response.as_ref().and_then(|response| response.error.clone()).unwrap_or_default())
            }
            _ => None,
        };
        if let Some(error) = error {
            return events.push(Event::Fault { fault: fault::in_band(Dialect::OpenaiResponses, &error) });
        }
        let Some(response) = frame.response else { return };
        let status = response.status.as_deref().unwrap_or_else(|| kind.trim_start_matches("response."));
        let reason = response.incomplete_details.as_ref().and_then(|details| details.reason.as_deref());
        let finish = finish_of(status, reason, !self.calls.is_empty());
        let tier = response.service_tier;
        let usage = response.usage.as_ref().map(|usage| Event::Usage { usage: usage.read(tier) });
        events.extend(self.start(response));
        events.push(Event::Finish { finish });
        events.extend(usage);
        events.push(Event::End);
    }
}
