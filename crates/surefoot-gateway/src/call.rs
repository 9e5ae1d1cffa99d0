//! What a door hands to the path, and what it gets back.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};
use surefoot_dialect::Frame;
use surefoot_types::{
    Citation, Fault, Money, Secret, Timestamp,
    conversation::{Answer, ChatRequest},
    ids::TraceId,
    trace::Keep,
};
use tokio::sync::mpsc;

use crate::trace_context::TraceContext;

/// One request, as a door read it.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its trace's id, made at the door so that even a body that cannot be read has one.
    pub trace_id: TraceId,
    /// The door's name on the trace: `openai_chat`, `anthropic`, `console`, `cli`.
    pub door: &'static str,
    /// The request.
    pub chat: ChatRequest,
    /// The caller's bytes, to be passed on untouched where the target speaks the same dialect.
    pub body: Option<Bytes>,
    /// Who calls.
    pub caller: Caller,
    /// What the caller tells about the request.
    pub context: Context,
}

/// Who calls, as far as the door knows.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// The key that came with the request.
    pub secret: Option<Secret>,
    /// Whether the caller may go without a key: the server is bound to loopback, or it is this process.
    pub trusted: bool,
}

/// What the caller tells about a request: the `surefoot` object of the body, or headers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Context {
    /// The caller's session.
    pub session: Option<String>,
    /// Tags to find the trace by.
    pub tags: BTreeMap<String, String>,
    /// Typed input of the function.
    pub input: Map<String, Value>,
    /// Headers of the caller's dialect that go on to a provider of the same dialect:
    /// `anthropic-version`, `anthropic-beta`. Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The trace of the caller's own that the request is part of.
    pub trace: Option<TraceContext>,
    /// Whether a kept answer is of no use: another answer to the same question is wanted.
    pub fresh: bool,
    /// How long the caller waits.
    pub patience: Patience,
}

/// How long a caller waits, as far as it says so. The settings' own limits hold besides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Patience {
    /// For the end of the answer.
    pub total: Option<Duration>,
    /// For its beginning: the first piece of a stream, or a whole answer.
    pub begin: Option<Duration>,
}

/// What the path sends back, in order: one `Head`, any number of `Frame`s (streams only), and one
/// `Done`; or `Failed`, as the only delivery or in the middle of a stream.
#[derive(Debug)]
pub enum Delivery {
    /// A target answers: from here on the status is 200.
    Head(Head),
    /// A piece of a streamed answer.
    Frame(Frame),
    /// The end; the trace is on disk.
    Done(Box<Done>),
    /// The request failed; the trace is on disk.
    Failed(Box<Failed>),
}

/// What is known when a target begins to answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// Fields that could not be carried to the target.
    pub dropped: Vec<String>,
    /// `provider/model-id`.
    pub target: String,
    /// Whether the answer comes from the cache.
    pub cached: bool,
    /// How the caller stands with the limits.
    pub standing: Standing,
}

/// How a caller stands with the limits that count its request, the tightest of each kind: for the headers by
/// which providers tell it. Absent where nothing is limited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Requests a minute.
    pub requests: Option<Quota>,
    /// Tokens a minute.
    pub tokens: Option<Quota>,
    /// What is left of the tightest hard budget.
    pub budget: Option<Money>,
}

/// One limit, as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// How many a minute.
    pub limit: u64,
    /// How many are left in this minute.
    pub remaining: u64,
    /// When the next minute begins.
    pub reset: Timestamp,
}

/// The end of an answered request.
#[derive(Debug)]
pub struct Done {
    /// The whole answer, unless it was streamed.
    pub whole: Option<Whole>,
    /// What Surefoot adds to it.
    pub added: Added,
    /// What is kept of it.
    pub keep: Keep,
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Whole {
    /// What it says.
    pub answer: Answer,
    /// The provider's own bytes, where they are in the caller's dialect.
    pub raw: Option<Bytes>,
}

/// The end of a failed request.
#[derive(Debug)]
pub struct Failed {
    /// What went wrong.
    pub fault: Fault,
    /// How the caller stands with the limits.
    pub standing: Standing,
    /// What Surefoot adds to it.
    pub added: Added,
}

/// The `surefoot` object beside a dialect's own fields.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Added {
    /// The trace's id.
    pub trace_id: TraceId,
    /// The function that ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// The variant that ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Citations, each checked against its passage. Present for every grounded answer, even when empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub citations: Option<Vec<Citation>>,
    /// True when a grounded answer says that the documents do not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abstained: Option<bool>,
    /// Fields that could not be carried to the target.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<String>,
    /// What it cost in dollars; absent when the price is unknown.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "dollars")]
    pub cost_usd: Option<Money>,
    /// True when the answer came from the cache.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cached: bool,
    /// How the answer was chosen, where the variant has a strategy: `vote: 3 of 5 agree`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
}

impl Added {
    /// Nothing but the trace's id.
    pub fn new(trace_id: TraceId) -> Self {
        Self {
            trace_id,
            function: None,
            variant: None,
            citations: None,
            abstained: None,
            dropped: Vec::new(),
            cost_usd: None,
            cached: false,
            strategy: None,
        }
    }

    /// As JSON.
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or(Value::Null)
    }
}

fn dollars<S: serde::Serializer>(money: &Option<Money>, to: S) -> Result<S::Ok, S::Error> {
    money.map(Money::as_dollars).serialize(to)
}

/// The path's end of a call: dropping it cancels the request.
#[derive(Debug)]
pub struct Reply {
    /// The trace's id.
    pub trace_id: TraceId,
    /// What comes back.
    pub deliveries: mpsc::Receiver<Delivery>,
}

/// The answer to a call that nobody streams, collected.
#[derive(Debug)]
pub struct Collected {
    /// What was known when the target began to answer.
    pub head: Head,
    /// The answer.
    pub whole: Whole,
    /// What Surefoot adds to it.
    pub added: Added,
}

impl Reply {
    /// Waits for the end of an unstreamed call.
    ///
    /// # Errors
    /// The fault that the caller is to be told, with its trace.
    pub async fn collect(mut self) -> Result<Collected, Box<Failed>> {
        let mut head = Head::default();
        while let Some(delivery) = self.deliveries.recv().await {
            match delivery {
                Delivery::Head(begun) => head = begun,
                Delivery::Frame(_) => {}
                Delivery::Failed(failed) => return Err(failed),
                Delivery::Done(done) => {
                    if let Done { whole: Some(whole), added, .. } = *done {
                        return Ok(Collected { head, whole, added });
                    }
                }
            }
        }
        let fault = Fault::internal("the request ended without an answer");
        Err(Box::new(Failed { fault, standing: head.standing, added: Added::new(self.trace_id) }))
    }
}
