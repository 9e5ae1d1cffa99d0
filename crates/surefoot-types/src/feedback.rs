//! What people and programs say about an answer afterwards.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{FeedbackId, TraceId};

/// One piece of feedback on a trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Feedback {
    /// Its id.
    pub id: FeedbackId,
    /// What it is about.
    pub trace_id: TraceId,
    /// When it came.
    pub at: Timestamp,
    /// The metric's name, `thumbs` for instance; `comment` and `correction` are taken by those kinds.
    pub metric: String,
    /// What was said.
    pub value: FeedbackValue,
}

/// The kinds of feedback.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FeedbackValue {
    /// Yes or no.
    Boolean(bool),
    /// A number, higher is more.
    Number(f64),
    /// Words: a comment, or the answer as it should have been.
    Text(String),
}
