//! Items and their parts, in the words of OpenAI's responses.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Value, json};
use surefoot_types::conversation::{Dialect, Message, Part, Role};

use super::{INSTRUCTIONS, ITEM, Sealed};
use crate::{
    extras::{Dropped, Kept, ROLE, kind_of, part_fields},
    ids,
    media::{data_uri, is_web},
    signature,
};

/// The most bytes of a call's id that OpenAI takes here.
const LONGEST_ID: usize = 64;

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Item<'a> {
    Message {
        role: &'a str,
        content: Vec<Content<'a>>,
        #[serde(flatten)]
        extra: Kept<'a>,
    },
    FunctionCall {
        call_id: Cow<'a, str>,
        name: &'a str,
        arguments: &'a str,
        #[serde(flatten)]
        extra: Kept<'a>,
    },
    FunctionCallOutput {
        call_id: Cow<'a, str>,
        output: Output<'a>,
        #[serde(flatten)]
        extra: Kept<'a>,
    },
    Reasoning {
        #[serde(skip_serializing_if = "Option::is_none")]
        summary: Option<Value>,
        encrypted_content: String,
        #[serde(flatten)]
        extra: Kept<'a>,
    },
    #[serde(untagged)]
    Whole(&'a Value),
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Output<'a> {
    Text(&'a str),
    Parts(Vec<Content<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Kind<'a> {
    InputText {
        text: &'a str,
    },
    OutputText {
        text: &'a str,
    },
    Refusal {
        refusal: &'a str,
    },
    InputImage {
        image_url: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        detail: Option<&'a str>,
    },
    InputFile {
        #[serde(skip_serializing_if = "Option::is_none")]
        filename: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        file_data: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        file_url: Option<&'a str>,
    },
    InputAudio {
        input_audio: Value,
    },
    #[serde(untagged)]
    Whole(&'a Value),
}

#[derive(Serialize)]
pub(super) struct Content<'a> {
    #[serde(flatten)]
    kind: Kind<'a>,
    #[serde(flatten)]
    extra: Kept<'a>,
}

/// Writes messages as items.
pub(super) struct ItemsWriter<'a, 'd> {
    /// The request came in this dialect.
    own: bool,
    dropped: &'d mut Dropped,
    instructions: Option<&'a str>,
    items: Vec<Item<'a>>,
}

impl<'a, 'd> ItemsWriter<'a, 'd> {
    pub(super) fn new(own: bool, dropped: &'d mut Dropped) -> Self {
        Self { own, dropped, instructions: None, items: Vec::new() }
    }

    pub(super) fn write(mut self, messages: &'a [Message]) -> (Option<&'a str>, Vec<Item<'a>>) {
        for message in messages {
            if !self.own {
                Kept::of(&message.extra, &[]).drop_all("messages[].", self.dropped);
            }
            match message.role {
                Role::System => self.system(message),
                Role::User => self.message("user", message),
                Role::Tool => self.results(message),
                Role::Assistant => self.assistant(message),
            }
        }
        (self.instructions, self.items)
    }

    fn system(&mut self, message: &'a Message) {
        let role = message.extra.get(ROLE).filter(|_| self.own).and_then(Value::as_str);
        match (role, message.parts.as_slice()) {
            (Some(INSTRUCTIONS), [Part::Text { text }]) if self.items.is_empty() => self.instructions = Some(text),
            (Some(role), _) if role != INSTRUCTIONS => self.message(role, message),
            _ => self.message("system", message),
        }
    }

    /// A message, and on their own what a user's turn in other dialects has of results.
    fn message(&mut self, role: &'a str, message: &'a Message) {
        self.results(message);
        let mut content = Vec::new();
        for (index, part) in message.parts.iter().enumerate() {
            let extra = self.part_extra(message, index);
            content.extend(self.content(part, extra, false));
        }
        if !content.is_empty() || self.own {
            self.items.push(Item::Message { role, content, extra: item_fields(&message.extra, self.own) });
        }
    }

    fn results(&mut self, message: &'a Message) {
        for part in &message.parts {
            match part {
                Part::ToolResult { id, content, is_error } => {
                    self.dropped.name_if(*is_error, "messages[].content[].is_error");
                    let output = match content.as_slice() {
                        [Part::Text { text }] => Output::Text(text),
                        [] => Output::Text(""),
                        parts => Output::Parts(
                            parts.iter().filter_map(|part| self.content(part, Kept::default(), false)).collect(),
                        ),
                    };
                    let extra = item_fields(&message.extra, self.own);
                    self.items.push(Item::FunctionCallOutput { call_id: self.id(id), output, extra });
                }
                Part::Other { .. } if message.role == Role::Tool => self.foreign(part),
                _ => {}
            }
        }
    }

    fn foreign(&mut self, part: &'a Part) {
        match part {
            Part::Other { dialect: Dialect::OpenaiResponses, value } => self.items.push(Item::Whole(value)),
            _ => drop(self.content(part, Kept::default(), true)),
        }
    }

    fn assistant(&mut self, message: &'a Message) {
        for (index, part) in message.parts.iter().enumerate() {
            let item = part_fields(message, index).and_then(|fields| fields.get(ITEM)).and_then(Value::as_object);
            let begun = item.is_some();
            let fields = item.filter(|_| self.own).map(|item| Kept::of(item, &[])).unwrap_or_default();
            let extra = self.part_extra(message, index);
            match part {
                Part::ToolCall { id, name, arguments } => {
                    let arguments = if arguments.is_empty() && !self.own { "{}" } else { arguments };
                    self.items.push(Item::FunctionCall { call_id: self.id(id), name, arguments, extra: fields });
                }
                Part::Thinking { text, signature, redacted, by, .. } => {
                    let sealed = by.zip(signature.as_deref().or(redacted.as_deref()));
                    self.reasoning(text, sealed, fields);
                }
                Part::Other { .. } => self.foreign(part),
                _ => {
                    let content = self.content(part, extra, true);
                    self.said(content, begun, fields);
                }
            }
        }
    }

    /// Words of the assistant: in the message before, where they belong to it.
    fn said(&mut self, content: Option<Content<'a>>, begins: bool, fields: Kept<'a>) {
        match self.items.last_mut() {
            Some(Item::Message { role: "assistant", content: so_far, .. }) if !begins => so_far.extend(content),
            _ => {
                let content: Vec<Content<'a>> = content.into_iter().collect();
                if !content.is_empty() {
                    self.items.push(Item::Message { role: "assistant", content, extra: fields });
                }
            }
        }
    }

    fn reasoning(&mut self, text: &str, sealed: Option<(Dialect, &str)>, extra: Kept<'a>) {
        let Some((_, sealed)) = sealed.filter(|(by, _)| signature::fits(Dialect::OpenaiResponses, Some(*by))) else {
            self.dropped.name("messages[].content[].thinking");
            return;
        };
        let parts = if text.is_empty() { json!([]) } else { json!([{"type": "summary_text", "text": text}]) };
        let summary = (!extra.has("summary")).then_some(parts);
        let encrypted_content = Sealed::Signature(Dialect::OpenaiResponses, sealed.to_owned()).wire();
        self.items.push(Item::Reasoning { summary, encrypted_content, extra });
    }

    fn id(&self, id: &'a str) -> Cow<'a, str> {
        if self.own { Cow::Borrowed(id) } else { ids::short(id, LONGEST_ID) }
    }

    fn part_extra(&mut self, message: &'a Message, index: usize) -> Kept<'a> {
        let extra = Kept::of_part(message, index);
        if self.own {
            return extra;
        }
        extra.drop_all("messages[].content[].", self.dropped);
        Kept::default()
    }

    fn content(&mut self, part: &'a Part, extra: Kept<'a>, said: bool) -> Option<Content<'a>> {
        let kind = match part {
            Part::Text { text } if said => Kind::OutputText { text },
            Part::Text { text } => Kind::InputText { text },
            Part::Refusal { text } => Kind::Refusal { refusal: text },
            Part::Image { url, detail } => Kind::InputImage { image_url: url, detail: detail.as_deref() },
            Part::File { url, name } => self.file(url, name.as_deref())?,
            Part::Other { dialect: Dialect::OpenaiResponses, value } => Kind::Whole(value),
            Part::Other { value, .. } => {
                self.dropped.name(format!("messages[].content[].{}", kind_of(value)));
                return None;
            }
            // Written as items of their own.
            Part::Thinking { .. } | Part::ToolCall { .. } | Part::ToolResult { .. } => return None,
        };
        Some(Content { kind, extra })
    }

    fn file(&mut self, url: &'a str, name: Option<&'a str>) -> Option<Kind<'a>> {
        if is_web(url) {
            return Some(Kind::InputFile { filename: name, file_data: None, file_url: Some(url) });
        }
        let Some((media_type, data)) = data_uri(url) else {
            self.dropped.name("messages[].content[].file");
            return None;
        };
        if let Some(format) = media_type.strip_prefix("audio/") {
            return Some(Kind::InputAudio { input_audio: json!({"data": data, "format": format}) });
        }
        let filename = if self.own { name } else { name.or(Some("file")) };
        Some(Kind::InputFile { filename, file_data: Some(url), file_url: None })
    }
}

/// The fields of an item that is kept with its message.
fn item_fields(extra: &crate::json::Object, own: bool) -> Kept<'_> {
    let item = extra.get(ITEM).filter(|_| own).and_then(Value::as_object);
    item.map(|item| Kept::of(item, &[])).unwrap_or_default()
}
