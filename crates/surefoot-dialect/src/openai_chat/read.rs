//! Requests and whole answers, from OpenAI's words.

use serde::Deserialize;
use serde_json::{Value, json};
use surefoot_types::{
    Fault,
    conversation::{
        Answer, ChatRequest, Dialect, Finish, Parameters, Part, Reasoning, ResponseFormat, Thinking, Tool, ToolChoice,
    },
    usage::Tier,
};

use super::{ThinkingBlock, UsageIn, finish_of, read_messages};
use crate::{
    effort, fault,
    json::{Fields, Object, Path, strings},
    logprobs, signature,
};

pub(crate) fn request_read(body: &[u8]) -> Result<ChatRequest, Fault> {
    let mut fields = Fields::body(body)?;
    let model = fields.string_required("model")?;
    let messages = read_messages::messages(fields.required("messages", "an array of messages")?)?;
    let parameters = parameters(&mut fields)?;
    let tools = fields.list("tools")?.map(tools).transpose()?.unwrap_or_default();
    let tool_choice = tool_choice(&mut fields);
    let parallel_tools = fields.boolean("parallel_tool_calls")?;
    let reasoning = reasoning(&mut fields);
    let response_format = response_format(&mut fields)?;
    let stream = fields.boolean("stream")?.unwrap_or(false);
    let include_usage = include_usage(&mut fields)?;
    let user = fields.string("user")?;
    Ok(ChatRequest {
        dialect: Dialect::OpenaiChat,
        model,
        messages,
        tools,
        tool_choice,
        parallel_tools,
        parameters,
        reasoning,
        response_format,
        stream,
        include_usage,
        user,
        previous_response_id: None,
        store: None,
        extra: fields.rest(),
    })
}

fn parameters(fields: &mut Fields<'_>) -> Result<Parameters, Fault> {
    let old = fields.whole("max_tokens")?;
    let new = fields.whole("max_completion_tokens")?;
    if new.is_some() {
        // Remembers which of the two names the caller uses; the writer puts the number.
        fields.put("max_completion_tokens", Value::Null);
    }
    let stop = fields.take("stop").map(|value| strings(Path::Field(&Path::Root, "stop"), value)).transpose()?;
    Ok(Parameters {
        // Servers know one of the two names, so that the larger number is the one to reckon with.
        max_tokens: new.max(old),
        temperature: fields.float("temperature")?,
        top_p: fields.float("top_p")?,
        top_k: None,
        stop: stop.unwrap_or_default(),
        seed: fields.integer("seed")?,
        presence_penalty: fields.float("presence_penalty")?,
        frequency_penalty: fields.float("frequency_penalty")?,
        logprobs: fields.boolean("logprobs")?,
        top_logprobs: fields.whole("top_logprobs")?,
        n: fields.whole("n")?,
    })
}

/// An effort that the neutral words lack stays in `extra`.
fn reasoning(fields: &mut Fields<'_>) -> Reasoning {
    let mut reasoning = Reasoning::default();
    match fields.get_str("reasoning_effort") {
        Some("none") => reasoning.thinking = Some(Thinking::Off),
        Some(word) => reasoning.effort = effort::read(word),
        None => {}
    }
    if reasoning != Reasoning::default() {
        fields.take("reasoning_effort");
    }
    reasoning
}

fn include_usage(fields: &mut Fields<'_>) -> Result<bool, Fault> {
    let path = Path::Field(&Path::Root, "stream_options");
    let Some(value) = fields.take("stream_options") else { return Ok(false) };
    let mut options = Fields::of(value, path)?;
    let asked = options.boolean("include_usage")?.unwrap_or(false);
    let rest = options.rest();
    if !rest.is_empty() {
        fields.put("stream_options", Value::Object(rest));
    }
    Ok(asked)
}

fn tools(items: Vec<Value>) -> Result<Vec<Tool>, Fault> {
    let path = Path::Field(&Path::Root, "tools");
    items.into_iter().enumerate().map(|(index, item)| tool(item, Path::Item(&path, index))).collect()
}

fn tool(value: Value, path: Path<'_>) -> Result<Tool, Fault> {
    let mut fields = Fields::of(value, path)?;
    if fields.get_str("type").is_some_and(|kind| kind != "function") {
        // A tool of another kind has no schema of ours: kept whole for its own dialect.
        let name = fields.get_str("type").unwrap_or_default().to_owned();
        return Ok(Tool { name, description: None, schema: Value::Null, strict: None, extra: fields.rest() });
    }
    fields.take("type");
    let mut function = Fields::of(fields.required("function", "an object")?, Path::Field(&path, "function"))?;
    let name = function.string_required("name")?;
    let description = function.string("description")?;
    let schema = function.take("parameters").unwrap_or_else(|| json!({"type": "object", "properties": {}}));
    let strict = function.boolean("strict")?;
    let unknown = function.rest();
    if !unknown.is_empty() {
        fields.put("function", Value::Object(unknown));
    }
    Ok(Tool { name, description, schema, strict, extra: fields.rest() })
}

/// A choice that the neutral words lack (custom tools) stays in `extra`.
fn tool_choice(fields: &mut Fields<'_>) -> Option<ToolChoice> {
    let choice = match fields.get("tool_choice")? {
        Value::String(word) => match word.as_str() {
            "auto" => ToolChoice::Auto,
            "none" => ToolChoice::None,
            "required" | "any" => ToolChoice::Required,
            _ => return None,
        },
        choice => match choice.get("allowed_tools") {
            Some(allowed) => allowed_tools(allowed)?,
            None => ToolChoice::Named(choice.get("function")?.get("name")?.as_str()?.to_owned()),
        },
    };
    fields.take("tool_choice");
    Some(choice)
}

fn allowed_tools(allowed: &Value) -> Option<ToolChoice> {
    let required = allowed.get("mode")?.as_str()? == "required";
    let name = |tool: &Value| Some(tool.get("function")?.get("name")?.as_str()?.to_owned());
    let names: Option<Vec<String>> = allowed.get("tools")?.as_array()?.iter().map(name).collect();
    Some(ToolChoice::Allowed { names: names?, required })
}

/// A format that the neutral words lack stays in `extra`.
fn response_format(fields: &mut Fields<'_>) -> Result<Option<ResponseFormat>, Fault> {
    let kind = fields.get("response_format").and_then(|format| format.get("type")).and_then(Value::as_str);
    match kind {
        Some("json_object") => {
            fields.take("response_format");
            Ok(Some(ResponseFormat::JsonObject))
        }
        Some("text") => {
            fields.take("response_format");
            Ok(None)
        }
        Some("json_schema") => {
            let root = Path::Field(&Path::Root, "response_format");
            let mut format = Fields::of(fields.take("response_format").unwrap_or_default(), root)?;
            let mut inner =
                Fields::of(format.required("json_schema", "an object")?, Path::Field(&root, "json_schema"))?;
            let name = inner.string_required("name")?;
            let strict = inner.boolean("strict")?;
            let mut schema = inner.take("schema").unwrap_or_else(|| json!({}));
            if let (Some(description), Some(schema)) = (inner.take("description"), schema.as_object_mut()) {
                schema.entry("description").or_insert(description);
            }
            Ok(Some(ResponseFormat::JsonSchema { name, schema, strict }))
        }
        _ => Ok(None),
    }
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    model: Option<String>,
    choices: Option<Vec<Choice>>,
    usage: Option<UsageIn>,
    #[serde(default, deserialize_with = "crate::json::tier")]
    service_tier: Option<Tier>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    index: usize,
    message: Option<Message>,
    finish_reason: Option<String>,
    logprobs: Option<Logprobs>,
}

#[derive(Deserialize)]
pub(super) struct Logprobs {
    pub(super) content: Option<Vec<logprobs::TokenIn>>,
}

#[derive(Deserialize, Default)]
struct Message {
    content: Option<Value>,
    refusal: Option<String>,
    reasoning_content: Option<String>,
    reasoning: Option<String>,
    thinking_blocks: Option<Value>,
    tool_calls: Option<Vec<Call>>,
}

#[derive(Deserialize)]
struct Call {
    #[serde(default)]
    id: Option<String>,
    function: Option<Function>,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    #[serde(default)]
    arguments: Value,
}

pub(crate) fn answer_read(body: &[u8]) -> Result<Answer, Fault> {
    let body: Body = lenient(body).map_err(|error| fault::unreadable("answer", error))?;
    if let Some(error) = body.error.filter(is_truthy) {
        return Err(fault::in_band(Dialect::OpenaiChat, &error));
    }
    let choices = body.choices.unwrap_or_default();
    let Some(choice) = choices.into_iter().min_by_key(|choice| choice.index) else {
        return Err(fault::unreadable("answer", "`choices` is missing or empty"));
    };
    let id = body.id.unwrap_or_default();
    let parts = parts(choice.message.unwrap_or_default(), &id);
    let finish = choice.finish_reason.map_or(Finish::Stop, |reason| finish_of(&reason));
    let usage = body.usage.and_then(|usage| usage.read(body.service_tier));
    let logprobs = choice.logprobs.and_then(|told| told.content).map(logprobs::read).unwrap_or_default();
    Ok(Answer { id, model: body.model.unwrap_or_default(), parts, finish, usage, logprobs })
}

fn parts(message: Message, answer_id: &str) -> Vec<Part> {
    let mut parts = read_thinking(message.thinking_blocks);
    let some = |text: &String| !text.is_empty();
    let reasoning = message.reasoning_content.or(message.reasoning).filter(some);
    let reasoning = reasoning.or_else(|| content_thinking(message.content.as_ref()));
    if let (true, Some(text)) = (parts.is_empty(), reasoning) {
        parts.push(Part::Thinking { text, signature: None, redacted: None, by: None });
    }
    let text = content_text(message.content);
    if !text.is_empty() {
        parts.push(Part::Text { text });
    }
    parts.extend(message.refusal.filter(|text| !text.is_empty()).map(|text| Part::Refusal { text }));
    for (index, call) in message.tool_calls.unwrap_or_default().into_iter().enumerate() {
        let id = call.id.filter(|id| !id.is_empty()).unwrap_or_else(|| call_id(answer_id, index));
        if let Some(Function { name, arguments }) = call.function {
            parts.push(Part::ToolCall { id, name, arguments: arguments_text(arguments) });
        }
    }
    parts
}

/// The id of a tool call whose server gave none: unlike those of other answers, the same each time.
pub(super) fn call_id(answer_id: &str, index: usize) -> String {
    format!("call_{answer_id}_{index}")
}

/// Arguments as the JSON text that the dialect asks for; some send the object itself.
pub(super) fn arguments_text(arguments: Value) -> String {
    match arguments {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// The reasoning among the parts of a content, where Mistral has it.
pub(super) fn content_thinking(content: Option<&Value>) -> Option<String> {
    let thinking = content?.as_array()?.iter().filter_map(|part| part.get("thinking")?.as_array()).flatten();
    let text: String = thinking.filter_map(|part| part.get("text")?.as_str()).collect();
    (!text.is_empty()).then_some(text)
}

/// The text of a content that is a text, or parts of one.
pub(super) fn content_text(content: Option<Value>) -> String {
    match content {
        Some(Value::String(text)) => text,
        Some(Value::Array(items)) => items.iter().filter_map(|item| item.get("text")?.as_str()).collect(),
        _ => String::new(),
    }
}

/// The reasoning of our own field; nothing when it holds something else.
pub(super) fn read_thinking(blocks: Option<Value>) -> Vec<Part> {
    let blocks: Vec<ThinkingBlock> = blocks.and_then(|blocks| serde_json::from_value(blocks).ok()).unwrap_or_default();
    let signed = |wire| signature::read(Dialect::OpenaiChat, wire);
    let part = |block| match block {
        ThinkingBlock::Thinking { thinking, signature } => {
            let (by, signature) = signature.filter(|wire| !wire.is_empty()).map(signed).unzip();
            Part::Thinking { text: thinking, signature, redacted: None, by }
        }
        ThinkingBlock::RedactedThinking { data } => {
            let (by, data) = signed(data);
            Part::Thinking { text: String::new(), signature: None, redacted: Some(data), by: Some(by) }
        }
    };
    blocks.into_iter().map(part).collect()
}

/// Reads JSON into `T`; where keys are doubled, which types refuse, the last one counts.
pub(super) fn lenient<T: serde::de::DeserializeOwned>(json: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(json)
        .or_else(|_| serde_json::from_slice::<Object>(json).and_then(|object| serde_json::from_value(object.into())))
}

/// Whether SDKs take this `error` for one.
pub(crate) fn is_truthy(error: &Value) -> bool {
    match error {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    }
}
