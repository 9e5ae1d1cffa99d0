//! How targets and keys are: what routing decides by, and what keeps a failing provider from being asked.
//!
//! Of each target: a [circuit breaker](breaker), how [fast](speed) it answers, calls under way, and [how many](bucket)
//! retries and hedges it may still be sent. Of each key: whether the provider refused it, or asked to be left alone
//! (`Retry-After`), at one target or at all. All of it is this process's own, in memory, and begins anew with it.

mod beat;
mod breaker;
mod bucket;
mod report;
mod speed;
mod verdict;
mod vital;
mod warm;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use surefoot_types::Fault;
use tokio::time::Instant;

pub(crate) use self::{beat::Beat, warm::Warmth};
pub use self::{
    breaker::Circuit,
    report::{KeyHealth, TargetHealth},
};
use self::{
    vital::{KeyVital, Parked, Vital},
    warm::Warm,
};
use crate::{api::Credential, project::Target};

/// So many targets are known at once. Callers may name any model of a provider.
const MOST_TARGETS: usize = 4_096;
/// A target that was not asked for so long is forgotten when there are too many.
const FORGOTTEN: Duration = Duration::from_secs(600);

/// How everything is that can be asked.
#[derive(Default)]
pub(crate) struct Health {
    book: Arc<Mutex<Book>>,
    warm: Warm,
}

/// What is known, by name.
#[derive(Default)]
struct Book {
    targets: HashMap<String, Vital>,
    keys: HashMap<String, KeyVital>,
    /// Counts uses of keys, so that the one used longest ago comes next.
    turn: u64,
}

/// How a target is, as a snapshot for a decision.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Pulse {
    /// What its breaker lets through.
    pub(crate) circuit: Circuit,
    /// For how long it must be left alone.
    pub(crate) rests: Duration,
    /// Whether none of its keys was of use when last tried.
    pub(crate) shunned: bool,
    /// How long it takes to answer; `None` while that is not known.
    pub(crate) latency: Option<Duration>,
    /// Calls under way.
    pub(crate) under_way: u32,
}

impl Health {
    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How a target is now, for an answer that is streamed or not.
    pub(crate) fn pulse(&self, target: &Target, streamed: bool) -> Pulse {
        let now = Instant::now();
        let book = self.lock();
        let vital = book.targets.get(&target.name());
        let ways = ways(target);
        let parked = ways.iter().map(|way| book.parked(target, vital, way, now));
        let least = parked.min_by_key(|parked| parked.map(|parked| (parked.strict, parked.until))).flatten();
        let strict = least.filter(|parked| parked.strict);
        let rests = strict.map_or(Duration::ZERO, |parked| parked.until.saturating_duration_since(now));
        let Some(vital) = vital else {
            return Pulse { rests, shunned: least.is_some() && strict.is_none(), ..Pulse::default() };
        };
        Pulse {
            circuit: vital.breaker.circuit(now),
            rests: rests.max(vital.breaker.rests_for(now)),
            shunned: least.is_some() && strict.is_none(),
            latency: vital.speed(streamed).average(now),
            under_way: vital.under_way,
        }
    }

    /// Why a target is left alone, as it told itself.
    pub(crate) fn why(&self, target: &Target) -> Option<Fault> {
        let now = Instant::now();
        let book = self.lock();
        let vital = book.targets.get(&target.name());
        let parked = ways(target).into_iter().filter_map(|way| book.parked(target, vital, way, now));
        let parked = parked.min_by_key(|parked| parked.until).map(|parked| parked.told(now));
        parked.or_else(|| vital?.rests(&target.name(), now))
    }

    /// Which of a target's keys to use: the first in `prefer` if it is well, or the well one with the fewest calls
    /// under way, of those the one used longest ago.
    pub(crate) fn key<'t>(&self, target: &'t Target, prefer: Option<&str>) -> Option<&'t Credential> {
        let keys = target.provider.keys();
        if keys.len() < 2 {
            return keys.first();
        }
        let now = Instant::now();
        let book = self.lock();
        let vital = book.targets.get(&target.name());
        keys.iter().min_by_key(|key| {
            let parked = book.parked(target, vital, &key.id, now);
            let used = book.keys.get(&key_name(target, &key.id));
            let under_way = used.map_or(0, |used| used.under_way);
            let last = used.map_or(0, |used| used.last);
            (parked.map(|parked| (parked.strict, parked.until)), prefer != Some(key.id.as_str()), under_way, last)
        })
    }

    /// A call begins.
    pub(crate) fn begin(&self, target: &Target, key: Option<&Credential>, streamed: bool) -> Beat {
        let now = Instant::now();
        let name = target.name();
        let key = key.map(|key| (key.id.clone(), key_name(target, &key.id)));
        let mut book = self.lock();
        book.turn += 1;
        let turn = book.turn;
        if let Some((_, key)) = &key {
            let used = book.keys.entry(key.clone()).or_default();
            used.under_way += 1;
            used.last = turn;
        }
        let vital = book.vital(&name, now);
        vital.breaker.begun(now);
        vital.under_way += 1;
        vital.seen = now;
        drop(book);
        Beat::new(Arc::clone(&self.book), name, key, streamed, now)
    }

    /// A request came that a target is the first choice of: it may be sent a few more for it.
    pub(crate) fn earn(&self, target: &Target, hedge_share: f64) {
        let mut book = self.lock();
        let vital = book.vital(&target.name(), Instant::now());
        vital.retries.earn(vital::RETRY_SHARE);
        vital.hedges.earn(hedge_share);
    }

    /// Whether a target may be sent one more retry. It counts as sent.
    pub(crate) fn may_retry(&self, target: &Target) -> bool {
        let now = Instant::now();
        self.lock().vital(&target.name(), now).retries.take(now)
    }

    /// Whether one more request may be sent beside a slow one of a target. It counts as sent.
    pub(crate) fn may_hedge(&self, target: &Target) -> bool {
        let now = Instant::now();
        self.lock().vital(&target.name(), now).hedges.take(now)
    }

    /// The time within which 95 of 100 answers of a target begin; `None` while there were too few to say.
    pub(crate) fn usual(&self, target: &Target, streamed: bool) -> Option<Duration> {
        self.lock().targets.get(&target.name())?.speed(streamed).quantile(0.95)
    }

    /// Who served this prefix last, if that was within `lives`.
    pub(crate) fn warm(&self, prefix: &blake3::Hash, lives: Duration) -> Option<Warmth> {
        self.warm.get(prefix, lives)
    }

    /// Who serves this prefix now.
    pub(crate) fn warmed(&self, prefix: blake3::Hash, target: &Target, key: Option<&str>) {
        self.warm.put(prefix, target.name(), key);
    }
}

impl Book {
    fn vital(&mut self, name: &str, now: Instant) -> &mut Vital {
        if !self.targets.contains_key(name) {
            if self.targets.len() >= MOST_TARGETS {
                self.targets.retain(|_, vital| vital.under_way > 0 || now - vital.seen < FORGOTTEN);
            }
            self.targets.insert(name.to_owned(), Vital::new(now));
        }
        self.targets.entry(name.to_owned()).or_insert_with(|| Vital::new(now))
    }

    /// Whether a key is parked, at a target or altogether.
    fn parked<'b>(&'b self, target: &Target, vital: Option<&'b Vital>, way: &str, now: Instant) -> Option<&'b Parked> {
        let here = vital.and_then(|vital| vital.parked.get(way));
        let everywhere = self.keys.get(&key_name(target, way)).and_then(|key| key.parked.as_ref());
        here.into_iter().chain(everywhere).filter(|parked| parked.until > now).max_by_key(|parked| parked.until)
    }
}

/// The ids of a target's keys; one empty id where it needs none.
fn ways(target: &Target) -> Vec<&str> {
    match target.provider.keys() {
        [] => vec![""],
        keys => keys.iter().map(|key| key.id.as_str()).collect(),
    }
}

fn key_name(target: &Target, key: &str) -> String {
    format!("{} {key}", target.provider.name)
}

#[cfg(test)]
mod tests;
