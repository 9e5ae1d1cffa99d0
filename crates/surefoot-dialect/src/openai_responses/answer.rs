//! Whole answers, from and in the words of OpenAI's responses.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use surefoot_types::{
    Fault,
    conversation::{Answer, Dialect, Logprob, Part},
    usage::Tier,
};

use super::{
    Sealed, UsageWire, Writer, finish_of,
    read_items::{texts, thinking},
};
use crate::{fault, json::bytes_of, logprobs, openai_chat::is_truthy};

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    id: String,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    status: Option<String>,
    output: Option<Vec<Item>>,
    usage: Option<UsageWire>,
    #[serde(default, deserialize_with = "crate::json::tier")]
    service_tier: Option<Tier>,
    incomplete_details: Option<Incomplete>,
    error: Option<Value>,
}

#[derive(Deserialize)]
pub(super) struct Incomplete {
    pub(super) reason: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    r#type: String,
    #[serde(default)]
    content: Option<Vec<Content>>,
    #[serde(flatten)]
    rest: crate::json::Object,
}

#[derive(Deserialize)]
struct Content {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
    #[serde(default)]
    logprobs: Option<Vec<logprobs::TokenIn>>,
}

pub(crate) fn answer_read(body: &[u8]) -> Result<Answer, Fault> {
    let body: Body = serde_json::from_slice(body).map_err(|error| fault::unreadable("answer", error))?;
    if let Some(error) = body.error.filter(is_truthy) {
        return Err(fault::in_band(Dialect::OpenaiResponses, &error));
    }
    let Some(output) = body.output else {
        return Err(fault::unreadable("answer", "`output` is missing"));
    };
    let (mut parts, mut tokens) = (Vec::new(), Vec::new());
    for item in output {
        read_item(item, &mut parts, &mut tokens);
    }
    let calls = parts.iter().any(|part| matches!(part, Part::ToolCall { .. }));
    let reason = body.incomplete_details.and_then(|details| details.reason);
    Ok(Answer {
        id: body.id,
        model: body.model.unwrap_or_default(),
        parts,
        finish: finish_of(body.status.as_deref().unwrap_or_default(), reason.as_deref(), calls),
        usage: body.usage.map(|usage| usage.read(body.service_tier)),
        logprobs: tokens,
    })
}

fn read_item(item: Item, parts: &mut Vec<Part>, tokens: &mut Vec<Logprob>) {
    let text = |name: &str| item.rest.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    match item.r#type.as_str() {
        "message" => {
            for content in item.content.unwrap_or_default() {
                tokens.extend(content.logprobs.map(logprobs::read).unwrap_or_default());
                parts.extend(content.refusal.map(|text| Part::Refusal { text }));
                parts.extend(content.text.map(|text| Part::Text { text }));
            }
        }
        "function_call" => {
            parts.push(Part::ToolCall { id: text("call_id"), name: text("name"), arguments: text("arguments") });
        }
        "reasoning" => {
            let sealed = Some(text("encrypted_content")).filter(|wire| !wire.is_empty()).map(Sealed::read);
            let content: String = item.content.iter().flatten().filter_map(|part| part.text.as_deref()).collect();
            let text = texts(item.rest.get("summary")).unwrap_or(content);
            // Reasoning that OpenAI keeps to itself says nothing to anybody else.
            parts.extend((sealed.is_some() || !text.is_empty()).then(|| thinking(text, sealed)));
        }
        _ => {
            let mut value = crate::json::Object::from_iter([("type".to_owned(), Value::from(item.r#type))]);
            value.extend(item.rest);
            parts.push(Part::Other { dialect: Dialect::OpenaiResponses, value: value.into() });
        }
    }
}

/// A whole answer is a stream of which nobody sees the frames.
pub(crate) fn answer_write(answer: &Answer, created: i64, surefoot: &Value) -> Bytes {
    let mut writer = Writer::silent(created);
    for event in answer.clone().into_events() {
        writer.event(&event, &mut Vec::new());
    }
    bytes_of(&writer.conclude(surefoot, &mut Vec::new()))
}
