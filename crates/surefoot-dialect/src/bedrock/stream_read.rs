//! Streams, from Bedrock's words.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;
use surefoot_types::{
    Fault,
    conversation::{Dialect, Event, Finish},
    usage::Tier,
};

use super::{UsageWire, finish_of, redacted_read};
use crate::{calls, event_stream::is_exception, fault, ids, signature};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Frame {
    content_block_index: Option<u64>,
    start: Option<Start>,
    delta: Option<Delta>,
    stop_reason: Option<String>,
    usage: Option<UsageWire>,
    #[serde(default, deserialize_with = "crate::json::tier")]
    service_tier: Option<Tier>,
    #[serde(alias = "Message")]
    message: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start {
    tool_use: Option<ToolUse>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolUse {
    tool_use_id: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delta {
    text: Option<String>,
    tool_use: Option<Input>,
    reasoning_content: Option<Reasoning>,
}

#[derive(Deserialize)]
struct Input {
    input: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reasoning {
    text: Option<String>,
    signature: Option<String>,
    redacted_content: Option<String>,
}

/// Reads one stream.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    finished: bool,
    /// For each call, the number of its block, and whether any of its arguments have come.
    calls: Vec<(Option<u64>, bool)>,
}

impl Reader {
    /// Whether a reason for the end has been told.
    pub(crate) fn finished(&self) -> bool {
        self.finished
    }

    pub(crate) fn events(&mut self, name: Option<&str>, data: &Bytes) -> Result<Vec<Event>, Fault> {
        let name = name.unwrap_or_default();
        let frame: Frame = serde_json::from_slice(data).map_err(|error| fault::unreadable("stream", error))?;
        let mut events = Vec::new();
        match name {
            "messageStart" => {
                events.push(Event::Start { id: String::new(), model: String::new(), usage: None });
            }
            "contentBlockStart" => {
                events.extend(frame.start.and_then(|start| start.tool_use).map(|call| {
                    self.calls.push((frame.content_block_index, false));
                    let index = self.calls.len() - 1;
                    Event::ToolCall { index, id: ids::restored(call.tool_use_id), name: call.name }
                }));
            }
            "contentBlockDelta" => {
                if let Some(delta) = frame.delta {
                    self.delta(frame.content_block_index, delta, &mut events);
                }
            }
            "messageStop" => self.stop(&frame.stop_reason.unwrap_or_default(), &mut events),
            "metadata" => {
                events.extend(frame.usage.map(|usage| Event::Usage { usage: usage.read(frame.service_tier) }));
                events.extend(self.finished.then_some(Event::End));
            }
            exception if is_exception(exception) => {
                let error = json!({"type": exception, "message": frame.message, "code": status_of(exception)});
                events.push(Event::Fault { fault: fault::in_band(Dialect::Bedrock, &error) });
            }
            // Ends of blocks, and events that this version does not know.
            _ => {}
        }
        Ok(events)
    }

    fn delta(&mut self, block: Option<u64>, delta: Delta, events: &mut Vec<Event>) {
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        events.extend(some(delta.text).map(|text| Event::Text { text }));
        let index = self.calls.iter().rposition(|(number, _)| *number == block);
        if let (Some(arguments), Some(index)) = (delta.tool_use.and_then(|call| some(call.input)), index) {
            self.calls[index].1 = true;
            events.push(Event::ToolArguments { index, arguments });
        }
        if let Some(reasoning) = delta.reasoning_content {
            events.extend(some(reasoning.text).map(|text| Event::Thinking { text }));
            events.extend(some(reasoning.signature).map(|wire| {
                let (by, signature) = signature::read(Dialect::Bedrock, wire);
                Event::ThinkingSignature { signature, by }
            }));
            events.extend(some(reasoning.redacted_content).map(|wire| {
                let (by, data) = redacted_read(wire);
                Event::ThinkingRedacted { data, by }
            }));
        }
    }

    /// A call without arguments streams none: told only here, since one that was cut looks the same.
    fn stop(&mut self, reason: &str, events: &mut Vec<Event>) {
        let finish = match finish_of(reason) {
            Ok(finish) => finish,
            Err(fault) => return events.push(Event::Fault { fault }),
        };
        let cut = calls::cut(&finish, self.calls.len());
        for (index, (_, argued)) in self.calls.iter_mut().enumerate() {
            if !*argued && cut != Some(index) {
                *argued = true;
                events.push(Event::ToolArguments { index, arguments: "{}".into() });
            }
        }
        self.finished = true;
        events.push(Event::Finish { finish: if reason.is_empty() { Finish::Stop } else { finish } });
    }
}

/// The status that goes with an exception.
fn status_of(exception: &str) -> &'static str {
    match exception {
        "throttlingException" => "429",
        "validationException" => "400",
        "serviceUnavailableException" => "503",
        "modelTimeoutException" => "408",
        _ => "500",
    }
}
