//! Requests, in the words of OpenAI's responses.

use serde::Serialize;
use serde_json::{Map, Value, json};
use surefoot_types::conversation::{ChatRequest, Dialect, Effort, ResponseFormat, Thinking, Tool, ToolChoice};

use super::{
    read::LOGPROBS,
    write_items::{Item, ItemsWriter},
};
use crate::{
    Written, effort,
    extras::{Dropped, Kept, akin, sampling_drop},
    json::bytes_of,
};

/// Fields of our own that are written with what was read of them.
const REJOINED: [&str; 2] = ["text", "reasoning"];
/// The fewest tokens that OpenAI takes as a limit.
const LEAST: u64 = 16;

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_response_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    input: Vec<Item<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel_tool_calls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_logprobs: Option<u64>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    reasoning: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    text: Map<String, Value>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    include: Option<Value>,
    #[serde(flatten)]
    extra: Kept<'a>,
}

pub(crate) fn request_write(request: &ChatRequest, model: &str) -> Written {
    let own = request.dialect == Dialect::OpenaiResponses;
    let mut dropped = Dropped::default();
    let (instructions, input) = ItemsWriter::new(own, &mut dropped).write(&request.messages);
    let tools: Vec<Value> = request.tools.iter().filter_map(|tool| tool_out(tool, own, &mut dropped)).collect();
    let choosing = own || !tools.is_empty();
    let parameters = &request.parameters;
    sampling_drop(request, &mut dropped);
    dropped.name_if(parameters.top_k.is_some(), "top_k");
    dropped.name_if(!parameters.stop.is_empty(), "stop");
    let extra =
        if own { Kept::of(&request.extra, &REJOINED) } else { akin(request, &["max_completion_tokens"], &mut dropped) };
    let body = Body {
        model,
        previous_response_id: request.previous_response_id.as_deref(),
        instructions,
        input,
        tools,
        tool_choice: request.tool_choice.as_ref().filter(|_| choosing).map(tool_choice_out),
        parallel_tool_calls: request.parallel_tools.filter(|_| choosing),
        max_output_tokens: limit(parameters.max_tokens, own, &mut dropped),
        temperature: parameters.temperature,
        top_p: parameters.top_p,
        top_logprobs: parameters.top_logprobs,
        reasoning: reasoning_out(request, own),
        text: text_out(request, own),
        stream: request.stream,
        // Nothing of another dialect's conversation is left at OpenAI.
        store: if own { request.store } else { Some(false) },
        user: request.user.as_deref(),
        include: include(request).filter(|_| !own),
        extra,
    };
    Written { body: bytes_of(&body), dropped: dropped.into_names() }
}

fn limit(asked: Option<u64>, own: bool, dropped: &mut Dropped) -> Option<u64> {
    let small = !own && asked.is_some_and(|asked| asked < LEAST);
    dropped.name_if(small, "max_tokens");
    if small { Some(LEAST) } else { asked }
}

/// Reasoning is asked for sealed, since nothing is left at OpenAI that could be referred to.
fn include(request: &ChatRequest) -> Option<Value> {
    let mut include = vec!["reasoning.encrypted_content"];
    include.extend((request.parameters.logprobs == Some(true)).then_some(LOGPROBS));
    Some(json!(include))
}

fn kept(request: &ChatRequest, own: bool, name: &str) -> Map<String, Value> {
    request.extra.get(name).filter(|_| own).and_then(Value::as_object).cloned().unwrap_or_default()
}

fn reasoning_out(request: &ChatRequest, own: bool) -> Map<String, Value> {
    let mut out = kept(request, own, "reasoning");
    let asked = &request.reasoning;
    let word = if asked.thinking == Some(Thinking::Off) {
        Some("none")
    } else {
        effort::effort(asked).map(|it| effort::word(if own { it } else { it.min(Effort::Xhigh) }))
    };
    out.extend(word.map(|word| ("effort".to_owned(), word.into())));
    if asked.shown == Some(true) {
        out.entry("summary").or_insert("auto".into());
    }
    out
}

fn text_out(request: &ChatRequest, own: bool) -> Map<String, Value> {
    let mut out = kept(request, own, "text");
    match &request.response_format {
        Some(ResponseFormat::JsonObject) => {
            out.insert("format".into(), json!({"type": "json_object"}));
        }
        Some(ResponseFormat::JsonSchema { name, schema, strict }) => {
            let mut format = json!({"type": "json_schema", "name": name, "schema": schema});
            if let Some(strict) = strict {
                format["strict"] = (*strict).into();
            }
            out.insert("format".into(), format);
        }
        None => {}
    }
    out
}

fn tool_out(tool: &Tool, own: bool, dropped: &mut Dropped) -> Option<Value> {
    if tool.schema.is_null() {
        dropped.name_if(!own, &format!("tools[].{}", tool.name));
        return own.then(|| Value::Object(tool.extra.clone()));
    }
    let mut out = json!({"type": "function", "name": tool.name});
    if let Some(description) = &tool.description {
        out["description"] = description.as_str().into();
    }
    out["parameters"] = tool.schema.clone();
    if own {
        for (name, value) in &tool.extra {
            out[name] = value.clone();
        }
        if let Some(strict) = tool.strict {
            out["strict"] = strict.into();
        }
        return Some(out);
    }
    // Without a word OpenAI would hold the schema to its strict rules here.
    out["strict"] = tool.strict.unwrap_or(false).into();
    Kept::of(&tool.extra, &[]).drop_all("tools[].", dropped);
    Some(out)
}

fn tool_choice_out(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Auto => "auto".into(),
        ToolChoice::None => "none".into(),
        ToolChoice::Required => "required".into(),
        ToolChoice::Named(name) => json!({"type": "function", "name": name}),
        ToolChoice::Allowed { names, required } => {
            let tools: Vec<Value> = names.iter().map(|name| json!({"type": "function", "name": name})).collect();
            json!({"type": "allowed_tools", "mode": if *required { "required" } else { "auto" }, "tools": tools})
        }
    }
}
