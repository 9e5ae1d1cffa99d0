//! Requests and whole answers, in Anthropic's words.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};
use surefoot_types::conversation::{Answer, ChatRequest, Dialect, Part, ResponseFormat, Role, Tool, ToolChoice};

use super::{
    UsageOut, reason_of, reasoning,
    schema::adapted,
    write_messages::{Block, System, Turn, TurnsWriter, answer_blocks, cache_marks},
};
use crate::{
    Written,
    extras::{Dropped, Kept, parameters_drop, state_drop},
    json::bytes_of,
};

/// What Anthropic is told to stop at where the caller set no limit, since it must be told something.
const MAX_TOKENS: u64 = 4096;

/// Fields of another dialect's `extra` that have a place here.
const CARRIED: [&str; 2] = ["safety_identifier", "max_completion_tokens"];
/// Fields of our own that are written with what was read of them.
const REJOINED: [&str; 3] = ["output_config", "metadata", "thinking"];

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    max_tokens: u64,
    #[serde(skip_serializing_if = "System::is_empty")]
    system: System<'a>,
    messages: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_k: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<&'a str>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    output_config: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    metadata: Map<String, Value>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stream: bool,
    #[serde(flatten)]
    extra: Kept<'a>,
}

pub(crate) fn request_write(request: &ChatRequest, model: &str) -> Written {
    let own = request.dialect == Dialect::Anthropic;
    let mut dropped = Dropped::default();
    let (system, messages) = TurnsWriter::new(own, &mut dropped).write(&request.messages);
    // Of a choice among some tools there is no word here: the others are left out.
    let chosen = |tool: &&Tool| match &request.tool_choice {
        Some(ToolChoice::Allowed { names, .. }) => names.contains(&tool.name),
        _ => true,
    };
    let tools = request.tools.iter().filter(chosen);
    let mut tools: Vec<Value> = tools.filter_map(|tool| tool_out(tool, own, &mut dropped)).collect();
    let mut tool_choice = tool_choice_out(request, own || !tools.is_empty());
    if !own && tools.is_empty() {
        tools = tools_of_history(request);
        tool_choice = (!tools.is_empty()).then(|| json!({"type": "none"}));
    }
    let parameters = &request.parameters;
    parameters_drop(request, &mut dropped);
    state_drop(request, &mut dropped);
    let reasoning = reasoning::write(request, model, MAX_TOKENS, own, &mut dropped);
    // A model that thinks takes no other sampling than its own.
    let sampled = own || !reasoning.thinking.as_ref().is_some_and(|thinking| thinking["type"] != "disabled");
    dropped.name_if(!sampled && parameters.temperature.is_some_and(|asked| asked != 1.0), "temperature");
    dropped.name_if(!sampled && parameters.top_p.is_some(), "top_p");
    dropped.name_if(!sampled && parameters.top_k.is_some(), "top_k");
    let body = Body {
        model,
        max_tokens: reasoning.max_tokens,
        system,
        messages,
        tools,
        tool_choice,
        temperature: temperature(parameters.temperature.filter(|_| sampled), own, &mut dropped),
        top_p: parameters.top_p.filter(|_| sampled),
        top_k: parameters.top_k.filter(|_| sampled),
        thinking: reasoning.thinking,
        stop_sequences: stop_sequences(&parameters.stop, own, &mut dropped),
        output_config: output_config(request, own, reasoning.effort, &mut dropped),
        metadata: metadata(request, own),
        stream: request.stream,
        extra: extra(request, own, &mut dropped),
    };
    Written { body: bytes_of(&body), dropped: dropped.into_names() }
}

fn extra<'a>(request: &'a ChatRequest, own: bool, dropped: &mut Dropped) -> Kept<'a> {
    if own {
        return Kept::of(&request.extra, &REJOINED);
    }
    Kept::of(&request.extra, &CARRIED).drop_all("", dropped);
    Kept::default()
}

/// OpenAI's scale goes to 2, Anthropic's to 1: what is beyond is brought down, and told.
fn temperature(asked: Option<f64>, own: bool, dropped: &mut Dropped) -> Option<f64> {
    match asked {
        Some(asked) if !own && asked > 1.0 => {
            dropped.name("temperature");
            Some(1.0)
        }
        other => other,
    }
}

/// Anthropic refuses a stop string of white space alone.
fn stop_sequences<'a>(stop: &'a [String], own: bool, dropped: &mut Dropped) -> Vec<&'a str> {
    let (kept, refused): (Vec<&str>, Vec<&str>) =
        stop.iter().map(String::as_str).partition(|text| own || !text.trim().is_empty());
    if !refused.is_empty() {
        dropped.name("stop");
    }
    kept
}

fn output_config(request: &ChatRequest, own: bool, effort: Option<&str>, dropped: &mut Dropped) -> Map<String, Value> {
    let kept = request.extra.get("output_config").filter(|_| own).and_then(Value::as_object);
    let mut config = kept.cloned().unwrap_or_default();
    config.extend(effort.map(|effort| ("effort".to_owned(), effort.into())));
    match &request.response_format {
        Some(ResponseFormat::JsonSchema { schema, .. }) => {
            let schema = if own { schema.clone() } else { adapted(schema, dropped) };
            config.insert("format".into(), json!({"type": "json_schema", "schema": schema}));
        }
        Some(ResponseFormat::JsonObject) => dropped.name("response_format"),
        None => {}
    }
    config
}

/// Only the end user is carried over: what else OpenAI keeps in `metadata` is not for another vendor.
fn metadata(request: &ChatRequest, own: bool) -> Map<String, Value> {
    let kept = request.extra.get("metadata").filter(|_| own).and_then(Value::as_object);
    let mut metadata = kept.cloned().unwrap_or_default();
    let safety = request.extra.get("safety_identifier").filter(|_| !own).and_then(Value::as_str);
    if let Some(user) = request.user.as_deref().or(safety) {
        metadata.insert("user_id".into(), user.into());
    }
    metadata
}

fn tool_out(tool: &Tool, own: bool, dropped: &mut Dropped) -> Option<Value> {
    if tool.schema.is_null() {
        if own {
            return Some(Value::Object(tool.extra.clone()));
        }
        dropped.name(format!("tools[].{}", tool.name));
        return None;
    }
    let mut out = json!({"name": tool.name});
    if let Some(description) = tool.description.as_deref().filter(|words| own || !words.is_empty()) {
        out["description"] = description.into();
    }
    out["input_schema"] = tool.schema.clone();
    if own {
        if let Some(strict) = tool.strict {
            out["strict"] = strict.into();
        }
        for (name, value) in &tool.extra {
            out[name] = value.clone();
        }
        return Some(out);
    }
    if let Some(schema) = out["input_schema"].as_object_mut() {
        schema.entry("type").or_insert_with(|| "object".into());
    }
    if tool.strict == Some(true) {
        dropped.name("tools[].strict");
    }
    for (name, value) in cache_marks(Kept::of(&tool.extra, &[]), "tools[].", dropped).0 {
        out[name] = value.clone();
    }
    Some(out)
}

/// Anthropic refuses a history of tool calls in a request without tools, so the tools of the
/// history are told, and forbidden.
fn tools_of_history(request: &ChatRequest) -> Vec<Value> {
    let mut names: Vec<&str> = Vec::new();
    for part in request.messages.iter().flat_map(|message| &message.parts) {
        if let Part::ToolCall { name, .. } = part
            && !names.contains(&name.as_str())
        {
            names.push(name);
        }
    }
    names.into_iter().map(|name| json!({"name": name, "input_schema": {"type": "object"}})).collect()
}

/// The choice of tools, and inside it whether several may be called at once.
fn tool_choice_out(request: &ChatRequest, choosing: bool) -> Option<Value> {
    if !choosing {
        return None;
    }
    let mut choice = match (&request.tool_choice, request.parallel_tools) {
        (None, None | Some(true)) => return None,
        (None | Some(ToolChoice::Auto | ToolChoice::Allowed { required: false, .. }), _) => json!({"type": "auto"}),
        (Some(ToolChoice::None), _) => return Some(json!({"type": "none"})),
        (Some(ToolChoice::Required | ToolChoice::Allowed { required: true, .. }), _) => json!({"type": "any"}),
        (Some(ToolChoice::Named(name)), _) => json!({"type": "tool", "name": name}),
    };
    if let Some(parallel) = request.parallel_tools {
        choice["disable_parallel_tool_use"] = (!parallel).into();
    }
    Some(choice)
}

#[derive(Serialize)]
struct AnswerOut<'a> {
    id: &'a str,
    r#type: &'static str,
    role: Role,
    model: &'a str,
    content: Vec<Block<'a>>,
    stop_reason: &'static str,
    stop_sequence: Option<()>,
    usage: UsageOut,
    #[serde(skip_serializing_if = "Value::is_null")]
    surefoot: &'a Value,
}

pub(crate) fn answer_write(answer: &Answer, surefoot: &Value) -> Bytes {
    let refused = answer.parts.iter().any(|part| matches!(part, Part::Refusal { .. }));
    bytes_of(&AnswerOut {
        id: &answer.id,
        r#type: "message",
        role: Role::Assistant,
        model: &answer.model,
        content: answer_blocks(answer),
        stop_reason: reason_of(&answer.finish, refused),
        stop_sequence: None,
        // The dialect has no way to say that usage is unknown.
        usage: UsageOut::from(answer.usage.unwrap_or_default()),
        surefoot,
    })
}
