//! Messages and their parts, from OpenAI's words.

use serde_json::Value;
use surefoot_types::{
    Fault,
    conversation::{Dialect, Message, Part, Role},
};

use super::{
    THINKING_BLOCKS,
    read::{arguments_text, read_thinking},
};
use crate::{
    extras::{ROLE, part_fields_put},
    json::{Fields, Object, Path},
};

pub(super) fn messages(value: Value) -> Result<Vec<Message>, Fault> {
    let path = Path::Field(&Path::Root, "messages");
    let items = path.list(value)?;
    if items.is_empty() {
        return Err(Fault::bad_request("messages", "`messages` is empty.").hint("Send at least one message."));
    }
    items.into_iter().enumerate().map(|(index, item)| message(item, Path::Item(&path, index))).collect()
}

fn message(value: Value, path: Path<'_>) -> Result<Message, Fault> {
    let whole = value.get("role").and_then(Value::as_str) == Some("function");
    if whole {
        // The form before tools: nothing but its own dialect can carry it.
        let parts = vec![Part::Other { dialect: Dialect::OpenaiChat, value }];
        return Ok(Message { role: Role::Tool, parts, extra: Object::new() });
    }
    let mut fields = Fields::of(value, path)?;
    let role = fields.string_required("role")?;
    match role.as_str() {
        "system" | "developer" => {
            let mut message = said(Role::System, fields, path)?;
            if role == "developer" {
                message.extra.insert(ROLE.to_owned(), role.into());
            }
            Ok(message)
        }
        "user" => said(Role::User, fields, path),
        "assistant" => assistant(fields, path),
        "tool" => tool(fields, path),
        _ => {
            let path = Path::Field(&path, "role").to_string();
            Err(Fault::bad_request(&path, format!("`{path}` is not a role that a message can have."))
                .hint("Use `system`, `developer`, `user`, `assistant` or `tool`."))
        }
    }
}

fn said(role: Role, mut fields: Fields<'_>, path: Path<'_>) -> Result<Message, Fault> {
    let mut extra = Object::new();
    let content = fields.required("content", "a string or an array of parts")?;
    let parts = content_parts(content, Path::Field(&path, "content"), &mut extra, 0)?;
    extra.extend(fields.rest());
    Ok(Message { role, parts, extra })
}

fn assistant(mut fields: Fields<'_>, path: Path<'_>) -> Result<Message, Fault> {
    let mut extra = Object::new();
    let mut parts = match fields.get(THINKING_BLOCKS) {
        Some(_) => read_thinking(fields.take(THINKING_BLOCKS)),
        None => Vec::new(),
    };
    if let Some(content) = fields.take("content") {
        let first = parts.len();
        parts.extend(content_parts(content, Path::Field(&path, "content"), &mut extra, first)?);
    }
    parts.extend(fields.string("refusal")?.map(|text| Part::Refusal { text }));
    let calls = Path::Field(&path, "tool_calls");
    for (index, call) in fields.list("tool_calls")?.unwrap_or_default().into_iter().enumerate() {
        parts.push(tool_call(call, Path::Item(&calls, index))?);
    }
    extra.extend(fields.rest());
    Ok(Message { role: Role::Assistant, parts, extra })
}

fn tool_call(value: Value, path: Path<'_>) -> Result<Part, Fault> {
    if value.get("type").and_then(Value::as_str).is_some_and(|kind| kind != "function") {
        return Ok(Part::Other { dialect: Dialect::OpenaiChat, value });
    }
    let mut fields = Fields::of(value, path)?;
    let id = fields.string_required("id")?;
    let mut function = Fields::of(fields.required("function", "an object")?, Path::Field(&path, "function"))?;
    let name = function.string_required("name")?;
    let arguments = function.take("arguments").map(arguments_text).unwrap_or_default();
    Ok(Part::ToolCall { id, name, arguments })
}

fn tool(mut fields: Fields<'_>, path: Path<'_>) -> Result<Message, Fault> {
    let id = fields.string_required("tool_call_id")?;
    let content = fields.required("content", "a string or an array of text parts")?;
    // Unknown fields of parts within a result have no place to be kept.
    let content = content_parts(content, Path::Field(&path, "content"), &mut Object::new(), 0)?;
    let parts = vec![Part::ToolResult { id, content, is_error: false }];
    Ok(Message { role: Role::Tool, parts, extra: fields.rest() })
}

/// The parts of a `content`; the unknown fields of part `first + n` go to `extra`.
fn content_parts(value: Value, path: Path<'_>, extra: &mut Object, first: usize) -> Result<Vec<Part>, Fault> {
    let items = match value {
        Value::String(text) => return Ok(vec![Part::Text { text }]),
        Value::Array(items) => items,
        other => return Err(path.mistyped(&other, "a string or an array of parts")),
    };
    let mut parts = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let (part, unknown) = content_part(item, Path::Item(&path, index))?;
        part_fields_put(extra, first + index, unknown);
        parts.push(part);
    }
    Ok(parts)
}

fn content_part(value: Value, path: Path<'_>) -> Result<(Part, Object), Fault> {
    let mut fields = Fields::of(value, path)?;
    let kind = fields.string_required("type")?;
    let part = match kind.as_str() {
        "text" => Part::Text { text: fields.string_required("text")? },
        "refusal" => Part::Refusal { text: fields.string_required("refusal")? },
        "image_url" => {
            let image = fields.required("image_url", "an object with a `url`")?;
            let mut image = Fields::of(image, Path::Field(&path, "image_url"))?;
            Part::Image { url: image.string_required("url")?, detail: image.string("detail")? }
        }
        "file" | "input_audio" => match file(&fields, &kind) {
            Some(part) => {
                fields.take(&kind);
                part
            }
            None => return Ok(other(kind, fields)),
        },
        _ => return Ok(other(kind, fields)),
    };
    Ok((part, fields.rest()))
}

/// A part that no other dialect has.
fn other(kind: String, fields: Fields<'_>) -> (Part, Object) {
    let mut value = Object::from_iter([("type".to_owned(), Value::from(kind))]);
    value.extend(fields.rest());
    (Part::Other { dialect: Dialect::OpenaiChat, value: value.into() }, Object::new())
}

/// A file or sound whose content stands in the request; none for an id, which only OpenAI knows.
fn file(fields: &Fields<'_>, kind: &str) -> Option<Part> {
    let inner = fields.get(kind)?;
    let text = |name: &str| inner.get(name).and_then(Value::as_str);
    if kind == "input_audio" {
        let url = format!("data:audio/{};base64,{}", text("format")?, text("data")?);
        return Some(Part::File { url, name: None });
    }
    let url = text("file_data").filter(|url| url.starts_with("data:"))?.to_owned();
    Some(Part::File { url, name: text("filename").map(str::to_owned) })
}
