//! Requests, from the words of OpenAI's responses.

use serde_json::{Value, json};
use surefoot_types::{
    Fault,
    conversation::{
        ChatRequest, Dialect, Message, Parameters, Reasoning, ResponseFormat, Role, Thinking, Tool, ToolChoice,
    },
};

use super::{INSTRUCTIONS, read_items};
use crate::{
    effort,
    extras::ROLE,
    json::{Fields, Path},
};

/// What a caller includes who wants the probabilities of tokens.
pub(super) const LOGPROBS: &str = "message.output_text.logprobs";

pub(crate) fn request_read(body: &[u8]) -> Result<ChatRequest, Fault> {
    let mut fields = Fields::body(body)?;
    let model = fields.string_required("model")?;
    let previous_response_id = fields.string("previous_response_id")?;
    let messages = messages(&mut fields, previous_response_id.is_some())?;
    let parameters = parameters(&mut fields)?;
    let tools = fields.list("tools")?.map(tools).transpose()?.unwrap_or_default();
    let tool_choice = tool_choice(&mut fields);
    let parallel_tools = fields.boolean("parallel_tool_calls")?;
    let reasoning = reasoning(&mut fields)?;
    let response_format = response_format(&mut fields)?;
    let stream = fields.boolean("stream")?.unwrap_or(false);
    let user = fields.string("user")?;
    let store = fields.boolean("store")?;
    Ok(ChatRequest {
        dialect: Dialect::OpenaiResponses,
        model,
        messages,
        tools,
        tool_choice,
        parallel_tools,
        parameters,
        reasoning,
        response_format,
        stream,
        include_usage: true,
        user,
        previous_response_id,
        store,
        extra: fields.rest(),
    })
}

/// The instructions and the items. A request may have no items where it goes on from an answer, or
/// from a prompt that is kept at OpenAI.
fn messages(fields: &mut Fields<'_>, goes_on: bool) -> Result<Vec<Message>, Fault> {
    let mut messages = Vec::new();
    if let Some(text) = fields.string("instructions")? {
        let mut message = Message::text(Role::System, text);
        message.extra.insert(ROLE.to_owned(), INSTRUCTIONS.into());
        messages.push(message);
    }
    match fields.take("input") {
        Some(input) => read_items::items(input, &mut messages)?,
        None if goes_on || fields.get("prompt").is_some() => {}
        None => return Err(Path::Field(&Path::Root, "input").missing("a string or an array of items")),
    }
    Ok(messages)
}

fn parameters(fields: &mut Fields<'_>) -> Result<Parameters, Fault> {
    let wanted = fields
        .get("include")
        .and_then(Value::as_array)
        .is_some_and(|include| include.iter().any(|one| one == LOGPROBS));
    Ok(Parameters {
        max_tokens: fields.whole("max_output_tokens")?,
        temperature: fields.float("temperature")?,
        top_p: fields.float("top_p")?,
        logprobs: wanted.then_some(true),
        top_logprobs: fields.whole("top_logprobs")?,
        ..Parameters::default()
    })
}

fn tools(items: Vec<Value>) -> Result<Vec<Tool>, Fault> {
    let path = Path::Field(&Path::Root, "tools");
    items.into_iter().enumerate().map(|(index, item)| tool(item, Path::Item(&path, index))).collect()
}

/// A function; a tool of another kind (file search, web search, MCP) is kept whole under the name
/// of its kind, for whoever runs it.
fn tool(value: Value, path: Path<'_>) -> Result<Tool, Fault> {
    let mut fields = Fields::of(value, path)?;
    if let Some(kind) = fields.get_str("type").filter(|kind| *kind != "function") {
        let name = kind.to_owned();
        return Ok(Tool { name, description: None, schema: Value::Null, strict: None, extra: fields.rest() });
    }
    fields.take("type");
    Ok(Tool {
        name: fields.string_required("name")?,
        description: fields.string("description")?,
        schema: fields.take("parameters").unwrap_or_else(|| json!({"type": "object", "properties": {}})),
        strict: fields.boolean("strict")?,
        extra: fields.rest(),
    })
}

/// A choice that the neutral words lack (a tool that OpenAI runs) stays in `extra`.
fn tool_choice(fields: &mut Fields<'_>) -> Option<ToolChoice> {
    let choice = match fields.get("tool_choice")? {
        Value::String(word) => match word.as_str() {
            "auto" => ToolChoice::Auto,
            "none" => ToolChoice::None,
            "required" => ToolChoice::Required,
            _ => return None,
        },
        choice => match choice.get("type")?.as_str()? {
            "function" => ToolChoice::Named(choice.get("name")?.as_str()?.to_owned()),
            "allowed_tools" => allowed_tools(choice)?,
            _ => return None,
        },
    };
    fields.take("tool_choice");
    Some(choice)
}

fn allowed_tools(choice: &Value) -> Option<ToolChoice> {
    let required = choice.get("mode")?.as_str()? == "required";
    let name = |tool: &Value| Some(tool.get("name").filter(|_| tool["type"] == "function")?.as_str()?.to_owned());
    let names: Option<Vec<String>> = choice.get("tools")?.as_array()?.iter().map(name).collect();
    Some(ToolChoice::Allowed { names: names?, required })
}

/// The effort, and whether a summary is wanted; a certain kind of it stays in `extra` with the rest.
fn reasoning(fields: &mut Fields<'_>) -> Result<Reasoning, Fault> {
    let mut reasoning = Reasoning::default();
    let Some(value) = fields.take("reasoning") else { return Ok(reasoning) };
    let mut inner = Fields::of(value, Path::Field(&Path::Root, "reasoning"))?;
    match inner.get_str("effort") {
        Some("none") => reasoning.thinking = Some(Thinking::Off),
        Some(word) => reasoning.effort = effort::read(word),
        None => {}
    }
    if reasoning != Reasoning::default() {
        inner.take("effort");
    }
    reasoning.shown = inner.get("summary").is_some_and(|summary| !summary.is_null()).then_some(true);
    if inner.get_str("summary") == Some("auto") {
        inner.take("summary");
    }
    let rest = inner.rest();
    if !rest.is_empty() {
        fields.put("reasoning", rest.into());
    }
    Ok(reasoning)
}

/// The asked shape; the rest of `text` stays in `extra`, with a format that the neutral words lack.
fn response_format(fields: &mut Fields<'_>) -> Result<Option<ResponseFormat>, Fault> {
    let path = Path::Field(&Path::Root, "text");
    let Some(value) = fields.take("text") else { return Ok(None) };
    let mut text = Fields::of(value, path)?;
    let kind = text.get("format").and_then(|format| format.get("type")).and_then(Value::as_str).map(str::to_owned);
    let mut neutral = None;
    match kind.as_deref() {
        Some("text") => {
            text.take("format");
        }
        Some("json_object") => {
            text.take("format");
            neutral = Some(ResponseFormat::JsonObject);
        }
        Some("json_schema") => {
            let mut format = Fields::of(text.required("format", "an object")?, Path::Field(&path, "format"))?;
            let name = format.string_required("name")?;
            let strict = format.boolean("strict")?;
            let mut schema = format.required("schema", "a JSON schema")?;
            if let (Some(description), Some(schema)) = (format.take("description"), schema.as_object_mut()) {
                schema.entry("description").or_insert(description);
            }
            neutral = Some(ResponseFormat::JsonSchema { name, schema, strict });
        }
        _ => {}
    }
    let rest = text.rest();
    if !rest.is_empty() {
        fields.put("text", rest.into());
    }
    Ok(neutral)
}
