//! Gemini's `generateContent` and `streamGenerateContent`. The model, and whether the answer is to
//! stream, stand in the address and not in the body: whoever takes a request sets them.

mod answer;
mod embed;
mod parts;
mod read;
mod read_contents;
mod schema;
mod stream_read;
mod stream_write;
mod write;
mod write_contents;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use surefoot_types::{
    Code, Fault, Retry, Usage,
    conversation::{Dialect, Finish},
    usage::Tier,
};

pub(crate) use answer::{answer_read, answer_write};
pub use embed::{count_read, embed_read, embed_write};
pub(crate) use read::request_read;
pub(crate) use stream_read::Reader;
pub(crate) use stream_write::Writer;
pub(crate) use write::request_write;

use crate::{media, signature};

/// What stands for withheld reasoning within a signature that another provider gave.
const WITHHELD: &str = "redacted:";
/// How the ids of calls begin that had none.
const MINTED: &str = "gemini_";

/// A part's signature: one of Gemini's, or what another provider signed or withholds.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seal {
    Signature(Dialect, String),
    Redacted(Dialect, String),
}

impl Seal {
    /// From a `thoughtSignature`. SDKs take it for bytes in base64, so what is not Gemini's is put
    /// into base64 with its mark.
    fn read(wire: String) -> Self {
        let marked = media::text_of(&media::plain_base64(&wire)).filter(|text| text.starts_with(signature::MARK));
        let Some(text) = marked else { return Self::Signature(Dialect::Gemini, wire) };
        let rest = text.trim_start_matches(signature::MARK);
        match rest.strip_prefix(WITHHELD) {
            Some(rest) => {
                let (by, data) = signature::read(Dialect::Gemini, format!("{}{rest}", signature::MARK));
                Self::Redacted(by, data)
            }
            None => {
                let (by, signature) = signature::read(Dialect::Gemini, text);
                Self::Signature(by, signature)
            }
        }
    }

    /// As a `thoughtSignature`.
    fn wire(&self) -> String {
        match self {
            Self::Signature(Dialect::Gemini, signature) => signature.clone(),
            Self::Signature(by, signature) => {
                BASE64_STANDARD.encode(&*signature::told(Dialect::Gemini, Some(*by), signature))
            }
            Self::Redacted(by, data) => {
                BASE64_STANDARD.encode(format!("{}{WITHHELD}{}:{data}", signature::MARK, by.name()))
            }
        }
    }
}

/// Why an answer ended.
///
/// # Errors
/// `upstream` with advice to try again for what is no end but a mishap of the model.
fn finish_of(reason: &str, calls: bool) -> Result<Finish, Fault> {
    Ok(match reason {
        "STOP" if calls => Finish::ToolCalls,
        "STOP" | "FINISH_REASON_UNSPECIFIED" => Finish::Stop,
        "MAX_TOKENS" => Finish::Length,
        "SAFETY"
        | "RECITATION"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "IMAGE_SAFETY"
        | "MODEL_ARMOR"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION" => Finish::Refusal,
        "MALFORMED_FUNCTION_CALL"
        | "UNEXPECTED_TOOL_CALL"
        | "TOO_MANY_TOOL_CALLS"
        | "MISSING_THOUGHT_SIGNATURE"
        | "MALFORMED_RESPONSE" => {
            return Err(Fault::new(Code::Upstream, format!("The provider's answer ended with {reason}."))
                .hint("Try again, or add another target to the model.")
                .retry(Retry::Later(None)));
        }
        other => Finish::Other(other.to_owned()),
    })
}

/// The reason in Gemini's words. SDKs know only these, so an unknown one becomes `STOP`.
fn reason_of(finish: &Finish) -> &'static str {
    match finish {
        Finish::Length => "MAX_TOKENS",
        Finish::Refusal => "SAFETY",
        Finish::Other(reason) => match reason.as_str() {
            "model_context_window_exceeded" => "MAX_TOKENS",
            "LANGUAGE" => "LANGUAGE",
            "OTHER" => "OTHER",
            _ => "STOP",
        },
        Finish::Stop | Finish::ToolCalls => "STOP",
    }
}

/// Usage on the wire: cached tokens are inside the prompt's, thoughts are beside the candidates',
/// and what tools put into the prompt is beside it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct UsageWire {
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_token_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cached_content_token_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    candidates_token_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thoughts_token_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_use_prompt_token_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_token_count: Option<u64>,
    #[serde(skip_serializing, deserialize_with = "crate::json::tier")]
    service_tier: Option<Tier>,
    /// Vertex's word for it.
    #[serde(skip_serializing, deserialize_with = "crate::json::tier")]
    traffic_type: Option<Tier>,
}

impl UsageWire {
    /// None when nothing was told, which is not the same as zero.
    fn read(&self) -> Option<Usage> {
        if self.prompt_token_count.is_none() && self.candidates_token_count.is_none() {
            return None;
        }
        let prompt = self.prompt_token_count.unwrap_or(0);
        let cache_read = self.cached_content_token_count.unwrap_or(0).min(prompt);
        let thoughts = self.thoughts_token_count.unwrap_or(0);
        Some(Usage {
            input: prompt - cache_read + self.tool_use_prompt_token_count.unwrap_or(0),
            cache_read,
            output: self.candidates_token_count.unwrap_or(0) + thoughts,
            reasoning: thoughts,
            tier: self.service_tier.or(self.traffic_type),
            ..Usage::default()
        })
    }

    /// Takes over what a later chunk tells: its counts are totals, and it may leave some out.
    fn update(&mut self, later: &Self) {
        self.prompt_token_count = later.prompt_token_count.or(self.prompt_token_count);
        self.cached_content_token_count = later.cached_content_token_count.or(self.cached_content_token_count);
        self.candidates_token_count = later.candidates_token_count.or(self.candidates_token_count);
        self.thoughts_token_count = later.thoughts_token_count.or(self.thoughts_token_count);
        self.tool_use_prompt_token_count = later.tool_use_prompt_token_count.or(self.tool_use_prompt_token_count);
        self.service_tier = later.service_tier.or(self.service_tier);
        self.traffic_type = later.traffic_type.or(self.traffic_type);
    }
}

impl From<Usage> for UsageWire {
    fn from(usage: Usage) -> Self {
        let some = |count: u64| (count > 0).then_some(count);
        Self {
            prompt_token_count: Some(usage.input_total()),
            cached_content_token_count: some(usage.cache_read),
            candidates_token_count: Some(usage.output_total().saturating_sub(usage.reasoning)),
            thoughts_token_count: some(usage.reasoning),
            tool_use_prompt_token_count: None,
            total_token_count: Some(usage.total()),
            ..Self::default()
        }
    }
}
