//! Requests, in Gemini's words.

use serde::Serialize;
use serde_json::{Map, Value, json};
use surefoot_types::conversation::{
    ChatRequest, Dialect, Effort, Reasoning, ResponseFormat, Thinking, Tool, ToolChoice,
};

use super::write_contents::{Content, ContentsWriter, System};
use crate::{
    Written, effort,
    extras::{Dropped, ITEM, Kept, state_drop},
    json::bytes_of,
};

/// Fields of our own that are written with what was read of them.
const REJOINED: [&str; 2] = ["toolConfig", "generationConfig"];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    system_instruction: Option<System<'a>>,
    contents: Vec<Content<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    tool_config: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    generation_config: Map<String, Value>,
    #[serde(flatten)]
    extra: Kept<'a>,
}

pub(crate) fn request_write(request: &ChatRequest, model: &str) -> Written {
    let own = request.dialect == Dialect::Gemini;
    let mut dropped = Dropped::default();
    let (system_instruction, contents) = ContentsWriter::new(own, &mut dropped).write(&request.messages);
    let tools = tools_out(&request.tools, own, &mut dropped);
    let choice = request.tool_choice.as_ref().filter(|_| own || !tools.is_empty());
    dropped.name_if(request.parallel_tools == Some(false), "parallel_tool_calls");
    dropped.name_if(request.user.is_some(), "user");
    state_drop(request, &mut dropped);
    let extra = if own {
        Kept::of(&request.extra, &REJOINED)
    } else {
        Kept::of(&request.extra, &["max_completion_tokens"]).drop_all("", &mut dropped);
        Kept::default()
    };
    let body = Body {
        system_instruction,
        contents,
        tools,
        tool_config: tool_config(request, choice, own),
        generation_config: generation_config(request, model, own, &mut dropped),
        extra,
    };
    Written { body: bytes_of(&body), dropped: dropped.into_names() }
}

/// Functions stand together in one entry; a tool that Google runs has one of its own.
fn tools_out(tools: &[Tool], own: bool, dropped: &mut Dropped) -> Vec<Value> {
    let (mut declared, mut out) = (Vec::new(), Vec::new());
    for tool in tools {
        if tool.schema.is_null() {
            dropped.name_if(!own, &format!("tools[].{}", tool.name));
            out.extend(own.then(|| Value::Object(tool.extra.clone())));
            continue;
        }
        let mut function = json!({"name": tool.name});
        if let Some(description) = &tool.description {
            function["description"] = description.as_str().into();
        }
        match tool.extra.get(ITEM).and_then(|kept| kept.get("parameters")).filter(|_| own) {
            Some(parameters) => function["parameters"] = parameters.clone(),
            None => function["parametersJsonSchema"] = tool.schema.clone(),
        }
        let extra = Kept::of(&tool.extra, &[]);
        if own {
            extra.0.into_iter().for_each(|(name, value)| function[name] = value.clone());
        } else {
            dropped.name_if(tool.strict == Some(true), "tools[].strict");
            extra.drop_all("tools[].", dropped);
        }
        declared.push(function);
    }
    if !declared.is_empty() {
        out.insert(0, json!({"functionDeclarations": declared}));
    }
    out
}

fn kept(request: &ChatRequest, own: bool, name: &str) -> Map<String, Value> {
    request.extra.get(name).filter(|_| own).and_then(Value::as_object).cloned().unwrap_or_default()
}

fn tool_config(request: &ChatRequest, choice: Option<&ToolChoice>, own: bool) -> Map<String, Value> {
    let mut config = kept(request, own, "toolConfig");
    let calling = choice.map(|choice| match choice {
        ToolChoice::Auto => json!({"mode": "AUTO"}),
        ToolChoice::None => json!({"mode": "NONE"}),
        ToolChoice::Required => json!({"mode": "ANY"}),
        ToolChoice::Named(name) => json!({"mode": "ANY", "allowedFunctionNames": [name]}),
        ToolChoice::Allowed { names, required } => {
            json!({"mode": if *required { "ANY" } else { "VALIDATED" }, "allowedFunctionNames": names})
        }
    });
    config.extend(calling.map(|calling| ("functionCallingConfig".to_owned(), calling)));
    config
}

fn generation_config(request: &ChatRequest, model: &str, own: bool, dropped: &mut Dropped) -> Map<String, Value> {
    let mut config = kept(request, own, "generationConfig");
    let parameters = &request.parameters;
    dropped.name_if(!own && parameters.n.is_some_and(|n| n > 1), "n");
    let values = [
        ("maxOutputTokens", parameters.max_tokens.map(Value::from)),
        ("temperature", parameters.temperature.map(Value::from)),
        ("topP", parameters.top_p.map(Value::from)),
        ("topK", parameters.top_k.map(Value::from)),
        ("stopSequences", (!parameters.stop.is_empty()).then(|| json!(parameters.stop))),
        ("seed", parameters.seed.map(Value::from)),
        ("presencePenalty", parameters.presence_penalty.map(Value::from)),
        ("frequencyPenalty", parameters.frequency_penalty.map(Value::from)),
        ("responseLogprobs", parameters.logprobs.map(Value::from)),
        ("logprobs", parameters.top_logprobs.map(Value::from)),
        ("candidateCount", parameters.n.filter(|_| own).map(Value::from)),
    ];
    config.extend(values.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    response_format(request, own, &mut config);
    let mut thinking = kept(request, own, "generationConfig")
        .get("thinkingConfig")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    thinking_config(&request.reasoning, model, own, &mut thinking, dropped);
    if !thinking.is_empty() {
        config.insert("thinkingConfig".into(), thinking.into());
    }
    config
}

fn response_format(request: &ChatRequest, own: bool, config: &mut Map<String, Value>) {
    let Some(format) = &request.response_format else { return };
    config.insert("responseMimeType".into(), "application/json".into());
    let ResponseFormat::JsonSchema { schema, .. } = format else { return };
    let as_it_came = request.extra.get(ITEM).and_then(|kept| kept.get("responseSchema")).filter(|_| own);
    match as_it_came {
        Some(schema) => config.insert("responseSchema".into(), schema.clone()),
        None => config.insert("responseJsonSchema".into(), schema.clone()),
    };
}

/// A budget for Gemini 2.5, a level for what came after it; what was before does not think.
fn thinking_config(asked: &Reasoning, model: &str, own: bool, config: &mut Map<String, Value>, dropped: &mut Dropped) {
    let budget = |thinking| match thinking {
        Thinking::Off => json!(0),
        Thinking::Adaptive => json!(-1),
        Thinking::Budget(tokens) => json!(tokens),
    };
    let shown = asked.shown.map(|shown| ("includeThoughts".to_owned(), shown.into()));
    let level = |effort: Effort| json!(effort::word(effort).to_ascii_uppercase());
    if own {
        config.extend(asked.effort.map(|effort| ("thinkingLevel".to_owned(), level(effort))));
        config.extend(asked.thinking.map(|thinking| ("thinkingBudget".to_owned(), budget(thinking))));
        config.extend(shown);
        return;
    }
    if ["gemini-1", "gemini-2.0", "gemma"].iter().any(|old| model.contains(old)) {
        dropped.name_if(effort::is_wanted(asked), "reasoning");
        return;
    }
    let told = if model.contains("gemini-2.5") {
        let tokens = effort::budget(asked).map(Thinking::Budget);
        asked.thinking.or(tokens).map(|thinking| ("thinkingBudget", budget(thinking)))
    } else if asked.thinking == Some(Thinking::Off) {
        Some(("thinkingLevel", level(Effort::Minimal)))
    } else {
        effort::effort(asked).map(|effort| ("thinkingLevel", level(effort.min(Effort::High))))
    };
    config.extend(told.map(|(name, value)| (name.to_owned(), value)));
    config.extend(shown);
}
