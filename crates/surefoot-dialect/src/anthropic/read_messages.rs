//! Messages and their content blocks, from Anthropic's words.

use serde_json::Value;
use surefoot_types::{
    Fault,
    conversation::{Dialect, Message, Part, Role},
};

use crate::{
    extras::{ROLE, part_fields_put},
    ids,
    json::{Fields, Object, Path},
    media::{text_uri, to_data_uri},
    signature,
};

pub(super) fn system(value: Value) -> Result<Message, Fault> {
    let mut message = Message { role: Role::System, parts: Vec::new(), extra: Object::new() };
    for (part, unknown) in content(value, Path::Field(&Path::Root, "system"))? {
        put(&mut message, part, unknown);
    }
    Ok(message)
}

pub(super) fn messages(value: Value) -> Result<Vec<Message>, Fault> {
    let path = Path::Field(&Path::Root, "messages");
    let items = path.list(value)?;
    if items.is_empty() {
        return Err(Fault::bad_request("messages", "`messages` is empty.").hint("Send at least one message."));
    }
    let mut messages = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        message(item, Path::Item(&path, index), &mut messages)?;
    }
    Ok(messages)
}

/// Reads one message; the results of tools in it become a message of their own, before the rest.
fn message(value: Value, path: Path<'_>, messages: &mut Vec<Message>) -> Result<(), Fault> {
    let mut fields = Fields::of(value, path)?;
    let name = fields.string_required("role")?;
    let role = match name.as_str() {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => Role::System,
        _ => {
            let path = Path::Field(&path, "role").to_string();
            return Err(Fault::bad_request(&path, format!("`{path}` is not a role that a message can have."))
                .hint("Use `user` or `assistant`; instructions go into `system`."));
        }
    };
    let content_at = Path::Field(&path, "content");
    let blocks = content(fields.required("content", "a string or an array of blocks")?, content_at)?;
    let mut results = Message { role: Role::Tool, parts: Vec::new(), extra: Object::new() };
    let mut rest = Message { role, parts: Vec::new(), extra: fields.rest() };
    if role == Role::System {
        // It stands amid the turns, and its own dialect puts it back there.
        rest.extra.insert(ROLE.to_owned(), name.into());
    }
    for (part, unknown) in blocks {
        let into = if matches!(part, Part::ToolResult { .. }) { &mut results } else { &mut rest };
        put(into, part, unknown);
    }
    let alone = results.parts.is_empty();
    messages.extend((!alone).then_some(results));
    messages.extend((alone || !rest.parts.is_empty()).then_some(rest));
    Ok(())
}

fn put(message: &mut Message, part: Part, unknown: Object) {
    part_fields_put(&mut message.extra, message.parts.len(), unknown);
    message.parts.push(part);
}

/// The parts of a content, each with the fields that the neutral words lack.
fn content(value: Value, path: Path<'_>) -> Result<Vec<(Part, Object)>, Fault> {
    match value {
        Value::String(text) => Ok(vec![(Part::Text { text }, Object::new())]),
        Value::Array(items) => {
            items.into_iter().enumerate().map(|(index, item)| block(item, Path::Item(&path, index))).collect()
        }
        other => Err(path.mistyped(&other, "a string or an array of blocks")),
    }
}

fn block(value: Value, path: Path<'_>) -> Result<(Part, Object), Fault> {
    let kind = value.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let known = ["text", "image", "document", "thinking", "redacted_thinking", "tool_use", "tool_result"];
    let source = source_url(&value);
    let is_sourced = matches!(kind.as_str(), "image" | "document");
    let is_foreign = !known.contains(&kind.as_str()) || (is_sourced && source.is_none());
    if !kind.is_empty() && is_foreign {
        return Ok((Part::Other { dialect: Dialect::Anthropic, value }, Object::new()));
    }
    let mut fields = Fields::of(value, path)?;
    fields.string_required("type")?;
    let part = match (kind.as_str(), source) {
        ("text", _) => Part::Text { text: fields.string_required("text")? },
        ("image", Some(url)) => {
            fields.take("source");
            Part::Image { url, detail: None }
        }
        ("document", Some(url)) => {
            fields.take("source");
            Part::File { url, name: fields.string("title")? }
        }
        ("thinking", _) => {
            let text = fields.string("thinking")?.unwrap_or_default();
            let wire = fields.string("signature")?.filter(|wire| !wire.is_empty());
            let (by, signature) = wire.map(|wire| signature::read(Dialect::Anthropic, wire)).unzip();
            Part::Thinking { text, signature, redacted: None, by }
        }
        ("redacted_thinking", _) => {
            let (by, data) = signature::read(Dialect::Anthropic, fields.string_required("data")?);
            Part::Thinking { text: String::new(), signature: None, redacted: Some(data), by: Some(by) }
        }
        ("tool_use", _) => {
            let id = ids::restored(fields.string_required("id")?);
            let name = fields.string_required("name")?;
            let arguments = fields.take("input").map_or_else(|| "{}".to_owned(), |input| input.to_string());
            Part::ToolCall { id, name, arguments }
        }
        _ => tool_result(&mut fields, path)?,
    };
    Ok((part, fields.rest()))
}

fn tool_result(fields: &mut Fields<'_>, path: Path<'_>) -> Result<Part, Fault> {
    let id = ids::restored(fields.string_required("tool_use_id")?);
    let is_error = fields.boolean("is_error")?.unwrap_or(false);
    let inner = match fields.take("content") {
        // Unknown fields of blocks within a result have no place to be kept.
        Some(value) => content(value, Path::Field(&path, "content"))?.into_iter().map(|(part, _)| part).collect(),
        None => Vec::new(),
    };
    Ok(Part::ToolResult { id, content: inner, is_error })
}

/// The address or data URI of an image or a document; none for a source that only Anthropic has.
fn source_url(block: &Value) -> Option<String> {
    let source = block.get("source")?;
    let text = |name: &str| source.get(name).and_then(Value::as_str);
    match text("type")? {
        "url" => text("url").map(str::to_owned),
        "base64" => Some(to_data_uri(text("media_type")?, text("data")?)),
        "text" => Some(text_uri(text("data")?)),
        _ => None,
    }
}
