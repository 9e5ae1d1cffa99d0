//! Requests and whole answers, in OpenAI's words.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};
use surefoot_types::conversation::{
    Answer, ChatRequest, Dialect, Effort, Part, Reasoning, ResponseFormat, Thinking, Tool, ToolChoice, words,
};

use super::{
    ThinkingBlock, UsageOut, reason_of,
    write_messages::{Call, Turn, TurnsWriter},
};
use crate::{
    Written, calls, effort,
    extras::{Dropped, Kept, akin, is_openai_s_client, state_drop},
    json::bytes_of,
    logprobs, signature,
};

/// Fields of `extra` that need more than being written back or named.
const SPECIAL: [&str; 2] = ["max_completion_tokens", "stream_options"];

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel_tool_calls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_logprobs: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Value>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(flatten)]
    extra: Kept<'a>,
}

pub(crate) fn request_write(request: &ChatRequest, model: &str) -> Written {
    let own = request.dialect == Dialect::OpenaiChat;
    let mut dropped = Dropped::default();
    let messages = TurnsWriter::new(own, &mut dropped).write(&request.messages);
    let tools: Vec<Value> =
        request.tools.iter().filter_map(|tool| tool_out(tool, request.dialect, &mut dropped)).collect();
    // Refused by OpenAI where there is nothing to choose from.
    let choosing = own || !tools.is_empty();
    let parameters = &request.parameters;
    if parameters.top_k.is_some() {
        dropped.name("top_k");
    }
    let n = parameters.n.filter(|_| own);
    dropped.name_if(!own && parameters.n.is_some_and(|n| n > 1), "n");
    state_drop(request, &mut dropped);
    let new_name = (own && request.extra.contains_key("max_completion_tokens")) || is_openai_s(model);
    let extra = if own { Kept::of(&request.extra, &SPECIAL) } else { akin(request, &SPECIAL, &mut dropped) };
    let body = Body {
        model,
        messages,
        tools,
        tool_choice: request.tool_choice.as_ref().filter(|_| choosing).map(tool_choice_out),
        parallel_tool_calls: request.parallel_tools.filter(|_| choosing),
        max_tokens: parameters.max_tokens.filter(|_| !new_name),
        max_completion_tokens: parameters.max_tokens.filter(|_| new_name),
        temperature: parameters.temperature,
        top_p: parameters.top_p,
        stop: &parameters.stop,
        seed: parameters.seed,
        presence_penalty: parameters.presence_penalty,
        frequency_penalty: parameters.frequency_penalty,
        logprobs: parameters.logprobs,
        top_logprobs: parameters.top_logprobs,
        n,
        reasoning_effort: reasoning_effort(&request.reasoning, own),
        response_format: request.response_format.as_ref().map(response_format_out),
        stream: request.stream,
        stream_options: request.stream.then(|| stream_options(request, own)),
        user: request.user.as_deref(),
        extra,
    };
    Written { body: bytes_of(&body), dropped: dropped.into_names() }
}

/// Whether OpenAI itself serves the model: its newer models refuse `max_tokens`, and other
/// vendors' servers know no other name.
pub(crate) fn is_openai_s(model: &str) -> bool {
    let numbered = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    model.starts_with("gpt-") || model.starts_with("chatgpt-") || model.strip_prefix('o').is_some_and(numbered)
}

/// OpenAI's word for the effort; its scale ends one word before others'.
fn reasoning_effort(reasoning: &Reasoning, own: bool) -> Option<&'static str> {
    if reasoning.thinking == Some(Thinking::Off) {
        return Some("none");
    }
    effort::effort(reasoning).map(|asked| effort::word(if own { asked } else { asked.min(Effort::Xhigh) }))
}

/// Usage is always asked for: the books need it whether or not the caller does.
fn stream_options(request: &ChatRequest, own: bool) -> Value {
    let kept = request.extra.get("stream_options").filter(|_| own).and_then(Value::as_object);
    let mut options = kept.cloned().unwrap_or_default();
    options.insert("include_usage".into(), true.into());
    options.into()
}

fn tool_out(tool: &Tool, from: Dialect, dropped: &mut Dropped) -> Option<Value> {
    let own = from == Dialect::OpenaiChat;
    if tool.schema.is_null() {
        if own {
            return Some(Value::Object(tool.extra.clone()));
        }
        dropped.name(format!("tools[].{}", tool.name));
        return None;
    }
    let mut function = json!({"name": tool.name});
    if let Some(description) = &tool.description {
        function["description"] = description.as_str().into();
    }
    function["parameters"] = tool.schema.clone();
    let mut out = json!({"type": "function", "function": function});
    // Many OpenAI-compatible servers do not know it.
    let strict = tool.strict.filter(|_| is_openai_s_client(from));
    dropped.name_if(strict != tool.strict, "tools[].strict");
    if let Some(strict) = strict {
        out["function"]["strict"] = strict.into();
    }
    if !own {
        Kept::of(&tool.extra, &[]).drop_all("tools[].", dropped);
        return Some(out);
    }
    for (name, value) in &tool.extra {
        match (name.as_str(), value) {
            ("function", Value::Object(unknown)) => {
                for (name, value) in unknown {
                    out["function"][name] = value.clone();
                }
            }
            _ => out[name] = value.clone(),
        }
    }
    Some(out)
}

fn tool_choice_out(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Auto => "auto".into(),
        ToolChoice::None => "none".into(),
        ToolChoice::Required => "required".into(),
        ToolChoice::Named(name) => json!({"type": "function", "function": {"name": name}}),
        ToolChoice::Allowed { names, required } => {
            let tool = |name| json!({"type": "function", "function": {"name": name}});
            let mode = if *required { "required" } else { "auto" };
            let tools: Vec<Value> = names.iter().map(tool).collect();
            json!({"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}})
        }
    }
}

fn response_format_out(format: &ResponseFormat) -> Value {
    match format {
        ResponseFormat::JsonObject => json!({"type": "json_object"}),
        ResponseFormat::JsonSchema { name, schema, strict } => {
            let mut inner = json!({"name": name, "schema": schema});
            if let Some(strict) = strict {
                inner["strict"] = (*strict).into();
            }
            json!({"type": "json_schema", "json_schema": inner})
        }
    }
}

#[derive(Serialize)]
struct AnswerOut<'a> {
    id: &'a str,
    object: &'static str,
    created: i64,
    model: &'a str,
    choices: [Choice<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<UsageOut>,
    #[serde(skip_serializing_if = "Value::is_null")]
    surefoot: &'a Value,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: usize,
    message: Message<'a>,
    logprobs: Option<Value>,
    finish_reason: &'static str,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Option<String>,
    refusal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    thinking_blocks: Vec<ThinkingBlock>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Call<'a>>,
}

pub(crate) fn answer_write(answer: &Answer, created: i64, surefoot: &Value) -> Bytes {
    bytes_of(&AnswerOut {
        id: &answer.id,
        object: "chat.completion",
        created,
        model: &answer.model,
        choices: [Choice {
            index: 0,
            message: message_out(answer),
            logprobs: (!answer.logprobs.is_empty())
                .then(|| json!({"content": logprobs::write(&answer.logprobs), "refusal": null})),
            finish_reason: reason_of(&answer.finish),
        }],
        usage: answer.usage.map(UsageOut::from),
        surefoot,
    })
}

fn message_out(answer: &Answer) -> Message<'_> {
    let parts = &answer.parts;
    let text = words_where(parts, |part| matches!(part, Part::Text { .. }));
    let reasoning: String = parts
        .iter()
        .filter_map(|part| match part {
            Part::Thinking { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    let calls: Vec<&Part> = parts.iter().filter(|part| matches!(part, Part::ToolCall { .. })).collect();
    let cut = calls::cut(&answer.finish, calls.len());
    let tool_calls = calls.iter().enumerate().filter_map(|(index, part)| Call::of(part, cut == Some(index)));
    Message {
        role: "assistant",
        content: text,
        refusal: words_where(parts, |part| matches!(part, Part::Refusal { .. })),
        reasoning_content: Some(reasoning).filter(|text| !text.is_empty()),
        thinking_blocks: thinking_blocks(parts),
        tool_calls: tool_calls.collect(),
    }
}

/// The words of some parts; none where there are no such parts, which is not the same as empty.
fn words_where(parts: &[Part], wanted: fn(&Part) -> bool) -> Option<String> {
    let mut wanted = parts.iter().filter(|part| wanted(part)).peekable();
    wanted.peek()?;
    Some(wanted.map(|part| words(std::slice::from_ref(part))).collect())
}

/// The reasoning that has to be sent back unchanged: what carries a signature, or is withheld.
pub(super) fn thinking_blocks<'p>(parts: impl IntoIterator<Item = &'p Part>) -> Vec<ThinkingBlock> {
    let block = |part: &Part| match part {
        Part::Thinking { redacted: Some(data), by, .. } => Some(redacted_block(data, *by)),
        Part::Thinking { text, signature: Some(signature), by, .. } => {
            let signature = signature::told(Dialect::OpenaiChat, *by, signature).into_owned();
            Some(ThinkingBlock::Thinking { thinking: text.clone(), signature: Some(signature) })
        }
        _ => None,
    };
    parts.into_iter().filter_map(block).collect()
}

/// A block of withheld reasoning.
pub(super) fn redacted_block(data: &str, by: Option<Dialect>) -> ThinkingBlock {
    ThinkingBlock::RedactedThinking { data: signature::told(Dialect::OpenaiChat, by, data).into_owned() }
}
