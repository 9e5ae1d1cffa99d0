//! What differs between providers of one dialect, as constants.

use surefoot_types::conversation::Dialect;

/// The version of Anthropic's API that Surefoot's own requests are written for.
pub(crate) const ANTHROPIC_VERSION: &str = "2023-06-01";

/// Where a provider takes embeddings, below its base URL.
pub(crate) const EMBEDDINGS: &str = "/embeddings";

/// Where a provider takes conversations, below its base URL.
pub(crate) fn path(dialect: Dialect, model: &str, streamed: bool) -> String {
    match dialect {
        Dialect::OpenaiChat => "/chat/completions".into(),
        Dialect::OpenaiResponses => "/responses".into(),
        Dialect::Anthropic => "/messages".into(),
        Dialect::Bedrock if streamed => format!("/model/{model}/converse-stream"),
        Dialect::Bedrock => format!("/model/{model}/converse"),
        Dialect::Gemini if streamed => format!("/models/{model}:streamGenerateContent?alt=sse"),
        Dialect::Gemini => format!("/models/{model}:generateContent"),
    }
}
