//! OpenAI's `/v1/responses`: a conversation as a list of items, and streams that tell the life of
//! each.

mod answer;
mod items;
pub mod own;
mod read;
mod read_items;
mod stream_read;
mod stream_write;
mod write;
mod write_items;

use serde::{Deserialize, Serialize};
use surefoot_types::{
    Usage,
    conversation::{Dialect, Finish},
    usage::Tier,
};

pub(crate) use answer::{answer_read, answer_write};
pub(crate) use read::request_read;
pub(crate) use stream_read::Reader;
pub(crate) use stream_write::Writer;
pub(crate) use write::request_write;

use crate::signature;

/// The key under which the fields of an item (its id, its status) are kept: with the first of its
/// parts, or with its message. No other dialect has a use for them.
pub(crate) use crate::extras::ITEM;

/// What [`crate::extras::ROLE`] says of the top-level instructions.
const INSTRUCTIONS: &str = "instructions";

/// What sealed reasoning begins with that another provider withholds altogether.
const WITHHELD: &str = "surefoot:redacted:";

/// What an item of reasoning keeps sealed: a signature, or all that another provider withholds.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Sealed {
    Signature(Dialect, String),
    Redacted(Dialect, String),
}

impl Sealed {
    /// From an `encrypted_content`.
    fn read(wire: String) -> Self {
        match wire.strip_prefix(WITHHELD) {
            Some(rest) => {
                let (by, data) = signature::read(Dialect::OpenaiResponses, format!("{}{rest}", signature::MARK));
                Self::Redacted(by, data)
            }
            None => {
                let (by, signature) = signature::read(Dialect::OpenaiResponses, wire);
                Self::Signature(by, signature)
            }
        }
    }

    /// As an `encrypted_content`.
    fn wire(&self) -> String {
        match self {
            Self::Signature(by, signature) => {
                signature::told(Dialect::OpenaiResponses, Some(*by), signature).into_owned()
            }
            Self::Redacted(by, data) => format!("{WITHHELD}{}:{data}", by.name()),
        }
    }
}

/// Why an answer ended, from its status and what it says of being incomplete.
fn finish_of(status: &str, reason: Option<&str>, calls: bool) -> Finish {
    match (status, reason) {
        ("incomplete", Some("max_output_tokens")) => Finish::Length,
        ("incomplete", Some("content_filter")) => Finish::Refusal,
        ("incomplete", reason) => Finish::Other(reason.unwrap_or(status).to_owned()),
        ("completed" | "", _) if calls => Finish::ToolCalls,
        ("completed" | "", _) => Finish::Stop,
        _ => Finish::Other(status.to_owned()),
    }
}

/// Status and reason in OpenAI's words. An unknown reason becomes a completion.
fn status_of(finish: &Finish) -> (&'static str, Option<&'static str>) {
    match finish {
        Finish::Length => ("incomplete", Some("max_output_tokens")),
        Finish::Refusal => ("incomplete", Some("content_filter")),
        Finish::Other(reason) if reason == "model_context_window_exceeded" => ("incomplete", Some("max_output_tokens")),
        Finish::Stop | Finish::ToolCalls | Finish::Other(_) => ("completed", None),
    }
}

/// Usage on the wire: cached tokens are inside the input's, reasoning inside the output's.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct UsageWire {
    input_tokens: u64,
    #[serde(default)]
    input_tokens_details: InputDetails,
    output_tokens: u64,
    #[serde(default)]
    output_tokens_details: OutputDetails,
    #[serde(default)]
    total_tokens: u64,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct InputDetails {
    cached_tokens: u64,
    cache_write_tokens: u64,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct OutputDetails {
    reasoning_tokens: u64,
}

impl UsageWire {
    /// With the tier that stands beside it.
    fn read(&self, tier: Option<Tier>) -> Usage {
        let cache_read = self.input_tokens_details.cached_tokens.min(self.input_tokens);
        let cache_write = self.input_tokens_details.cache_write_tokens.min(self.input_tokens - cache_read);
        Usage {
            input: self.input_tokens - cache_read - cache_write,
            cache_read,
            cache_write,
            output: self.output_tokens,
            reasoning: self.output_tokens_details.reasoning_tokens.min(self.output_tokens),
            tier,
            ..Usage::default()
        }
    }
}

impl From<Usage> for UsageWire {
    fn from(usage: Usage) -> Self {
        Self {
            input_tokens: usage.input_total(),
            input_tokens_details: InputDetails {
                cached_tokens: usage.cache_read,
                cache_write_tokens: usage.cache_write + usage.cache_write_hour,
            },
            output_tokens: usage.output_total(),
            output_tokens_details: OutputDetails { reasoning_tokens: usage.reasoning },
            total_tokens: usage.total(),
        }
    }
}
