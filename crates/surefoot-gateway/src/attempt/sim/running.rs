//! A simulator that runs: its seed, its script, and what it has been asked before.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use surefoot_types::{
    Fault,
    conversation::{ChatRequest, Message},
};

use super::{
    behaviour::Behaviour,
    plan::{Asked, Plan, decide},
    script::Script,
};

/// Models that are worth listing: there are as many as there are combinations of words.
pub const LISTED: [&str; 5] = ["ok", "echo", "cite", "json", "tool"];
/// Most different requests that are counted; the oldest is forgotten for a new one.
const MOST_COUNTED: usize = 10_000;

/// A simulator.
#[derive(Debug, Default)]
pub struct Sim {
    seed: u64,
    script: Option<Script>,
    counted: Mutex<Counted>,
}

/// How often each request came, by its hash.
#[derive(Debug, Default)]
struct Counted {
    times: BTreeMap<[u8; 32], u64>,
    order: VecDeque<[u8; 32]>,
}

impl Sim {
    /// A simulator that has not been asked anything. With a script, a model whose name is not made
    /// of the simulator's words answers as `ok`, so that an application can keep its model names.
    pub fn new(seed: u64, script: Option<Script>) -> Self {
        Self { seed, script, counted: Mutex::default() }
    }

    /// What is to happen to a request to `model`. Counts it where its behaviour asks for that.
    ///
    /// # Errors
    /// `not_found` or `bad_request` for a model that is not made of the simulator's words.
    pub fn plan(&self, model: &str, request: &ChatRequest) -> Result<Plan, Fault> {
        let behaviour = self.behaviour(model, request)?;
        let nth = if behaviour.counts() { self.count(model, &request.messages) } else { 0 };
        Ok(decide(&behaviour, &Asked { model, request, seed: self.seed, nth }))
    }

    /// Whether it has a model of this name.
    pub fn knows(&self, model: &str) -> bool {
        self.named(model).is_ok()
    }

    /// Forgets how often it was asked what.
    pub fn forget(&self) {
        *self.counted.lock().unwrap_or_else(PoisonError::into_inner) = Counted::default();
    }

    fn behaviour(&self, model: &str, request: &ChatRequest) -> Result<Behaviour, Fault> {
        let scripted = self.script.as_ref().and_then(|script| script.behaviour(model, &request.question()));
        scripted.map_or_else(|| self.named(model), |behaviour| Ok(behaviour.clone()))
    }

    fn named(&self, model: &str) -> Result<Behaviour, Fault> {
        // The name that the gateway knows the model by is as good.
        match Behaviour::parse(model.strip_prefix("sim/").unwrap_or(model)) {
            Err(_) if self.script.is_some() => Ok(Behaviour::default()),
            read => read,
        }
    }

    /// How many equal requests came before this one.
    fn count(&self, model: &str, messages: &[Message]) -> u64 {
        let mut hasher = blake3::Hasher::new();
        hasher.update(model.as_bytes());
        // A conversation came as JSON: writing it back cannot fail.
        let _ = serde_json::to_writer(&mut hasher, messages);
        let key = *hasher.finalize().as_bytes();
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let Counted { times, order } = &mut *counted;
        if let Some(times) = times.get_mut(&key) {
            *times += 1;
            return *times;
        }
        if order.len() >= MOST_COUNTED
            && let Some(oldest) = order.pop_front()
        {
            times.remove(&oldest);
        }
        times.insert(key, 0);
        order.push_back(key);
        0
    }
}
