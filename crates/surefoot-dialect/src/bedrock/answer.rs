//! Whole answers, from and in Bedrock's words.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json, value::RawValue};
use surefoot_types::{
    Fault,
    conversation::{Answer, Dialect, Finish, Part},
    usage::Tier,
};

use super::{
    UsageWire,
    blocks::{Block, answer_blocks},
    finish_of, reason_of, redacted_read,
};
use crate::{fault, ids, json::bytes_of, signature};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(borrow)]
    output: Option<Output<'a>>,
    stop_reason: Option<String>,
    usage: Option<UsageWire>,
    #[serde(default, deserialize_with = "crate::json::tier")]
    service_tier: Option<Tier>,
}

#[derive(Deserialize)]
struct Output<'a> {
    #[serde(borrow)]
    message: Option<MessageIn<'a>>,
}

#[derive(Deserialize)]
struct MessageIn<'a> {
    #[serde(borrow)]
    content: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockIn<'a> {
    text: Option<String>,
    #[serde(borrow)]
    tool_use: Option<ToolUseIn<'a>>,
    reasoning_content: Option<ReasoningIn>,
    citations_content: Option<Cited>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolUseIn<'a> {
    tool_use_id: String,
    name: String,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReasoningIn {
    reasoning_text: Option<ReasoningText>,
    redacted_content: Option<String>,
}

#[derive(Deserialize)]
struct ReasoningText {
    #[serde(default)]
    text: String,
    signature: Option<String>,
}

/// Words that cite their sources.
#[derive(Deserialize)]
struct Cited {
    #[serde(default)]
    content: Vec<CitedText>,
}

#[derive(Deserialize)]
struct CitedText {
    #[serde(default)]
    text: String,
}

pub(crate) fn answer_read(body: &[u8]) -> Result<Answer, Fault> {
    let body: Body<'_> = serde_json::from_slice(body).map_err(|error| fault::unreadable("answer", error))?;
    let content = body.output.and_then(|output| output.message).and_then(|message| message.content);
    let Some(content) = content else {
        return Err(fault::unreadable("answer", "`output.message.content` is missing"));
    };
    let parts: Result<Vec<Part>, _> = content.into_iter().map(part).collect();
    Ok(Answer {
        // Bedrock gives neither: its request's id stands in a header, its model in the address.
        id: String::new(),
        model: String::new(),
        parts: parts.map_err(|error| fault::unreadable("answer", error))?,
        finish: body.stop_reason.map_or(Ok(Finish::Stop), |reason| finish_of(&reason))?,
        usage: body.usage.map(|usage| usage.read(body.service_tier)),
        logprobs: Vec::new(),
    })
}

fn part(raw: &RawValue) -> Result<Part, serde_json::Error> {
    let block: BlockIn<'_> = serde_json::from_str(raw.get())?;
    let cited = block.citations_content.map(|cited| cited.content.into_iter().map(|it| it.text).collect::<String>());
    if let Some(text) = block.text.or(cited) {
        return Ok(Part::Text { text });
    }
    if let Some(call) = block.tool_use {
        let arguments = call.input.map_or("{}", RawValue::get).to_owned();
        return Ok(Part::ToolCall { id: ids::restored(call.tool_use_id), name: call.name, arguments });
    }
    match block.reasoning_content {
        Some(ReasoningIn { redacted_content: Some(data), .. }) => {
            let (by, data) = redacted_read(data);
            Ok(Part::Thinking { text: String::new(), signature: None, redacted: Some(data), by: Some(by) })
        }
        Some(ReasoningIn { reasoning_text: Some(inner), .. }) => {
            let wire = inner.signature.filter(|wire| !wire.is_empty());
            let (by, signature) = wire.map(|wire| signature::read(Dialect::Bedrock, wire)).unzip();
            Ok(Part::Thinking { text: inner.text, signature, redacted: None, by })
        }
        _ => Ok(Part::Other { dialect: Dialect::Bedrock, value: serde_json::from_str(raw.get())? }),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AnswerOut<'a> {
    output: OutputOut<'a>,
    stop_reason: &'static str,
    usage: UsageWire,
    metrics: Value,
    #[serde(skip_serializing_if = "Value::is_null")]
    surefoot: &'a Value,
}

#[derive(Serialize)]
struct OutputOut<'a> {
    message: MessageOut<'a>,
}

#[derive(Serialize)]
struct MessageOut<'a> {
    role: &'static str,
    content: Vec<Block<'a>>,
}

pub(crate) fn answer_write(answer: &Answer, surefoot: &Value) -> Bytes {
    let refused = answer.parts.iter().any(|part| matches!(part, Part::Refusal { .. }));
    bytes_of(&AnswerOut {
        output: OutputOut { message: MessageOut { role: "assistant", content: answer_blocks(answer) } },
        stop_reason: reason_of(&answer.finish, refused),
        // The dialect has no way to say that usage is unknown, nor that nobody took the time.
        usage: UsageWire::from(answer.usage.unwrap_or_default()),
        metrics: json!({"latencyMs": 0}),
        surefoot,
    })
}
