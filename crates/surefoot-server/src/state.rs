//! What every door is given.

use std::{ops::Deref, sync::Arc};

use surefoot_gateway::Gateway;
use surefoot_types::{
    Chance, Clock,
    ports::{Journal, Library, Notebook},
};

/// What a server is made of.
pub struct Parts {
    /// The path of a request.
    pub gateway: Gateway,
    /// Traces and feedback.
    pub journal: Arc<dyn Journal>,
    /// Documents, for the page that shows a cited passage.
    pub library: Arc<dyn Library>,
    /// Eval runs.
    pub notebook: Arc<dyn Notebook>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub chance: Arc<dyn Chance>,
    /// Whether only this machine can reach the server: then no key is required.
    pub loopback: bool,
    /// Largest body that is read, in bytes.
    pub body_limit: usize,
    /// What keeps the server from serving; empty when nothing does.
    pub not_ready: Arc<dyn Fn() -> Vec<String> + Send + Sync>,
    /// What the console should tell the operator: that the last edit was refused, for instance.
    pub notice: Arc<dyn Fn() -> Option<String> + Send + Sync>,
}

/// [`Parts`], shared by every request.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

impl App {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
