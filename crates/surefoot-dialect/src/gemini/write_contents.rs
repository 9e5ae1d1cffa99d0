//! Contents and their parts, in Gemini's words.

use std::{borrow::Cow, collections::BTreeMap};

use serde::Serialize;
use serde_json::{Value, json};
use surefoot_types::conversation::{Dialect, Message, Part, Role, words};

use super::{
    MINTED, Seal,
    parts::{Blob, Call, File, Made, PartOut, Response, seal},
};
use crate::{
    calls::object_of,
    extras::{Dropped, ITEM, Kept, kind_of, part_fields},
    json::Object,
    media::{data_uri, is_web},
    signature,
};

/// What the user says where a conversation would otherwise not begin with the user.
const OPENING: &str = "Begin.";
/// What Google asks for in place of a signature on a call that no Gemini made.
const UNSIGNED: &str = "skip_thought_signature_validator";

#[derive(Serialize)]
pub(super) struct Content<'a> {
    role: &'static str,
    parts: Vec<PartOut<'a>>,
    #[serde(flatten)]
    extra: Kept<'a>,
    /// The place of each result among the calls of the turn before; empty where these are no results.
    #[serde(skip)]
    places: Vec<usize>,
}

#[derive(Serialize)]
pub(super) struct System<'a> {
    parts: Vec<PartOut<'a>>,
}

/// Writes messages: neighbours of one role merged, results alone in theirs and in the order of
/// their calls, since Google may go by their places.
pub(super) struct ContentsWriter<'a, 'd> {
    /// The request came in this dialect.
    own: bool,
    dropped: &'d mut Dropped,
    system: Vec<PartOut<'a>>,
    contents: Vec<Content<'a>>,
    /// The name of every call, by its id: results have to tell it.
    names: BTreeMap<&'a str, &'a str>,
    /// The calls of the latest turn.
    asked: Vec<&'a str>,
    /// Pictures and files from results, which follow the last of them.
    shown: Vec<PartOut<'a>>,
}

impl<'a, 'd> ContentsWriter<'a, 'd> {
    pub(super) fn new(own: bool, dropped: &'d mut Dropped) -> Self {
        let (names, asked, shown) = (BTreeMap::new(), Vec::new(), Vec::new());
        Self { own, dropped, system: Vec::new(), contents: Vec::new(), names, asked, shown }
    }

    pub(super) fn write(mut self, messages: &'a [Message]) -> (Option<System<'a>>, Vec<Content<'a>>) {
        for message in messages {
            let extra = self.extra(message);
            self.results(message);
            match message.role {
                Role::System => {
                    let parts = self.parts(message);
                    self.system.extend(parts);
                }
                Role::User | Role::Tool => {
                    let parts = self.parts(message);
                    self.said("user", parts, extra);
                }
                Role::Assistant => {
                    let parts = self.model(message);
                    self.said("model", parts, extra);
                }
            }
        }
        self.shown_flush();
        self.open();
        let system = std::mem::take(&mut self.system);
        ((!system.is_empty()).then_some(System { parts: system }), self.contents)
    }

    /// The user speaks first, and there is at least one content.
    fn open(&mut self) {
        if !self.own && self.contents.first().is_none_or(|content| content.role != "user") {
            let parts = vec![PartOut::text(OPENING, None)];
            self.contents.insert(0, Content { role: "user", parts, extra: Kept::default(), places: Vec::new() });
        }
    }

    fn said(&mut self, role: &'static str, parts: Vec<PartOut<'a>>, extra: Kept<'a>) {
        if parts.is_empty() {
            return;
        }
        self.shown_flush();
        match self.contents.last_mut() {
            Some(last) if !self.own && last.role == role && last.places.is_empty() => last.parts.extend(parts),
            _ => self.contents.push(Content { role, parts, extra, places: Vec::new() }),
        }
    }

    fn shown_flush(&mut self) {
        let parts = std::mem::take(&mut self.shown);
        if !parts.is_empty() {
            self.contents.push(Content { role: "user", parts, extra: Kept::default(), places: Vec::new() });
        }
    }

    fn results(&mut self, message: &'a Message) {
        for (index, part) in message.parts.iter().enumerate() {
            let Part::ToolResult { id, content, is_error } = part else { continue };
            let kept = part_fields(message, index).and_then(|fields| fields.get(ITEM)).and_then(Value::as_object);
            let result = self.result(id, content, *is_error, kept.filter(|_| self.own));
            let extra = self.part_extra(message, index);
            let part = PartOut::made(Made { function_response: Some(result), extra, ..Made::default() });
            let place = self.asked.iter().position(|asked| asked == id).unwrap_or(usize::MAX);
            match self.contents.last_mut() {
                Some(last) if !last.places.is_empty() => {
                    let at = if self.own { last.places.len() } else { last.places.partition_point(|it| *it <= place) };
                    last.places.insert(at, place);
                    last.parts.insert(at, part);
                }
                _ => self.contents.push(Content {
                    role: "user",
                    parts: vec![part],
                    extra: Kept::default(),
                    places: vec![place],
                }),
            }
            if !self.own {
                self.show(id, content);
            }
        }
    }

    fn result(&self, id: &'a str, content: &[Part], is_error: bool, kept: Option<&'a Object>) -> Response<'a> {
        let name = kept.and_then(|kept| kept.get("name")?.as_str()).or_else(|| self.names.get(id).copied());
        let own_id = Some(id).filter(|id| self.own && !id.starts_with(MINTED));
        let response = match kept.and_then(|kept| kept.get("response")) {
            Some(response) => Cow::Borrowed(response),
            None => Cow::Owned(response(&words(content), is_error)),
        };
        let extra = kept.map(|kept| Kept::of(kept, &["name", "response"])).unwrap_or_default();
        Response { id: own_id, name: name.unwrap_or("unknown"), response, extra }
    }

    /// Pictures and files of a result, which have no place in it.
    fn show(&mut self, id: &str, content: &'a [Part]) {
        let mut parts: Vec<PartOut<'a>> = Vec::new();
        for part in content.iter().filter(|part| matches!(part, Part::Image { .. } | Part::File { .. })) {
            parts.extend(self.part(part, None, Kept::default()));
        }
        if !parts.is_empty() {
            let name = self.names.get(id).copied().unwrap_or(id);
            self.shown.push(PartOut::text(format!("From the result of {name}:"), None));
            self.shown.extend(parts);
        }
    }

    fn parts(&mut self, message: &'a Message) -> Vec<PartOut<'a>> {
        let mut parts = Vec::new();
        for (index, part) in message.parts.iter().enumerate() {
            if matches!(part, Part::ToolResult { .. }) {
                continue;
            }
            let extra = self.part_extra(message, index);
            let media_type = media_type(message, index);
            parts.extend(self.part(part, media_type, extra));
        }
        parts
    }

    /// What the model said. A signature goes to the part that it belongs to: the one after it, or,
    /// where other dialects have put words between, the call.
    fn model(&mut self, message: &'a Message) -> Vec<PartOut<'a>> {
        self.asked.clear();
        let (mut parts, mut pending, mut called) = (Vec::new(), None, false);
        for (index, part) in message.parts.iter().enumerate() {
            let extra = self.part_extra(message, index);
            match part {
                Part::Thinking { text, by, .. } => {
                    let fits = signature::fits(Dialect::Gemini, *by);
                    let seal = seal(part).filter(|_| fits);
                    self.dropped.name_if(!fits || (!self.own && seal.is_none()), "messages[].content[].thinking");
                    if let Some(seal) = seal {
                        parts.extend(pending.take().map(|signature| PartOut::text("", Some(signature))));
                        pending = Some(Cow::Owned(Seal::wire(&seal)));
                    }
                    if self.own && fits && !text.is_empty() {
                        parts.push(PartOut::thought(text.as_str(), None));
                    }
                }
                Part::ToolCall { id, name, arguments } => {
                    self.names.insert(id, name);
                    self.asked.push(id);
                    // Only the first of several calls is signed.
                    let unsigned = || (!self.own && !called).then_some(Cow::Borrowed(UNSIGNED));
                    let thought_signature = pending.take().or_else(unsigned);
                    called = true;
                    let id = Some(id.as_str()).filter(|id| self.own && !id.starts_with(MINTED));
                    let call = Call { id, name, args: object_of(arguments, false) };
                    let made = Made { function_call: Some(call), thought_signature, extra, ..Made::default() };
                    parts.push(PartOut::made(made));
                }
                Part::Text { text } | Part::Refusal { text } => {
                    let waits = !self.own && awaits_call(&message.parts[index..]);
                    let signature = if waits { None } else { pending.take() };
                    let kept = self.own || !text.is_empty();
                    let made = Made { text: Some(text.into()), thought_signature: signature, extra, ..Made::default() };
                    parts.extend(kept.then(|| PartOut::made(made)));
                }
                _ => parts.extend(self.part(part, media_type(message, index), extra)),
            }
        }
        parts.extend(pending.map(|signature| PartOut::text("", Some(signature))));
        parts
    }

    fn part(&mut self, part: &'a Part, media_type: Option<&'a str>, extra: Kept<'a>) -> Option<PartOut<'a>> {
        let made = match part {
            Part::Text { text } | Part::Refusal { text } => {
                let text = Some(Cow::Borrowed(text.as_str())).filter(|text| self.own || !text.is_empty());
                Made { text: Some(text?), extra, ..Made::default() }
            }
            Part::Image { url, detail } => {
                self.dropped
                    .name_if(detail.as_deref().is_some_and(|detail| detail != "auto"), "messages[].content[].detail");
                self.media(url, media_type, None, "image_url", extra)?
            }
            Part::File { url, name } => self.media(url, media_type, name.as_deref(), "file", extra)?,
            Part::Other { dialect: Dialect::Gemini, value } => return Some(PartOut::Whole(value)),
            Part::Other { value, .. } => {
                self.dropped.name(format!("messages[].content[].{}", kind_of(value)));
                return None;
            }
            // Written elsewhere.
            Part::Thinking { .. } | Part::ToolCall { .. } | Part::ToolResult { .. } => return None,
        };
        Some(PartOut::made(made))
    }

    fn media(
        &mut self,
        url: &'a str,
        media_type: Option<&'a str>,
        name: Option<&'a str>,
        kind: &str,
        extra: Kept<'a>,
    ) -> Option<Made<'a>> {
        if let Some((mime_type, data)) = data_uri(url) {
            let display_name = name.filter(|_| self.own);
            return Some(Made { inline_data: Some(Blob { mime_type, data, display_name }), extra, ..Made::default() });
        }
        if is_web(url) || url.starts_with("gs://") {
            let guess = if kind == "file" { "application/pdf" } else { "image/jpeg" };
            let mime_type = media_type.unwrap_or_else(|| by_ending(url).unwrap_or(guess));
            return Some(Made { file_data: Some(File { mime_type, file_uri: url }), extra, ..Made::default() });
        }
        self.dropped.name(format!("messages[].content[].{kind}"));
        None
    }

    fn part_extra(&mut self, message: &'a Message, index: usize) -> Kept<'a> {
        let extra = Kept::of_part(message, index);
        if self.own {
            return extra;
        }
        extra.drop_all("messages[].content[].", self.dropped);
        Kept::default()
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

/// Whether words with a signature before them are followed by a call that has none of its own.
fn awaits_call(rest: &[Part]) -> bool {
    rest.iter()
        .find(|part| matches!(part, Part::ToolCall { .. } | Part::Thinking { .. }))
        .is_some_and(|part| matches!(part, Part::ToolCall { .. }))
}

/// The type that a file was said to have.
fn media_type(message: &Message, index: usize) -> Option<&str> {
    part_fields(message, index)?.get(ITEM)?.get("mimeType")?.as_str()
}

fn by_ending(url: &str) -> Option<&'static str> {
    const ENDINGS: [(&str, &str); 9] = [
        ("png", "image/png"),
        ("jpg", "image/jpeg"),
        ("jpeg", "image/jpeg"),
        ("gif", "image/gif"),
        ("webp", "image/webp"),
        ("heic", "image/heic"),
        ("pdf", "application/pdf"),
        ("txt", "text/plain"),
        ("mp3", "audio/mp3"),
    ];
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let ending = path.rsplit_once('.')?.1.to_ascii_lowercase();
    ENDINGS.iter().find(|(it, _)| *it == ending).map(|(_, media_type)| *media_type)
}

/// A result as the object that Gemini asks for.
fn response(text: &str, is_error: bool) -> Value {
    match serde_json::from_str(text) {
        _ if is_error => json!({"error": text}),
        Ok(Value::Object(object)) => object.into(),
        _ => json!({"result": text}),
    }
}
