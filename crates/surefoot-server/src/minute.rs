//! How often something came in this minute, kept for so many that nobody can grow it without bound.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use surefoot_types::Timestamp;

/// Seconds in the window that is counted in.
const MINUTE: i64 = 60;
/// How many are counted apart in a minute: those after them are counted as one.
const APART: usize = 100_000;

/// Counts by the minute.
#[derive(Debug)]
pub(crate) struct PerMinute<K> {
    minute: Mutex<Minute<K>>,
}

#[derive(Debug)]
struct Minute<K> {
    number: i64,
    by: HashMap<K, u32>,
    /// All that have no place of their own.
    rest: u32,
}

impl<K> Default for PerMinute<K> {
    fn default() -> Self {
        Self { minute: Mutex::new(Minute { number: 0, by: HashMap::new(), rest: 0 }) }
    }
}

impl<K: Eq + Hash> PerMinute<K> {
    /// Until when `who` has to wait, if it came `limit` times in this minute.
    pub(crate) fn waits(&self, who: &K, limit: u32, now: Timestamp) -> Option<Duration> {
        self.minute(now).waits(who, limit, now)
    }

    /// It came.
    pub(crate) fn came(&self, who: K, now: Timestamp) {
        *self.minute(now).count(who) += 1;
    }

    /// It comes, unless it came `limit` times in this minute: then how long it has to wait.
    pub(crate) fn take(&self, who: K, limit: u32, now: Timestamp) -> Result<(), Duration> {
        let mut minute = self.minute(now);
        if let Some(wait) = minute.waits(&who, limit, now) {
            return Err(wait);
        }
        *minute.count(who) += 1;
        Ok(())
    }

    fn minute(&self, now: Timestamp) -> MutexGuard<'_, Minute<K>> {
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        let number = now.as_second().div_euclid(MINUTE);
        if minute.number != number {
            *minute = Minute { number, by: HashMap::new(), rest: 0 };
        }
        minute
    }
}

impl<K: Eq + Hash> Minute<K> {
    fn waits(&self, who: &K, limit: u32, now: Timestamp) -> Option<Duration> {
        let came = self.by.get(who).copied().unwrap_or(if self.is_full() { self.rest } else { 0 });
        let left = (self.number + 1) * MINUTE - now.as_second();
        (came >= limit).then(|| Duration::from_secs(left.unsigned_abs().max(1)))
    }

    fn count(&mut self, who: K) -> &mut u32 {
        if self.is_full() && !self.by.contains_key(&who) {
            return &mut self.rest;
        }
        self.by.entry(who).or_default()
    }

    fn is_full(&self) -> bool {
        self.by.len() >= APART
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn each_is_counted_apart_and_anew_every_minute() {
        let counts = PerMinute::default();
        assert_eq!((0..3).map(|_| counts.take("a", 2, at(130))).filter(Result::is_ok).count(), 2);
        assert_eq!(counts.take("a", 2, at(179)), Err(Duration::from_secs(1)));
        assert_eq!(counts.take("b", 2, at(179)), Ok(()));
        assert_eq!(counts.take("a", 2, at(180)), Ok(()));
    }

    #[test]
    fn too_many_are_counted_as_one() {
        let counts = PerMinute::default();
        (0..APART).for_each(|n| counts.came(n, at(1)));
        assert_eq!(counts.take(APART, 1, at(1)), Ok(()));
        assert!(counts.take(APART + 1, 1, at(1)).is_err());
        assert!(counts.take(1, 2, at(1)).is_ok(), "those before them have places of their own");
    }
}
