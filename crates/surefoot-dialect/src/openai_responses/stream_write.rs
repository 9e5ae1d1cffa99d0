//! Streams, in the words of OpenAI's responses: each item begun, told and ended, and at the end the
//! whole answer once more.

mod forward;

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};
use surefoot_types::{
    Citation, Code, Fault, Usage,
    conversation::{Dialect, Event, Finish, Logprob},
};

use super::{
    Sealed, UsageWire,
    items::{Call, Content, Open, Said, Summary, with},
    own, status_of,
};
use crate::{
    calls,
    json::{Object, vec_of},
    logprobs,
    passthrough::member_added_within,
    sse,
};

/// Writes one stream.
///
/// Frames that came in this dialect are forwarded as long as nothing else is said, and what they
/// say is followed, so that the writer can take over at any point: from then on everything is
/// written from events, since later frames repeat what earlier ones told.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    created: i64,
    /// Nobody sees the frames: a whole answer is put together, or a forwarded frame is followed.
    silent: bool,
    taken_over: bool,
    sequence: u64,
    started: bool,
    /// `response.in_progress` has been told.
    progressed: bool,
    id: String,
    model: String,
    /// The answer as its provider began it.
    begun: Option<Value>,
    /// The number of the next item.
    next: usize,
    open: Option<Open>,
    calls: Vec<Call>,
    /// The number and id of forwarded items that only this dialect has, until they are complete.
    foreign: Vec<(usize, Value)>,
    /// Complete items, by their number.
    items: BTreeMap<usize, Value>,
    finish: Option<Finish>,
    usage: Option<Usage>,
    /// The last frame as it came, which waits for `surefoot`.
    held: Option<(String, Bytes)>,
    /// Fields that stand in the response whatever its provider said.
    own: Object,
    citations: Vec<Citation>,
    /// The response as it was told at the end.
    told: Option<Value>,
}

#[derive(Serialize)]
struct Out<'a, T> {
    r#type: &'a str,
    sequence_number: u64,
    #[serde(flatten)]
    rest: T,
}

#[derive(Serialize)]
struct Delta<'a> {
    item_id: &'a str,
    output_index: usize,
    content_index: usize,
    delta: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<Vec<Value>>,
}

impl Writer {
    pub(crate) fn new(created: i64) -> Self {
        Self { created, ..Self::default() }
    }

    pub(super) fn silent(created: i64) -> Self {
        Self { silent: true, ..Self::new(created) }
    }

    /// Has these fields stand in the response whatever its provider says.
    pub(crate) fn own(&mut self, own: Object) {
        self.own.extend(own);
    }

    /// Adds the citations of the text told last to it, and ends every item. Where the provider's own frames were
    /// forwarded, only the whole answer at the end has them.
    pub(crate) fn cite(&mut self, citations: &[Citation], out: &mut Vec<u8>) {
        self.citations = citations.to_vec();
        if self.held.is_some() && !self.taken_over {
            return;
        }
        self.annotations(citations, out);
        self.start_if_needed(out);
        self.close(out);
        self.calls_close(out);
    }

    fn annotations(&mut self, citations: &[Citation], out: &mut Vec<u8>) {
        let Some(Open { id, index, said: Said::Message(parts) }) = &mut self.open else { return };
        let content_index = parts.len().saturating_sub(1);
        let Some(part) = parts.last_mut().filter(|part| !part.refusal && !part.ended) else { return };
        part.annotations = own::annotations(&part.text, citations);
        let (item_id, output_index, made) = (id.clone(), *index, part.annotations.clone());
        for (number, annotation) in made.iter().enumerate() {
            let added = json!({
                "item_id": item_id, "output_index": output_index, "content_index": content_index,
                "annotation_index": number, "annotation": annotation,
            });
            self.emit("response.output_text.annotation.added", added, out);
        }
    }

    /// The response as it was told at the end.
    pub(crate) fn told(&self) -> Option<&Value> {
        self.told.as_ref()
    }

    /// An event of a frame from another dialect, or made here.
    pub(crate) fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        self.taken_over = true;
        if self.started && !self.progressed {
            self.progress(out);
        }
        self.take(event, out);
    }

    fn take(&mut self, event: &Event, out: &mut Vec<u8>) {
        match event {
            Event::Start { id, model, .. } if !self.started => self.start(id, model, out),
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

    fn start(&mut self, id: &str, model: &str, out: &mut Vec<u8>) {
        self.started = true;
        // Items are named by the response, so that one that is referred to later is found.
        self.own.get("id").and_then(Value::as_str).unwrap_or(id).clone_into(&mut self.id);
        model.clone_into(&mut self.model);
        self.emit("response.created", json!({"response": self.response("in_progress")}), out);
        self.progress(out);
    }

    fn progress(&mut self, out: &mut Vec<u8>) {
        self.progressed = true;
        self.emit("response.in_progress", json!({"response": self.response("in_progress")}), out);
    }

    fn start_if_needed(&mut self, out: &mut Vec<u8>) {
        if !self.started {
            self.start("", "", out);
        }
    }

    fn content(&mut self, event: &Event, out: &mut Vec<u8>) {
        match event {
            Event::Text { text } => self.words(text, false, out),
            Event::Refusal { text } => self.words(text, true, out),
            Event::Logprobs { tokens } => self.logprobs(tokens, out),
            Event::Thinking { text } => self.thinking(text, out),
            Event::ThinkingSignature { signature, by } => {
                self.seal(Sealed::Signature(*by, signature.clone()), out);
            }
            Event::ThinkingRedacted { data, by } => {
                self.close(out);
                self.seal(Sealed::Redacted(*by, data.clone()), out);
            }
            Event::ToolCall { index, id, name } => self.call(*index, id, name, out),
            Event::ToolArguments { index, arguments } => self.arguments(*index, arguments, out),
            Event::Other { dialect: Dialect::OpenaiResponses, value } => self.whole(value, out),
            _ => {}
        }
    }

    fn words(&mut self, text: &str, refusal: bool, out: &mut Vec<u8>) {
        if !matches!(&self.open, Some(Open { said: Said::Message(_), .. })) {
            self.open("msg", Said::Message(Vec::new()), out);
        }
        let Some(Open { id, index, said: Said::Message(parts) }) = &mut self.open else { return };
        let mut frames = Vec::new();
        if parts.last().is_none_or(|part| part.refusal != refusal || part.ended) {
            frames.extend(parts.last().map(|part| part.done(id, *index, parts.len() - 1)).into_iter().flatten());
            let part = Content::new(refusal);
            frames.push(part.added(id, *index, parts.len()));
            parts.push(part);
        }
        let content_index = parts.len() - 1;
        parts[content_index].text.push_str(text);
        let (item_id, output_index) = (id.clone(), *index);
        self.emit_all(frames, out);
        let (kind, logprobs) =
            if refusal { ("response.refusal.delta", None) } else { ("response.output_text.delta", Some(Vec::new())) };
        self.emit(kind, Delta { item_id: &item_id, output_index, content_index, delta: text, logprobs }, out);
    }

    /// The probabilities of words that have been told: in a delta without words.
    fn logprobs(&mut self, tokens: &[Logprob], out: &mut Vec<u8>) {
        let Some(Open { id, index, said: Said::Message(parts) }) = &mut self.open else { return };
        let content_index = parts.len().saturating_sub(1);
        let Some(part) = parts.last_mut().filter(|part| !part.refusal) else { return };
        part.logprobs.extend_from_slice(tokens);
        let (item_id, output_index) = (id.clone(), *index);
        let logprobs = Some(logprobs::write(tokens));
        self.emit(
            "response.output_text.delta",
            Delta { item_id: &item_id, output_index, content_index, delta: "", logprobs },
            out,
        );
    }

    fn thinking(&mut self, text: &str, out: &mut Vec<u8>) {
        if !matches!(&self.open, Some(Open { said: Said::Reasoning { sealed: None, .. }, .. })) {
            self.open("rs", Said::Reasoning { parts: Vec::new(), sealed: None }, out);
        }
        let Some(Open { id, index, said: Said::Reasoning { parts, .. } }) = &mut self.open else { return };
        let is_first = parts.last().is_none_or(|part| part.ended);
        if is_first {
            parts.push(Summary::default());
        }
        let at = json!({"item_id": id, "output_index": index, "summary_index": parts.len() - 1});
        parts.last_mut().into_iter().for_each(|part| part.text.push_str(text));
        if is_first {
            let part = with(&at, "part", json!({"type": "summary_text", "text": ""}));
            self.emit("response.reasoning_summary_part.added", part, out);
        }
        self.emit("response.reasoning_summary_text.delta", with(&at, "delta", text.into()), out);
    }

    fn seal(&mut self, new: Sealed, out: &mut Vec<u8>) {
        if !matches!(&self.open, Some(Open { said: Said::Reasoning { sealed: None, .. }, .. })) {
            self.open("rs", Said::Reasoning { parts: Vec::new(), sealed: None }, out);
        }
        if let Some(Open { said: Said::Reasoning { sealed, .. }, .. }) = &mut self.open {
            *sealed = Some(new);
        }
    }

    fn call(&mut self, index: usize, id: &str, name: &str, out: &mut Vec<u8>) {
        if index < self.calls.len() {
            return;
        }
        self.close(out);
        let call = Call::new(self.next, self.item_id("fc"), id, name);
        self.next += 1;
        let added = json!({"output_index": call.index, "item": call.item("in_progress")});
        self.calls.push(call);
        self.emit("response.output_item.added", added, out);
    }

    fn arguments(&mut self, index: usize, arguments: &str, out: &mut Vec<u8>) {
        let Some(call) = self.calls.get_mut(index) else { return };
        call.arguments.push_str(arguments);
        let delta = json!({"item_id": call.item_id, "output_index": call.index, "delta": arguments});
        self.emit("response.function_call_arguments.delta", delta, out);
    }

    /// An item that only this dialect has.
    fn whole(&mut self, item: &Value, out: &mut Vec<u8>) {
        self.close(out);
        let begun = self.foreign.iter().find(|(_, id)| *id == item["id"]).map(|(index, _)| *index);
        let index = begun.unwrap_or(self.next);
        if begun.is_none() {
            self.next += 1;
            self.ran(index, item, out);
        }
        self.emit("response.output_item.done", json!({"output_index": index, "item": item}), out);
        self.items.insert(index, item.clone());
    }

    /// Begins a whole item. The call of a tool that was run for the model is told as it went.
    fn ran(&mut self, index: usize, item: &Value, out: &mut Vec<u8>) {
        let steps: &[&str] = match item["type"].as_str() {
            Some("file_search_call") => &["in_progress", "searching", "completed"],
            Some("mcp_call") => &["in_progress", "completed"],
            _ => &[],
        };
        let Some(kind) = item["type"].as_str().filter(|_| !steps.is_empty()) else {
            return self.emit("response.output_item.added", json!({"output_index": index, "item": item}), out);
        };
        let mut begun = item.clone();
        if kind == "file_search_call" {
            begun["status"] = "in_progress".into();
            begun["results"] = Value::Null;
        }
        self.emit("response.output_item.added", json!({"output_index": index, "item": begun}), out);
        for step in steps {
            let step = if *step == "completed" && item["status"] == "failed" { "failed" } else { step };
            let told = json!({"output_index": index, "item_id": item["id"]});
            self.emit(&format!("response.{kind}.{step}"), told, out);
        }
    }

    fn item_id(&self, kind: &str) -> String {
        format!("{kind}_{}_{}", self.id, self.next)
    }

    fn open(&mut self, kind: &str, said: Said, out: &mut Vec<u8>) {
        self.close(out);
        let open = Open { id: self.item_id(kind), index: self.next, said };
        self.next += 1;
        let added = json!({"output_index": open.index, "item": open.item("in_progress")});
        self.open = Some(open);
        self.emit("response.output_item.added", added, out);
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        let Some(open) = self.open.take() else { return };
        self.emit_all(open.done(), out);
        self.items.insert(open.index, open.item("completed"));
    }

    /// Ends the calls. One without arguments has an empty object; one that was cut is incomplete,
    /// and nothing says that its arguments are done.
    fn calls_close(&mut self, out: &mut Vec<u8>) {
        let cut = self.finish.as_ref().and_then(|finish| calls::cut(finish, self.calls.len()));
        for number in 0..self.calls.len() {
            if self.calls[number].ended {
                continue;
            }
            let is_cut = cut == Some(number);
            if self.calls[number].arguments.is_empty() && !is_cut {
                self.arguments(number, "{}", out);
            }
            self.calls[number].ended = true;
            let call = self.calls[number].clone();
            self.emit_all(call.done(is_cut), out);
            self.items.insert(call.index, call.item(if is_cut { "incomplete" } else { "completed" }));
        }
    }

    fn emit(&mut self, kind: &str, rest: impl Serialize, out: &mut Vec<u8>) {
        if !self.silent {
            sse::write(out, Some(kind), &vec_of(&Out { r#type: kind, sequence_number: self.sequence, rest }));
            self.sequence += 1;
        }
    }

    fn emit_all(&mut self, frames: Vec<(&'static str, Value)>, out: &mut Vec<u8>) {
        for (kind, frame) in frames {
            self.emit(kind, frame, out);
        }
    }

    /// The answer as it stands.
    fn response(&self, status: &str) -> Value {
        let mut response = self.begun.clone().unwrap_or_else(|| {
            json!({
                "id": self.id, "object": "response", "created_at": self.created, "status": status,
                "background": false, "error": null, "incomplete_details": null, "instructions": null,
                "max_output_tokens": null, "model": self.model, "output": [], "parallel_tool_calls": true,
                "previous_response_id": null, "reasoning": {"effort": null, "summary": null},
                "temperature": null, "text": {"format": {"type": "text"}}, "tool_choice": "auto", "tools": [],
                "top_p": null, "truncation": "disabled", "usage": null, "user": null, "metadata": {},
            })
        });
        own::own_put(&mut response, &self.own);
        response["status"] = status.into();
        response["output"] = self.items.values().cloned().collect();
        response["usage"] = self.usage.map(UsageWire::from).map_or(Value::Null, |usage| json!(usage));
        response
    }

    /// Ends every item and gives the whole answer.
    pub(super) fn conclude(&mut self, surefoot: &Value, out: &mut Vec<u8>) -> Value {
        self.start_if_needed(out);
        self.close(out);
        self.calls_close(out);
        let (status, reason) = status_of(self.finish.as_ref().unwrap_or(&Finish::Stop));
        let mut response = self.response(status);
        if let Some(reason) = reason {
            response["incomplete_details"] = json!({"reason": reason});
        }
        if !surefoot.is_null() {
            response["surefoot"] = surefoot.clone();
        }
        response
    }

    pub(crate) fn finish(&mut self, surefoot: &Value, out: &mut Vec<u8>) {
        if let (false, false, Some((name, data))) = (self.taken_over, self.own.is_empty(), &self.held)
            && let Ok(mut frame) = serde_json::from_slice::<Value>(data)
        {
            own::put(&mut frame["response"], &self.own, &self.citations, surefoot);
            sse::write(out, Some(name), &vec_of(&frame));
            self.told = frame.get("response").cloned();
            return;
        }
        if let (false, Some((name, data))) = (self.taken_over, self.held.take()) {
            let added = member_added_within(&data, "response", "surefoot", surefoot);
            return sse::write(out, Some(&name), added.as_deref().unwrap_or(&data));
        }
        let response = self.conclude(surefoot, out);
        let kind = if response["status"] == "incomplete" { "response.incomplete" } else { "response.completed" };
        self.emit(kind, json!({"response": &response}), out);
        self.told = Some(response);
    }

    /// Items under way stay open: their end would tell a client to act on what may be half of them.
    pub(crate) fn fail(&mut self, fault: &Fault, surefoot: &Value, out: &mut Vec<u8>) {
        self.start_if_needed(out);
        let code = match fault.code {
            Code::RateLimited | Code::OverBudget => "rate_limit_exceeded",
            Code::BadRequest | Code::TooLarge => "invalid_prompt",
            _ => "server_error",
        };
        let error = json!({"code": code, "message": fault.told(), "param": fault.param});
        self.emit("error", &error, out);
        let mut response = self.response("failed");
        response["error"] = json!({"code": code, "message": fault.told()});
        if !surefoot.is_null() {
            response["surefoot"] = surefoot.clone();
        }
        self.emit("response.failed", json!({"response": response}), out);
    }
}
