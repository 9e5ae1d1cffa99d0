//! A clock that stands still until it is wound.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use surefoot_types::{Clock, Timestamp};

/// A clock wound by hand.
#[derive(Debug)]
pub struct HandClock {
    millis: AtomicI64,
}

impl HandClock {
    /// A clock that stands at `at`.
    pub fn new(at: Timestamp) -> Self {
        Self { millis: AtomicI64::new(at.as_millisecond()) }
    }

    /// Sets it, to earlier too: clocks of machines do that.
    pub fn set(&self, at: Timestamp) {
        self.millis.store(at.as_millisecond(), Ordering::Relaxed);
    }

    /// Winds it on.
    pub fn advance(&self, by: Duration) {
        self.millis.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::Relaxed);
    }
}

impl Default for HandClock {
    /// Noon on the first day of 2026, UTC.
    fn default() -> Self {
        Self { millis: AtomicI64::new(1_767_268_800_000) }
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.millis.load(Ordering::Relaxed)).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}
