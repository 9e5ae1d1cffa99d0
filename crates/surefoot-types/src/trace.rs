//! What is kept of one request.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    citation::Citation,
    conversation::{Finish, Message, Parameters, Part},
    document::Hit,
    experiment::Trial,
    fault::{Code, Fault},
    ids::{AttemptId, TraceId},
    money::Money,
    usage::Usage,
};

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// With an answer.
    Answered,
    /// With a fault.
    Failed,
    /// The caller hung up before the end.
    Cancelled,
}

impl Outcome {
    /// The name in JSON, SQL and the console.
    pub fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What is kept of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// Only its part of the books: what it cost.
    Nothing,
    /// The trace without what was said: no question, prompt, passages, answer or citations.
    Metadata,
    /// The trace, with secrets and personal data masked in what was said.
    Redacted,
    /// The trace, with secrets masked in what was said.
    #[default]
    All,
}

impl Keep {
    /// All of them, with their names in settings.
    pub const NAMES: [(&'static str, Self); 4] =
        [("all", Self::All), ("redacted", Self::Redacted), ("metadata", Self::Metadata), ("nothing", Self::Nothing)];
}

/// A step of the path, with how long it took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// The step's name: `identify`, `resolve`, `ground`, …
    pub step: String,
    /// When it began, in microseconds from the request's start.
    pub at_us: u64,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// What it decided, in a few words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// One call to one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its id.
    pub id: AttemptId,
    /// `provider/model-id`.
    pub target: String,
    /// What the call was for, where several were made for one answer: `step 1`, `answer 2`, `judge`, `repair`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub purpose: String,
    /// Whether it is this one's answer that the caller got, where a strategy chose among several.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub chosen: bool,
    /// The key that opened it, by its id: where it is taken from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whether it was made beside another that was slow.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hedged: bool,
    /// When it began, in microseconds from the request's start.
    pub at_us: u64,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// Time to the first piece of the answer, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_us: Option<u64>,
    /// How long was waited before it (backoff, Retry-After), in microseconds.
    #[serde(default)]
    pub waited_us: u64,
    /// What it used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// What it cost; absent when the price is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
    /// How it failed, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

impl Attempt {
    /// An attempt that begins now, `at_us` after the request's start, after a wait.
    pub fn begun(id: AttemptId, target: impl Into<String>, at_us: u64, waited_us: u64) -> Self {
        Self {
            id,
            target: target.into(),
            purpose: String::new(),
            chosen: false,
            key: None,
            hedged: false,
            at_us,
            took_us: 0,
            first_us: None,
            waited_us,
            usage: None,
            cost: None,
            fault: None,
        }
    }
}

/// What a guard says about a request or an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardVerdict {
    /// The guard's name: `secrets`.
    pub guard: String,
    /// What was done: `flag`, `mask`, `block`.
    pub action: String,
    /// What was found, without repeating it.
    pub reason: String,
}

/// Everything that happened for one request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// Its id.
    pub id: TraceId,
    /// When the request came.
    pub at: Timestamp,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// Time to the first piece of the answer, in microseconds.
    pub first_us: Option<u64>,
    /// The door it came by: `openai_chat`, `anthropic`, `embeddings`, `console`, `cli`.
    pub door: String,
    /// The model, alias or function that the caller named.
    pub asked: String,
    /// The function, if it named one.
    pub function: Option<String>,
    /// The variant that ran.
    pub variant: Option<String>,
    /// BLAKE3 of the variant's file, in hex.
    pub prompt_version: Option<String>,
    /// BLAKE3 of the project's files together, in hex.
    pub project_version: Option<String>,
    /// The name of the caller's key.
    pub key: Option<String>,
    /// The key's tenant.
    pub tenant: Option<String>,
    /// The caller's session.
    pub session: Option<String>,
    /// The caller's end user.
    pub user: Option<String>,
    /// The caller's tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// W3C trace context, as `traceparent` tells it: the trace that this one is part of, and the caller's span.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// What is kept of it.
    #[serde(default)]
    pub keep: Keep,
    /// Whether the answer was streamed.
    pub streamed: bool,
    /// How it ended.
    pub outcome: Outcome,
    /// The fault that the caller was told.
    pub fault: Option<Fault>,
    /// The question: the last user message as the caller sent it, screened.
    pub question: String,
    /// The prompt as it left, screened.
    pub prompt: Vec<Message>,
    /// The parameters as they left.
    pub parameters: Parameters,
    /// What was answered, as far as it got.
    pub answer: Vec<Part>,
    /// Why the answer ended.
    pub finish: Option<Finish>,
    /// The steps of the path.
    pub spans: Vec<Span>,
    /// The passages that were found.
    pub passages: Vec<Hit>,
    /// The attempts.
    pub attempts: Vec<Attempt>,
    /// The answer's citations, checked.
    pub citations: Vec<Citation>,
    /// Whether the answer says that the documents do not answer; absent when nothing was searched.
    #[serde(default)]
    pub abstained: Option<bool>,
    /// What the guards said.
    pub verdicts: Vec<GuardVerdict>,
    /// Fields that could not be carried to the target.
    pub dropped: Vec<String>,
    /// All attempts' usage together.
    pub usage: Usage,
    /// All attempts' cost together; absent when a price is unknown.
    pub cost: Option<Money>,
    /// Whether the answer came from the cache.
    #[serde(default)]
    pub cached: bool,
    /// How the answer was chosen, where the variant has a strategy: `cascade: step 2, since step 1 does not fit …`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
    /// Its part in an experiment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<Trial>,
}

impl Trace {
    /// A trace of a request that has just come.
    pub fn begun(id: TraceId, at: Timestamp, door: impl Into<String>, asked: impl Into<String>) -> Self {
        Self {
            id,
            at,
            took_us: 0,
            first_us: None,
            door: door.into(),
            asked: asked.into(),
            function: None,
            variant: None,
            prompt_version: None,
            project_version: None,
            key: None,
            tenant: None,
            session: None,
            user: None,
            tags: BTreeMap::new(),
            parent: None,
            keep: Keep::All,
            streamed: false,
            outcome: Outcome::Failed,
            fault: None,
            question: String::new(),
            prompt: Vec::new(),
            parameters: Parameters::default(),
            answer: Vec::new(),
            finish: None,
            spans: Vec::new(),
            passages: Vec::new(),
            attempts: Vec::new(),
            citations: Vec::new(),
            abstained: None,
            verdicts: Vec::new(),
            dropped: Vec::new(),
            usage: Usage::default(),
            cost: None,
            cached: false,
            strategy: None,
            trial: None,
        }
    }

    /// The target that answered, or that was tried last.
    pub fn target(&self) -> Option<&str> {
        let chosen = self.attempts.iter().find(|attempt| attempt.chosen);
        chosen.or(self.attempts.last()).map(|attempt| attempt.target.as_str())
    }

    /// What a list shows of it.
    pub fn summary(&self) -> TraceSummary {
        TraceSummary {
            id: self.id,
            at: self.at,
            took_us: self.took_us,
            door: self.door.clone(),
            asked: self.asked.clone(),
            variant: self.variant.clone(),
            target: self.target().map(str::to_owned),
            outcome: self.outcome,
            fault: self.fault.as_ref().map(|fault| fault.code),
            question: self.question.clone(),
            citations: self.citations.iter().filter(|citation| citation.holds()).count() as u64,
            usage: self.usage,
            cost: self.cost,
        }
    }
}

/// What a list shows of a trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TraceSummary {
    /// Its id.
    pub id: TraceId,
    /// When the request came.
    pub at: Timestamp,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// The door it came by.
    pub door: String,
    /// What the caller named.
    pub asked: String,
    /// The variant that ran.
    pub variant: Option<String>,
    /// The target that answered, or that was tried last.
    pub target: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// How it failed.
    pub fault: Option<Code>,
    /// The question.
    pub question: String,
    /// Citations that hold.
    pub citations: u64,
    /// Tokens.
    pub usage: Usage,
    /// Cost; absent when a price is unknown.
    pub cost: Option<Money>,
}
