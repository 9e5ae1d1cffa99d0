//! Messages and their parts, in OpenAI's words.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;
use surefoot_types::conversation::{Dialect, Message, Part, Role, words};

use super::{ThinkingBlock, write::thinking_blocks};
use crate::{
    extras::{Dropped, Kept, ROLE, kind_of},
    ids,
    media::data_uri,
    signature,
};

/// The most bytes of a call's id that OpenAI takes.
const LONGEST_ID: usize = 40;

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Turn<'a> {
    /// A message of the form before tools, as it came.
    Whole(&'a Value),
    Tool {
        role: &'static str,
        tool_call_id: Cow<'a, str>,
        content: Content<'a>,
        #[serde(flatten)]
        extra: Kept<'a>,
    },
    Said {
        role: &'a str,
        /// Null for an assistant that only calls tools.
        content: Option<Content<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        refusal: Option<&'a str>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        thinking_blocks: Vec<ThinkingBlock>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<CallOut<'a>>,
        #[serde(flatten)]
        extra: Kept<'a>,
    },
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Content<'a> {
    Borrowed(&'a str),
    Text(String),
    Parts(Vec<PartOut<'a>>),
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum PartOut<'a> {
    Text {
        r#type: &'static str,
        text: Cow<'a, str>,
        #[serde(flatten)]
        extra: Kept<'a>,
    },
    Image {
        r#type: &'static str,
        image_url: ImageUrl<'a>,
        #[serde(flatten)]
        extra: Kept<'a>,
    },
    File {
        r#type: &'static str,
        file: FileData<'a>,
        #[serde(flatten)]
        extra: Kept<'a>,
    },
    Audio {
        r#type: &'static str,
        input_audio: Audio<'a>,
        #[serde(flatten)]
        extra: Kept<'a>,
    },
    Whole(&'a Value),
}

#[derive(Serialize)]
pub(super) struct FileData<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<&'a str>,
    file_data: &'a str,
}

#[derive(Serialize)]
pub(super) struct Audio<'a> {
    data: &'a str,
    format: &'a str,
}

#[derive(Serialize)]
pub(super) struct ImageUrl<'a> {
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum CallOut<'a> {
    Function(Call<'a>),
    Whole(&'a Value),
}

/// A call of a function.
#[derive(Serialize)]
pub(super) struct Call<'a> {
    id: Cow<'a, str>,
    r#type: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    arguments: &'a str,
}

impl<'a> Call<'a> {
    /// `as_it_is`: the answer may have ended amid this call, or the caller wrote it so.
    pub(super) fn of(part: &'a Part, as_it_is: bool) -> Option<Self> {
        let Part::ToolCall { id, name, arguments } = part else { return None };
        // Clients parse the arguments: a call without any has an empty object. One that was cut
        // must not parse, or they would run it.
        let arguments = if arguments.is_empty() && !as_it_is { "{}" } else { arguments };
        Some(Self { id: id.as_str().into(), r#type: "function", function: Function { name, arguments } })
    }
}

/// Writes messages. Results of tools become a message each; their images, which OpenAI does not
/// take there, follow in a user message after the last of them.
pub(super) struct TurnsWriter<'a, 'd> {
    /// The request came in this dialect.
    own: bool,
    dropped: &'d mut Dropped,
    turns: Vec<Turn<'a>>,
    images: Vec<PartOut<'a>>,
}

impl<'a, 'd> TurnsWriter<'a, 'd> {
    pub(super) fn new(own: bool, dropped: &'d mut Dropped) -> Self {
        Self { own, dropped, turns: Vec::new(), images: Vec::new() }
    }

    pub(super) fn write(mut self, messages: &'a [Message]) -> Vec<Turn<'a>> {
        for message in messages {
            self.results(message);
            match message.role {
                Role::Assistant => self.assistant(message),
                Role::System => self.system(message),
                Role::User | Role::Tool => self.user(message),
            }
        }
        self.images_flush();
        self.turns
    }

    fn results(&mut self, message: &'a Message) {
        for part in &message.parts {
            match part {
                Part::ToolResult { id, content, is_error } => {
                    if *is_error {
                        self.dropped.name("messages[].content[].is_error");
                    }
                    let content = self.result_content(id, content);
                    let extra = self.message_extra(message);
                    let tool_call_id = self.id(id);
                    self.turns.push(Turn::Tool { role: "tool", tool_call_id, content, extra });
                }
                Part::Other { dialect: Dialect::OpenaiChat, value } if message.role == Role::Tool => {
                    self.turns.push(Turn::Whole(value));
                }
                _ => {}
            }
        }
    }

    fn result_content(&mut self, id: &'a str, content: &'a [Part]) -> Content<'a> {
        if let [Part::Text { text }] = content {
            return Content::Borrowed(text);
        }
        if self.own {
            return Content::Parts(content.iter().filter_map(|part| self.part_out(part, Kept::default())).collect());
        }
        let mut labelled = false;
        for part in content {
            match part {
                Part::Image { .. } | Part::File { .. } => {
                    if !labelled {
                        labelled = true;
                        let text = format!("Images from the result of tool call {id}:").into();
                        self.images.push(PartOut::Text { r#type: "text", text, extra: Kept::default() });
                    }
                    let image = self.part_out(part, Kept::default());
                    self.images.extend(image);
                }
                Part::Other { .. } => drop(self.part_out(part, Kept::default())),
                _ => {}
            }
        }
        Content::Text(words(content))
    }

    /// OpenAI refuses long ids, which other providers give.
    fn id(&self, id: &'a str) -> Cow<'a, str> {
        if self.own { Cow::Borrowed(id) } else { ids::short(id, LONGEST_ID) }
    }

    fn images_flush(&mut self) {
        if !self.images.is_empty() {
            let content = Content::Parts(std::mem::take(&mut self.images));
            self.said("user", Some(content), Kept::default());
        }
    }

    fn said(&mut self, role: &'a str, content: Option<Content<'a>>, extra: Kept<'a>) {
        let (thinking_blocks, tool_calls) = (Vec::new(), Vec::new());
        self.turns.push(Turn::Said { role, content, refusal: None, thinking_blocks, tool_calls, extra });
    }

    fn system(&mut self, message: &'a Message) {
        self.images_flush();
        let kept = message.extra.get(ROLE).filter(|_| self.own).and_then(Value::as_str);
        let role = kept.unwrap_or("system");
        let content = if self.own {
            self.content(message)
        } else {
            // Many OpenAI-compatible servers take no array here.
            let mut texts = Vec::new();
            for (index, part) in message.parts.iter().enumerate() {
                match part {
                    Part::Text { text } => texts.push(text.as_str()),
                    other => drop(self.part_out(other, Kept::default())),
                }
                Kept::of_part(message, index).drop_all("system[].", self.dropped);
            }
            (!texts.is_empty()).then(|| Content::Text(texts.join("\n\n")))
        };
        let extra = self.message_extra(message);
        if content.is_some() {
            self.said(role, content, extra);
        }
    }

    fn user(&mut self, message: &'a Message) {
        let content = self.content(message);
        if content.is_some() {
            self.images_flush();
            let extra = self.message_extra(message);
            self.said("user", content, extra);
        }
    }

    fn assistant(&mut self, message: &'a Message) {
        self.images_flush();
        let content = self.assistant_content(message);
        let refusal = message.parts.iter().find_map(|part| match part {
            Part::Refusal { text } => Some(text.as_str()),
            _ => None,
        });
        let tool_calls: Vec<CallOut<'a>> = message.parts.iter().filter_map(|part| self.call_out(part)).collect();
        let thinking_blocks = self.thinking(message);
        let extra = self.message_extra(message);
        if self.own || content.is_some() || refusal.is_some() || !tool_calls.is_empty() {
            self.turns.push(Turn::Said { role: "assistant", content, refusal, thinking_blocks, tool_calls, extra });
        }
    }

    /// An assistant's text; a foreign one in pieces, as citations cut it, is put together again.
    fn assistant_content(&mut self, message: &'a Message) -> Option<Content<'a>> {
        if self.own {
            return self.content(message);
        }
        let mut texts = message.parts.iter().filter_map(|part| match part {
            Part::Text { text } => Some(text.as_str()),
            _ => None,
        });
        let first = texts.next()?;
        let rest: String = texts.collect();
        let content = if rest.is_empty() { Content::Borrowed(first) } else { Content::Text([first, &rest].concat()) };
        for (index, part) in message.parts.iter().enumerate() {
            Kept::of_part(message, index).drop_all("messages[].content[].", self.dropped);
            if matches!(part, Part::Image { .. } | Part::File { .. } | Part::Other { .. }) {
                drop(self.part_out(part, Kept::default()));
            }
        }
        Some(content)
    }

    fn call_out(&self, part: &'a Part) -> Option<CallOut<'a>> {
        match part {
            Part::Other { dialect: Dialect::OpenaiChat, value } if is_call(value) => Some(CallOut::Whole(value)),
            Part::ToolCall { id, .. } => {
                Call::of(part, self.own).map(|call| CallOut::Function(Call { id: self.id(id), ..call }))
            }
            _ => None,
        }
    }

    fn thinking(&mut self, message: &Message) -> Vec<ThinkingBlock> {
        let (kept, foreign): (Vec<&Part>, Vec<&Part>) =
            message.parts.iter().filter(|part| matches!(part, Part::Thinking { .. })).partition(|part| match part {
                Part::Thinking { by, .. } => self.own && signature::fits(Dialect::OpenaiChat, *by),
                _ => false,
            });
        self.dropped.name_if(!foreign.is_empty(), "messages[].content[].thinking");
        thinking_blocks(kept)
    }

    /// What of a message stands in `content`: a plain string where it is one text and no more.
    fn content(&mut self, message: &'a Message) -> Option<Content<'a>> {
        let mut parts = Vec::new();
        for (index, part) in message.parts.iter().enumerate() {
            let mut extra = Kept::of_part(message, index);
            if !self.own {
                std::mem::take(&mut extra).drop_all("messages[].content[].", self.dropped);
            }
            match part {
                Part::Text { text } if message.parts.len() == 1 && extra.is_empty() => {
                    return Some(Content::Borrowed(text));
                }
                Part::Other { dialect: Dialect::OpenaiChat, value } if message.role == Role::Tool || is_call(value) => {
                }
                _ => parts.extend(self.part_out(part, extra)),
            }
        }
        match parts.as_mut_slice() {
            [] => None,
            [PartOut::Text { text, extra, .. }] if extra.is_empty() => match text {
                Cow::Borrowed(text) => Some(Content::Borrowed(text)),
                Cow::Owned(text) => Some(Content::Text(std::mem::take(text))),
            },
            _ => Some(Content::Parts(parts)),
        }
    }

    fn part_out(&mut self, part: &'a Part, extra: Kept<'a>) -> Option<PartOut<'a>> {
        match part {
            Part::Text { text } => Some(PartOut::Text { r#type: "text", text: text.as_str().into(), extra }),
            Part::Image { url, detail } => {
                let image_url = ImageUrl { url, detail: detail.as_deref() };
                Some(PartOut::Image { r#type: "image_url", image_url, extra })
            }
            Part::File { url, name } => self.file_out(url, name.as_deref(), extra),
            Part::Other { dialect: Dialect::OpenaiChat, value } => Some(PartOut::Whole(value)),
            Part::Other { value, .. } => {
                self.dropped.name(format!("messages[].content[].{}", kind_of(value)));
                None
            }
            // Written elsewhere in the message.
            Part::Thinking { .. } | Part::ToolCall { .. } | Part::ToolResult { .. } | Part::Refusal { .. } => None,
        }
    }

    /// A file or sound; an address, which OpenAI does not fetch here, is named as dropped.
    fn file_out(&mut self, url: &'a str, name: Option<&'a str>, extra: Kept<'a>) -> Option<PartOut<'a>> {
        let Some((media_type, data)) = data_uri(url) else {
            self.dropped.name("messages[].content[].file");
            return None;
        };
        Some(match media_type.strip_prefix("audio/") {
            Some(format) => {
                let format = if format == "mpeg" { "mp3" } else { format };
                PartOut::Audio { r#type: "input_audio", input_audio: Audio { data, format }, extra }
            }
            None => {
                let filename = if self.own { name } else { name.or(Some("file")) };
                PartOut::File { r#type: "file", file: FileData { filename, file_data: url }, extra }
            }
        })
    }

    fn message_extra(&mut self, message: &'a Message) -> Kept<'a> {
        let extra = Kept::of(&message.extra, &[]);
        if self.own {
            return extra;
        }
        extra.drop_all("messages[].", self.dropped);
        Kept::default()
    }
}

/// Whether a part that was kept whole is a tool call and not content.
fn is_call(value: &Value) -> bool {
    value.get("id").is_some() && value.get("type").is_some()
}
