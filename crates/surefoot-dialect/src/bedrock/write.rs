//! Requests, in Bedrock's words.

use serde::Serialize;
use serde_json::{Map, Value, json};
use surefoot_types::conversation::{ChatRequest, Dialect, Part, ResponseFormat, Tool, ToolChoice};

use super::{
    blocks::{Block, cache_point},
    read::ADDITIONAL,
    write_messages::{Turn, TurnsWriter},
};
use crate::{
    Written, anthropic,
    extras::{Dropped, Kept, parameters_drop, state_drop},
    json::bytes_of,
};

/// What a model is told to stop at where it thinks and the caller set no limit.
const MAX_TOKENS: u64 = 4096;
/// Fields of our own that are written with what was read of them.
const REJOINED: [&str; 3] = ["inferenceConfig", ADDITIONAL, "outputConfig"];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    messages: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    system: Vec<Block<'a>>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    inference_config: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_config: Option<Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    output_config: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    additional_model_request_fields: Map<String, Value>,
    #[serde(flatten)]
    extra: Kept<'a>,
}

pub(crate) fn request_write(request: &ChatRequest, model: &str) -> Written {
    let own = request.dialect == Dialect::Bedrock;
    let mut dropped = Dropped::default();
    let (system, messages) = TurnsWriter::new(own, &mut dropped).write(&request.messages);
    parameters_drop(request, &mut dropped);
    state_drop(request, &mut dropped);
    dropped.name_if(request.user.is_some(), "user");
    dropped.name_if(request.parallel_tools == Some(false), "parallel_tool_calls");
    let asked = Asked::of(request, model, own, &mut dropped);
    let extra = if own {
        Kept::of(&request.extra, &REJOINED)
    } else {
        Kept::of(&request.extra, &["max_completion_tokens"]).drop_all("", &mut dropped);
        Kept::default()
    };
    let body = Body {
        messages,
        system,
        inference_config: inference_config(request, &asked, own, &mut dropped),
        tool_config: tool_config(request, own, &mut dropped),
        output_config: output_config(request, &asked, own, &mut dropped),
        additional_model_request_fields: asked.additional,
        extra,
    };
    Written { body: bytes_of(&body), dropped: dropped.into_names() }
}

/// What is asked of the model's reasoning, in the words of the model's vendor.
struct Asked {
    additional: Map<String, Value>,
    effort: Option<&'static str>,
    max_tokens: Option<u64>,
    /// A model that thinks takes no other sampling than its own.
    thinks: bool,
}

impl Asked {
    fn of(request: &ChatRequest, model: &str, own: bool, dropped: &mut Dropped) -> Self {
        let mut additional = kept(request, own, ADDITIONAL);
        let parameters = &request.parameters;
        let is_anthropic_s = model.contains("anthropic") || model.contains("claude");
        let mut asked = Self { additional: Map::new(), effort: None, max_tokens: parameters.max_tokens, thinks: false };
        if own {
            let before = additional.get("thinking").and_then(Value::as_object).cloned().unwrap_or_default();
            let thinking = anthropic::thinking_own(&request.reasoning, before);
            additional.extend(thinking.map(|thinking| ("thinking".to_owned(), thinking)));
            asked.effort = request.reasoning.effort.map(crate::effort::word);
        } else if is_anthropic_s {
            let written = anthropic::reasoning_write(request, model, MAX_TOKENS, false, dropped);
            asked.thinks = written.thinking.as_ref().is_some_and(|thinking| thinking["type"] != "disabled");
            if asked.thinks {
                asked.max_tokens = Some(written.max_tokens);
            }
            additional.extend(written.thinking.map(|thinking| ("thinking".to_owned(), thinking)));
            asked.effort = written.effort;
        } else {
            dropped.name_if(crate::effort::is_wanted(&request.reasoning), "reasoning");
        }
        let top_k = parameters.top_k.filter(|_| own || (is_anthropic_s && !asked.thinks));
        dropped.name_if(top_k != parameters.top_k, "top_k");
        additional.extend(top_k.map(|top_k| ("top_k".to_owned(), top_k.into())));
        asked.additional = additional;
        asked
    }
}

fn kept(request: &ChatRequest, own: bool, name: &str) -> Map<String, Value> {
    request.extra.get(name).filter(|_| own).and_then(Value::as_object).cloned().unwrap_or_default()
}

fn inference_config(request: &ChatRequest, asked: &Asked, own: bool, dropped: &mut Dropped) -> Map<String, Value> {
    let mut config = kept(request, own, "inferenceConfig");
    let parameters = &request.parameters;
    dropped.name_if(asked.thinks && parameters.temperature.is_some_and(|it| it != 1.0), "temperature");
    dropped.name_if(asked.thinks && parameters.top_p.is_some(), "top_p");
    let is_warm = !own && parameters.temperature.is_some_and(|it| it > 1.0);
    dropped.name_if(is_warm, "temperature");
    let temperature = parameters.temperature.map(|it| if is_warm { 1.0 } else { it });
    let values = [
        ("maxTokens", asked.max_tokens.map(Value::from)),
        ("temperature", temperature.filter(|_| !asked.thinks).map(Value::from)),
        ("topP", parameters.top_p.filter(|_| !asked.thinks).map(Value::from)),
        ("stopSequences", (!parameters.stop.is_empty()).then(|| json!(parameters.stop))),
    ];
    config.extend(values.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    config
}

fn output_config(request: &ChatRequest, asked: &Asked, own: bool, dropped: &mut Dropped) -> Map<String, Value> {
    let mut config = kept(request, own, "outputConfig");
    config.extend(asked.effort.map(|effort| ("effort".to_owned(), effort.into())));
    match &request.response_format {
        Some(ResponseFormat::JsonSchema { name, schema, .. }) => {
            let schema = if own { schema.clone() } else { anthropic::schema_adapted(schema, dropped) };
            let definition = json!({"name": name, "schema": schema.to_string()});
            let format = json!({"type": "json_schema", "structure": {"jsonSchema": definition}});
            config.insert("textFormat".into(), format);
        }
        Some(ResponseFormat::JsonObject) => dropped.name("response_format"),
        None => {}
    }
    config
}

/// The tools and the choice among them. Bedrock refuses a history of calls without tools, and has no
/// word for calling none of them.
fn tool_config(request: &ChatRequest, own: bool, dropped: &mut Dropped) -> Option<Value> {
    let calls: Vec<&str> = request
        .messages
        .iter()
        .flat_map(|message| &message.parts)
        .filter_map(|part| if let Part::ToolCall { name, .. } = part { Some(name.as_str()) } else { None })
        .collect();
    let forbidden = request.tool_choice == Some(ToolChoice::None);
    if forbidden && calls.is_empty() {
        return None;
    }
    dropped.name_if(forbidden, "tool_choice");
    let chosen = |tool: &&Tool| match &request.tool_choice {
        Some(ToolChoice::Allowed { names, .. }) => names.contains(&tool.name),
        _ => true,
    };
    let mut tools = Vec::new();
    for tool in request.tools.iter().filter(chosen) {
        tool_out(tool, own, dropped, &mut tools);
    }
    if !own && tools.is_empty() {
        let mut names: Vec<&str> = Vec::new();
        calls.into_iter().for_each(|name| {
            if !names.contains(&name) {
                names.push(name);
            }
        });
        let schema = json!({"json": {"type": "object"}});
        tools = names.iter().map(|name| json!({"toolSpec": {"name": name, "inputSchema": schema}})).collect();
        return (!tools.is_empty()).then(|| json!({"tools": tools}));
    }
    let choice = match &request.tool_choice {
        None | Some(ToolChoice::None) => None,
        Some(ToolChoice::Auto | ToolChoice::Allowed { required: false, .. }) => Some(json!({"auto": {}})),
        Some(ToolChoice::Required | ToolChoice::Allowed { required: true, .. }) => Some(json!({"any": {}})),
        Some(ToolChoice::Named(name)) => Some(json!({"tool": {"name": name}})),
    };
    let mut config = json!({"tools": tools});
    if let Some(choice) = choice {
        config["toolChoice"] = choice;
    }
    (!tools.is_empty()).then_some(config)
}

fn tool_out(tool: &Tool, own: bool, dropped: &mut Dropped, out: &mut Vec<Value>) {
    if tool.schema.is_null() {
        dropped.name_if(!own, &format!("tools[].{}", tool.name));
        return out.extend(own.then(|| Value::Object(tool.extra.clone())));
    }
    let mut spec = json!({"name": tool.name});
    if let Some(description) = tool.description.as_deref().filter(|words| !words.is_empty()) {
        spec["description"] = description.into();
    }
    spec["inputSchema"] = json!({"json": tool.schema});
    dropped.name_if(!own && tool.strict == Some(true), "tools[].strict");
    if let Some(strict) = tool.strict.filter(|_| own) {
        spec["strict"] = strict.into();
    }
    let extra = Kept::of(&tool.extra, &["cache_control"]);
    if own {
        extra.0.into_iter().for_each(|(name, value)| spec[name] = value.clone());
    } else {
        extra.drop_all("tools[].", dropped);
    }
    out.push(json!({"toolSpec": spec}));
    out.extend(tool.extra.get("cache_control").map(cache_point));
}
