//! Contents and their parts, from Gemini's words.

use serde_json::{Value, json};
use surefoot_types::{
    Fault,
    conversation::{Dialect, Message, Part, Role},
};

use super::{MINTED, Seal, read::camel};
use crate::{
    extras::{ITEM, part_fields_put},
    json::{Fields, Object, Path},
    media::{is_web, plain_base64, to_data_uri},
};

pub(super) fn messages(system: Option<Value>, contents: Value) -> Result<Vec<Message>, Fault> {
    let mut reader = ContentsReader::default();
    if let Some(system) = system {
        reader.system(system)?;
    }
    let path = Path::Field(&Path::Root, "contents");
    let items = path.list(contents)?;
    if items.is_empty() {
        return Err(Fault::bad_request("contents", "`contents` is empty.").hint("Send at least one content."));
    }
    for (index, item) in items.into_iter().enumerate() {
        reader.content(item, Path::Item(&path, index), index)?;
    }
    Ok(reader.messages)
}

/// Reads contents. Calls and results may come without ids: they are given some by their place, and
/// a result goes to the first call of its name that has none yet.
#[derive(Default)]
struct ContentsReader {
    messages: Vec<Message>,
    /// Calls without a result so far: name and id.
    open: Vec<(String, String)>,
}

impl ContentsReader {
    fn system(&mut self, system: Value) -> Result<(), Fault> {
        let path = Path::Field(&Path::Root, "systemInstruction");
        let mut message = new(Role::System);
        match system {
            Value::String(text) => message.parts.push(Part::Text { text }),
            other => {
                let mut fields = camel(Fields::of(other, path)?);
                fields.take("role");
                let at = Path::Field(&path, "parts");
                for (index, part) in at.list(fields.required("parts", "an array of parts")?)?.into_iter().enumerate() {
                    self.part(part, Path::Item(&at, index), &mut message, "s")?;
                }
            }
        }
        self.messages.push(message);
        Ok(())
    }

    /// Reads one content; the results of calls in it become a message of their own, before the rest.
    fn content(&mut self, value: Value, path: Path<'_>, index: usize) -> Result<(), Fault> {
        let mut fields = camel(Fields::of(value, path)?);
        let role = match fields.string("role")?.as_deref() {
            None | Some("user" | "function" | "") => Role::User,
            Some("model") => Role::Assistant,
            Some(_) => {
                let path = Path::Field(&path, "role").to_string();
                return Err(Fault::bad_request(&path, format!("`{path}` is not a role that a content can have."))
                    .hint("Use `user` or `model`; instructions go into `systemInstruction`."));
            }
        };
        let at = Path::Field(&path, "parts");
        let parts = at.list(fields.required("parts", "an array of parts")?)?;
        let (mut results, mut rest) = (new(Role::Tool), new(role));
        rest.extra = fields.rest();
        for (number, part) in parts.into_iter().enumerate() {
            let is_result = part.get("functionResponse").or_else(|| part.get("function_response")).is_some();
            let into = if is_result { &mut results } else { &mut rest };
            self.part(part, Path::Item(&at, number), into, &index.to_string())?;
        }
        let alone = results.parts.is_empty();
        self.messages.extend((!alone).then_some(results));
        self.messages.extend((alone || !rest.parts.is_empty()).then_some(rest));
        Ok(())
    }

    fn part(&mut self, value: Value, path: Path<'_>, into: &mut Message, turn: &str) -> Result<(), Fault> {
        let mut fields = camel(Fields::of(value, path)?);
        let seal = fields.string("thoughtSignature")?.filter(|wire| !wire.is_empty()).map(Seal::read);
        let thought = fields.boolean("thought")?.unwrap_or(false);
        let text = fields.string("text")?;
        if let (true, Some(text)) = (thought, &text) {
            thought_put(into, text, seal, fields.rest());
            return Ok(());
        }
        if let Some(seal) = seal {
            put(into, thinking(String::new(), Some(seal)), Object::new());
        }
        let mut kept = Object::new();
        let part = if let Some(text) = text {
            // An empty part that only brought its signature says no more.
            if text.is_empty() && matches!(into.parts.last(), Some(Part::Thinking { .. })) {
                return Ok(());
            }
            Part::Text { text }
        } else if let Some(call) = fields.take("functionCall") {
            self.call(call, Path::Field(&path, "functionCall"), &format!("{turn}_{}", into.parts.len()))?
        } else if let Some(result) = fields.take("functionResponse") {
            self.result(result, Path::Field(&path, "functionResponse"), &mut kept)?
        } else if let Some(part) = media(&fields, &mut kept) {
            ["inlineData", "fileData"].iter().for_each(|name| drop(fields.take(name)));
            part
        } else {
            let value = fields.rest();
            put(into, Part::Other { dialect: Dialect::Gemini, value: value.into() }, Object::new());
            return Ok(());
        };
        let mut unknown = fields.rest();
        if !kept.is_empty() {
            unknown.insert(ITEM.to_owned(), kept.into());
        }
        put(into, part, unknown);
        Ok(())
    }

    fn call(&mut self, value: Value, path: Path<'_>, place: &str) -> Result<Part, Fault> {
        let mut fields = camel(Fields::of(value, path)?);
        let name = fields.string_required("name")?;
        let id = fields.string("id")?.filter(|id| !id.is_empty()).unwrap_or_else(|| format!("{MINTED}{place}"));
        let arguments = fields.take("args").map_or_else(|| "{}".to_owned(), |args| args.to_string());
        self.open.push((name.clone(), id.clone()));
        Ok(Part::ToolCall { id, name, arguments })
    }

    fn result(&mut self, value: Value, path: Path<'_>, kept: &mut Object) -> Result<Part, Fault> {
        let mut fields = camel(Fields::of(value, path)?);
        let name = fields.string_required("name")?;
        let id = fields.string("id")?.filter(|id| !id.is_empty());
        let at = self.open.iter().position(|(open, it)| id.as_ref().map_or(*open == name, |id| it == id));
        let open = at.map(|at| self.open.remove(at).1);
        let response = fields.take("response").unwrap_or_else(|| json!({}));
        let (text, is_error) = told(&response);
        kept.extend(fields.rest());
        kept.insert("name".into(), name.as_str().into());
        kept.insert("response".into(), response);
        let id = id.or(open).unwrap_or_else(|| format!("{MINTED}{name}"));
        Ok(Part::ToolResult { id, content: vec![Part::Text { text }], is_error })
    }
}

fn new(role: Role) -> Message {
    Message { role, parts: Vec::new(), extra: Object::new() }
}

fn put(message: &mut Message, part: Part, unknown: Object) {
    part_fields_put(&mut message.extra, message.parts.len(), unknown);
    message.parts.push(part);
}

/// Adds reasoning: to that before it, which streams bring in pieces, unless that has its signature.
fn thought_put(message: &mut Message, more: &str, seal: Option<Seal>, unknown: Object) {
    let before = match message.parts.last_mut() {
        Some(Part::Thinking { text, signature: None, redacted: None, .. })
            if !matches!(seal, Some(Seal::Redacted(..))) =>
        {
            let text = format!("{text}{more}");
            message.parts.pop();
            text
        }
        _ => more.to_owned(),
    };
    put(message, thinking(before, seal), unknown);
}

/// Reasoning with its signature.
pub(super) fn thinking(text: String, seal: Option<Seal>) -> Part {
    match seal {
        Some(Seal::Redacted(by, data)) => Part::Thinking { text, signature: None, redacted: Some(data), by: Some(by) },
        Some(Seal::Signature(by, signature)) => {
            Part::Thinking { text, signature: Some(signature), redacted: None, by: Some(by) }
        }
        None => Part::Thinking { text, signature: None, redacted: None, by: None },
    }
}

/// What a tool gave, as text, and whether it failed: of the usual shapes the words alone.
fn told(response: &Value) -> (String, bool) {
    let only = |name: &str| response.as_object().filter(|it| it.len() == 1).and_then(|it| it.get(name));
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match (only("result").or_else(|| only("output")), only("error")) {
        (Some(value), _) => (text(value), false),
        (_, Some(value)) => (text(value), true),
        _ => (response.to_string(), false),
    }
}

/// A picture or a file; none for what only Google can fetch.
fn media(fields: &Fields<'_>, kept: &mut Object) -> Option<Part> {
    let both = |value: &Value, camel: &str, snake: &str| {
        value.get(camel).or_else(|| value.get(snake)).and_then(Value::as_str).map(str::to_owned)
    };
    if let Some(blob) = fields.get("inlineData") {
        let media_type = both(blob, "mimeType", "mime_type")?;
        let url = to_data_uri(&media_type, &plain_base64(&both(blob, "data", "data")?));
        let name = both(blob, "displayName", "display_name");
        return Some(picture_or_file(&media_type, url, name));
    }
    let file = fields.get("fileData")?;
    let url = both(file, "fileUri", "file_uri").filter(|url| is_web(url) && !url.contains("googleapis.com/"))?;
    let media_type = both(file, "mimeType", "mime_type")?;
    kept.insert("mimeType".into(), media_type.as_str().into());
    Some(picture_or_file(&media_type, url, both(file, "displayName", "display_name")))
}

fn picture_or_file(media_type: &str, url: String, name: Option<String>) -> Part {
    if media_type.starts_with("image/") && name.is_none() {
        return Part::Image { url, detail: None };
    }
    Part::File { url, name }
}
