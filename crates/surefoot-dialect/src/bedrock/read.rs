//! Requests, from Bedrock's words.

use serde_json::{Value, json};
use surefoot_types::{
    Fault,
    conversation::{ChatRequest, Dialect, Parameters, ResponseFormat, Tool, ToolChoice},
};

use super::{blocks::cache_mark, read_messages};
use crate::{
    anthropic,
    json::{Fields, Object, Path, strings},
};

/// Where what only some models know stands.
pub(super) const ADDITIONAL: &str = "additionalModelRequestFields";

pub(crate) fn request_read(body: &[u8]) -> Result<ChatRequest, Fault> {
    let mut fields = Fields::body(body)?;
    let turns = fields.required("messages", "an array of messages")?;
    let system = fields.take("system");
    let messages = read_messages::messages(system, turns)?;
    let (tools, tool_choice) = tool_config(&mut fields)?;
    let mut parameters = parameters(&mut fields)?;
    let (response_format, mut config) = output_config(&mut fields)?;
    let at = Path::Field(&Path::Root, ADDITIONAL);
    let additional = fields.take(ADDITIONAL).unwrap_or_else(|| Object::new().into());
    let mut additional = Fields::of(additional, at)?;
    let reasoning = anthropic::reasoning_read(&mut additional, &mut config);
    parameters.top_k = additional.whole("top_k")?;
    for (name, rest) in [(ADDITIONAL, additional.rest()), ("outputConfig", config)] {
        if !rest.is_empty() {
            fields.put(name, rest.into());
        }
    }
    Ok(ChatRequest {
        dialect: Dialect::Bedrock,
        model: String::new(),
        messages,
        tools,
        tool_choice,
        parallel_tools: None,
        parameters,
        reasoning,
        response_format,
        stream: false,
        include_usage: true,
        user: None,
        previous_response_id: None,
        store: None,
        extra: fields.rest(),
    })
}

fn parameters(fields: &mut Fields<'_>) -> Result<Parameters, Fault> {
    let path = Path::Field(&Path::Root, "inferenceConfig");
    let Some(value) = fields.take("inferenceConfig") else { return Ok(Parameters::default()) };
    let mut config = Fields::of(value, path)?;
    let stop = config.take("stopSequences").map(|value| strings(Path::Field(&path, "stopSequences"), value));
    let parameters = Parameters {
        max_tokens: config.whole("maxTokens")?,
        temperature: config.float("temperature")?,
        top_p: config.float("topP")?,
        stop: stop.transpose()?.unwrap_or_default(),
        ..Parameters::default()
    };
    let rest = config.rest();
    if !rest.is_empty() {
        fields.put("inferenceConfig", rest.into());
    }
    Ok(parameters)
}

fn tool_config(fields: &mut Fields<'_>) -> Result<(Vec<Tool>, Option<ToolChoice>), Fault> {
    let path = Path::Field(&Path::Root, "toolConfig");
    let Some(value) = fields.take("toolConfig") else { return Ok((Vec::new(), None)) };
    let mut config = Fields::of(value, path)?;
    let at = Path::Field(&path, "tools");
    let mut tools: Vec<Tool> = Vec::new();
    for (index, item) in config.list("tools")?.unwrap_or_default().into_iter().enumerate() {
        match (item.get("cachePoint"), tools.last_mut()) {
            (Some(point), Some(before)) => {
                before.extra.insert("cache_control".into(), cache_mark(point));
            }
            _ => tools.push(tool(item, Path::Item(&at, index))?),
        }
    }
    let choice = config.take("toolChoice").map(|choice| tool_choice(&choice)).transpose()?;
    Ok((tools, choice))
}

fn tool(value: Value, path: Path<'_>) -> Result<Tool, Fault> {
    let mut fields = Fields::of(value, path)?;
    let Some(spec) = fields.take("toolSpec") else {
        // A tool that AWS runs: kept whole under the name of its kind.
        let extra = fields.rest();
        let name = extra.keys().next().cloned().unwrap_or_default();
        return Ok(Tool { name, description: None, schema: Value::Null, strict: None, extra });
    };
    let mut spec = Fields::of(spec, Path::Field(&path, "toolSpec"))?;
    let name = spec.string_required("name")?;
    let description = spec.string("description")?;
    let strict = spec.boolean("strict")?;
    let schema = spec.take("inputSchema").and_then(|mut schema| schema.get_mut("json").map(Value::take));
    let schema = schema.unwrap_or_else(|| json!({"type": "object", "properties": {}}));
    Ok(Tool { name, description, schema, strict, extra: spec.rest() })
}

fn tool_choice(choice: &Value) -> Result<ToolChoice, Fault> {
    let name = choice.get("tool").and_then(|tool| tool.get("name")).and_then(Value::as_str);
    match (choice.get("auto"), choice.get("any"), name) {
        (Some(_), ..) => Ok(ToolChoice::Auto),
        (_, Some(_), _) => Ok(ToolChoice::Required),
        (.., Some(name)) => Ok(ToolChoice::Named(name.to_owned())),
        _ => Err(Fault::bad_request("toolConfig.toolChoice", "`toolConfig.toolChoice` is not a known choice.")
            .hint("Use `auto`, `any` or `tool` with its `name`.")),
    }
}

/// The asked shape, and the rest of `outputConfig`.
fn output_config(fields: &mut Fields<'_>) -> Result<(Option<ResponseFormat>, Object), Fault> {
    let path = Path::Field(&Path::Root, "outputConfig");
    let Some(value) = fields.take("outputConfig") else { return Ok((None, Object::new())) };
    let mut config = Fields::of(value, path)?;
    let definition = |config: &Fields<'_>| {
        let definition = config.get("textFormat")?.get("structure")?.get("jsonSchema")?;
        // The schema is JSON in a string here.
        let mut schema: Value = serde_json::from_str(definition.get("schema")?.as_str()?).ok()?;
        if let (Some(words), Some(schema)) = (definition.get("description"), schema.as_object_mut()) {
            schema.entry("description").or_insert(words.clone());
        }
        let name = definition.get("name").and_then(Value::as_str).unwrap_or("answer").to_owned();
        Some(ResponseFormat::JsonSchema { name, schema, strict: None })
    };
    let format = definition(&config);
    if format.is_some() {
        config.take("textFormat");
    }
    Ok((format, config.rest()))
}
