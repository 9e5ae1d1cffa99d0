//! What routing decides by, gathered for one request.

use surefoot_types::{
    Money, Usage,
    conversation::{ChatRequest, Role},
};

use super::Attempting;
use crate::{
    health::Warmth,
    project::{Route, Target},
    record::{Tale, estimate_request},
    reserve::USUAL_ANSWER,
    route::{Candidate, Decision, decide},
};

/// Prompts shorter than this, in tokens, are not cached by any provider.
const LEAST_PREFIX: u64 = 1_024;

/// An order of targets for one request.
pub(super) struct Routed {
    pub(super) order: Vec<usize>,
    /// Why it is this one, for the trace.
    pub(super) why: String,
    /// What its conversation is known by.
    prefix: Option<blake3::Hash>,
    warm: Option<Warmth>,
}

impl Routed {
    /// The key that the conversation's cache is warm for, at this target.
    pub(super) fn warm_key(&self, target: &Target) -> Option<&str> {
        self.warm.as_ref().filter(|warm| warm.target == target.name())?.key.as_deref()
    }
}

impl Attempting<'_> {
    /// Decides in which order the targets are asked.
    pub(super) fn routed(&self, tale: &Tale) -> Routed {
        let model = &self.plan.model;
        let several = model.targets.len() > 1 && model.routing.route != Route::Fallback;
        let keys = model.targets.iter().any(|target| target.provider.keys().len() > 1);
        let prefix = if several || keys { self.prefix(tale) } else { None };
        let lives = model.routing.sticky.unwrap_or_default();
        let warm = prefix.and_then(|prefix| self.upstream.health.warm(&prefix, lives));
        if model.targets.len() == 1 {
            return Routed { order: vec![0], why: String::new(), prefix, warm };
        }
        let candidates: Vec<Candidate> =
            model.targets.iter().enumerate().map(|(at, target)| self.candidate(at, target, warm.as_ref())).collect();
        let chance = &self.parts.chance;
        let Decision { order, why } = decide(model.routing.route, &candidates, &mut || chance.unit());
        Routed { order, why, prefix, warm }
    }

    /// Remembers who served the conversation.
    pub(super) fn served(&self, routed: &Routed, target: &Target, key: Option<&str>) {
        if let Some(prefix) = routed.prefix {
            self.upstream.health.warmed(prefix, target, key);
        }
    }

    fn candidate(&self, at: usize, target: &Target, warm: Option<&Warmth>) -> Candidate {
        let routing = &self.plan.model.routing;
        let pulse = self.upstream.health.pulse(target, self.call.chat.stream);
        let name = target.name();
        let warm = warm.is_some_and(|warm| warm.target == name);
        let cost = if routing.route == Route::Cheapest { self.likely_cost(&name, warm) } else { None };
        Candidate {
            weight: routing.weight(at),
            rests: pulse.rests,
            shunned: pulse.shunned,
            latency: pulse.latency,
            under_way: pulse.under_way,
            name,
            cost,
            warm,
        }
    }

    /// What the request is likely to cost at a target: a warm prompt is read from the cache.
    fn likely_cost(&self, target: &str, warm: bool) -> Option<Money> {
        let request = &self.prompt.grounded.request;
        let price = self.project.prices.get(target, self.parts.clock.now())?;
        let said = estimate_request(request);
        let (input, cache_read) = if warm { (0, said) } else { (said, 0) };
        let output = request.parameters.max_tokens.map_or(USUAL_ANSWER, |most| most.min(USUAL_ANSWER));
        let usage = Usage { input, cache_read, output, ..Usage::default() };
        Some(price.cost(&usage))
    }

    /// What a conversation is known by: its session if the caller tells one, or else the beginning of its prompt,
    /// if that is long enough to be cached. Whose it is counts: caches and sessions belong to somebody.
    fn prefix(&self, tale: &Tale) -> Option<blake3::Hash> {
        self.plan.model.routing.sticky?;
        let trace = tale.trace();
        let whose = (&trace.key, &trace.tenant, &trace.asked);
        let told = match &trace.session {
            Some(session) => serde_json::to_vec(&(whose, session)),
            None => {
                let request = &self.prompt.grounded.request;
                let beginning = beginning(request);
                if estimate_request(&beginning) < LEAST_PREFIX {
                    return None;
                }
                serde_json::to_vec(&(whose, &beginning.messages, &beginning.tools))
            }
        };
        told.ok().map(|told| blake3::hash(&told))
    }
}

/// A request up to its first question: what stays the same from turn to turn.
fn beginning(request: &ChatRequest) -> ChatRequest {
    let first = request.messages.iter().position(|message| message.role == Role::User);
    let messages = request.messages.iter().take(first.map_or(usize::MAX, |first| first + 1)).cloned().collect();
    let mut beginning = ChatRequest::ask(request.model.as_str(), "");
    beginning.messages = messages;
    beginning.tools.clone_from(&request.tools);
    beginning
}
