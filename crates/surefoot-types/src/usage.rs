//! Tokens of one answer, in disjoint buckets.
//!
//! Wire formats disagree on what "input tokens" include: OpenAI and Gemini count cached tokens in,
//! Anthropic and Bedrock leave them out. Dialects convert into these buckets, which never overlap,
//! so that a price can be put on each and nothing is billed twice.

use serde::{Deserialize, Serialize};

/// Token counts. Every input bucket is disjoint from the others; `reasoning` is a part of `output`,
/// and `cache_write_1h` of `cache_write`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Prompt tokens read neither from nor into a provider's prompt cache.
    pub input: u64,
    /// Prompt tokens read from the provider's prompt cache.
    pub cache_read: u64,
    /// Prompt tokens written to the provider's prompt cache.
    pub cache_write: u64,
    /// The part of `cache_write` that is kept for an hour, which Anthropic bills apart.
    #[serde(skip_serializing_if = "is_zero")]
    pub cache_write_1h: u64,
    /// Tokens of the answer, reasoning included.
    pub output: u64,
    /// The part of `output` that was reasoning.
    pub reasoning: u64,
    /// True when Surefoot counted because the provider did not say.
    pub estimated: bool,
}

impl Usage {
    /// All prompt tokens, as OpenAI counts `prompt_tokens`.
    pub fn input_total(&self) -> u64 {
        self.input + self.cache_read + self.cache_write
    }

    /// All tokens.
    pub fn total(&self) -> u64 {
        self.input_total() + self.output
    }

    /// The sum of two usages (several attempts, several answers).
    pub fn plus(self, other: Self) -> Self {
        Self {
            input: self.input + other.input,
            cache_read: self.cache_read + other.cache_read,
            cache_write: self.cache_write + other.cache_write,
            cache_write_1h: self.cache_write_1h + other.cache_write_1h,
            output: self.output + other.output,
            reasoning: self.reasoning + other.reasoning,
            estimated: self.estimated || other.estimated,
        }
    }

    /// A rough count of the tokens in `text`, for estimates before a call and for answers whose
    /// provider counts nothing. About four bytes a token in English; every character beyond ASCII
    /// is taken as a token, so that it errs high for other scripts.
    pub fn estimate(text: &str) -> u64 {
        let ascii = text.bytes().filter(u8::is_ascii).count();
        let beyond = text.chars().filter(|c| !c.is_ascii()).count();
        (ascii.div_ceil(4) + beyond) as u64
    }
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}
