//! Parts, in Gemini's words.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Value, value::RawValue};
use surefoot_types::conversation::{Answer, Dialect, Part};

use super::Seal;
use crate::{
    calls::{cut, object_of},
    extras::Kept,
};

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum PartOut<'a> {
    Made(Box<Made<'a>>),
    Whole(&'a Value),
}

/// A part; exactly one of its first fields says what it is.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Made<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) function_call: Option<Call<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) function_response: Option<Response<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) inline_data: Option<Blob<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file_data: Option<File<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) thought: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thought_signature: Option<Cow<'a, str>>,
    #[serde(flatten)]
    pub(super) extra: Kept<'a>,
}

#[derive(Serialize)]
pub(super) struct Call<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<&'a str>,
    pub(super) name: &'a str,
    pub(super) args: Box<RawValue>,
}

#[derive(Serialize)]
pub(super) struct Response<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<&'a str>,
    pub(super) name: &'a str,
    pub(super) response: Cow<'a, Value>,
    #[serde(flatten)]
    pub(super) extra: Kept<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Blob<'a> {
    pub(super) mime_type: &'a str,
    pub(super) data: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) display_name: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct File<'a> {
    pub(super) mime_type: &'a str,
    pub(super) file_uri: &'a str,
}

impl<'a> PartOut<'a> {
    pub(super) fn made(made: Made<'a>) -> Self {
        Self::Made(Box::new(made))
    }

    pub(super) fn text(text: impl Into<Cow<'a, str>>, signature: Option<Cow<'a, str>>) -> Self {
        Self::made(Made { text: Some(text.into()), thought_signature: signature, ..Made::default() })
    }

    pub(super) fn thought(text: impl Into<Cow<'a, str>>, signature: Option<Cow<'a, str>>) -> Self {
        let text = Some(text.into());
        Self::made(Made { text, thought: true, thought_signature: signature, ..Made::default() })
    }
}

/// What stands behind a part of reasoning.
pub(super) fn seal(part: &Part) -> Option<Seal> {
    match part {
        Part::Thinking { redacted: Some(data), by: Some(by), .. } => Some(Seal::Redacted(*by, data.clone())),
        Part::Thinking { signature: Some(signature), by: Some(by), .. } => {
            Some(Seal::Signature(*by, signature.clone()))
        }
        _ => None,
    }
}

/// The parts of an answer. A signature of Gemini's goes to the part that it belongs to, the one
/// after it; what others signed stands with its own reasoning.
pub(super) fn answer_parts(answer: &Answer) -> Vec<PartOut<'_>> {
    let calls = answer.parts.iter().filter(|part| matches!(part, Part::ToolCall { .. })).count();
    let cut = cut(&answer.finish, calls);
    let (mut parts, mut call, mut pending) = (Vec::new(), 0, None);
    for part in &answer.parts {
        match part {
            Part::Text { text } | Part::Refusal { text } => {
                parts.push(PartOut::text(text.as_str(), pending.take()));
            }
            Part::Thinking { text, .. } => {
                let seal = seal(part);
                let is_own = matches!(seal, Some(Seal::Signature(Dialect::Gemini, _)));
                let wire = seal.map(|seal| Cow::Owned(seal.wire()));
                if is_own {
                    pending = wire;
                    parts.extend((!text.is_empty()).then(|| PartOut::thought(text.as_str(), None)));
                } else {
                    parts.push(PartOut::thought(text.as_str(), wire));
                }
            }
            Part::ToolCall { id, name, arguments } => {
                let args = object_of(arguments, cut == Some(call));
                call += 1;
                let function_call = Some(Call { id: Some(id), name, args });
                parts.push(PartOut::made(Made { function_call, thought_signature: pending.take(), ..Made::default() }));
            }
            Part::Other { dialect: Dialect::Gemini, value } => parts.push(PartOut::Whole(value)),
            Part::Image { .. } | Part::File { .. } | Part::ToolResult { .. } | Part::Other { .. } => {}
        }
    }
    parts.extend(pending.map(|signature| PartOut::text("", Some(signature))));
    parts
}
