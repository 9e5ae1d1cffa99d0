//! What is evaluated, and what judges, seen from here: something that can be asked.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use surefoot_types::{Citation, Fault, Money, ids::TraceId};

use super::dataset::CaseInput;

/// Answers the cases of an eval. Several are asked at once.
#[async_trait]
pub trait Subject: Send + Sync {
    /// Asks one case.
    ///
    /// # Errors
    /// Why there is no answer; the case is then an error, neither passed nor failed.
    async fn ask(&self, ask: Ask) -> Result<Asked, Fault>;

    /// Vectors for `texts`, in their order, from the embedding model `model`.
    ///
    /// # Errors
    /// Why there are none.
    async fn embed(&self, model: &str, texts: &[String]) -> Result<Vectors, Fault>;

    /// The trace of the request that a question is copied from: a case that has no answer is kept with it, so that
    /// an erasure of the one finds the other.
    fn origin(&self, _input: &CaseInput) -> Option<TraceId> {
        None
    }
}

/// Vectors for texts.
#[derive(Debug, Clone, PartialEq)]
pub struct Vectors {
    /// One for each text.
    pub vectors: Vec<Vec<f64>>,
    /// The request's trace.
    pub trace_id: TraceId,
    /// What they cost; absent when a price is unknown.
    pub cost: Option<Money>,
}

/// One question.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// Who is asked: a function, `function@variant` or a model.
    pub subject: String,
    /// What is asked.
    pub input: CaseInput,
    /// The JSON schema that the answer is to have; absent where any answer will do.
    pub schema: Option<Value>,
    /// What this question is known by: the same run asks it under this name once. A subject that
    /// remembers an answer under it gives that one.
    pub mark: Option<String>,
    /// Whether the same question was asked before in this run, and another answer is wanted.
    pub fresh: bool,
}

/// One answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Its words.
    pub text: String,
    /// Its checked citations.
    pub citations: Vec<Citation>,
    /// The passages that it was given to answer from, best first.
    pub contexts: Vec<String>,
    /// The request's trace.
    pub trace_id: TraceId,
    /// What it cost; absent when a price is unknown.
    pub cost: Option<Money>,
    /// How long it took.
    pub took: Duration,
    /// The tools that it calls, in order.
    pub tools: Vec<ToolCalled>,
    /// Why it ended: `stop`, `length`, `tool_calls`, `content_filter`, or the provider's own word.
    pub finish: String,
    /// Whether it came from the cache, and its time says nothing about the model.
    pub cached: bool,
    /// Whether it says that it does not know; absent where that has to be read from its words.
    pub abstained: Option<bool>,
}

impl Asked {
    /// An answer of these words that nobody was asked for: one from a file of labels.
    pub fn said(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            citations: Vec::new(),
            contexts: Vec::new(),
            trace_id: TraceId::from_bits(0),
            cost: None,
            took: Duration::ZERO,
            tools: Vec::new(),
            finish: "stop".into(),
            cached: true,
            abstained: None,
        }
    }
}

/// A tool that an answer calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCalled {
    /// The tool's name.
    pub name: String,
    /// Its arguments as the model wrote them: not always valid JSON.
    pub arguments: String,
}
