//! Items of an answer on their way out: what they hold so far, and the frames that begin and end
//! them.

use serde_json::{Value, json};
use surefoot_types::conversation::Logprob;

use super::Sealed;
use crate::logprobs;

/// The item being told.
#[derive(Debug, Clone)]
pub(super) struct Open {
    pub(super) id: String,
    pub(super) index: usize,
    pub(super) said: Said,
}

#[derive(Debug, Clone)]
pub(super) enum Said {
    Message(Vec<Content>),
    Reasoning { parts: Vec<Summary>, sealed: Option<Sealed> },
}

/// A part of a summary.
#[derive(Debug, Clone, Default)]
pub(super) struct Summary {
    pub(super) text: String,
    pub(super) ended: bool,
}

impl Open {
    /// An item that a forwarded frame begins; none for one that is not told in pieces.
    pub(super) fn of(item: &Value, index: usize) -> Option<Self> {
        let said = match item.get("type")?.as_str()? {
            "message" => Said::Message(Vec::new()),
            "reasoning" => Said::Reasoning { parts: Vec::new(), sealed: None },
            _ => return None,
        };
        Some(Self { id: item.get("id")?.as_str()?.to_owned(), index, said })
    }

    pub(super) fn item(&self, status: &str) -> Value {
        match &self.said {
            Said::Message(parts) => json!({
                "id": self.id, "type": "message", "status": status, "role": "assistant",
                "content": parts.iter().map(Content::part).collect::<Vec<_>>(),
            }),
            Said::Reasoning { parts, sealed } => {
                let summary: Vec<Value> = parts.iter().map(Summary::part).collect();
                let mut item = json!({"id": self.id, "type": "reasoning", "summary": summary});
                if let Some(sealed) = sealed {
                    item["encrypted_content"] = sealed.wire().into();
                }
                item
            }
        }
    }

    /// Follows a forwarded frame that begins or ends a part. Gives whether it was one.
    pub(super) fn follow(&mut self, kind: &str, part: Option<&Value>) -> bool {
        let is_refusal = part.is_some_and(|part| part["type"] == "refusal");
        match (kind, &mut self.said) {
            ("response.content_part.added", Said::Message(parts)) => parts.push(Content::new(is_refusal)),
            ("response.content_part.done", Said::Message(parts)) => {
                parts.last_mut().into_iter().for_each(|part| part.ended = true);
            }
            ("response.reasoning_summary_part.added", Said::Reasoning { parts, .. }) => parts.push(Summary::default()),
            ("response.reasoning_summary_part.done", Said::Reasoning { parts, .. }) => {
                parts.last_mut().into_iter().for_each(|part| part.ended = true);
            }
            _ => return false,
        }
        true
    }

    /// The frames that end it.
    pub(super) fn done(&self) -> Vec<(&'static str, Value)> {
        let mut frames = match &self.said {
            Said::Message(parts) => match parts.last() {
                Some(part) => part.done(&self.id, self.index, parts.len() - 1),
                None => Vec::new(),
            },
            Said::Reasoning { parts, .. } => match parts.last() {
                Some(part) => part.done(&self.id, self.index, parts.len() - 1),
                None => Vec::new(),
            },
        };
        frames.push(item_done(self.index, &self.item("completed")));
        frames
    }
}

impl Summary {
    fn part(&self) -> Value {
        json!({"type": "summary_text", "text": self.text})
    }

    fn done(&self, id: &str, index: usize, summary: usize) -> Vec<(&'static str, Value)> {
        if self.ended {
            return Vec::new();
        }
        let at = json!({"item_id": id, "output_index": index, "summary_index": summary});
        vec![
            ("response.reasoning_summary_text.done", with(&at, "text", self.text.as_str().into())),
            ("response.reasoning_summary_part.done", with(&at, "part", self.part())),
        ]
    }
}

/// A part of a message.
#[derive(Debug, Clone)]
pub(super) struct Content {
    pub(super) refusal: bool,
    pub(super) ended: bool,
    pub(super) text: String,
    pub(super) logprobs: Vec<Logprob>,
    pub(super) annotations: Vec<Value>,
}

impl Content {
    pub(super) fn new(refusal: bool) -> Self {
        Self { refusal, ended: false, text: String::new(), logprobs: Vec::new(), annotations: Vec::new() }
    }

    fn part(&self) -> Value {
        if self.refusal {
            return json!({"type": "refusal", "refusal": self.text});
        }
        let logprobs = logprobs::write(&self.logprobs);
        json!({"type": "output_text", "text": self.text, "annotations": self.annotations, "logprobs": logprobs})
    }

    pub(super) fn added(&self, id: &str, index: usize, content: usize) -> (&'static str, Value) {
        let at = json!({"item_id": id, "output_index": index, "content_index": content});
        ("response.content_part.added", with(&at, "part", self.part()))
    }

    pub(super) fn done(&self, id: &str, index: usize, content: usize) -> Vec<(&'static str, Value)> {
        if self.ended {
            return Vec::new();
        }
        let at = json!({"item_id": id, "output_index": index, "content_index": content});
        let told = if self.refusal {
            ("response.refusal.done", with(&at, "refusal", self.text.as_str().into()))
        } else {
            let text = with(&at, "text", self.text.as_str().into());
            ("response.output_text.done", with(&text, "logprobs", logprobs::write(&self.logprobs).into()))
        };
        vec![told, ("response.content_part.done", with(&at, "part", self.part()))]
    }
}

/// A call of a function.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) index: usize,
    pub(super) item_id: String,
    id: String,
    name: String,
    pub(super) arguments: String,
    pub(super) ended: bool,
}

impl Call {
    pub(super) fn new(index: usize, item_id: String, id: &str, name: &str) -> Self {
        let (id, name) = (id.to_owned(), name.to_owned());
        Self { index, item_id, id, name, arguments: String::new(), ended: false }
    }

    pub(super) fn item(&self, status: &str) -> Value {
        json!({
            "id": self.item_id, "type": "function_call", "status": status, "call_id": self.id, "name": self.name,
            "arguments": self.arguments,
        })
    }

    /// The frames that end it; nothing says that the arguments of a cut call are done.
    pub(super) fn done(&self, cut: bool) -> Vec<(&'static str, Value)> {
        if cut {
            return vec![item_done(self.index, &self.item("incomplete"))];
        }
        let arguments = json!({
            "item_id": self.item_id, "output_index": self.index, "name": self.name, "arguments": self.arguments,
        });
        vec![("response.function_call_arguments.done", arguments), item_done(self.index, &self.item("completed"))]
    }
}

fn item_done(index: usize, item: &Value) -> (&'static str, Value) {
    ("response.output_item.done", json!({"output_index": index, "item": item}))
}

pub(super) fn with(at: &Value, name: &str, value: Value) -> Value {
    let mut all = at.clone();
    all[name] = value;
    all
}
