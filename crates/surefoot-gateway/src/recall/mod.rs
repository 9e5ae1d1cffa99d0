//! The exact cache: an equal request to an alias with `cache` set is answered as before.
//!
//! The key covers everything that could change the answer, and whose question it was: two tenants
//! never share an answer. Only answers that are whole are kept: no faults, none that was cut short, none that a
//! provider refused. Equal requests that come at once are asked once.

mod flight;
mod near;

use std::time::Duration;

use moka::{Expiry, sync::Cache};
use surefoot_types::{
    Citation, Timestamp,
    conversation::{Answer, Finish},
    erasure::user_hash,
    ids::TraceId,
    trace::{Keep, Trace},
};

pub(crate) use self::near::Asked;
use self::{
    flight::{Flights, Lead},
    near::{Like, Near},
};
use crate::{call::Whole, record::Tale, resolve::Plan, screen::Screened, verify::Shape};

/// Most bytes of answers that are kept.
const LARGEST: u64 = 64 * 1024 * 1024;

/// For so long after a user was erased, an answer to a request of theirs from before is not kept: longer than any
/// request lasts.
const LATE: Duration = Duration::from_secs(24 * 60 * 60);

/// Answers by request.
pub(crate) struct Recall {
    kept: Cache<blake3::Hash, Kept>,
    /// When users were erased, by the hash of their names.
    erased: Cache<String, Timestamp>,
    flights: Flights,
    near: Near,
}

/// Whether a request is answered already.
pub(crate) enum Recalled {
    /// With this.
    Kept(Box<Kept>),
    /// No: it is to be asked. Equal ones wait while the lead lives.
    Ask(Option<Lead>),
}

/// An answer that was given before.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) answer: Answer,
    /// `provider/model-id` that gave it.
    pub(crate) target: String,
    pub(crate) citations: Vec<Citation>,
    pub(crate) abstained: Option<bool>,
    /// The request that it was the answer to.
    pub(crate) by: TraceId,
    /// The hash of its user's name: it goes when that user is erased.
    user: Option<String>,
    lives: Duration,
}

impl Kept {
    fn bytes(&self) -> usize {
        self.answer.parts.iter().map(|part| format!("{part:?}").len()).sum()
    }
}

struct Lives;

impl Expiry<blake3::Hash, Kept> for Lives {
    fn expire_after_create(&self, _: &blake3::Hash, kept: &Kept, _: std::time::Instant) -> Option<Duration> {
        Some(kept.lives)
    }
}

impl Default for Recall {
    fn default() -> Self {
        let kept = Cache::builder()
            .max_capacity(LARGEST)
            .weigher(|_, kept: &Kept| u32::try_from(kept.bytes()).unwrap_or(u32::MAX))
            .expire_after(Lives)
            .support_invalidation_closures()
            .build();
        Self {
            kept,
            erased: Cache::builder().time_to_live(LATE).build(),
            flights: Flights::default(),
            near: Near::default(),
        }
    }
}

impl Recall {
    /// Where the answer to this request is kept; `None` when its alias keeps none, or nothing of it may be kept.
    pub(crate) fn place(&self, plan: &Plan, prompt: &Screened, trace: &Trace) -> Option<blake3::Hash> {
        plan.model.cache?;
        if trace.keep == Keep::Nothing {
            return None;
        }
        let mut request = prompt.grounded.request.clone();
        // How the answer travels does not change it.
        (request.stream, request.include_usage) = (false, false);
        let targets: Vec<String> = plan.model.targets.iter().map(crate::project::Target::name).collect();
        let whose = (&trace.key, &trace.tenant, &trace.project_version, &trace.variant);
        // Where pseudonyms stand, what they stand for counts: citations are of real words.
        let values: Option<Vec<(String, &str)>> = prompt.vault.as_deref().map(|vault| vault.pairs().collect());
        let mut told = serde_json::to_value((whose, targets, request, &prompt.grounded.hits, values)).ok()?;
        // The order of an object's members says nothing.
        told.sort_all_objects();
        Some(blake3::hash(told.to_string().as_bytes()))
    }

    /// The answer kept there. Where an equal request is being answered, waits for it so long.
    pub(crate) async fn get(&self, place: Option<blake3::Hash>, limit: Duration) -> Recalled {
        let Some(place) = place else { return Recalled::Ask(None) };
        if let Some(kept) = self.kept.get(&place) {
            return Recalled::Kept(Box::new(kept));
        }
        let lead = self.flights.lead_or_wait(place, limit).await;
        // It may have been kept since.
        match self.kept.get(&place) {
            Some(kept) => Recalled::Kept(Box::new(kept)),
            None => Recalled::Ask(lead),
        }
    }

    /// The answer to a question like this one, to be given again. One that is only looked for (`shadow`) is noted.
    pub(crate) fn like(
        &self,
        asked: Option<&Asked>,
        prompt: &Screened,
        now: Timestamp,
        tale: &mut Tale,
    ) -> Option<Kept> {
        let asked = asked?;
        let Like { kept, score } = self.near.find(asked, prompt, now)?;
        tale.alike(kept.by, score, asked.shadow());
        (!asked.shadow()).then_some(kept)
    }

    /// Takes away the answers of a user, given by the hash of their name, and keeps none that is late.
    pub(crate) fn forget(&self, user: &str, at: Timestamp) {
        self.erased.insert(user.to_owned(), at);
        self.near.forget(user);
        let user = user.to_owned();
        // Fails only for a cache that was not built for it. What is invalid is not found from now on.
        let of_user = move |_: &blake3::Hash, kept: &Kept| kept.user.as_ref() == Some(&user);
        self.kept.invalidate_entries_if(of_user).expect("the cache supports it");
    }

    /// Keeps the answer of a finished request: for equal ones, and for those like it.
    pub(crate) fn put(
        &self,
        place: Option<blake3::Hash>,
        like: Option<Asked>,
        lives: Option<Duration>,
        prompt: &Screened,
        trace: &Trace,
        whole: Option<&Whole>,
    ) {
        if like.is_none() && place.zip(lives).is_none() {
            return;
        }
        let Some(kept) = self.kept_of(lives.unwrap_or_default(), prompt, trace, whole) else { return };
        if let (Some(place), Some(_)) = (place, lives) {
            self.kept.insert(place, kept.clone());
        }
        // That the documents do not answer may be true of this question alone.
        if let Some(asked) = like.filter(|_| kept.abstained != Some(true)) {
            self.near.put(asked, kept, trace.at);
        }
    }

    /// What is kept of an answer, if it may be.
    fn kept_of(&self, lives: Duration, prompt: &Screened, trace: &Trace, whole: Option<&Whole>) -> Option<Kept> {
        let finish = trace.finish.clone()?;
        // Cut short or declined: the next caller may fare better.
        if !matches!(finish, Finish::Stop | Finish::ToolCalls) {
            return None;
        }
        let mut answer = whole.map_or_else(
            || Answer {
                id: trace.id.to_string(),
                model: trace.target().unwrap_or_default().to_owned(),
                parts: trace.answer.clone(),
                finish,
                usage: Some(trace.usage),
                logprobs: Vec::new(),
            },
            |whole| whole.answer.clone(),
        );
        // A stream stands on the trace as it came; what is kept is what its caller got.
        if let Some(shape) = Shape::of(&prompt.grounded.request).ok().flatten() {
            shape.fit_answer(&mut answer, prompt.vault.as_deref()).ok()?;
        }
        let user = trace.user.as_deref().map(user_hash);
        if user.as_ref().and_then(|user| self.erased.get(user)).is_some_and(|at| trace.at <= at) {
            return None;
        }
        let target = trace.target().unwrap_or_default().to_owned();
        let (citations, abstained) = (trace.citations.clone(), trace.abstained);
        Some(Kept { answer, target, citations, abstained, by: trace.id, user, lives })
    }
}
