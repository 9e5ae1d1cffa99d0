//! A checked project: the snapshot that a request runs with from its first step to its last.
//!
//! The settings reader builds it; edits replace the whole snapshot at once. Everything here is
//! resolved: a name that leads nowhere was refused before it came to be.

mod granted;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use surefoot_types::{
    CapabilityBook, PriceBook, Timestamp,
    budget::{Budget, Limit},
    conversation::Parameters,
    key::Key,
    trace::Keep,
};

pub use self::granted::{McpReach, McpServer, ToolGrant};
pub use crate::tools::Bounds;
use crate::{
    api::{Api, Credential},
    ground::Prompt,
    guards::Guards,
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
    /// What models can do, by `provider/model-id`, as far as it is known.
    pub capabilities: CapabilityBook,
    /// What to do with a model whose price is not known.
    pub unpriced: Unpriced,
    /// Keys that the settings name (others live in the ledger).
    pub keys: Vec<Key>,
    /// How targets are tried where an alias says nothing else.
    pub policy: Policy,
    /// What is looked for in prompts and answers.
    pub guards: Guards,
    /// Limits on requests and tokens a minute, and on requests at once.
    pub limits: Vec<Limit>,
    /// Budgets.
    pub budgets: Vec<Budget>,
    /// What is kept of requests.
    pub records: Records,
    /// How many requests at once.
    pub load: Load,
}

/// How many requests are worked on at once, and how many wait. More are refused, with the advice to come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    /// Most requests under way; `None`: as many as come.
    pub at_once: Option<usize>,
    /// Most calls under way to a provider, by its name.
    pub providers: BTreeMap<String, usize>,
    /// How many may wait in each line.
    pub waiting: usize,
    /// How long each may wait.
    pub patience: Duration,
}

impl Default for Load {
    fn default() -> Self {
        Self { at_once: None, providers: BTreeMap::new(), waiting: 100, patience: Duration::from_secs(5) }
    }
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
    /// Which of them is tried first.
    pub routing: Routing,
}

/// Which target is tried first, and what is done about slow and broken ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Routing {
    /// How the order is made.
    pub route: Route,
    /// Each target's share beside the others', in their order; where one is missing it is 1.
    pub weights: Vec<f64>,
    /// For how long a conversation is kept to the target whose prompt cache it warmed; `None`: not at all.
    pub sticky: Option<Duration>,
    /// When another target is asked beside a slow one; `None`: never.
    pub hedge: Option<Hedge>,
}

impl Default for Routing {
    fn default() -> Self {
        let sticky = Some(Duration::from_secs(300));
        Self { route: Route::Fallback, weights: Vec::new(), sticky, hedge: None }
    }
}

impl Routing {
    /// A target's share.
    pub(crate) fn weight(&self, at: usize) -> f64 {
        self.weights.get(at).copied().unwrap_or(1.0)
    }
}

/// How the order of targets is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Route {
    /// As written.
    #[default]
    Fallback,
    /// Drawn by weight.
    Weighted,
    /// The faster of two that are drawn.
    Latency,
    /// By what the request is likely to cost.
    Cheapest,
    /// By calls under way.
    LeastBusy,
}

impl Route {
    /// All of them, with their names in settings.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("fallback", Self::Fallback),
        ("weighted", Self::Weighted),
        ("latency", Self::Latency),
        ("cheapest", Self::Cheapest),
        ("least_busy", Self::LeastBusy),
    ];

    /// The name in settings and on traces.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, route)| *route == self).map_or("", |(name, _)| name)
    }
}

/// When another target is asked beside a slow one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hedge {
    /// After which wait for the first word (streams) or the answer.
    pub after: HedgeAfter,
    /// Which share of the requests may be sent twice, 0 to 1.
    pub share: f64,
}

/// After which wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HedgeAfter {
    /// This long.
    Time(Duration),
    /// As long as 95 of 100 of the target's last answers took.
    P95,
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
    /// The JSON schema that its answers fit.
    pub output: Option<serde_json::Value>,
    /// Whether a streamed answer is held back until it is known to fit `output`, so that it can still be mended.
    pub hold: bool,
    /// Whether a question is answered as one like it was.
    pub semantic: Option<Semantic>,
    /// The variant to run when the caller names none.
    pub variant: String,
    /// All variants by name.
    pub variants: BTreeMap<String, Arc<Variant>>,
    /// Traffic that is split between variants where the caller names none.
    pub experiment: Option<Experiment>,
    /// Which good answers its prompts may show.
    pub examples: Option<Examples>,
    /// A variant that answers copies of its requests, and is shown to nobody.
    pub shadow: Option<Shadow>,
    /// What is kept of its requests, where it differs from the project.
    pub keep: Option<Keep>,
    /// What is looked for in its prompts and answers, where it differs from the project.
    pub guards: Option<Guards>,
    /// The tools of MCP servers that it may use.
    pub tools: Vec<ToolGrant>,
    /// How far it may go with them.
    pub bounds: Bounds,
}

/// Which good answers a function's prompts show.
#[derive(Debug, Clone, PartialEq)]
pub struct Examples {
    /// How many.
    pub count: usize,
    /// The metric of feedback that says which are good.
    pub metric: String,
    /// From which value on they are; yes is 1.
    pub least: f64,
    /// Whose word counts; empty: everybody's.
    pub raters: Vec<String>,
    /// Only what was answered, and said of it, before this moment.
    pub until: Option<Timestamp>,
}

/// A variant that answers copies of live requests.
#[derive(Debug, Clone, PartialEq)]
pub struct Shadow {
    /// Its name.
    pub variant: String,
    /// Which share of the requests is copied, 0 to 1.
    pub share: f64,
}

/// Live traffic split between variants, as the path needs to know it.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// Its id: it changes with everything that the outcome depends on.
    pub id: String,
    /// The variants, the control first.
    pub arms: Vec<String>,
    /// What a variant is drawn for.
    pub unit: Unit,
    /// The share of each, until the lab says otherwise.
    pub shares: Vec<f64>,
}

/// What a variant is drawn for: whose requests all run the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// The caller's end user.
    User,
    /// The caller's session.
    Session,
    /// Each request by itself.
    Request,
}

impl Unit {
    /// All of them, with their names in settings.
    pub const NAMES: [(&'static str, Self); 3] =
        [("user", Self::User), ("session", Self::Session), ("request", Self::Request)];
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
    /// How it uses models.
    pub strategy: Strategy,
    /// Whether the provider is asked to keep the prompt's beginning (Anthropic).
    pub prompt_cache: bool,
}

/// How like a question must be to be answered as another was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Semantic {
    /// The least cosine of their vectors.
    pub threshold: f64,
    /// How long an answer is kept for it.
    pub lives: Duration,
    /// Whether an answer that is found is only told of on the trace, and the question asked all the same.
    pub shadow: bool,
}

/// How a variant uses models.
#[derive(Debug, Clone, Default)]
pub enum Strategy {
    /// One answer of its model.
    #[default]
    Single,
    /// A cheap model first, and a stronger one where a check of its answer fails.
    Cascade(Cascade),
    /// Several answers, of which a judge takes the best.
    BestOf(BestOf),
    /// Several answers, of which the one that most agree on is taken.
    Vote(Vote),
}

impl Strategy {
    /// Its name, as on traces.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Cascade(_) => "cascade",
            Self::BestOf(_) => "best_of",
            Self::Vote(_) => "vote",
        }
    }
}

/// A cheap model first.
#[derive(Debug, Clone)]
pub struct Cascade {
    /// The models after the variant's own, in order.
    pub then: Vec<Arc<Model>>,
    /// What an answer must pass to be taken. The last model's is taken as it is.
    pub checks: Vec<Check>,
}

/// A check of an answer.
#[derive(Debug, Clone)]
pub enum Check {
    /// It fits the schema that was asked for.
    Schema,
    /// It cites, and every citation holds.
    Citations,
    /// It does not say that the documents do not answer.
    Answers,
    /// A model says that this, in English, holds of it.
    Confidence {
        /// What has to hold.
        of: String,
        /// Who says so.
        judge: Arc<Model>,
    },
    /// The mean of its tokens' logarithmic probabilities is at least this.
    Logprob(f64),
}

/// Several answers and a judge.
#[derive(Debug, Clone)]
pub struct BestOf {
    /// How many answers.
    pub answers: usize,
    /// Who judges.
    pub judge: Arc<Model>,
    /// What makes an answer the best, in English.
    pub prompt: String,
}

/// Several answers and their majority.
#[derive(Debug, Clone)]
pub struct Vote {
    /// How many answers.
    pub answers: usize,
    /// The field of the answers that is voted on, `a.b` for one inside another; `None`: the whole text.
    pub field: Option<String>,
}
