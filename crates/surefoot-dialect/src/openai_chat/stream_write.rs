//! Streams, in OpenAI's words.

use bytes::Bytes;
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::{Value, json};
use surefoot_types::{
    Fault, Usage,
    conversation::{Dialect, Event, Finish, Logprob},
};

use super::{ThinkingBlock, UsageOut, reason_of, write::redacted_block};
use crate::{
    calls,
    fault::error_object,
    json::vec_of,
    logprobs,
    passthrough::member_added,
    signature, sse,
    stream::{Frame, StreamOptions},
};

const DONE: &[u8] = b"[DONE]";

/// Writes one stream. Chunks that came in this dialect and chunks made from events may be mixed:
/// both keep the same state.
#[derive(Debug)]
pub(crate) struct Writer {
    options: StreamOptions,
    id: String,
    model: String,
    started: bool,
    finished: bool,
    /// For each tool call, whether any of its arguments have been written.
    calls: Vec<bool>,
    /// The reasoning since the last signature, which covers it.
    thinking: String,
    /// The JSON of the last chunk, which waits for `surefoot`.
    held: Option<Held>,
    usage: Option<Usage>,
    /// The usage went out in a chunk that came from the wire.
    usage_forwarded: bool,
}

#[derive(Debug)]
struct Held {
    name: Option<String>,
    data: Bytes,
}

#[derive(Serialize)]
struct Chunk<'a> {
    id: &'a str,
    object: &'static str,
    created: i64,
    model: &'a str,
    choices: &'a [Choice<'a>],
    /// Null on every chunk but the last, where usage was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Option<UsageOut>>,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: usize,
    delta: Delta<'a>,
    logprobs: Option<Value>,
    finish_reason: Option<&'static str>,
}

#[derive(Serialize, Default)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_blocks: Option<[ThinkingBlock; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<[CallDelta<'a>; 1]>,
}

#[derive(Serialize)]
struct CallDelta<'a> {
    index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'static str>,
    function: FunctionDelta<'a>,
}

#[derive(Serialize)]
struct FunctionDelta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    arguments: &'a str,
}

impl Writer {
    pub(crate) fn new(options: StreamOptions) -> Self {
        Self {
            options,
            id: String::new(),
            model: String::new(),
            started: false,
            finished: false,
            calls: Vec::new(),
            thinking: String::new(),
            held: None,
            usage: None,
            usage_forwarded: false,
        }
    }

    /// A frame that came in this dialect.
    pub(crate) fn forward(&mut self, frame: &Frame, out: &mut Vec<u8>) {
        let is_usage = frame.events.iter().any(|event| matches!(event, Event::Usage { .. }));
        frame.events.iter().for_each(|event| self.observe(event));
        let is_end = frame.events.contains(&Event::End);
        if is_end || (is_usage && !self.options.include_usage && has_no_choices(&frame.data)) {
            return;
        }
        self.usage_forwarded |= is_usage;
        self.held_flush(out);
        if self.finished {
            self.held = Some(Held { name: frame.name.clone(), data: frame.data.clone() });
        } else {
            sse::write(out, frame.name.as_deref(), &frame.data);
        }
    }

    /// Follows what a forwarded frame says.
    fn observe(&mut self, event: &Event) {
        match event {
            Event::Start { id, model, .. } => self.start_note(id, model),
            Event::ToolCall { index, .. } => self.call_note(*index, false),
            Event::ToolArguments { index, .. } => self.call_note(*index, true),
            Event::Finish { .. } => self.finished = true,
            Event::Usage { usage } => self.usage = Some(*usage),
            _ => {}
        }
    }

    fn start_note(&mut self, id: &str, model: &str) {
        id.clone_into(&mut self.id);
        model.clone_into(&mut self.model);
        self.started = true;
    }

    fn call_note(&mut self, index: usize, argued: bool) {
        if index >= self.calls.len() {
            self.calls.resize(index + 1, false);
        }
        self.calls[index] |= argued;
    }

    /// An event of a frame from another dialect, or made here.
    pub(crate) fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        match event {
            Event::Start { id, model, .. } if !self.started => {
                self.start_note(id, model);
                self.delta(Delta { role: Some("assistant"), content: Some(""), ..Delta::default() }, out);
            }
            Event::Usage { usage } => self.usage = Some(*usage),
            Event::Start { .. } | Event::Fault { .. } | Event::End => {}
            _ if self.finished => {}
            Event::Finish { finish } => self.finish_note(finish, out),
            _ => {
                self.start_if_needed(out);
                self.content(event, out);
            }
        }
    }

    fn start_if_needed(&mut self, out: &mut Vec<u8>) {
        if !self.started {
            self.event(&Event::Start { id: String::new(), model: String::new(), usage: None }, out);
        }
    }

    fn content(&mut self, event: &Event, out: &mut Vec<u8>) {
        let delta = match event {
            Event::Text { text } => Delta { content: Some(text), ..Delta::default() },
            Event::Refusal { text } => Delta { refusal: Some(text), ..Delta::default() },
            Event::Thinking { text } => {
                self.thinking.push_str(text);
                Delta { reasoning_content: Some(text), ..Delta::default() }
            }
            Event::ThinkingSignature { signature, by } => {
                // Whole, so that a client can send it back without putting pieces together.
                let thinking = std::mem::take(&mut self.thinking);
                let signature = signature::told(Dialect::OpenaiChat, Some(*by), signature).into_owned();
                let block = ThinkingBlock::Thinking { thinking, signature: Some(signature) };
                Delta { thinking_blocks: Some([block]), ..Delta::default() }
            }
            Event::ThinkingRedacted { data, by } => {
                Delta { thinking_blocks: Some([redacted_block(data, Some(*by))]), ..Delta::default() }
            }
            Event::Logprobs { tokens } => return self.logprobs(tokens, out),
            Event::ToolCall { index, id, name } => {
                self.call_note(*index, false);
                let function = FunctionDelta { name: Some(name), arguments: "" };
                call_delta(CallDelta { index: *index, id: Some(id), r#type: Some("function"), function })
            }
            Event::ToolArguments { index, arguments } => {
                self.call_note(*index, !arguments.is_empty());
                let function = FunctionDelta { name: None, arguments };
                call_delta(CallDelta { index: *index, id: None, r#type: None, function })
            }
            _ => return,
        };
        self.delta(delta, out);
    }

    /// Clients parse a call's arguments, so a call that had none gets an empty object; not one
    /// that was cut, which they would run.
    fn finish_note(&mut self, finish: &Finish, out: &mut Vec<u8>) {
        self.start_if_needed(out);
        let cut = calls::cut(finish, self.calls.len());
        for index in 0..self.calls.len() {
            if !self.calls[index] && cut != Some(index) {
                self.content(&Event::ToolArguments { index, arguments: "{}".into() }, out);
            }
        }
        self.finished = true;
        let choice =
            Choice { index: 0, delta: Delta::default(), logprobs: None, finish_reason: Some(reason_of(finish)) };
        self.held_flush(out);
        self.held = Some(Held { name: None, data: self.chunk(&[choice], None).into() });
    }

    fn logprobs(&mut self, tokens: &[Logprob], out: &mut Vec<u8>) {
        let told = json!({"content": logprobs::write(tokens), "refusal": null});
        let choice = Choice { index: 0, delta: Delta::default(), logprobs: Some(told), finish_reason: None };
        let chunk = self.chunk(&[choice], None);
        sse::write(out, None, &chunk);
    }

    fn delta(&mut self, delta: Delta<'_>, out: &mut Vec<u8>) {
        let chunk = self.chunk(&[Choice { index: 0, delta, logprobs: None, finish_reason: None }], None);
        sse::write(out, None, &chunk);
    }

    fn chunk(&self, choices: &[Choice<'_>], usage: Option<Usage>) -> Vec<u8> {
        vec_of(&Chunk {
            id: &self.id,
            object: "chat.completion.chunk",
            created: self.options.created,
            model: &self.model,
            choices,
            usage: self.options.include_usage.then(|| usage.map(UsageOut::from)),
        })
    }

    fn held_flush(&mut self, out: &mut Vec<u8>) {
        if let Some(held) = self.held.take() {
            sse::write(out, held.name.as_deref(), &held.data);
        }
    }

    pub(crate) fn finish(&mut self, surefoot: &Value, out: &mut Vec<u8>) {
        if !self.finished {
            self.finish_note(&Finish::Stop, out);
        }
        if let (true, false, Some(usage)) = (self.options.include_usage, self.usage_forwarded, self.usage) {
            self.held_flush(out);
            self.held = Some(Held { name: None, data: self.chunk(&[], Some(usage)).into() });
        }
        if let Some(held) = &mut self.held
            && let Some(data) = member_added(&held.data, "surefoot", surefoot)
        {
            held.data = data.into();
        }
        self.held_flush(out);
        sse::write(out, None, DONE);
    }

    pub(crate) fn fail(&mut self, fault: &Fault, surefoot: &Value, out: &mut Vec<u8>) {
        self.held = None;
        sse::write(out, None, &vec_of(&error_object(Dialect::OpenaiChat, fault, surefoot)));
    }
}

fn call_delta(call: CallDelta<'_>) -> Delta<'_> {
    Delta { tool_calls: Some([call]), ..Delta::default() }
}

/// Whether a chunk that tells usage tells nothing else.
fn has_no_choices(data: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Choices {
        #[serde(default)]
        choices: Option<Vec<IgnoredAny>>,
    }
    serde_json::from_slice::<Choices>(data).is_ok_and(|chunk| chunk.choices.is_none_or(|choices| choices.is_empty()))
}
