//! How a stream's bytes fall into frames: server-sent events, or what a dialect has in their place.

use surefoot_types::{Fault, conversation::Dialect};

use crate::{
    event_stream, json_array,
    sse::{self, RawFrame},
};

/// Splits a stream's bytes into frames.
#[derive(Debug)]
pub(crate) enum Wire {
    Sse(sse::Splitter),
    /// Server-sent events or one JSON array: the first byte tells.
    Undecided,
    Array(json_array::Splitter),
    Aws(Box<event_stream::Splitter>),
}

impl Wire {
    pub(crate) fn new(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Gemini => Self::Undecided,
            Dialect::Bedrock => Self::Aws(Box::default()),
            Dialect::OpenaiChat | Dialect::OpenaiResponses | Dialect::Anthropic => Self::Sse(sse::Splitter::default()),
        }
    }

    /// Adds bytes and puts the frames that they complete into `frames`.
    pub(crate) fn push(&mut self, bytes: &[u8], frames: &mut Vec<RawFrame>) -> Result<(), Fault> {
        if matches!(self, Self::Undecided) {
            match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
                None => return Ok(()),
                Some(b'[') => *self = Self::Array(json_array::Splitter::default()),
                Some(_) => *self = Self::Sse(sse::Splitter::default()),
            }
        }
        match self {
            Self::Sse(splitter) => splitter.push(bytes, frames),
            Self::Array(splitter) => splitter.push(bytes, frames),
            Self::Aws(splitter) => splitter.push(bytes, frames),
            Self::Undecided => Ok(()),
        }
    }

    /// The last frame, where the stream ended without what closes it.
    pub(crate) fn close(&mut self) -> Option<RawFrame> {
        match self {
            Self::Sse(splitter) => splitter.close(),
            Self::Undecided | Self::Array(_) | Self::Aws(_) => None,
        }
    }
}
