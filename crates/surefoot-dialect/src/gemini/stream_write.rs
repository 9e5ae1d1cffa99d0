//! Streams, in Gemini's words: every chunk an answer of its own, as server-sent events or as one
//! JSON array.

use std::borrow::Cow;

use bytes::Bytes;
use memchr::memmem;
use serde_json::Value;
use surefoot_types::{
    Fault, Usage,
    conversation::{Dialect, Event, Finish},
};

use super::{
    Seal, UsageWire,
    answer::{Candidate, Chunk, logprobs_result},
    parts::{Call, Made, PartOut},
    reason_of,
};
use crate::{
    calls::{cut, object_of},
    fault::error_object,
    json::vec_of,
    passthrough::member_added,
    sse,
    stream::Frame,
};

/// A call, whose arguments wait until they are whole.
#[derive(Debug)]
struct Waiting {
    id: String,
    name: String,
    arguments: String,
    signature: Option<String>,
}

/// Writes one stream. Chunks that came in this dialect and chunks made from events may be mixed.
/// Calls are told whole here, so they wait for the end: nobody knows sooner that one is complete.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    /// The stream is one JSON array.
    array: bool,
    begun: bool,
    id: String,
    model: String,
    calls: Vec<Waiting>,
    /// Calls that came in this dialect: the number of the first that waits.
    forwarded: usize,
    /// A signature, which goes to the part after it.
    pending: Option<String>,
    finish: Option<Finish>,
    usage: Option<Usage>,
    /// No chunk that came in this dialect has told the usage.
    owed: bool,
    refused: bool,
    /// The chunk that ended the answer as it came, and what came after it: they wait until the
    /// answer is known to be good.
    held: Vec<Bytes>,
}

impl Writer {
    pub(crate) fn new(array: bool) -> Self {
        Self { array, ..Self::default() }
    }

    /// A frame that came in this dialect.
    pub(crate) fn forward(&mut self, frame: &Frame, out: &mut Vec<u8>) {
        for event in &frame.events {
            match event {
                Event::Start { id, model, .. } => self.start(id, model),
                Event::Usage { usage } => {
                    self.usage = Some(*usage);
                    self.owed = false;
                }
                Event::ToolCall { .. } => self.forwarded += 1,
                _ => {}
            }
        }
        let ends = ["\"finishReason\"", "\"blockReason\""];
        if !self.held.is_empty() || ends.iter().any(|end| memmem::find(&frame.data, end.as_bytes()).is_some()) {
            self.held.push(frame.data.clone());
        } else {
            self.emit(&frame.data, out);
        }
    }

    fn start(&mut self, id: &str, model: &str) {
        id.clone_into(&mut self.id);
        model.clone_into(&mut self.model);
    }

    /// An event of a frame from another dialect, or made here.
    pub(crate) fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        match event {
            Event::Start { id, model, .. } => self.start(id, model),
            Event::Usage { usage } => {
                self.usage = Some(*usage);
                self.owed = true;
            }
            _ if self.finish.is_some() => {}
            Event::Finish { finish } => self.finish = Some(finish.clone()),
            Event::Text { text } => self.words(text, out),
            Event::Refusal { text } => {
                self.refused = true;
                self.words(text, out);
            }
            Event::Thinking { text } => self.part(PartOut::thought(text.as_str(), None), out),
            Event::ThinkingSignature { signature, by: Dialect::Gemini } => {
                if let Some(before) = self.pending.replace(signature.clone()) {
                    self.part(PartOut::text("", Some(before.into())), out);
                }
            }
            Event::ThinkingSignature { signature, by } => {
                self.seal(&Seal::Signature(*by, signature.clone()), out);
            }
            Event::ThinkingRedacted { data, by } => self.seal(&Seal::Redacted(*by, data.clone()), out),
            Event::ToolCall { id, name, .. } => self.calls.push(Waiting {
                id: id.clone(),
                name: name.clone(),
                arguments: String::new(),
                signature: self.pending.take(),
            }),
            Event::ToolArguments { index, arguments } => {
                let waiting = index.checked_sub(self.forwarded).and_then(|index| self.calls.get_mut(index));
                waiting.into_iter().for_each(|call| call.arguments.push_str(arguments));
            }
            Event::Other { dialect: Dialect::Gemini, value } => self.part(PartOut::Whole(value), out),
            Event::Logprobs { tokens } => {
                let mut candidate = Candidate::new(Vec::new());
                candidate.logprobs_result = logprobs_result(tokens);
                self.chunk(candidate, None, &Value::Null, out);
            }
            Event::Other { .. } | Event::Fault { .. } | Event::End => {}
        }
    }

    fn words(&mut self, text: &str, out: &mut Vec<u8>) {
        let signature = self.pending.take().map(Cow::Owned);
        self.part(PartOut::text(text, signature), out);
    }

    /// What another provider signed or withholds stands with the reasoning, not with what follows.
    fn seal(&mut self, seal: &Seal, out: &mut Vec<u8>) {
        self.part(PartOut::thought("", Some(seal.wire().into())), out);
    }

    fn part(&mut self, part: PartOut<'_>, out: &mut Vec<u8>) {
        self.chunk(Candidate::new(vec![part]), None, &Value::Null, out);
    }

    fn chunk(&mut self, candidate: Candidate<'_>, usage: Option<Usage>, surefoot: &Value, out: &mut Vec<u8>) {
        let chunk = vec_of(&Chunk {
            candidates: [candidate],
            usage_metadata: usage.map(UsageWire::from),
            model_version: &self.model,
            response_id: &self.id,
            surefoot,
        });
        self.emit(&chunk, out);
    }

    fn emit(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        if !self.array {
            // A chunk from an array may stand on several lines, which the SDKs cannot put together.
            let lines = memchr::memchr2(b'\n', b'\r', chunk).is_some();
            let line: Option<Vec<u8>> = lines.then(|| chunk.iter().copied().filter(|b| !b"\r\n".contains(b)).collect());
            return sse::write(out, None, line.as_deref().unwrap_or(chunk));
        }
        out.extend_from_slice(if self.begun { b",\r\n" } else { b"[" });
        self.begun = true;
        out.extend_from_slice(chunk);
    }

    fn close(&self, out: &mut Vec<u8>) {
        if self.array {
            out.extend_from_slice(if self.begun { b"]" } else { b"[]" });
        }
    }

    pub(crate) fn finish(&mut self, surefoot: &Value, out: &mut Vec<u8>) {
        let finish = self.finish.clone().unwrap_or(Finish::Stop);
        let calls = std::mem::take(&mut self.calls);
        let mut held = std::mem::take(&mut self.held);
        let is_whole = calls.is_empty() && !self.owed && !held.is_empty();
        if let (true, Some(last)) = (is_whole, held.last_mut())
            && let Some(added) = member_added(last, "surefoot", surefoot)
        {
            *last = added.into();
        }
        held.iter().for_each(|chunk| self.emit(chunk, out));
        if is_whole {
            return self.close(out);
        }
        let cut = cut(&finish, calls.len());
        let mut parts = Vec::new();
        for (index, call) in calls.iter().enumerate() {
            let args = object_of(&call.arguments, cut == Some(index));
            let function_call = Some(Call { id: Some(&call.id), name: &call.name, args });
            let thought_signature = call.signature.as_deref().map(Cow::Borrowed);
            parts.push(PartOut::made(Made { function_call, thought_signature, ..Made::default() }));
        }
        let last = self.pending.take();
        parts.extend(last.map(|signature| PartOut::text("", Some(signature.into()))));
        let mut candidate = Candidate::new(parts);
        let refused = self.refused && finish == Finish::Stop;
        candidate.finish_reason = Some(if refused { "SAFETY" } else { reason_of(&finish) });
        self.chunk(candidate, self.usage.filter(|_| self.owed), surefoot, out);
        self.close(out);
    }

    pub(crate) fn fail(&mut self, fault: &Fault, surefoot: &Value, out: &mut Vec<u8>) {
        let error = vec_of(&error_object(Dialect::Gemini, fault, surefoot));
        self.emit(&error, out);
        self.close(out);
    }
}
