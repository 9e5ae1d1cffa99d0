//! The semantic cache: a question like one that was answered before, of the same caller, function, prompt,
//! conversation, tools, schema and parameters, is answered as that one was.
//!
//! Likeness is a vector's; numbers, negations and names must agree besides, and an answer that cites is given again
//! only where the passages that it rests on were found for this question too.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use moka::sync::Cache;

use surefoot_types::{
    Citation, Timestamp,
    conversation::{Part, Role},
    document::Hit,
    trace::Trace,
};

use super::{Kept, LARGEST};
use crate::{
    attempt::Upstream,
    call::Call,
    likeness::{cosine, facts_agree},
    project::Semantic,
    resolve::Plan,
    screen::Screened,
};

/// Most answers of one scope. The oldest goes first.
const ANSWERS: usize = 1_000;

/// Answers of one scope.
type Shelf = Mutex<VecDeque<Entry>>;

/// Answers by scope: as many bytes as the exact cache has, those that were used last.
pub(crate) struct Near(Cache<blake3::Hash, Arc<Shelf>>);

impl Default for Near {
    fn default() -> Self {
        let weigher = |_: &blake3::Hash, shelf: &Arc<Shelf>| {
            let bytes: usize = lock(shelf).iter().map(Entry::bytes).sum();
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().max_capacity(LARGEST).weigher(weigher).build())
    }
}

struct Entry {
    question: String,
    vector: Vec<f32>,
    until: Timestamp,
    kept: Kept,
}

impl Entry {
    fn bytes(&self) -> usize {
        self.question.len() + self.vector.len() * size_of::<f32>() + self.kept.bytes()
    }
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
    // The words of the question are told by their vector; what it shows besides is not.
    let last = request.messages.iter().rposition(|message| message.role == Role::User)?;
    request.messages[last].parts.retain(|part| !matches!(part, Part::Text { .. } | Part::Refusal { .. }));
    let whose = (&trace.key, &trace.tenant, &trace.user, &trace.project_version, &trace.function, &trace.variant);
    let targets: Vec<String> = plan.model.targets.iter().map(crate::project::Target::name).collect();
    let mut told = serde_json::to_value((whose, targets, request, &call.context.input)).ok()?;
    told.sort_all_objects();
    Some(blake3::hash(told.to_string().as_bytes()))
}

impl Near {
    /// The answer to the question most like this one, if it is like enough.
    pub(crate) fn find(&self, asked: &Asked, prompt: &Screened, now: Timestamp) -> Option<Like> {
        let shelf = self.0.get(&asked.scope)?;
        let shelf = lock(&shelf);
        let entries = shelf.iter().filter(|entry| entry.until > now);
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
        let shelf = self.0.get_with(asked.scope, Arc::default);
        {
            let mut entries = lock(&shelf);
            entries.retain(|entry| entry.until > now);
            if entries.len() >= ANSWERS {
                entries.pop_front();
            }
            entries.push_back(Entry { question: asked.question, vector: asked.vector, until, kept });
        }
        // It is heavier now.
        self.0.insert(asked.scope, shelf);
    }

    /// Takes away the answers of a user, given by the hash of their name.
    pub(super) fn forget(&self, user: &str) {
        let of_user = |entry: &Entry| entry.kept.user.as_deref() == Some(user);
        self.0.iter().for_each(|(_, shelf)| lock(&shelf).retain(|entry| !of_user(entry)));
    }
}

fn lock(shelf: &Shelf) -> MutexGuard<'_, VecDeque<Entry>> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether every passage that the citations quote was found.
fn rests_on(citations: &[Citation], hits: &[Hit]) -> bool {
    citations.iter().filter(|citation| citation.holds()).all(|citation| {
        hits.iter().any(|hit| {
            Some(hit.found.document_id) == citation.document_id && hit.found.passage.text.contains(&citation.quote)
        })
    })
}
