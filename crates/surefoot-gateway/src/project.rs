//! A checked project: the snapshot that a request runs with from its first step to its last.
//!
//! The settings reader builds it; edits replace the whole snapshot at once. Everything here is
//! resolved: a name that leads nowhere was refused before it came to be.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use surefoot_types::{
    PriceBook, Secret,
    budget::{Budget, Limit},
    conversation::Parameters,
    key::Key,
    trace::Keep,
};

pub use crate::tools::Bounds;
use crate::{
    api::{Api, Credential},
    ground::Prompt,
};

/// Everything that the files of a project say.
#[derive(Debug, Clone, Default)]
pub struct Project {
    /// BLAKE3 of all files together, in hex.
    pub version: String,
    /// Providers by name.
    pub providers: BTreeMap<String, Arc<Provider>>,
    /// Model aliases by name.
    pub models: BTreeMap<String, Arc<Model>>,
    /// Functions by name.
    pub functions: BTreeMap<String, Arc<Function>>,
    /// Prices by `provider/model-id`, with their history.
    pub prices: PriceBook,
    /// What to do with a model whose price is not known.
    pub unpriced: Unpriced,
    /// Keys that the settings name (others live in the ledger).
    pub keys: Vec<Key>,
    /// How targets are tried where an alias says nothing else.
    pub policy: Policy,
    /// What to do about secrets in prompts and answers.
    pub secrets: SecretAction,
    /// Limits on requests and tokens a minute, and on requests at once.
    pub limits: Vec<Limit>,
    /// Budgets.
    pub budgets: Vec<Budget>,
    /// What is kept of requests.
    pub records: Records,
}

/// What to do with a model whose price is not known. Its cost is never taken for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unpriced {
    /// Answer; traces and books say that the cost is unknown.
    Allow,
    /// As `Allow`, but refuse where a hard budget counts the request: what cannot be reckoned cannot be limited.
    #[default]
    RefuseInBudget,
    /// Refuse.
    Refuse,
}

/// What is kept of requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Records {
    /// How much of each.
    pub keep: Keep,
    /// Which share of answered requests is kept, 0 to 1. Failed ones are always kept; books and accounts count all.
    pub sample: f64,
    /// Whether a request is answered though its record could not be stored.
    pub serve_unrecorded: bool,
}

impl Default for Records {
    fn default() -> Self {
        Self { keep: Keep::All, sample: 1.0, serve_unrecorded: false }
    }
}

/// An AI API with its credentials.
#[derive(Debug, Clone)]
pub struct Provider {
    /// Its name in this project.
    pub name: String,
    /// How it is reached.
    pub reach: Reach,
}

impl Provider {
    /// The keys that open it; none for one inside this process.
    pub fn keys(&self) -> &[Credential] {
        match &self.reach {
            Reach::Http(api) => &api.keys,
            Reach::Resident => &[],
        }
    }

    /// The key to use.
    pub(crate) fn key(&self) -> Option<&Credential> {
        self.keys().first()
    }
}

/// How a provider is reached.
#[derive(Debug, Clone)]
pub enum Reach {
    /// Over HTTP.
    Http(Box<Api>),
    /// Inside this process: `sim` and `local`.
    Resident,
}

/// One `provider/model-id`.
#[derive(Debug, Clone)]
pub struct Target {
    /// The provider.
    pub provider: Arc<Provider>,
    /// The model's id in the provider's words.
    pub model: String,
}

impl Target {
    /// `provider/model-id`, as prices and traces name it.
    pub fn name(&self) -> String {
        format!("{}/{}", self.provider.name, self.model)
    }
}

/// A model alias: targets in the order in which they are tried.
#[derive(Debug, Clone)]
pub struct Model {
    /// The targets; at least one.
    pub targets: Vec<Target>,
    /// How they are tried.
    pub policy: Policy,
    /// How long an equal request is answered from the cache; `None`: never.
    pub cache: Option<Duration>,
}

/// How targets are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How often a target may be tried again after its first try.
    pub retries: u32,
    /// Longest wait for the first piece of a stream, from sending.
    pub first_token: Duration,
    /// Longest silence between two pieces of a stream.
    pub between_tokens: Duration,
    /// Longest wait for a whole, unstreamed answer from one target.
    pub whole: Duration,
    /// Longest time for a request, all attempts and waits together.
    pub total: Duration,
    /// Longest wait before trying the same target again; a Retry-After beyond it gives the target up.
    pub longest_wait: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            retries: 2,
            first_token: Duration::from_secs(30),
            between_tokens: Duration::from_secs(30),
            whole: Duration::from_secs(120),
            total: Duration::from_secs(600),
            longest_wait: Duration::from_secs(30),
        }
    }
}

/// What to do about secrets (keys, tokens) found in what is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SecretAction {
    /// Look for none.
    Off,
    /// Note them on the trace, where they are masked; send the prompt as it is.
    #[default]
    Flag,
    /// Mask them in what leaves too.
    Mask,
    /// Refuse a prompt that holds one.
    Block,
}

/// A named task.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// What it does, in a sentence.
    pub description: String,
    /// The knowledge that grounds it.
    pub knowledge: Option<String>,
    /// How many passages to ground with.
    pub passages: usize,
    /// The typed inputs that its prompts may use: name to JSON schema.
    pub input: BTreeMap<String, serde_json::Value>,
    /// The variant to run when the caller names none.
    pub variant: String,
    /// All variants by name.
    pub variants: BTreeMap<String, Arc<Variant>>,
    /// What is kept of its requests, where it differs from the project.
    pub keep: Option<Keep>,
    /// The tools of MCP servers that it may use.
    pub tools: Vec<ToolGrant>,
    /// How far it may go with them.
    pub bounds: Bounds,
}

/// Some tools of an MCP server.
#[derive(Debug, Clone)]
pub struct ToolGrant {
    /// The server.
    pub server: Arc<McpServer>,
    /// Names of its tools; one that ends in `*` stands for all that begin so.
    pub pattern: String,
}

impl ToolGrant {
    /// Whether it covers a tool.
    pub fn allows(&self, tool: &str) -> bool {
        match self.pattern.strip_suffix('*') {
            Some(start) => tool.starts_with(start),
            None => tool == self.pattern,
        }
    }
}

/// A server of tools that speaks MCP.
#[derive(Debug, Clone, PartialEq)]
pub struct McpServer {
    /// Its name in this project.
    pub name: String,
    /// How it is reached.
    pub reach: McpReach,
    /// Longest wait for a call of one of its tools.
    pub timeout: Duration,
}

/// How a server of tools is reached.
#[derive(Debug, Clone, PartialEq)]
pub enum McpReach {
    /// Over streamable HTTP.
    Http {
        /// Its address.
        url: String,
        /// Headers of every request.
        headers: BTreeMap<String, Secret>,
    },
    /// By the standard streams of a program, which is started when it is first needed.
    Program {
        /// The program and its arguments.
        command: Vec<String>,
        /// Variables of its environment, beside `PATH` and `HOME`.
        environment: BTreeMap<String, Secret>,
    },
}

/// One way of doing a function.
#[derive(Debug, Clone)]
pub struct Variant {
    /// Its name: the file's, without `.md`.
    pub name: String,
    /// BLAKE3 of its file, in hex.
    pub version: String,
    /// The targets that answer, in order.
    pub model: Arc<Model>,
    /// Parameters that it sets; the caller's own win.
    pub parameters: Parameters,
    /// Its prompt.
    pub prompt: Prompt,
}
