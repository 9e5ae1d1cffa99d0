//! Every text of a request that somebody wrote and that leaves with it.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use surefoot_guard::pseudonyms::Form;
use surefoot_types::conversation::{ChatRequest, Part, ResponseFormat};

/// Visits each text: of messages, of what tools are called with and gave back, of tools' descriptions and schemas,
/// of the answer's shape, and of fields that the neutral words have no place for. Addresses of pictures and files
/// are left alone, since another address would be another file; but text inside a data address is visited.
pub(crate) fn each_text(request: &mut ChatRequest, visit: &mut dyn FnMut(&mut String, Form)) {
    for message in &mut request.messages {
        each_part(&mut message.parts, visit);
        message.extra.values_mut().for_each(|value| each_value(value, visit));
    }
    for tool in &mut request.tools {
        tool.description.iter_mut().for_each(|text| visit(text, Form::Text));
        each_value(&mut tool.schema, visit);
        tool.extra.values_mut().for_each(|value| each_value(value, visit));
    }
    if let Some(ResponseFormat::JsonSchema { schema, .. }) = &mut request.response_format {
        each_value(schema, visit);
    }
    request.parameters.stop.iter_mut().chain(&mut request.user).for_each(|text| visit(text, Form::Text));
    request.extra.values_mut().for_each(|value| each_value(value, visit));
}

/// Visits each text of parts.
pub(crate) fn each_part(parts: &mut [Part], visit: &mut dyn FnMut(&mut String, Form)) {
    for part in parts {
        match part {
            Part::Text { text } | Part::Refusal { text } | Part::Thinking { text, .. } => visit(text, Form::Text),
            Part::ToolCall { arguments, .. } => visit(arguments, Form::Json),
            Part::ToolResult { content, .. } => each_part(content, visit),
            Part::File { name, url } => {
                name.iter_mut().for_each(|name| visit(name, Form::Text));
                inside_address(url, visit);
            }
            Part::Other { value, .. } => each_value(value, visit),
            Part::Image { .. } => {}
        }
    }
}

/// Visits the text that a data address holds, if it is one of text: `data:text/plain;base64,…`.
pub(super) fn inside_address(url: &mut String, visit: &mut dyn FnMut(&mut String, Form)) {
    let Some((head, data)) = url.split_once(";base64,").filter(|(head, _)| head.starts_with("data:text/")) else {
        return;
    };
    let Some(mut text) = STANDARD.decode(data).ok().and_then(|bytes| String::from_utf8(bytes).ok()) else { return };
    let before = text.clone();
    visit(&mut text, Form::Text);
    if text != before {
        *url = format!("{head};base64,{}", STANDARD.encode(text));
    }
}

/// Visits the strings of a JSON value. What stands in data addresses is no text.
pub(crate) fn each_value(value: &mut Value, visit: &mut dyn FnMut(&mut String, Form)) {
    match value {
        Value::String(text) if !text.starts_with("data:") => visit(text, Form::Text),
        Value::Array(items) => items.iter_mut().for_each(|item| each_value(item, visit)),
        Value::Object(fields) => fields.values_mut().for_each(|field| each_value(field, visit)),
        _ => {}
    }
}
