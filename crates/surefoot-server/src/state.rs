//! What every door is given.

use std::{net::IpAddr, ops::Deref, sync::Arc, time::Duration};

use ipnet::IpNet;
use surefoot_gateway::Gateway;
use surefoot_types::{Chance, Clock, ids::TraceId, ports::Store, replica::Replica};
use tokio::sync::Mutex;

use crate::{doors::Tokens, minute::PerMinute, strangers::Strangers};

/// What a server is made of.
pub struct Parts {
    /// The path of a request.
    pub gateway: Gateway,
    /// Everything that is kept.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub chance: Arc<dyn Chance>,
    /// Whether only this machine can reach the server: then no key is required.
    pub loopback: bool,
    /// Most requests without a known key that one address may make in a minute; absent: no limit.
    pub strangers: Option<u32>,
    /// The proxies in front, who are believed about whom they ask for and how.
    pub proxies: Vec<IpNet>,
    /// Who may give feedback without a key.
    pub feedback: FeedbackOptions,
    /// Largest body that is read, in bytes.
    pub body_limit: usize,
    /// How long requests under way may go on after the end was asked for.
    pub drain: Duration,
    /// What this process tells of itself to those that share the store.
    pub replica: Arc<dyn Fn() -> Replica + Send + Sync>,
    /// What keeps the server from serving; empty when nothing does.
    pub not_ready: Arc<dyn Fn() -> Vec<String> + Send + Sync>,
    /// What the console should tell the operator: that the last edit was refused, for instance.
    pub notice: Arc<dyn Fn() -> Option<String> + Send + Sync>,
}

/// Who may give feedback without a key, and how much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedbackOptions {
    /// How long the token that comes with an answer is good; absent: answers carry none.
    pub tokens: Option<Duration>,
    /// The sites whose pages may send it, like `https://app.example.com`; `*` for all.
    pub origins: Vec<String>,
    /// Most pieces a minute, from one address by tokens and about one trace.
    pub per_minute: u32,
}

impl Default for FeedbackOptions {
    fn default() -> Self {
        Self { tokens: None, origins: Vec::new(), per_minute: 60 }
    }
}

/// [`Parts`], shared by every request.
#[derive(Clone)]
pub(crate) struct App {
    parts: Arc<Parts>,
    /// Held by whoever changes a key.
    pub(crate) changing_keys: Arc<Mutex<()>>,
    /// What those without a key did lately.
    pub(crate) strangers: Arc<Strangers>,
    /// Leave to give feedback without a key.
    pub(crate) tokens: Arc<Tokens>,
    /// How much feedback came by tokens, by address, and about each trace.
    pub(crate) feedback_by_address: Arc<PerMinute<IpAddr>>,
    pub(crate) feedback_by_trace: Arc<PerMinute<TraceId>>,
}

impl App {
    pub(crate) fn new(parts: Parts) -> Self {
        let strangers = Arc::new(Strangers::new(parts.strangers, parts.proxies.clone()));
        let tokens = Tokens::new(parts.feedback.tokens, Arc::clone(&parts.store), Arc::clone(&parts.chance));
        Self {
            parts: Arc::new(parts),
            changing_keys: Arc::default(),
            strangers,
            tokens: Arc::new(tokens),
            feedback_by_address: Arc::default(),
            feedback_by_trace: Arc::default(),
        }
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}
