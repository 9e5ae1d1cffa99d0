//! Requests and whole answers, from Anthropic's words.

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use surefoot_types::{
    Fault,
    conversation::{Answer, ChatRequest, Dialect, Finish, Message, Parameters, Part, ResponseFormat, Tool, ToolChoice},
};

use super::{UsageIn, finish_of, read_messages, reasoning};
use crate::{
    fault, ids,
    json::{Fields, Object, Path, strings},
    signature,
};

pub(crate) fn request_read(body: &[u8]) -> Result<ChatRequest, Fault> {
    let mut fields = Fields::body(body)?;
    let model = fields.string_required("model")?;
    let turns = fields.required("messages", "an array of messages")?;
    let system = fields.take("system").map(read_messages::system).transpose()?;
    let messages = messages(system, read_messages::messages(turns)?);
    let parameters = parameters(&mut fields)?;
    let tools = fields.list("tools")?.map(tools).transpose()?.unwrap_or_default();
    let (tool_choice, parallel_tools) = tool_choice(&mut fields)?;
    let (response_format, mut config) = output_config(&mut fields)?;
    let reasoning = reasoning::read(&mut fields, &mut config);
    if !config.is_empty() {
        fields.put("output_config", config.into());
    }
    let stream = fields.boolean("stream")?.unwrap_or(false);
    let user = user(&mut fields)?;
    Ok(ChatRequest {
        dialect: Dialect::Anthropic,
        model,
        messages,
        tools,
        tool_choice,
        parallel_tools,
        parameters,
        reasoning,
        response_format,
        stream,
        include_usage: false,
        user,
        previous_response_id: None,
        store: None,
        extra: fields.rest(),
    })
}

fn messages(system: Option<Message>, turns: Vec<Message>) -> Vec<Message> {
    system.into_iter().chain(turns).collect()
}

fn parameters(fields: &mut Fields<'_>) -> Result<Parameters, Fault> {
    let max_tokens = fields.whole("max_tokens")?;
    if max_tokens.is_none() {
        return Err(Path::Field(&Path::Root, "max_tokens").missing("the most tokens that the answer may have"));
    }
    let path = Path::Field(&Path::Root, "stop_sequences");
    let stop = fields.take("stop_sequences").map(|value| strings(path, value)).transpose()?;
    Ok(Parameters {
        max_tokens,
        temperature: fields.float("temperature")?,
        top_p: fields.float("top_p")?,
        top_k: fields.whole("top_k")?,
        stop: stop.unwrap_or_default(),
        ..Parameters::default()
    })
}

fn tools(items: Vec<Value>) -> Result<Vec<Tool>, Fault> {
    let path = Path::Field(&Path::Root, "tools");
    items.into_iter().enumerate().map(|(index, item)| tool(item, Path::Item(&path, index))).collect()
}

fn tool(value: Value, path: Path<'_>) -> Result<Tool, Fault> {
    let mut fields = Fields::of(value, path)?;
    if let Some(kind) = fields.get_str("type").filter(|kind| *kind != "custom") {
        // The provider runs it: kept whole for its own dialect.
        let name = kind.to_owned();
        return Ok(Tool { name, description: None, schema: Value::Null, strict: None, extra: fields.rest() });
    }
    fields.take("type");
    Ok(Tool {
        name: fields.string_required("name")?,
        description: fields.string("description")?,
        schema: fields.take("input_schema").unwrap_or_else(|| json!({"type": "object", "properties": {}})),
        strict: fields.boolean("strict")?,
        extra: fields.rest(),
    })
}

/// The choice, and whether several tools may be called at once, which stands inside it.
fn tool_choice(fields: &mut Fields<'_>) -> Result<(Option<ToolChoice>, Option<bool>), Fault> {
    let path = Path::Field(&Path::Root, "tool_choice");
    let Some(value) = fields.take("tool_choice") else { return Ok((None, None)) };
    let mut choice = Fields::of(value, path)?;
    let kind = choice.string_required("type")?;
    let neutral = match kind.as_str() {
        "auto" => ToolChoice::Auto,
        "none" => ToolChoice::None,
        "any" => ToolChoice::Required,
        "tool" => ToolChoice::Named(choice.string_required("name")?),
        _ => {
            return Err(Fault::bad_request("tool_choice.type", "`tool_choice.type` is not a known choice.")
                .hint("Use `auto`, `any`, `tool` or `none`."));
        }
    };
    let parallel = choice.boolean("disable_parallel_tool_use")?.map(|disabled| !disabled);
    Ok((Some(neutral), parallel))
}

/// The asked shape, and the rest of `output_config`.
fn output_config(fields: &mut Fields<'_>) -> Result<(Option<ResponseFormat>, Object), Fault> {
    let path = Path::Field(&Path::Root, "output_config");
    let Some(value) = fields.take("output_config") else { return Ok((None, Object::new())) };
    let mut config = Fields::of(value, path)?;
    let mut neutral = None;
    if config.get("format").and_then(|format| format.get("type")).and_then(Value::as_str) == Some("json_schema") {
        let mut format = Fields::of(config.required("format", "an object")?, Path::Field(&path, "format"))?;
        let schema = format.required("schema", "a JSON schema")?;
        neutral = Some(ResponseFormat::JsonSchema { name: "answer".into(), schema, strict: None });
    }
    Ok((neutral, config.rest()))
}

/// The end user; the rest of `metadata` stays in `extra`.
fn user(fields: &mut Fields<'_>) -> Result<Option<String>, Fault> {
    let path = Path::Field(&Path::Root, "metadata");
    let Some(value) = fields.take("metadata") else { return Ok(None) };
    let mut metadata = Fields::of(value, path)?;
    let user = metadata.string("user_id")?;
    let rest = metadata.rest();
    if !rest.is_empty() {
        fields.put("metadata", rest.into());
    }
    Ok(user)
}

#[derive(Deserialize)]
struct Body<'a> {
    id: Option<String>,
    model: Option<String>,
    #[serde(borrow)]
    content: Option<Vec<&'a RawValue>>,
    stop_reason: Option<String>,
    usage: Option<UsageIn>,
    error: Option<Value>,
}

pub(crate) fn answer_read(body: &[u8]) -> Result<Answer, Fault> {
    let body: Body<'_> = serde_json::from_slice(body).map_err(|error| fault::unreadable("answer", error))?;
    if let Some(error) = body.error {
        return Err(fault::in_band(Dialect::Anthropic, &error));
    }
    let Some(content) = body.content else {
        return Err(fault::unreadable("answer", "`content` is missing"));
    };
    let parts: Result<Vec<Part>, _> = content.into_iter().map(part).collect();
    Ok(Answer {
        id: body.id.unwrap_or_default(),
        model: body.model.unwrap_or_default(),
        parts: parts.map_err(|error| fault::unreadable("answer", error))?,
        finish: body.stop_reason.map_or(Finish::Stop, |reason| finish_of(&reason)),
        usage: body.usage.and_then(|usage| usage.read()),
        logprobs: Vec::new(),
    })
}

/// A block of an answer. A call's input is kept as the model wrote it: through a number type, a
/// large integer would come out as another one.
#[derive(Deserialize)]
struct Block<'a> {
    r#type: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    thinking: String,
    signature: Option<String>,
    #[serde(default)]
    data: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    name: String,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

fn part(raw: &RawValue) -> Result<Part, serde_json::Error> {
    let kind: Kind = serde_json::from_str(raw.get())?;
    if !matches!(kind.r#type.as_str(), "text" | "thinking" | "redacted_thinking" | "tool_use") {
        return Ok(Part::Other { dialect: Dialect::Anthropic, value: serde_json::from_str(raw.get())? });
    }
    let block: Block<'_> = serde_json::from_str(raw.get())?;
    Ok(match block.r#type.as_str() {
        "text" => Part::Text { text: block.text },
        "thinking" => {
            let wire = block.signature.filter(|wire| !wire.is_empty());
            let (by, signature) = wire.map(|wire| signature::read(Dialect::Anthropic, wire)).unzip();
            Part::Thinking { text: block.thinking, signature, redacted: None, by }
        }
        "redacted_thinking" => {
            let (by, data) = signature::read(Dialect::Anthropic, block.data);
            Part::Thinking { text: String::new(), signature: None, redacted: Some(data), by: Some(by) }
        }
        _ => {
            let arguments = block.input.map_or("{}", RawValue::get).to_owned();
            Part::ToolCall { id: ids::restored(block.id), name: block.name, arguments }
        }
    })
}

/// A block's type alone: other blocks may use the same field names for other things.
#[derive(Deserialize)]
struct Kind {
    r#type: String,
}
