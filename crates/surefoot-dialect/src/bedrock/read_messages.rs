//! Messages and their content blocks, from Bedrock's words.

use serde_json::Value;
use surefoot_types::{
    Fault,
    conversation::{Dialect, Message, Part, Role},
};

use super::{DOCUMENTS, IMAGES, blocks::cache_mark, redacted_read};
use crate::{
    extras::{ITEM, part_fields_put},
    ids,
    json::{Fields, Object, Path},
    media::{text_uri, to_data_uri},
    signature,
};

pub(super) fn messages(system: Option<Value>, turns: Value) -> Result<Vec<Message>, Fault> {
    let mut messages = Vec::new();
    if let Some(system) = system {
        let path = Path::Field(&Path::Root, "system");
        let mut message = new(Role::System);
        for (index, block) in path.list(system)?.into_iter().enumerate() {
            read(block, Path::Item(&path, index), &mut message)?;
        }
        messages.push(message);
    }
    let path = Path::Field(&Path::Root, "messages");
    let items = path.list(turns)?;
    if items.is_empty() {
        return Err(Fault::bad_request("messages", "`messages` is empty.").hint("Send at least one message."));
    }
    for (index, item) in items.into_iter().enumerate() {
        turn(item, Path::Item(&path, index), &mut messages)?;
    }
    Ok(messages)
}

/// Reads one message; the results of tools in it become a message of their own, before the rest.
fn turn(value: Value, path: Path<'_>, messages: &mut Vec<Message>) -> Result<(), Fault> {
    let mut fields = Fields::of(value, path)?;
    let role = match fields.string_required("role")?.as_str() {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => Role::System,
        _ => {
            let path = Path::Field(&path, "role").to_string();
            return Err(Fault::bad_request(&path, format!("`{path}` is not a role that a message can have."))
                .hint("Use `user` or `assistant`; instructions go into `system`."));
        }
    };
    let at = Path::Field(&path, "content");
    let blocks = at.list(fields.required("content", "an array of blocks")?)?;
    let (mut results, mut rest) = (new(Role::Tool), new(role));
    rest.extra = fields.rest();
    let mut after_result = false;
    for (index, block) in blocks.into_iter().enumerate() {
        let is_mark = block.get("cachePoint").is_some();
        after_result = block.get("toolResult").is_some() || (is_mark && after_result);
        read(block, Path::Item(&at, index), if after_result { &mut results } else { &mut rest })?;
    }
    let alone = results.parts.is_empty();
    messages.extend((!alone).then_some(results));
    messages.extend((alone || !rest.parts.is_empty()).then_some(rest));
    Ok(())
}

fn new(role: Role) -> Message {
    Message { role, parts: Vec::new(), extra: Object::new() }
}

fn read(value: Value, path: Path<'_>, into: &mut Message) -> Result<(), Fault> {
    if let (Some(point), Some(last)) = (value.get("cachePoint"), into.parts.len().checked_sub(1)) {
        let mut fields = crate::extras::part_fields(into, last).cloned().unwrap_or_default();
        fields.insert("cache_control".into(), cache_mark(point));
        part_fields_put(&mut into.extra, last, fields);
        return Ok(());
    }
    let (part, unknown) = block(value, path)?;
    part_fields_put(&mut into.extra, into.parts.len(), unknown);
    into.parts.push(part);
    Ok(())
}

fn block(value: Value, path: Path<'_>) -> Result<(Part, Object), Fault> {
    if let Some((part, unknown)) = picture_or_document(&value) {
        return Ok((part, unknown));
    }
    let mut fields = Fields::of(value, path)?;
    if let Some(text) = fields.string("text")? {
        return Ok((Part::Text { text }, Object::new()));
    }
    if let Some(value) = fields.take("toolUse") {
        let mut call = Fields::of(value, Path::Field(&path, "toolUse"))?;
        let id = ids::restored(call.string_required("toolUseId")?);
        let name = call.string_required("name")?;
        let arguments = call.take("input").map_or_else(|| "{}".to_owned(), |input| input.to_string());
        return Ok((Part::ToolCall { id, name, arguments }, Object::new()));
    }
    if let Some(value) = fields.take("toolResult") {
        return result(value, Path::Field(&path, "toolResult"));
    }
    match fields.take("reasoningContent") {
        Some(value) => match reasoning(&value) {
            Some(part) => Ok((part, Object::new())),
            None => Ok((other(Object::from_iter([("reasoningContent".to_owned(), value)])), Object::new())),
        },
        None => Ok((other(fields.rest()), Object::new())),
    }
}

fn other(value: Object) -> Part {
    Part::Other { dialect: Dialect::Bedrock, value: value.into() }
}

fn result(value: Value, path: Path<'_>) -> Result<(Part, Object), Fault> {
    let mut fields = Fields::of(value, path)?;
    let id = ids::restored(fields.string_required("toolUseId")?);
    let is_error = fields.string("status")?.as_deref() == Some("error");
    let at = Path::Field(&path, "content");
    let items = fields.list("content")?.unwrap_or_default();
    // JSON is told as text elsewhere; here it is written back as it came.
    let has_json = items.iter().any(|item| item.get("json").is_some());
    let mut unknown = Object::new();
    if has_json {
        unknown.insert(ITEM.to_owned(), Object::from_iter([("content".to_owned(), items.clone().into())]).into());
    }
    let mut content = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        content.push(match item.get("json") {
            Some(json) => Part::Text { text: json.to_string() },
            None => block(item, Path::Item(&at, index))?.0,
        });
    }
    Ok((Part::ToolResult { id, content, is_error }, unknown))
}

fn reasoning(value: &Value) -> Option<Part> {
    if let Some(data) = value.get("redactedContent").and_then(Value::as_str) {
        let (by, data) = redacted_read(data.to_owned());
        return Some(Part::Thinking { text: String::new(), signature: None, redacted: Some(data), by: Some(by) });
    }
    let inner = value.get("reasoningText")?;
    let text = inner.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
    let wire = inner.get("signature").and_then(Value::as_str).filter(|wire| !wire.is_empty());
    let (by, signature) = wire.map(|wire| signature::read(Dialect::Bedrock, wire.to_owned())).unzip();
    Some(Part::Thinking { text, signature, redacted: None, by })
}

/// A picture or a document whose content stands in the request; none for one that only AWS can fetch.
fn picture_or_document(block: &Value) -> Option<(Part, Object)> {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let of_format = |known: &[(&'static str, &str)], format: &str| {
        known.iter().find(|(_, it)| *it == format).map(|(media_type, _)| *media_type)
    };
    if let Some(image) = block.get("image") {
        let media_type = of_format(&IMAGES, &text(image, "format")?)?;
        let url = to_data_uri(media_type, &text(image.get("source")?, "bytes")?);
        return Some((Part::Image { url, detail: None }, Object::new()));
    }
    let document = block.get("document")?;
    let source = document.get("source")?;
    let url = match text(source, "text") {
        Some(words) => text_uri(&words),
        None => to_data_uri(of_format(&DOCUMENTS, &text(document, "format")?)?, &text(source, "bytes")?),
    };
    let mut unknown = document.as_object()?.clone();
    for read in ["format", "name", "source"] {
        unknown.shift_remove(read);
    }
    Some((Part::File { url, name: text(document, "name") }, unknown))
}
