//! Items and their parts, from the words of OpenAI's responses.
//!
//! What the model said in one turn is several items here (reasoning, messages, calls) and one
//! message in neutral words, as in every other dialect.

use serde_json::Value;
use surefoot_types::{
    Fault,
    conversation::{Dialect, Message, Part, Role},
};

use super::{ITEM, Sealed};
use crate::{
    extras::{ROLE, part_fields_put},
    json::{Fields, Object, Path},
    media::to_data_uri,
};

pub(super) fn items(input: Value, messages: &mut Vec<Message>) -> Result<(), Fault> {
    let path = Path::Field(&Path::Root, "input");
    let items = match input {
        Value::String(text) => {
            messages.push(Message::text(Role::User, text));
            return Ok(());
        }
        Value::Array(items) => items,
        other => return Err(path.mistyped(&other, "a string or an array of items")),
    };
    for (index, item) in items.into_iter().enumerate() {
        read(item, Path::Item(&path, index), messages)?;
    }
    Ok(())
}

fn read(value: Value, path: Path<'_>, messages: &mut Vec<Message>) -> Result<(), Fault> {
    let mut fields = Fields::of(value, path)?;
    match fields.get_str("type").unwrap_or("message") {
        "message" => return message(fields, path, messages),
        "function_call_output" => {
            fields.take("type");
            let id = fields.string_required("call_id")?;
            let output = fields.required("output", "a string or an array of parts")?;
            let content = parts(output, Path::Field(&path, "output"))?.into_iter().map(|(part, _)| part).collect();
            let mut message = new(Role::Tool);
            message.parts.push(Part::ToolResult { id, content, is_error: false });
            item_put(&mut message.extra, fields.rest());
            messages.push(message);
        }
        "function_call" => {
            fields.take("type");
            let id = fields.string_required("call_id")?;
            let name = fields.string_required("name")?;
            let arguments = fields.string("arguments")?.unwrap_or_default();
            said(messages, Part::ToolCall { id, name, arguments }, Object::new(), Some(fields.rest()));
        }
        "reasoning" if fields.get_str("encrypted_content").is_some() => {
            fields.take("type");
            let sealed = Sealed::read(fields.string_required("encrypted_content")?);
            let text = summary_text(&fields);
            said(messages, thinking(text, Some(sealed)), Object::new(), Some(fields.rest()));
        }
        // Reasoning that OpenAI keeps, references, and calls of the tools that it runs.
        _ => {
            let part = Part::Other { dialect: Dialect::OpenaiResponses, value: fields.rest().into() };
            said(messages, part, Object::new(), None);
        }
    }
    Ok(())
}

fn message(mut fields: Fields<'_>, path: Path<'_>, messages: &mut Vec<Message>) -> Result<(), Fault> {
    let name = fields.string_required("role")?;
    let role = match name.as_str() {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" | "developer" => Role::System,
        _ => {
            let path = Path::Field(&path, "role").to_string();
            return Err(Fault::bad_request(&path, format!("`{path}` is not a role that a message can have."))
                .hint("Use `system`, `developer`, `user` or `assistant`."));
        }
    };
    let content = fields.required("content", "a string or an array of parts")?;
    let parts = parts(content, Path::Field(&path, "content"))?;
    let mut item = fields.rest();
    item.shift_remove("type");
    if role == Role::Assistant {
        let mut begins = Some(item);
        for (part, unknown) in parts {
            said(messages, part, unknown, begins.take());
        }
        return Ok(());
    }
    let mut message = new(role);
    for (part, unknown) in parts {
        part_fields_put(&mut message.extra, message.parts.len(), unknown);
        message.parts.push(part);
    }
    item_put(&mut message.extra, item);
    if name == "developer" {
        message.extra.insert(ROLE.to_owned(), name.into());
    }
    messages.push(message);
    Ok(())
}

fn new(role: Role) -> Message {
    Message { role, parts: Vec::new(), extra: Object::new() }
}

/// Adds to what the assistant says in this turn. `item`: the part begins an item with these fields.
fn said(messages: &mut Vec<Message>, part: Part, mut unknown: Object, item: Option<Object>) {
    if messages.last().is_none_or(|message| message.role != Role::Assistant) {
        messages.push(new(Role::Assistant));
    }
    let Some(message) = messages.last_mut() else { return };
    if let Some(item) = item {
        unknown.insert(ITEM.to_owned(), item.into());
    }
    part_fields_put(&mut message.extra, message.parts.len(), unknown);
    message.parts.push(part);
}

fn item_put(extra: &mut Object, item: Object) {
    if !item.is_empty() {
        extra.insert(ITEM.to_owned(), item.into());
    }
}

/// The parts of a content, each with the fields that the neutral words lack.
fn parts(value: Value, path: Path<'_>) -> Result<Vec<(Part, Object)>, Fault> {
    match value {
        Value::String(text) => Ok(vec![(Part::Text { text }, Object::new())]),
        Value::Array(items) => {
            items.into_iter().enumerate().map(|(index, item)| part(item, Path::Item(&path, index))).collect()
        }
        other => Err(path.mistyped(&other, "a string or an array of parts")),
    }
}

fn part(value: Value, path: Path<'_>) -> Result<(Part, Object), Fault> {
    let mut fields = Fields::of(value, path)?;
    let kind = fields.string_required("type")?;
    let sourced = source(&fields, &kind);
    let part = match (kind.as_str(), sourced) {
        ("input_text" | "output_text", _) => Part::Text { text: fields.string_required("text")? },
        ("refusal", _) => Part::Refusal { text: fields.string_required("refusal")? },
        ("input_image", Some(url)) => {
            fields.take("image_url");
            Part::Image { url, detail: fields.string("detail")? }
        }
        ("input_file", Some(url)) => {
            fields.take("file_data");
            fields.take("file_url");
            Part::File { url, name: fields.string("filename")? }
        }
        ("input_audio", Some(url)) => {
            fields.take("input_audio");
            Part::File { url, name: None }
        }
        _ => {
            let mut value = Object::from_iter([("type".to_owned(), Value::from(kind))]);
            value.extend(fields.rest());
            return Ok((Part::Other { dialect: Dialect::OpenaiResponses, value: value.into() }, Object::new()));
        }
    };
    Ok((part, fields.rest()))
}

/// The address or data URI of a picture, file or sound; none for an id, which only OpenAI knows.
fn source(fields: &Fields<'_>, kind: &str) -> Option<String> {
    match kind {
        "input_image" => fields.get_str("image_url").map(str::to_owned),
        "input_file" => {
            let data = fields.get_str("file_data").filter(|data| data.starts_with("data:"));
            data.or_else(|| fields.get_str("file_url")).map(str::to_owned)
        }
        "input_audio" => {
            let audio = fields.get(kind)?;
            let media_type = format!("audio/{}", audio.get("format")?.as_str()?);
            Some(to_data_uri(&media_type, audio.get("data")?.as_str()?))
        }
        _ => None,
    }
}

/// An item's reasoning in words: its summary, or the reasoning itself where a server shows it.
fn summary_text(fields: &Fields<'_>) -> String {
    texts(fields.get("summary")).or_else(|| texts(fields.get("content"))).unwrap_or_default()
}

/// The texts of an array of parts, a blank line between them.
pub(super) fn texts(parts: Option<&Value>) -> Option<String> {
    let texts: Vec<&str> = parts?.as_array()?.iter().filter_map(|part| part.get("text")?.as_str()).collect();
    (!texts.is_empty()).then(|| texts.join("\n\n"))
}

/// Reasoning with what its item keeps sealed.
pub(super) fn thinking(text: String, sealed: Option<Sealed>) -> Part {
    match sealed {
        Some(Sealed::Redacted(by, data)) => {
            Part::Thinking { text, signature: None, redacted: Some(data), by: Some(by) }
        }
        Some(Sealed::Signature(by, signature)) => {
            Part::Thinking { text, signature: Some(signature), redacted: None, by: Some(by) }
        }
        None => Part::Thinking { text, signature: None, redacted: None, by: None },
    }
}
