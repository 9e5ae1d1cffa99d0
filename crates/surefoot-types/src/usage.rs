//! Tokens of one answer, in disjoint buckets.
//!
//! Wire formats disagree on what "input tokens" include: OpenAI and Gemini count cached tokens in,
//! Anthropic and Bedrock leave them out. Dialects convert into these buckets, which never overlap,
//! so that a price can be put on each and nothing is billed twice.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::money::Money;

/// Token counts. Every input bucket is disjoint from the others; `reasoning` is a part of `output`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Prompt tokens read neither from nor into a provider's prompt cache.
    pub input: u64,
    /// Prompt tokens read from the provider's prompt cache.
    pub cache_read: u64,
    /// Prompt tokens written to the provider's prompt cache, to be kept for minutes.
    pub cache_write: u64,
    /// Prompt tokens written to the provider's prompt cache, to be kept for an hour.
    #[serde(skip_serializing_if = "is_zero")]
    pub cache_write_hour: u64,
    /// Prompt tokens of audio.
    #[serde(skip_serializing_if = "is_zero")]
    pub audio_input: u64,
    /// Tokens of the answer, reasoning included, audio left out.
    pub output: u64,
    /// Tokens of audio in the answer.
    #[serde(skip_serializing_if = "is_zero")]
    pub audio_output: u64,
    /// The part of `output` that was reasoning.
    pub reasoning: u64,
    /// Images made.
    #[serde(skip_serializing_if = "is_zero")]
    pub images: u64,
    /// Searches of the web that the provider made and charges for.
    #[serde(skip_serializing_if = "is_zero")]
    pub searches: u64,
    /// What the provider itself says that it cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reported: Option<Money>,
    /// True when Surefoot counted because the provider did not say.
    pub estimated: bool,
    /// The service tier that it is billed at: the one that the provider says it served, else the one that was asked
    /// for. A sum of several has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<Tier>,
}

/// Most bytes of a tier's name.
const TIER: usize = 24;

/// A service tier by its name in prices: `flex`, `priority`, `batch`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tier([u8; TIER]);

impl Tier {
    /// The tier that a provider, or a request, calls so: in small letters, and without Google's `ON_DEMAND_`. Absent
    /// for what no tier is called: an empty name, or one of more than 24 bytes.
    pub fn named(told: &str) -> Option<Self> {
        let lower = told.trim().to_ascii_lowercase();
        let name = lower.strip_prefix("on_demand_").unwrap_or(&lower).as_bytes();
        let mut bytes = [0; TIER];
        bytes.get_mut(..name.len())?.copy_from_slice(name);
        (!name.is_empty() && !name.contains(&0)).then_some(Self(bytes))
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(TIER);
        std::str::from_utf8(&self.0[..end]).unwrap_or_default()
    }
}

impl fmt::Debug for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl Serialize for Tier {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Tier {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        Self::named(&name).ok_or_else(|| serde::de::Error::custom("this is no service tier's name"))
    }
}

impl Usage {
    /// All prompt tokens, as OpenAI counts `prompt_tokens`.
    pub fn input_total(&self) -> u64 {
        self.input + self.cache_read + self.cache_write + self.cache_write_hour + self.audio_input
    }

    /// All tokens of the answer, as OpenAI counts `completion_tokens`.
    pub fn output_total(&self) -> u64 {
        self.output + self.audio_output
    }

    /// All tokens.
    pub fn total(&self) -> u64 {
        self.input_total() + self.output_total()
    }

    /// The sum of two usages (several attempts, several answers).
    pub fn plus(self, other: Self) -> Self {
        Self {
            input: self.input + other.input,
            cache_read: self.cache_read + other.cache_read,
            cache_write: self.cache_write + other.cache_write,
            cache_write_hour: self.cache_write_hour + other.cache_write_hour,
            audio_input: self.audio_input + other.audio_input,
            output: self.output + other.output,
            audio_output: self.audio_output + other.audio_output,
            reasoning: self.reasoning + other.reasoning,
            images: self.images + other.images,
            searches: self.searches + other.searches,
            reported: match (self.reported, other.reported) {
                (None, None) => None,
                (one, two) => Some(one.unwrap_or_default() + two.unwrap_or_default()),
            },
            estimated: self.estimated || other.estimated,
            tier: None,
        }
    }

    /// The longest beginning of `text` that has no more than `most` tokens by [`estimate`](Self::estimate).
    pub fn beginning(text: &str, most: u64) -> &str {
        let (mut ascii, mut beyond) = (0_u64, 0_u64);
        let too_long = |c: char| {
            *(if c.is_ascii() { &mut ascii } else { &mut beyond }) += 1;
            ascii.div_ceil(4) + beyond > most
        };
        let end = text.find(too_long).unwrap_or(text.len());
        &text[..end]
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_by_their_names() {
        let named = |told| Tier::named(told).map(|tier| tier.as_str().to_owned());
        assert_eq!(named("flex").as_deref(), Some("flex"));
        assert_eq!(named("ON_DEMAND_PRIORITY").as_deref(), Some("priority"));
        assert_eq!(named("ON_DEMAND").as_deref(), Some("on_demand"));
        for odd in ["", " ", "on_demand_", "a\0b", &"x".repeat(25)] {
            assert_eq!(named(odd), None, "{odd:?}");
        }
        let usage = Usage { input: 1, tier: Tier::named("flex"), ..Usage::default() };
        let written = serde_json::to_string(&usage).unwrap();
        assert!(written.ends_with(r#""tier":"flex"}"#), "{written}");
        assert_eq!(serde_json::from_str::<Usage>(&written).unwrap(), usage);
    }

    #[test]
    fn a_beginning_has_no_more_tokens_than_it_may() {
        for text in ["", "abcdefghij", "åäö a bc", "日本語 and words", "a日b本c語d"] {
            for most in 0..12 {
                let beginning = Usage::beginning(text, most);
                assert!(Usage::estimate(beginning) <= most, "{text} {most}");
                let longer = text[beginning.len()..].chars().next().map(|next| format!("{beginning}{next}"));
                assert!(longer.is_none_or(|longer| Usage::estimate(&longer) > most), "{text} {most}");
            }
        }
    }
}
