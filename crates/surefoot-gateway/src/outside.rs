//! What the path asks of the rest of the product: grounding and the providers inside this process.
//! Both are given by whoever assembles the program, so that the path knows neither search nor models.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use serde_json::{Map, Value};
use surefoot_dialect::embeddings::Embeddings;
use surefoot_types::{
    Citation, Fault,
    conversation::{ChatRequest, Event, Tool},
    document::Hit,
    trace::Trace,
};

use crate::project::McpServer;

/// Finds passages, and checks citations against them.
#[async_trait]
pub trait Grounding: Send + Sync + 'static {
    /// Whether there is such a knowledge, and it can be searched: a fault says why not.
    async fn known(&self, knowledge: &str) -> Result<(), Fault>;

    /// At most `limit` passages of `knowledge` that bear on `query`, best first.
    async fn search(&self, knowledge: &str, query: &str, limit: usize) -> Result<Vec<Hit>, Fault>;

    /// The passages as a prompt shows them, numbered from `first`.
    fn passages_block(&self, hits: &[Hit], first: usize) -> String;

    /// Every citation in `answer`, checked against the passages that were shown, in their order.
    fn verify(&self, answer: &str, hits: &[Hit]) -> Vec<Citation>;

    /// Whether `answer` says that the documents do not answer.
    fn abstains(&self, answer: &str) -> bool;
}

/// Reaches the servers of tools.
#[async_trait]
pub trait Toolbox: Send + Sync + 'static {
    /// The tools of a server.
    async fn list(&self, server: &McpServer) -> Result<Vec<Tool>, Fault>;

    /// Calls one of them. A fault is one of reaching it; that the tool itself failed stands in the outcome.
    async fn call(&self, server: &McpServer, tool: &str, arguments: Map<String, Value>) -> Result<ToolOutcome, Fault>;
}

/// What a tool gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolOutcome {
    /// Its words.
    pub text: String,
    /// Whether it says that it failed.
    pub is_error: bool,
}

/// Is told of every request that ended, as its record is kept. It may not wait: it stands on the path.
pub trait Observer: Send + Sync + 'static {
    /// A request ended.
    fn trace_ended(&self, trace: &Arc<Trace>);
}

/// A provider inside this process: `sim`, `local`.
#[async_trait]
pub trait Resident: Send + Sync + 'static {
    /// The ids of its models that are worth listing.
    fn models(&self) -> Vec<String>;

    /// Whether it has a model of this id.
    fn knows(&self, model: &str) -> bool;

    /// Answers, as a stream of events. `question` is what the caller asked, before any prompt was put around it;
    /// `hits` are the passages that ground it.
    async fn chat(
        &self,
        model: &str,
        request: &ChatRequest,
        question: &str,
        hits: &[Hit],
    ) -> Result<BoxStream<'static, Result<Event, Fault>>, Fault>;

    /// Embeds texts.
    async fn embed(&self, model: &str, texts: &[String]) -> Result<Embeddings, Fault>;
}
