//! Content blocks, in Bedrock's words.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Value, json, value::RawValue};
use surefoot_types::conversation::{Answer, Dialect, Part};

use super::redacted_told;
use crate::{
    calls::{cut, object_of},
    signature,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Block<'a> {
    Text(Cow<'a, str>),
    ToolUse(ToolUse<'a>),
    ToolResult(ToolResult<'a>),
    ReasoningContent(Reasoning<'a>),
    /// A picture, a document, a mark for the cache.
    #[serde(untagged)]
    Other(Value),
    #[serde(untagged)]
    Whole(&'a Value),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolUse<'a> {
    pub(super) tool_use_id: Cow<'a, str>,
    pub(super) name: &'a str,
    pub(super) input: Box<RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolResult<'a> {
    pub(super) tool_use_id: Cow<'a, str>,
    pub(super) content: Vec<Block<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Reasoning<'a> {
    ReasoningText {
        text: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        signature: Option<Cow<'a, str>>,
    },
    RedactedContent(String),
}

/// A mark for prompt caching, from Anthropic's, which means the same.
pub(super) fn cache_point(mark: &Value) -> Value {
    let mut point = json!({"type": "default"});
    if let Some(ttl) = mark.get("ttl") {
        point["ttl"] = ttl.clone();
    }
    json!({"cachePoint": point})
}

/// Anthropic's mark, from Bedrock's.
pub(super) fn cache_mark(point: &Value) -> Value {
    let mut mark = json!({"type": "ephemeral"});
    if let Some(ttl) = point.get("ttl") {
        mark["ttl"] = ttl.clone();
    }
    mark
}

/// The blocks of an answer.
pub(super) fn answer_blocks<'a>(answer: &'a Answer) -> Vec<Block<'a>> {
    let calls = answer.parts.iter().filter(|part| matches!(part, Part::ToolCall { .. })).count();
    let cut = cut(&answer.finish, calls);
    let mut call = 0;
    let block = |part: &'a Part| match part {
        Part::Text { text } | Part::Refusal { text } => Some(Block::Text(text.into())),
        Part::Thinking { redacted: Some(data), by, .. } => {
            Some(Block::ReasoningContent(Reasoning::RedactedContent(redacted_told(*by, data))))
        }
        Part::Thinking { text, signature, by, .. } => {
            let signature = signature.as_deref().map(|it| signature::told(Dialect::Bedrock, *by, it));
            Some(Block::ReasoningContent(Reasoning::ReasoningText { text, signature }))
        }
        Part::ToolCall { id, name, arguments } => {
            let input = object_of(arguments, cut == Some(call));
            call += 1;
            Some(Block::ToolUse(ToolUse { tool_use_id: id.into(), name, input }))
        }
        Part::Other { dialect: Dialect::Bedrock, value } => Some(Block::Whole(value)),
        Part::Image { .. } | Part::File { .. } | Part::ToolResult { .. } | Part::Other { .. } => None,
    };
    answer.parts.iter().filter_map(block).collect()
}
