//! Messages and their content blocks, in Bedrock's words.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::json;
use surefoot_types::conversation::{Dialect, Message, Part, Role};

use super::{
    DOCUMENTS, IMAGES,
    blocks::{Block, Reasoning, ToolResult, ToolUse, cache_point},
};
use crate::{
    calls::object_of,
    extras::{Dropped, ITEM, Kept, kind_of, part_fields},
    ids,
    json::Object,
    media::data_uri,
    signature,
};

/// What the user says where a conversation would otherwise not begin with the user.
const OPENING: &str = "Begin.";
/// The most bytes of a call's id that Bedrock takes.
const LONGEST_ID: usize = 64;

#[derive(Serialize)]
pub(super) struct Turn<'a> {
    role: &'static str,
    content: Vec<Block<'a>>,
    /// How many blocks of results, with their marks, stand first.
    #[serde(skip)]
    results: usize,
    #[serde(flatten)]
    extra: Kept<'a>,
}

/// Writes messages: instructions hoisted, neighbours of one role merged, results of tools first in
/// their turn, and no block that would be refused as empty.
pub(super) struct TurnsWriter<'a, 'd> {
    /// The request came in this dialect.
    own: bool,
    dropped: &'d mut Dropped,
    system: Vec<Block<'a>>,
    turns: Vec<Turn<'a>>,
}

impl<'a, 'd> TurnsWriter<'a, 'd> {
    pub(super) fn new(own: bool, dropped: &'d mut Dropped) -> Self {
        Self { own, dropped, system: Vec::new(), turns: Vec::new() }
    }

    pub(super) fn write(mut self, messages: &'a [Message]) -> (Vec<Block<'a>>, Vec<Turn<'a>>) {
        for message in messages {
            let role = match message.role {
                Role::System => {
                    self.extra(message);
                    let (_, rest) = self.blocks(message);
                    self.system.extend(rest);
                    continue;
                }
                Role::User | Role::Tool => "user",
                Role::Assistant => "assistant",
            };
            self.turn(role, message);
        }
        if !self.own && self.turns.first().is_none_or(|turn| turn.role != "user") {
            let content = vec![Block::Text(OPENING.into())];
            self.turns.insert(0, Turn { role: "user", content, results: 0, extra: Kept::default() });
        }
        (self.system, self.turns)
    }

    fn turn(&mut self, role: &'static str, message: &'a Message) {
        let extra = self.extra(message);
        let (results, rest) = self.blocks(message);
        if results.is_empty() && rest.is_empty() {
            return;
        }
        if self.turns.last().is_none_or(|turn| turn.role != role) {
            self.turns.push(Turn { role, content: Vec::new(), results: 0, extra: Kept::default() });
        }
        let Some(turn) = self.turns.last_mut() else { return };
        let at = turn.results;
        turn.results += results.len();
        turn.content.splice(at..at, results);
        turn.content.extend(rest);
        turn.extra.0.extend(extra.0);
    }

    /// The blocks of a message: results of tools, and the rest, each with its mark for the cache.
    fn blocks(&mut self, message: &'a Message) -> (Vec<Block<'a>>, Vec<Block<'a>>) {
        let (mut results, mut rest) = (Vec::new(), Vec::new());
        for (index, part) in message.parts.iter().enumerate() {
            let fields = part_fields(message, index);
            let into = if matches!(part, Part::ToolResult { .. }) { &mut results } else { &mut rest };
            let Some(block) = self.block(part, fields) else { continue };
            into.push(block);
            let mark = fields.and_then(|fields| fields.get("cache_control"));
            into.extend(mark.map(|mark| Block::Other(cache_point(mark))));
        }
        (results, rest)
    }

    fn block(&mut self, part: &'a Part, fields: Option<&'a Object>) -> Option<Block<'a>> {
        let extra = fields.map(|fields| Kept::of(fields, &["cache_control"])).unwrap_or_default();
        if !self.own || !matches!(part, Part::File { .. }) {
            extra.drop_all("messages[].content[].", self.dropped);
        }
        match part {
            Part::Text { text } | Part::Refusal { text } => {
                (self.own || !text.trim().is_empty()).then(|| Block::Text(text.into()))
            }
            Part::Image { url, .. } => self.image(url),
            Part::File { url, name } => self.document(url, name.as_deref(), fields),
            Part::Thinking { redacted: Some(data), by: Some(Dialect::Bedrock), .. } => {
                Some(Block::ReasoningContent(Reasoning::RedactedContent(data.clone())))
            }
            Part::Thinking { text, signature, redacted: None, by }
                if signature::fits(Dialect::Bedrock, *by) && (self.own || signature.is_some()) =>
            {
                let signature = signature.as_deref().map(Cow::Borrowed);
                Some(Block::ReasoningContent(Reasoning::ReasoningText { text, signature }))
            }
            Part::Thinking { .. } => {
                self.dropped.name("messages[].content[].thinking");
                None
            }
            Part::ToolCall { id, name, arguments } => {
                let input = object_of(arguments, false);
                Some(Block::ToolUse(ToolUse { tool_use_id: fit(id), name, input }))
            }
            Part::ToolResult { id, content, is_error } => {
                let as_it_came = fields.and_then(|fields| fields.get(ITEM)?.get("content")?.as_array());
                let content = match as_it_came.filter(|_| self.own) {
                    Some(items) => items.iter().map(Block::Whole).collect(),
                    None => content.iter().filter_map(|part| self.block(part, None)).collect(),
                };
                let status = is_error.then_some("error");
                Some(Block::ToolResult(ToolResult { tool_use_id: fit(id), content, status }))
            }
            Part::Other { dialect: Dialect::Bedrock, value } => Some(Block::Whole(value)),
            Part::Other { value, .. } => {
                self.dropped.name(format!("messages[].content[].{}", kind_of(value)));
                None
            }
        }
    }

    /// A picture; in the wild PDFs ride as pictures too. Bedrock fetches nothing from the web.
    fn image(&mut self, url: &'a str) -> Option<Block<'a>> {
        let (media_type, data) = data_uri(url).unwrap_or_default();
        if media_type == "application/pdf" {
            return self.document(url, None, None);
        }
        let format = format_of(&IMAGES, media_type);
        self.dropped.name_if(format.is_none(), "messages[].content[].image_url");
        Some(Block::Other(json!({"image": {"format": format?, "source": {"bytes": data}}})))
    }

    fn document(&mut self, url: &'a str, name: Option<&str>, fields: Option<&Object>) -> Option<Block<'a>> {
        let (media_type, data) = data_uri(url).unwrap_or_default();
        let format = format_of(&DOCUMENTS, media_type);
        self.dropped.name_if(format.is_none(), "messages[].content[].file");
        let mut document = json!({"format": format?, "name": document_name(name), "source": {"bytes": data}});
        for (name, value) in fields.into_iter().flatten().filter(|(name, _)| self.own && *name != "cache_control") {
            document[name] = value.clone();
        }
        Some(Block::Other(json!({"document": document})))
    }

    fn extra(&mut self, message: &'a Message) -> Kept<'a> {
        let extra = Kept::of(&message.extra, &[]);
        if self.own {
            return extra;
        }
        extra.drop_all("messages[].", self.dropped);
        Kept::default()
    }
}

/// The id of a call in the letters that Bedrock's models take, and no longer than it takes.
fn fit(id: &str) -> Cow<'_, str> {
    match ids::plain(id) {
        Cow::Borrowed(id) => ids::short(id, LONGEST_ID),
        Cow::Owned(id) => Cow::Owned(ids::short(&id, LONGEST_ID).into_owned()),
    }
}

fn format_of(known: &[(&str, &'static str)], media_type: &str) -> Option<&'static str> {
    known.iter().find(|(it, _)| *it == media_type).map(|(_, format)| *format)
}

/// A document's name in the letters that Bedrock takes.
fn document_name(name: Option<&str>) -> String {
    let fit = |c: char| if c.is_ascii_alphanumeric() || " -()[]".contains(c) { c } else { '-' };
    name.filter(|name| !name.is_empty()).map_or_else(|| "document".to_owned(), |name| name.chars().map(fit).collect())
}
