//! Wire formats as pure functions: bytes in, types out, and back.
//!
//! Each dialect is a folder with the same files: `read` (requests and whole answers), `write`,
//! `stream_read` and `stream_write`. `sse` splits a stream into frames, `passthrough` forwards a
//! caller's own bytes, `fault` reads and writes errors.
//!
//! **Must never know:** network, time, storage.

mod anthropic;
mod bedrock;
mod calls;
mod effort;
pub mod embeddings;
mod event_stream;
mod extras;
mod fault;
pub mod gemini;
mod ids;
mod json;
mod json_array;
mod logprobs;
mod media;
pub mod models;
pub mod moderations;
mod names;
pub mod narrow;
mod openai_chat;
mod openai_responses;
pub mod passthrough;
pub mod rerank;
mod signature;
mod sse;
mod stream;
mod wire;

use bytes::Bytes;
use serde_json::Value;
use surefoot_types::{
    Fault,
    conversation::{Answer, ChatRequest},
};

pub use fault::{fault_read, fault_write, retry_after};
pub use names::ToolNames;
pub use openai_responses::own as responses;
pub use stream::{Frame, StreamOptions, StreamReader, StreamWriter};
pub use surefoot_types::conversation::Dialect;

/// A request in a target's words, and what of it the target has no words for.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The body to send.
    pub body: Bytes,
    /// Names of what could not be carried over, fit for a header; empty for the request's own
    /// dialect.
    pub dropped: Vec<String>,
}

/// Reads a request's body. What the neutral words have no place for is kept in `extra`, or in
/// [`Part::Other`](surefoot_types::conversation::Part::Other).
///
/// # Errors
/// `bad_request`, naming the field, for anything that is not a request in this dialect.
pub fn request_read(dialect: Dialect, body: &[u8]) -> Result<ChatRequest, Fault> {
    match dialect {
        Dialect::OpenaiChat => openai_chat::request_read(body),
        Dialect::OpenaiResponses => openai_responses::request_read(body),
        Dialect::Anthropic => anthropic::request_read(body),
        Dialect::Gemini => gemini::request_read(body),
        Dialect::Bedrock => bedrock::request_read(body),
    }
}

/// Writes `request` for a target that speaks `target` and calls its model `model`.
///
/// Written for its own dialect, a request keeps every field that it came with. For another one,
/// what cannot be said there is left out and named in [`Written::dropped`]; a tool whose name the
/// target refuses gets another, which [`ToolNames`] takes back.
pub fn request_write(target: Dialect, request: &ChatRequest, model: &str) -> Written {
    let request = &*names::fitted(target, request);
    match target {
        Dialect::OpenaiChat => openai_chat::request_write(request, model),
        Dialect::OpenaiResponses => openai_responses::request_write(request, model),
        Dialect::Anthropic => anthropic::request_write(request, model),
        Dialect::Gemini => gemini::request_write(request, model),
        Dialect::Bedrock => bedrock::request_write(request, model),
    }
}

/// The body of a request with the marks by which the provider keeps the prompt's beginning, where the dialect has
/// them and the caller put none: Anthropic's. Others keep it unasked.
pub fn prompt_cached(dialect: Dialect, body: Bytes) -> Bytes {
    match dialect {
        Dialect::Anthropic => anthropic::cache_marked(&body).map_or(body, Bytes::from),
        Dialect::OpenaiChat | Dialect::OpenaiResponses | Dialect::Gemini | Dialect::Bedrock => body,
    }
}

/// Reads a whole answer.
///
/// # Errors
/// `upstream` with advice to try later when the body is no answer; the provider's own fault when
/// it reports one inside a successful response.
pub fn answer_read(dialect: Dialect, body: &[u8]) -> Result<Answer, Fault> {
    match dialect {
        Dialect::OpenaiChat => openai_chat::answer_read(body),
        Dialect::OpenaiResponses => openai_responses::answer_read(body),
        Dialect::Anthropic => anthropic::answer_read(body),
        Dialect::Gemini => gemini::answer_read(body),
        Dialect::Bedrock => bedrock::answer_read(body),
    }
}

/// Writes a whole answer. `created` is in seconds since 1970; `surefoot` is put beside the
/// dialect's own fields unless it is null.
pub fn answer_write(dialect: Dialect, answer: &Answer, created: i64, surefoot: &Value) -> Bytes {
    match dialect {
        Dialect::OpenaiChat => openai_chat::answer_write(answer, created, surefoot),
        Dialect::OpenaiResponses => openai_responses::answer_write(answer, created, surefoot),
        Dialect::Anthropic => anthropic::answer_write(answer, surefoot),
        Dialect::Gemini => gemini::answer_write(answer, surefoot),
        Dialect::Bedrock => bedrock::answer_write(answer, surefoot),
    }
}
