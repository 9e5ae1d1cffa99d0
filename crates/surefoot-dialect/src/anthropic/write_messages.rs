//! Messages and their content blocks, in Anthropic's words.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::{Value, value::RawValue};
use surefoot_types::conversation::{Answer, Dialect, Message, Part, Role};

use crate::{
    calls::{self, object_of},
    extras::{Dropped, Kept, ROLE, kind_of},
    ids::plain,
    media::{data_uri, is_web, text_of},
    signature,
};

/// What the user says where a conversation would otherwise not begin with the user.
const OPENING: &str = "Begin.";

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Block<'a> {
    Text {
        text: Cow<'a, str>,
    },
    Image {
        source: Source<'a>,
    },
    Document {
        source: Source<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<&'a str>,
    },
    Thinking {
        thinking: &'a str,
        signature: Cow<'a, str>,
    },
    RedactedThinking {
        data: Cow<'a, str>,
    },
    ToolUse {
        id: Cow<'a, str>,
        name: &'a str,
        input: Box<RawValue>,
    },
    ToolResult {
        tool_use_id: Cow<'a, str>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        content: Vec<Block<'a>>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        is_error: bool,
    },
    #[serde(untagged)]
    Whole(&'a Value),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Source<'a> {
    Base64 { media_type: &'a str, data: &'a str },
    Url { url: &'a str },
    Text { media_type: &'static str, data: String },
}

/// A block with the fields that the neutral words lack.
#[derive(Serialize)]
pub(super) struct Piece<'a> {
    #[serde(flatten)]
    block: Block<'a>,
    #[serde(flatten)]
    extra: Kept<'a>,
}

#[derive(Serialize)]
pub(super) struct Turn<'a> {
    role: &'static str,
    content: Vec<Piece<'a>>,
    /// How many results of tools stand first.
    #[serde(skip)]
    results: usize,
    #[serde(flatten)]
    extra: Kept<'a>,
}

/// The top-level instructions: a string where they are one text and no more.
#[derive(Default)]
pub(super) struct System<'a>(Vec<Piece<'a>>);

impl Serialize for System<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [Piece { block: Block::Text { text }, extra }] if extra.is_empty() => to.serialize_str(text),
            pieces => pieces.serialize(to),
        }
    }
}

impl System<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Writes messages: instructions hoisted in their order, neighbours of one role merged, results of
/// tools first in their turn, and no block that Anthropic would refuse as empty.
pub(super) struct TurnsWriter<'a, 'd> {
    /// The request came in this dialect.
    own: bool,
    dropped: &'d mut Dropped,
    system: System<'a>,
    turns: Vec<Turn<'a>>,
}

impl<'a, 'd> TurnsWriter<'a, 'd> {
    pub(super) fn new(own: bool, dropped: &'d mut Dropped) -> Self {
        Self { own, dropped, system: System::default(), turns: Vec::new() }
    }

    pub(super) fn write(mut self, messages: &'a [Message]) -> (System<'a>, Vec<Turn<'a>>) {
        for message in messages {
            let role = match message.role {
                Role::System if !(self.own && message.extra.contains_key(ROLE)) => {
                    let pieces = self.pieces(message);
                    self.system.0.extend(pieces);
                    self.extra(message);
                    continue;
                }
                Role::System => "system",
                Role::User | Role::Tool => "user",
                Role::Assistant => "assistant",
            };
            self.turn(role, message);
        }
        self.open();
        self.close();
        (self.system, self.turns)
    }

    fn turn(&mut self, role: &'static str, message: &'a Message) {
        let pieces = self.pieces(message);
        let extra = self.extra(message);
        if pieces.is_empty() {
            return;
        }
        if self.turns.last().is_none_or(|turn| turn.role != role) {
            self.turns.push(Turn { role, content: Vec::new(), results: 0, extra: Kept::default() });
        }
        let Some(turn) = self.turns.last_mut() else { return };
        for piece in pieces {
            if matches!(piece.block, Block::ToolResult { .. }) {
                turn.content.insert(turn.results, piece);
                turn.results += 1;
            } else {
                turn.content.push(piece);
            }
        }
        turn.extra.0.extend(extra.0);
    }

    /// The user speaks first: Anthropic refuses an assistant's greeting, or instructions alone.
    fn open(&mut self) {
        if !self.own && self.turns.first().is_none_or(|turn| turn.role != "user") {
            let block = Block::Text { text: OPENING.into() };
            let content = vec![Piece { block, extra: Kept::default() }];
            self.turns.insert(0, Turn { role: "user", content, results: 0, extra: Kept::default() });
        }
    }

    /// An assistant's last words, to be continued, may not end in white space.
    fn close(&mut self) {
        if let Some(Turn { role: "assistant", content, .. }) = self.turns.last_mut()
            && let Some(Piece { block: Block::Text { text }, .. }) = content.last_mut()
            && text.trim_end().len() < text.len()
        {
            *text = text.trim_end().to_owned().into();
        }
    }

    fn pieces(&mut self, message: &'a Message) -> Vec<Piece<'a>> {
        let mut pieces = Vec::with_capacity(message.parts.len());
        for (index, part) in message.parts.iter().enumerate() {
            let mut extra = Kept::of_part(message, index);
            if !self.own {
                extra = cache_marks(extra, "messages[].content[].", self.dropped);
            }
            pieces.extend(self.block(part).map(|block| Piece { block, extra }));
        }
        pieces
    }

    fn extra(&mut self, message: &'a Message) -> Kept<'a> {
        if self.own {
            return Kept::of(&message.extra, &[]);
        }
        // The same reasoning once more, without the signature that it is written with.
        let told = message.parts.iter().any(|part| matches!(part, Part::Thinking { .. }));
        let twice: &[&str] = if told { &["reasoning_content"] } else { &[] };
        Kept::of(&message.extra, twice).drop_all("messages[].", self.dropped);
        Kept::default()
    }

    fn block(&mut self, part: &'a Part) -> Option<Block<'a>> {
        match part {
            Part::Text { text } | Part::Refusal { text } => {
                (!text.trim().is_empty()).then(|| Block::Text { text: text.as_str().into() })
            }
            Part::Image { url, detail } => self.image(url, detail.as_deref()),
            Part::File { url, name } => self.file(url, name.as_deref()),
            Part::Thinking { redacted: Some(data), by, .. } if signature::fits(Dialect::Anthropic, *by) => {
                Some(Block::RedactedThinking { data: data.into() })
            }
            Part::Thinking { text, signature: Some(signature), by, .. } if signature::fits(Dialect::Anthropic, *by) => {
                Some(Block::Thinking { thinking: text, signature: signature.into() })
            }
            Part::Thinking { .. } => {
                // Refused without its signature, and with that of another.
                self.dropped.name("messages[].content[].thinking");
                None
            }
            Part::ToolCall { id, name, arguments } => {
                Some(Block::ToolUse { id: plain(id), name, input: object_of(arguments, false) })
            }
            Part::ToolResult { id, content, is_error } => {
                let content = content.iter().filter_map(|part| self.block(part)).collect();
                Some(Block::ToolResult { tool_use_id: plain(id), content, is_error: *is_error })
            }
            Part::Other { dialect: Dialect::Anthropic, value } => Some(Block::Whole(value)),
            Part::Other { value, .. } => self.foreign(value),
        }
    }

    /// An image; in the wild PDFs ride as images too.
    fn image(&mut self, url: &'a str, detail: Option<&str>) -> Option<Block<'a>> {
        if detail.is_some_and(|detail| detail != "auto") {
            self.dropped.name("messages[].content[].detail");
        }
        if is_web(url) {
            return Some(Block::Image { source: Source::Url { url } });
        }
        let block = data_uri(url).and_then(|(media_type, data)| match media_type {
            "image/jpeg" | "image/png" | "image/gif" | "image/webp" => {
                Some(Block::Image { source: Source::Base64 { media_type, data } })
            }
            "image/jpg" => Some(Block::Image { source: Source::Base64 { media_type: "image/jpeg", data } }),
            "application/pdf" => Some(Block::Document { source: Source::Base64 { media_type, data }, title: None }),
            _ => None,
        });
        self.dropped.name_if(block.is_none(), "messages[].content[].image_url");
        block
    }

    /// A document: a PDF or text.
    fn file(&mut self, url: &'a str, title: Option<&'a str>) -> Option<Block<'a>> {
        if is_web(url) {
            return Some(Block::Document { source: Source::Url { url }, title });
        }
        let source = data_uri(url).and_then(|(media_type, data)| match media_type {
            "application/pdf" => Some(Source::Base64 { media_type, data }),
            _ if media_type.starts_with("text/") || media_type == "application/json" => {
                Some(Source::Text { media_type: "text/plain", data: text_of(data)? })
            }
            _ => None,
        });
        self.dropped.name_if(source.is_none(), "messages[].content[].file");
        Some(Block::Document { source: source?, title })
    }

    /// A part that another dialect alone has.
    fn foreign(&mut self, value: &'a Value) -> Option<Block<'a>> {
        let role = value.get("role").and_then(Value::as_str);
        self.dropped.name(format!("messages[].content[].{}", role.unwrap_or(kind_of(value))));
        None
    }
}

/// Marks for prompt caching, which are common in OpenAI's shape too and mean the same; the other
/// fields are named as dropped.
pub(super) fn cache_marks<'a>(extra: Kept<'a>, under: &str, dropped: &mut Dropped) -> Kept<'a> {
    let (marks, rest) = extra.0.into_iter().partition(|(name, _)| *name == "cache_control");
    Kept(rest).drop_all(under, dropped);
    Kept(marks)
}

/// The blocks of an answer.
pub(super) fn answer_blocks<'a>(answer: &'a Answer) -> Vec<Block<'a>> {
    let calls = answer.parts.iter().filter(|part| matches!(part, Part::ToolCall { .. })).count();
    let cut = calls::cut(&answer.finish, calls);
    let mut call = 0;
    let block = |part: &'a Part| match part {
        Part::Text { text } | Part::Refusal { text } => Some(Block::Text { text: text.as_str().into() }),
        Part::Thinking { redacted: Some(data), by, .. } => {
            Some(Block::RedactedThinking { data: signature::told(Dialect::Anthropic, *by, data) })
        }
        Part::Thinking { text, signature, by, .. } => {
            let signature = signature.as_deref().unwrap_or_default();
            Some(Block::Thinking { thinking: text, signature: signature::told(Dialect::Anthropic, *by, signature) })
        }
        Part::ToolCall { id, name, arguments } => {
            let input = object_of(arguments, cut == Some(call));
            call += 1;
            Some(Block::ToolUse { id: plain(id), name, input })
        }
        Part::Other { dialect: Dialect::Anthropic, value } => Some(Block::Whole(value)),
        Part::Image { .. } | Part::File { .. } | Part::ToolResult { .. } | Part::Other { .. } => None,
    };
    answer.parts.iter().filter_map(block).collect()
}
