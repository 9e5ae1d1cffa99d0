//! Streams, in Bedrock's words: blocks by their numbers, the reason for the end, and the usage last.

use serde::Deserialize;
use serde_json::{Value, json};
use surefoot_types::{
    Code, Fault, Usage,
    conversation::{Dialect, Event, Finish},
};

use super::{UsageWire, reason_of, redacted_told};
use crate::{event_stream, json::vec_of, passthrough::member_added, signature, stream::Frame};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Reasoning,
    Redacted,
}

/// Writes one stream.
///
/// Frames that came in this dialect are forwarded as long as nothing else is said, and what they
/// say is followed, so that the writer can take over at any point.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    /// Nobody sees the frames: a forwarded one is followed.
    silent: bool,
    taken_over: bool,
    started: bool,
    /// The block of words or reasoning being written, and its number.
    open: Option<(Kind, u64)>,
    /// The number of the next block.
    next: u64,
    /// The blocks of calls, which stay open to the end: OpenAI's servers may tell them in turns.
    /// None for one whose end was forwarded.
    calls: Vec<Option<u64>>,
    finish: Option<Finish>,
    refused: bool,
    usage: Option<Usage>,
    /// The last frames as they came, which wait for `surefoot`.
    held: Vec<Frame>,
}

/// What has to be known of a forwarded frame.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    content_block_index: Option<u64>,
}

impl Writer {
    /// A frame that came in this dialect.
    pub(crate) fn forward(&mut self, frame: &Frame, out: &mut Vec<u8>) {
        if self.taken_over {
            return frame.events.iter().for_each(|event| self.take(event, out));
        }
        let name = frame.name.as_deref().unwrap_or_default();
        let index = serde_json::from_slice::<Head>(&frame.data).ok().and_then(|head| head.content_block_index);
        if let Some(index) = index.filter(|index| self.open.is_none_or(|(_, open)| open != *index)) {
            self.next = index;
        }
        self.silent = true;
        frame.events.iter().for_each(|event| self.take(event, &mut Vec::new()));
        self.silent = false;
        if let Some(index) = index {
            self.next = self.next.max(index + 1);
        }
        if name == "contentBlockStop" {
            self.open.take_if(|(_, open)| Some(*open) == index);
            self.calls.iter_mut().filter(|call| **call == index).for_each(|call| *call = None);
        }
        if matches!(name, "messageStop" | "metadata") {
            self.held.push(frame.clone());
        } else {
            event_stream::write(out, name, &frame.data);
        }
    }

    /// An event of a frame from another dialect, or made here.
    pub(crate) fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        self.taken_over = true;
        self.take(event, out);
    }

    fn take(&mut self, event: &Event, out: &mut Vec<u8>) {
        match event {
            Event::Usage { usage } => self.usage = Some(*usage),
            Event::Start { .. } => self.start(out),
            Event::Fault { .. } | Event::End => {}
            _ if self.finish.is_some() => {}
            Event::Finish { finish } => self.finish = Some(finish.clone()),
            _ => {
                self.start(out);
                self.content(event, out);
            }
        }
    }

    fn start(&mut self, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.started, true) {
            self.emit("messageStart", &json!({"role": "assistant"}), out);
        }
    }

    fn content(&mut self, event: &Event, out: &mut Vec<u8>) {
        let reasoning = |name: &str, value: &str| json!({"reasoningContent": {name: value}});
        match event {
            Event::Text { text } => self.delta(Kind::Text, &json!({"text": text}), out),
            Event::Refusal { text } => {
                self.refused = true;
                self.delta(Kind::Text, &json!({"text": text}), out);
            }
            Event::Thinking { text } => self.delta(Kind::Reasoning, &reasoning("text", text), out),
            Event::ThinkingSignature { signature, by } => {
                let wire = signature::told(Dialect::Bedrock, Some(*by), signature);
                self.delta(Kind::Reasoning, &reasoning("signature", &wire), out);
                // It covers what was thought before it: what comes next is another block.
                self.close(out);
            }
            Event::ThinkingRedacted { data, by } => {
                self.close(out);
                let wire = redacted_told(Some(*by), data);
                self.delta(Kind::Redacted, &reasoning("redactedContent", &wire), out);
                self.close(out);
            }
            Event::ToolCall { index, id, name } if *index >= self.calls.len() => {
                self.close(out);
                let start = json!({"toolUse": {"toolUseId": id, "name": name}});
                self.emit("contentBlockStart", &json!({"start": start, "contentBlockIndex": self.next}), out);
                self.calls.push(Some(self.next));
                self.next += 1;
            }
            Event::ToolArguments { index, arguments } => {
                if let Some(block) = self.calls.get(*index).copied().flatten() {
                    let delta = json!({"toolUse": {"input": arguments}});
                    self.emit("contentBlockDelta", &json!({"delta": delta, "contentBlockIndex": block}), out);
                }
            }
            _ => {}
        }
    }

    fn delta(&mut self, kind: Kind, delta: &Value, out: &mut Vec<u8>) {
        if self.open.is_none_or(|(open, _)| open != kind) {
            self.close(out);
            self.open = Some((kind, self.next));
            self.next += 1;
        }
        let index = self.open.map(|(_, index)| index);
        self.emit("contentBlockDelta", &json!({"delta": delta, "contentBlockIndex": index}), out);
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        // A forwarded block is ended by its own frame, unless that is no longer forwarded.
        if !self.silent
            && let Some((_, index)) = self.open.take()
        {
            self.emit("contentBlockStop", &json!({"contentBlockIndex": index}), out);
        }
    }

    fn emit(&self, name: &str, data: &Value, out: &mut Vec<u8>) {
        if !self.silent {
            event_stream::write(out, name, &vec_of(data));
        }
    }

    pub(crate) fn finish(&mut self, surefoot: &Value, out: &mut Vec<u8>) {
        let held = std::mem::take(&mut self.held);
        let has_both = held.iter().any(|frame| frame.name.as_deref() == Some("metadata"));
        if !self.taken_over && has_both {
            for frame in held {
                let name = frame.name.as_deref().unwrap_or_default();
                let added = if name == "metadata" { member_added(&frame.data, "surefoot", surefoot) } else { None };
                event_stream::write(out, name, added.as_deref().unwrap_or(&frame.data));
            }
            return;
        }
        self.start(out);
        self.close(out);
        for block in self.calls.iter().flatten() {
            self.emit("contentBlockStop", &json!({"contentBlockIndex": block}), out);
        }
        let reason = reason_of(self.finish.as_ref().unwrap_or(&Finish::Stop), self.refused);
        self.emit("messageStop", &json!({"stopReason": reason}), out);
        let usage = UsageWire::from(self.usage.unwrap_or_default());
        let mut metadata = json!({"usage": usage, "metrics": {"latencyMs": 0}});
        if !surefoot.is_null() {
            metadata["surefoot"] = surefoot.clone();
        }
        self.emit("metadata", &metadata, out);
    }

    /// Blocks stay open: their end would tell a client to act on what may be half of them.
    pub(crate) fn fail(&mut self, fault: &Fault, surefoot: &Value, out: &mut Vec<u8>) {
        let name = match fault.code {
            Code::RateLimited | Code::OverBudget => "throttlingException",
            Code::BadRequest | Code::TooLarge => "validationException",
            Code::Unavailable => "serviceUnavailableException",
            Code::Upstream | Code::UpstreamTimeout => "modelStreamErrorException",
            _ => "internalServerException",
        };
        let mut error = json!({"message": fault.told()});
        if !surefoot.is_null() {
            error["surefoot"] = surefoot.clone();
        }
        self.emit(name, &error, out);
    }
}
