//! Anthropic's `/v1/messages`.

mod cache;
mod read;
mod read_messages;
mod reasoning;
mod schema;
mod stream_read;
mod stream_write;
mod write;
mod write_messages;

use serde::{Deserialize, Serialize};
use surefoot_types::{Usage, conversation::Finish, usage::Tier};

pub(crate) use cache::marked as cache_marked;
pub(crate) use read::{answer_read, request_read};
pub(crate) use reasoning::{read as reasoning_read, thinking_own, write as reasoning_write};
pub(crate) use schema::adapted as schema_adapted;
pub(crate) use stream_read::Reader;
pub(crate) use stream_write::Writer;
pub(crate) use write::{answer_write, request_write};

fn finish_of(reason: &str) -> Finish {
    match reason {
        "end_turn" | "stop_sequence" => Finish::Stop,
        "max_tokens" => Finish::Length,
        "tool_use" => Finish::ToolCalls,
        "refusal" => Finish::Refusal,
        other => Finish::Other(other.to_owned()),
    }
}

/// The reason in Anthropic's words. SDKs know only these, so an unknown one becomes `end_turn`.
/// `refused`: the answer has words of refusal, which OpenAI ends with an ordinary stop.
fn reason_of(finish: &Finish, refused: bool) -> &'static str {
    match finish {
        Finish::Stop if refused => "refusal",
        Finish::Stop => "end_turn",
        Finish::Length => "max_tokens",
        Finish::ToolCalls => "tool_use",
        Finish::Refusal => "refusal",
        Finish::Other(reason) => match reason.as_str() {
            "pause_turn" => "pause_turn",
            "model_context_window_exceeded" => "model_context_window_exceeded",
            _ => "end_turn",
        },
    }
}

/// Usage on the wire: the input leaves out what the cache read and wrote. In a stream it comes in
/// two halves, the later of which replaces what it tells again and leaves the rest.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct UsageIn {
    input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_creation: Option<CacheCreation>,
    output_tokens: Option<u64>,
    output_tokens_details: Option<OutputDetails>,
    server_tool_use: Option<ServerTools>,
    #[serde(deserialize_with = "crate::json::tier")]
    service_tier: Option<Tier>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct ServerTools {
    web_search_requests: Option<u64>,
}

/// What was written to the cache, by how long it is kept; both are in `cache_creation_input_tokens`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct CacheCreation {
    ephemeral_5m_input_tokens: u64,
    ephemeral_1h_input_tokens: u64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct OutputDetails {
    thinking_tokens: Option<u64>,
}

impl UsageIn {
    /// None when nothing was told, which is not the same as zero.
    fn read(&self) -> Option<Usage> {
        if self.input_tokens.is_none() && self.output_tokens.is_none() {
            return None;
        }
        let output = self.output_tokens.unwrap_or(0);
        let creation = self.cache_creation.clone().unwrap_or_default();
        let sum = creation.ephemeral_5m_input_tokens + creation.ephemeral_1h_input_tokens;
        let written = self.cache_creation_input_tokens.unwrap_or(sum);
        let hour = creation.ephemeral_1h_input_tokens.min(written);
        let thinking = self.output_tokens_details.as_ref().and_then(|details| details.thinking_tokens);
        Some(Usage {
            input: self.input_tokens.unwrap_or(0),
            cache_read: self.cache_read_input_tokens.unwrap_or(0),
            cache_write: written - hour,
            cache_write_hour: hour,
            output,
            reasoning: thinking.unwrap_or(0).min(output),
            searches: self.server_tool_use.as_ref().and_then(|tools| tools.web_search_requests).unwrap_or(0),
            tier: self.service_tier,
            ..Usage::default()
        })
    }

    /// Takes over what a later frame tells: its counts are totals, not differences.
    fn update(&mut self, later: Self) {
        self.input_tokens = later.input_tokens.or(self.input_tokens);
        self.cache_read_input_tokens = later.cache_read_input_tokens.or(self.cache_read_input_tokens);
        self.cache_creation_input_tokens = later.cache_creation_input_tokens.or(self.cache_creation_input_tokens);
        self.cache_creation = later.cache_creation.or(self.cache_creation.take());
        self.output_tokens = later.output_tokens.or(self.output_tokens);
        self.output_tokens_details = later.output_tokens_details.or(self.output_tokens_details.take());
        self.server_tool_use = later.server_tool_use.or(self.server_tool_use.take());
        self.service_tier = later.service_tier.or(self.service_tier);
    }
}

#[derive(Debug, Serialize)]
struct UsageOut {
    input_tokens: u64,
    cache_creation_input_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_creation: Option<CacheCreationOut>,
    cache_read_input_tokens: u64,
    output_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_tokens_details: Option<OutputDetailsOut>,
}

#[derive(Debug, Serialize)]
struct CacheCreationOut {
    ephemeral_5m_input_tokens: u64,
    ephemeral_1h_input_tokens: u64,
}

#[derive(Debug, Serialize)]
struct OutputDetailsOut {
    thinking_tokens: u64,
}

impl From<Usage> for UsageOut {
    fn from(usage: Usage) -> Self {
        Self {
            input_tokens: usage.input + usage.audio_input,
            cache_creation_input_tokens: usage.cache_write + usage.cache_write_hour,
            cache_creation: (usage.cache_write_hour > 0).then_some(CacheCreationOut {
                ephemeral_5m_input_tokens: usage.cache_write,
                ephemeral_1h_input_tokens: usage.cache_write_hour,
            }),
            cache_read_input_tokens: usage.cache_read,
            output_tokens: usage.output_total(),
            output_tokens_details: (usage.reasoning > 0)
                .then_some(OutputDetailsOut { thinking_tokens: usage.reasoning }),
        }
    }
}
