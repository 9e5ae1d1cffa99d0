//! Streams, in Anthropic's words: blocks one after the other, each begun once and ended once, with
//! numbers that rise without a gap.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use surefoot_types::{
    Fault, Usage,
    conversation::{Dialect, Event, Finish},
};

use super::{UsageOut, reason_of};
use crate::{fault::error_object, ids, json::vec_of, passthrough::member_added, signature, sse, stream::Frame};

/// What a block holds.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Text,
    Thinking,
    /// A tool call, by its number among the calls.
    Tool(usize),
    /// Withheld reasoning, whole as it begins.
    Redacted,
    /// A block of a kind that no event speaks of.
    Foreign,
}

/// The block being written.
#[derive(Debug)]
struct Open {
    kind: Kind,
    index: usize,
    /// The number that the wire gives it, for a block that came from there.
    forwarded: Option<usize>,
    /// Its signature has been written: what is thought next is another block.
    signed: bool,
}

/// A block that waits until the one being written has ended.
#[derive(Debug)]
struct Waiting {
    kind: Kind,
    /// Id and name of a tool call.
    call: (String, String),
    text: String,
    signature: Option<String>,
}

/// Writes one stream. Frames that came in this dialect and frames made from events may be mixed:
/// both keep the same state.
///
/// OpenAI's servers may tell several tool calls in turns, and strict clients of Anthropic's know
/// one block at a time. So the first call is written as it comes, and whatever else begins before
/// the answer ends waits behind it: nobody knows sooner that a call is complete.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    started: bool,
    open: Option<Open>,
    /// The number of the next block.
    next: usize,
    calls: usize,
    waiting: Vec<Waiting>,
    finish: Option<Finish>,
    refused: bool,
    usage: Option<Usage>,
    /// `message_delta` has been written.
    concluded: bool,
    /// The `message_stop` that came from the wire, which waits for `surefoot`.
    stop: Option<Bytes>,
}

/// What has to be known of a forwarded frame.
#[derive(Deserialize)]
struct Head {
    r#type: String,
    index: Option<usize>,
    content_block: Option<HeadBlock>,
}

#[derive(Deserialize)]
struct HeadBlock {
    r#type: String,
}

impl Writer {
    /// A frame that came in this dialect.
    pub(crate) fn forward(&mut self, frame: &Frame, out: &mut Vec<u8>) {
        let renumbered = self.open.as_ref().is_some_and(|open| open.forwarded.is_some_and(|n| n != open.index));
        if frame.name.as_deref() == Some("content_block_delta") && !renumbered {
            self.observe(&frame.events);
            return sse::write(out, frame.name.as_deref(), &frame.data);
        }
        let Ok(head) = serde_json::from_slice::<Head>(&frame.data) else {
            return sse::write(out, frame.name.as_deref(), &frame.data);
        };
        match head.r#type.as_str() {
            "message_start" => self.started = true,
            "content_block_start" => return self.forward_start(&head, frame, out),
            "content_block_stop" => return self.forward_stop(&head, frame, out),
            "content_block_delta" => {
                let index = self.open.as_ref().map(|open| open.index);
                self.observe(&frame.events);
                return write_numbered(&head, index, frame, out);
            }
            "message_delta" => {
                self.flush(out);
                self.concluded = true;
            }
            "message_stop" => {
                self.stop = Some(frame.data.clone());
                return;
            }
            _ => {}
        }
        self.observe(&frame.events);
        // SDKs go by the event's name, which some imitators leave out.
        sse::write(out, Some(&head.r#type), &frame.data);
    }

    fn forward_start(&mut self, head: &Head, frame: &Frame, out: &mut Vec<u8>) {
        self.flush(out);
        let index = self.next;
        self.next += 1;
        let kind = match head.content_block.as_ref().map_or("", |block| block.r#type.as_str()) {
            "text" => Kind::Text,
            "thinking" => Kind::Thinking,
            "tool_use" => Kind::Tool(self.calls),
            _ => Kind::Foreign,
        };
        self.observe(&frame.events);
        self.open = Some(Open { kind, index, forwarded: Some(head.index.unwrap_or(index)), signed: false });
        write_numbered(head, Some(index), frame, out);
    }

    fn forward_stop(&mut self, head: &Head, frame: &Frame, out: &mut Vec<u8>) {
        // Without an open block it was ended here already; twice would make a client act twice.
        if let Some(open) = self.open.take() {
            write_numbered(head, Some(open.index), frame, out);
        }
        self.flush(out);
    }

    /// Follows what a forwarded frame says.
    fn observe(&mut self, events: &[Event]) {
        for event in events {
            match event {
                Event::ToolCall { index, .. } => self.calls = index + 1,
                Event::Finish { finish } => self.finish = Some(finish.clone()),
                Event::Start { usage: Some(usage), .. } | Event::Usage { usage } => self.usage = Some(*usage),
                _ => {}
            }
        }
    }

    /// An event of a frame from another dialect, or made here.
    pub(crate) fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        match event {
            Event::Start { id, model, usage } if !self.started => self.start(id, model, *usage, out),
            Event::Usage { usage } => self.usage = Some(*usage),
            Event::Start { .. } | Event::Fault { .. } | Event::End => {}
            _ if self.finish.is_some() => {}
            Event::Finish { finish } => self.finish = Some(finish.clone()),
            _ => {
                self.start_if_needed(out);
                self.content(event, out);
            }
        }
    }

    fn start(&mut self, id: &str, model: &str, usage: Option<Usage>, out: &mut Vec<u8>) {
        self.started = true;
        self.usage = self.usage.or(usage);
        let message = json!({
            "id": id,
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [],
            "stop_reason": null,
            "stop_sequence": null,
            "usage": UsageOut::from(usage.unwrap_or_default()),
        });
        write(out, "message_start", &json!({"type": "message_start", "message": message}));
    }

    fn start_if_needed(&mut self, out: &mut Vec<u8>) {
        if !self.started {
            self.start("", "", None, out);
        }
    }

    fn content(&mut self, event: &Event, out: &mut Vec<u8>) {
        let (kind, text) = match event {
            Event::Text { text } => (Kind::Text, text),
            Event::Refusal { text } => {
                self.refused = true;
                (Kind::Text, text)
            }
            Event::Thinking { text } => (Kind::Thinking, text),
            Event::ThinkingSignature { signature, by } => {
                return self.signature(&signature::told(Dialect::Anthropic, Some(*by), signature), out);
            }
            Event::ThinkingRedacted { data, by } => {
                let mut waiting = Waiting::new(Kind::Redacted, Default::default());
                waiting.text = signature::told(Dialect::Anthropic, Some(*by), data).into_owned();
                return self.begin(waiting, out);
            }
            Event::ToolCall { index, id, name } => {
                self.calls = self.calls.max(index + 1);
                return self.begin(Waiting::new(Kind::Tool(*index), (ids::plain(id).into_owned(), name.clone())), out);
            }
            Event::ToolArguments { index, arguments } => (Kind::Tool(*index), arguments),
            _ => return,
        };
        // Arguments find their call wherever it waits; words go to the block that came last.
        let is_last = |waiting: &&mut Waiting| waiting.kind == kind && waiting.signature.is_none();
        let waiting = match kind {
            Kind::Tool(_) => self.waiting.iter_mut().find(is_last),
            _ => self.waiting.last_mut().filter(is_last),
        };
        if let Some(waiting) = waiting {
            waiting.text.push_str(text);
        } else if self.open.as_ref().is_some_and(|open| open.kind == kind && !open.signed)
            && (self.waiting.is_empty() || matches!(kind, Kind::Tool(_)))
        {
            self.delta(&kind, text, out);
        } else if !matches!(kind, Kind::Tool(_)) {
            let mut waiting = Waiting::new(kind, Default::default());
            waiting.text.clone_from(text);
            self.begin(waiting, out);
        }
    }

    fn signature(&mut self, signature: &str, out: &mut Vec<u8>) {
        let is_unsigned = |open: &Open| open.kind == Kind::Thinking && !open.signed;
        let open_fits = self.waiting.is_empty() && self.open.as_ref().is_some_and(is_unsigned);
        let waits = |waiting: &&mut Waiting| waiting.kind == Kind::Thinking && waiting.signature.is_none();
        if let Some(waiting) = self.waiting.last_mut().filter(waits) {
            waiting.signature = Some(signature.to_owned());
        } else if open_fits {
            self.signature_delta(signature, out);
        } else {
            let mut waiting = Waiting::new(Kind::Thinking, Default::default());
            waiting.signature = Some(signature.to_owned());
            self.begin(waiting, out);
        }
    }

    /// Begins a block now where that is possible, else lets it wait.
    fn begin(&mut self, block: Waiting, out: &mut Vec<u8>) {
        let busy =
            self.open.as_ref().is_some_and(|open| open.forwarded.is_some() || matches!(open.kind, Kind::Tool(_)));
        if busy || !self.waiting.is_empty() {
            self.waiting.push(block);
        } else {
            self.close(out);
            self.open(&block, out);
        }
    }

    /// Ends the block being written and writes all that wait.
    fn flush(&mut self, out: &mut Vec<u8>) {
        self.close(out);
        for block in std::mem::take(&mut self.waiting) {
            self.open(&block, out);
            self.close(out);
        }
    }

    fn open(&mut self, block: &Waiting, out: &mut Vec<u8>) {
        let content_block = match block.kind {
            Kind::Text | Kind::Foreign => json!({"type": "text", "text": ""}),
            Kind::Thinking => json!({"type": "thinking", "thinking": "", "signature": ""}),
            Kind::Redacted => json!({"type": "redacted_thinking", "data": block.text}),
            Kind::Tool(_) => json!({"type": "tool_use", "id": block.call.0, "name": block.call.1, "input": {}}),
        };
        let index = self.next;
        self.next += 1;
        let start = json!({"type": "content_block_start", "index": index, "content_block": content_block});
        write(out, "content_block_start", &start);
        self.open = Some(Open { kind: block.kind.clone(), index, forwarded: None, signed: false });
        if !block.text.is_empty() && block.kind != Kind::Redacted {
            self.delta(&block.kind, &block.text, out);
        }
        if let Some(signature) = &block.signature {
            self.signature_delta(signature, out);
        }
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if let Some(open) = self.open.take() {
            write(out, "content_block_stop", &json!({"type": "content_block_stop", "index": open.index}));
        }
    }

    fn delta(&self, kind: &Kind, text: &str, out: &mut Vec<u8>) {
        let delta = match kind {
            Kind::Text | Kind::Redacted | Kind::Foreign => Delta::Text { text },
            Kind::Thinking => Delta::Thinking { thinking: text },
            Kind::Tool(_) => Delta::InputJson { partial_json: text },
        };
        self.delta_write(delta, out);
    }

    fn signature_delta(&mut self, signature: &str, out: &mut Vec<u8>) {
        if let Some(open) = &mut self.open {
            open.signed = true;
        }
        self.delta_write(Delta::Signature { signature }, out);
    }

    fn delta_write(&self, delta: Delta<'_>, out: &mut Vec<u8>) {
        let index = self.open.as_ref().map_or(self.next, |open| open.index);
        write(out, "content_block_delta", &DeltaFrame { r#type: "content_block_delta", index, delta });
    }

    pub(crate) fn finish(&mut self, surefoot: &Value, out: &mut Vec<u8>) {
        self.start_if_needed(out);
        self.flush(out);
        if !self.concluded {
            let reason = reason_of(self.finish.as_ref().unwrap_or(&Finish::Stop), self.refused);
            let delta = json!({
                "type": "message_delta",
                "delta": {"stop_reason": reason, "stop_sequence": null},
                "usage": UsageOut::from(self.usage.unwrap_or_default()),
            });
            write(out, "message_delta", &delta);
        }
        let stop = self.stop.take().unwrap_or(Bytes::from_static(br#"{"type":"message_stop"}"#));
        match member_added(&stop, "surefoot", surefoot) {
            Some(stop) => sse::write(out, Some("message_stop"), &stop),
            None => sse::write(out, Some("message_stop"), &stop),
        }
    }

    /// The block being written is ended where it holds words. A tool call is left open: its end
    /// would tell a client to run what may be half a call.
    pub(crate) fn fail(&mut self, fault: &Fault, surefoot: &Value, out: &mut Vec<u8>) {
        if self.open.as_ref().is_some_and(|open| matches!(open.kind, Kind::Text | Kind::Thinking | Kind::Redacted)) {
            self.close(out);
        }
        write(out, "error", &error_object(Dialect::Anthropic, fault, surefoot));
    }
}

impl Waiting {
    fn new(kind: Kind, call: (String, String)) -> Self {
        Self { kind, call, text: String::new(), signature: None }
    }
}

#[derive(Serialize)]
struct DeltaFrame<'a> {
    r#type: &'static str,
    index: usize,
    delta: Delta<'a>,
}

#[derive(Serialize)]
#[serde(tag = "type")]
enum Delta<'a> {
    #[serde(rename = "text_delta")]
    Text { text: &'a str },
    #[serde(rename = "thinking_delta")]
    Thinking { thinking: &'a str },
    #[serde(rename = "signature_delta")]
    Signature { signature: &'a str },
    #[serde(rename = "input_json_delta")]
    InputJson { partial_json: &'a str },
}

fn write(out: &mut Vec<u8>, name: &str, data: &impl Serialize) {
    sse::write(out, Some(name), &vec_of(data));
}

/// Writes a forwarded frame of a block, under the block's number here.
fn write_numbered(head: &Head, index: Option<usize>, frame: &Frame, out: &mut Vec<u8>) {
    if index.is_some()
        && index != head.index
        && let Ok(mut data) = serde_json::from_slice::<Value>(&frame.data)
    {
        data["index"] = index.into();
        return write(out, &head.r#type, &data);
    }
    sse::write(out, Some(&head.r#type), &frame.data);
}
