//! Bedrock's Converse and ConverseStream. The model, and whether the answer is to stream, stand in
//! the address and not in the body: whoever takes a request sets them. Signing is not done here.

mod answer;
mod blocks;
mod read;
mod read_messages;
mod stream_read;
mod stream_write;
mod write;
mod write_messages;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use surefoot_types::{
    Code, Fault, Retry, Usage,
    conversation::{Dialect, Finish},
    usage::Tier,
};

pub(crate) use answer::{answer_read, answer_write};
pub(crate) use read::request_read;
pub(crate) use stream_read::Reader;
pub(crate) use stream_write::Writer;
pub(crate) use write::request_write;

use crate::{media, signature};

/// The formats of pictures that Bedrock knows, by their media types.
const IMAGES: [(&str, &str); 5] =
    [("image/png", "png"), ("image/jpeg", "jpeg"), ("image/jpg", "jpeg"), ("image/gif", "gif"), ("image/webp", "webp")];
/// The formats of documents that Bedrock knows, by their media types.
const DOCUMENTS: [(&str, &str); 9] = [
    ("application/pdf", "pdf"),
    ("text/plain", "txt"),
    ("text/csv", "csv"),
    ("text/html", "html"),
    ("text/markdown", "md"),
    ("application/msword", "doc"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    ("application/vnd.ms-excel", "xls"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
];

/// Withheld reasoning, which Bedrock's SDKs take for bytes in base64.
fn redacted_read(wire: String) -> (Dialect, String) {
    match media::text_of(&wire).filter(|text| text.starts_with(signature::MARK)) {
        Some(marked) => signature::read(Dialect::Bedrock, marked),
        None => (Dialect::Bedrock, wire),
    }
}

/// Withheld reasoning as its clients are to keep it.
fn redacted_told(by: Option<Dialect>, data: &str) -> String {
    match by {
        Some(by) if by != Dialect::Bedrock => {
            BASE64_STANDARD.encode(&*signature::told(Dialect::Bedrock, Some(by), data))
        }
        _ => data.to_owned(),
    }
}

/// Why an answer ended.
///
/// # Errors
/// `upstream` with advice to try again for what is no end but a mishap of the model.
fn finish_of(reason: &str) -> Result<Finish, Fault> {
    Ok(match reason {
        "end_turn" | "stop_sequence" => Finish::Stop,
        "max_tokens" => Finish::Length,
        "tool_use" => Finish::ToolCalls,
        "guardrail_intervened" | "content_filtered" => Finish::Refusal,
        "malformed_model_output" | "malformed_tool_use" => {
            return Err(Fault::new(Code::Upstream, format!("The provider's answer ended with {reason}."))
                .hint("Try again, or add another target to the model.")
                .retry(Retry::Later(None)));
        }
        other => Finish::Other(other.to_owned()),
    })
}

/// The reason in Bedrock's words. SDKs know only these, so an unknown one becomes `end_turn`.
fn reason_of(finish: &Finish, refused: bool) -> &'static str {
    match finish {
        Finish::Stop if refused => "content_filtered",
        Finish::Length => "max_tokens",
        Finish::ToolCalls => "tool_use",
        Finish::Refusal => "content_filtered",
        Finish::Other(reason) if reason == "model_context_window_exceeded" => "model_context_window_exceeded",
        Finish::Stop | Finish::Other(_) => "end_turn",
    }
}

/// Usage on the wire: the input leaves out what the cache read and wrote.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UsageWire {
    input_tokens: u64,
    output_tokens: u64,
    #[serde(default)]
    total_tokens: u64,
    #[serde(default)]
    cache_read_input_tokens: u64,
    #[serde(default)]
    cache_write_input_tokens: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cache_details: Vec<CacheDetail>,
}

/// What was written to the cache, by how long it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CacheDetail {
    ttl: String,
    input_tokens: u64,
}

impl UsageWire {
    /// With the tier that stands beside it.
    fn read(&self, tier: Option<Tier>) -> Usage {
        let hour = self.cache_details.iter().filter(|detail| detail.ttl == "1h").map(|detail| detail.input_tokens);
        let hour = hour.sum::<u64>().min(self.cache_write_input_tokens);
        Usage {
            input: self.input_tokens,
            cache_read: self.cache_read_input_tokens,
            cache_write: self.cache_write_input_tokens - hour,
            cache_write_hour: hour,
            output: self.output_tokens,
            tier,
            ..Usage::default()
        }
    }
}

impl From<Usage> for UsageWire {
    fn from(usage: Usage) -> Self {
        let detail = |ttl: &str, input_tokens| CacheDetail { ttl: ttl.to_owned(), input_tokens };
        let details = [detail("5m", usage.cache_write), detail("1h", usage.cache_write_hour)];
        Self {
            input_tokens: usage.input + usage.audio_input,
            output_tokens: usage.output_total(),
            total_tokens: usage.total(),
            cache_read_input_tokens: usage.cache_read,
            cache_write_input_tokens: usage.cache_write + usage.cache_write_hour,
            cache_details: if usage.cache_write_hour > 0 { details.into() } else { Vec::new() },
        }
    }
}
