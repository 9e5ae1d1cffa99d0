//! OpenAI's `/v1/chat/completions`, as OpenAI and the many servers that imitate it speak it.

mod read;
mod read_messages;
mod stream_read;
mod stream_write;
mod write;
mod write_messages;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Number, Value};
use surefoot_types::{Money, Usage, conversation::Finish, usage::Tier};

pub(crate) use read::{answer_read, is_truthy, request_read};
pub(crate) use stream_read::Reader;
pub(crate) use stream_write::Writer;
pub(crate) use write::{answer_write, is_openai_s, request_write};

/// A field of assistant messages that carries reasoning with its signature, so that a client that
/// sends messages back as it got them keeps a reasoning model's tool loop working.
const THINKING_BLOCKS: &str = "thinking_blocks";

fn finish_of(reason: &str) -> Finish {
    match reason {
        "stop" => Finish::Stop,
        "length" => Finish::Length,
        "tool_calls" | "function_call" => Finish::ToolCalls,
        "content_filter" => Finish::Refusal,
        other => Finish::Other(other.to_owned()),
    }
}

/// The reason in OpenAI's words. SDKs know only these, so an unknown one becomes `stop`.
fn reason_of(finish: &Finish) -> &'static str {
    match finish {
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
        Finish::Refusal => "content_filter",
        Finish::Other(reason) if reason == "model_context_window_exceeded" => "length",
        Finish::Stop | Finish::Other(_) => "stop",
    }
}

/// Usage on the wire: cached tokens are inside the prompt's, reasoning inside the completion's.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct UsageIn {
    #[serde(deserialize_with = "count")]
    prompt_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
    /// DeepSeek's name for cached tokens.
    #[serde(deserialize_with = "count")]
    prompt_cache_hit_tokens: Option<u64>,
    /// Moonshot's.
    #[serde(deserialize_with = "count")]
    cached_tokens: Option<u64>,
    /// What it all cost, in dollars: OpenRouter's as a number, Perplexity's as the total of an object.
    #[serde(deserialize_with = "dollars")]
    cost: Option<Money>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct PromptDetails {
    #[serde(deserialize_with = "count")]
    cached_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    cache_write_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    audio_tokens: Option<u64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct CompletionDetails {
    #[serde(deserialize_with = "count")]
    reasoning_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    audio_tokens: Option<u64>,
}

impl UsageIn {
    /// With the tier that stands beside it. None when the server told nothing, which is not the same as zero.
    fn read(&self, tier: Option<Tier>) -> Option<Usage> {
        if self.prompt_tokens.is_none() && self.completion_tokens.is_none() {
            return None;
        }
        let prompt = self.prompt_tokens.unwrap_or(0);
        let details = self.prompt_tokens_details.clone().unwrap_or_default();
        let cache_read =
            details.cached_tokens.or(self.prompt_cache_hit_tokens).or(self.cached_tokens).unwrap_or(0).min(prompt);
        let cache_write = details.cache_write_tokens.unwrap_or(0).min(prompt - cache_read);
        let audio_input = details.audio_tokens.unwrap_or(0).min(prompt - cache_read - cache_write);
        let completion = self.completion_tokens.unwrap_or(0);
        let parts = self.completion_tokens_details.clone().unwrap_or_default();
        let audio_output = parts.audio_tokens.unwrap_or(0).min(completion);
        let output = completion - audio_output;
        Some(Usage {
            input: prompt - cache_read - cache_write - audio_input,
            cache_read,
            cache_write,
            audio_input,
            output,
            audio_output,
            reasoning: parts.reasoning_tokens.unwrap_or(0).min(output),
            reported: self.cost,
            tier,
            ..Usage::default()
        })
    }
}

/// A token count; some servers write 12.0.
fn count<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let number = Option::<Number>::deserialize(from)?;
    Ok(number.and_then(|number| number.as_u64().or_else(|| number.as_f64().map(|count| count as u64))))
}

/// An amount of dollars, rounded up to the next nano-dollar. What is no amount says nothing.
fn dollars<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Money>, D::Error> {
    let told = Option::<Value>::deserialize(from)?;
    let total = told.as_ref().map(|told| told.get("total_cost").unwrap_or(told));
    let dollars = total.and_then(Value::as_f64).filter(|dollars| (0.0..1e9).contains(dollars));
    // Twelve decimals are kept first: 0.1 is a little more than 0.1 as a float, and would be rounded up.
    Ok(dollars.map(|dollars| Money::nanos(((dollars * 1e12).round() / 1e3).ceil() as i64)))
}

#[derive(Debug, Serialize)]
struct UsageOut {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: PromptDetailsOut,
    completion_tokens_details: CompletionDetailsOut,
}

#[derive(Debug, Serialize)]
struct PromptDetailsOut {
    cached_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    cache_write_tokens: u64,
}

#[derive(Debug, Serialize)]
struct CompletionDetailsOut {
    reasoning_tokens: u64,
}

impl From<Usage> for UsageOut {
    fn from(usage: Usage) -> Self {
        Self {
            prompt_tokens: usage.input_total(),
            completion_tokens: usage.output_total(),
            total_tokens: usage.total(),
            prompt_tokens_details: PromptDetailsOut {
                cached_tokens: usage.cache_read,
                cache_write_tokens: usage.cache_write + usage.cache_write_hour,
            },
            completion_tokens_details: CompletionDetailsOut { reasoning_tokens: usage.reasoning },
        }
    }
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// A reasoning block in [`THINKING_BLOCKS`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ThinkingBlock {
    Thinking {
        thinking: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signature: Option<String>,
    },
    RedactedThinking {
        data: String,
    },
}
