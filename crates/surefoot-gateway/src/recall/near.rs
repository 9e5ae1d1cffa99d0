//! The semantic cache: a question like one that was answered before, of the same caller, function, prompt,
//! conversation, tools, schema and parameters, is answered as that one was.
//!
//! Likeness is a vector's; numbers, negations and names must agree besides, and an answer that cites is given again
//! only where the passages that it rests on were found for this question too.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use surefoot_types::{Citation, Timestamp, document::Hit, trace::Trace};

use super::Kept;
use crate::{
    attempt::Upstream,
    call::Call,
    likeness::{cosine, facts_agree},
    project::Semantic,
    resolve::Plan,
    screen::Screened,
};

/// Most answers of one scope, and most scopes. The oldest goes first.
const ANSWERS: usize = 1_000;
const SCOPES: usize = 1_000;

/// Answers by scope.
#[derive(Default)]
pub(crate) struct Near(Mutex<HashMap<blake3::Hash, Vec<Entry>>>);

struct Entry {
    question: String,
    vector: Vec<f32>,
    until: Timestamp,
    kept: Kept,
}

/// A question that may be answered as another was.
pub(crate) struct Asked {
    scope: blake3::Hash,
    question: String,
    vector: Vec<f32>,
    semantic: Semantic,
}

/// The answer to a question like it.
pub(crate) struct Like {
    pub(crate) kept: Kept,
    pub(crate) score: f64,
}

impl Asked {
    /// The question of a request whose function answers by likeness; `None` where it does not, or may keep nothing.
    pub(crate) async fn of(
        upstream: &Upstream,
        plan: &Plan,
        prompt: &Screened,
        call: &Call,
        trace: &Trace,
    ) -> Option<Self> {
        let task = plan.task.as_ref()?;
        let semantic = task.function.semantic?;
        // Pseudonyms stand for other values in another question.
        if prompt.vault.is_some() || call.context.fresh || trace.keep == surefoot_types::trace::Keep::Nothing {
            return None;
        }
        let question = call.chat.question();
        let embedder = upstream.resident("local")?;
        let vector = embedder.embed("static", std::slice::from_ref(&question)).await.ok()?.vectors.pop()?;
        Some(Self { scope: scope(plan, call, trace)?, question, vector, semantic })
    }

    /// Whether an answer that is found is only told of.
    pub(crate) fn shadow(&self) -> bool {
        self.semantic.shadow
    }
}

/// Everything but the question that an answer depends on, and whose question it is.
fn scope(plan: &Plan, call: &Call, trace: &Trace) -> Option<blake3::Hash> {
    let mut request = call.chat.clone();
    (request.stream, request.include_usage) = (false, false);
    // The question is told by its vector.
    let last = request.messages.iter().rposition(|message| message.role == surefoot_types::conversation::Role::User)?;
    request.messages.remove(last);
    let whose = (&trace.key, &trace.tenant, &trace.user, &trace.project_version, &trace.function, &trace.variant);
    let targets: Vec<String> = plan.model.targets.iter().map(crate::project::Target::name).collect();
    let mut told = serde_json::to_value((whose, targets, request, &call.context.input)).ok()?;
    told.sort_all_objects();
    Some(blake3::hash(told.to_string().as_bytes()))
}

impl Near {
    /// The answer to the question most like this one, if it is like enough.
    pub(crate) fn find(&self, asked: &Asked, prompt: &Screened, now: Timestamp) -> Option<Like> {
        let shelves = self.lock();
        let entries = shelves.get(&asked.scope)?.iter().filter(|entry| entry.until > now);
        let scored = entries.map(|entry| (cosine(&entry.vector, &asked.vector), entry));
        let fits = scored.filter(|(score, entry)| {
            *score >= asked.semantic.threshold
                && facts_agree(&entry.question, &asked.question)
                && rests_on(&entry.kept.citations, &prompt.grounded.hits)
        });
        let (score, entry) = fits.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
        Some(Like { kept: entry.kept.clone(), score })
    }

    /// Keeps the answer to a question.
    pub(super) fn put(&self, asked: Asked, kept: Kept, now: Timestamp) {
        let until = now + asked.semantic.lives;
        let mut shelves = self.lock();
        shelves.values_mut().for_each(|entries| entries.retain(|entry| entry.until > now));
        shelves.retain(|_, entries| !entries.is_empty());
        if shelves.len() >= SCOPES && !shelves.contains_key(&asked.scope) {
            return;
        }
        let entries = shelves.entry(asked.scope).or_default();
        if entries.len() >= ANSWERS {
            entries.remove(0);
        }
        entries.push(Entry { question: asked.question, vector: asked.vector, until, kept });
    }

    /// Takes away the answers of a user, given by the hash of their name.
    pub(super) fn forget(&self, user: &str) {
        let of_user = |entry: &Entry| entry.kept.user.as_deref() == Some(user);
        self.lock().values_mut().for_each(|entries| entries.retain(|entry| !of_user(entry)));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<blake3::Hash, Vec<Entry>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether every passage that the citations quote was found.
fn rests_on(citations: &[Citation], hits: &[Hit]) -> bool {
    citations.iter().filter(|citation| citation.holds()).all(|citation| {
        hits.iter().any(|hit| {
            Some(hit.found.document_id) == citation.document_id && hit.found.passage.text.contains(&citation.quote)
        })
    })
}
