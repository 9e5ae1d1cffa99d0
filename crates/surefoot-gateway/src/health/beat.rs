//! One call under way, as health sees it: it counts from its beginning until it is dropped, whatever becomes of it.

use std::sync::{Arc, Mutex, PoisonError};

use surefoot_types::Fault;
use tokio::time::Instant;

use super::{
    Book,
    verdict::{Verdict, verdict},
    vital::Ended,
};
use crate::events;

/// One call under way.
pub(crate) struct Beat {
    book: Arc<Mutex<Book>>,
    target: String,
    /// The key's id, and its name among all keys.
    key: Option<(String, String)>,
    streamed: bool,
    begun: Instant,
    over: bool,
}

impl Beat {
    pub(super) fn new(
        book: Arc<Mutex<Book>>,
        target: String,
        key: Option<(String, String)>,
        streamed: bool,
        begun: Instant,
    ) -> Self {
        Self { book, target, key, streamed, begun, over: false }
    }

    /// The id of the key that it was opened with.
    pub(crate) fn key(&self) -> Option<&str> {
        self.key.as_ref().map(|(id, _)| id.as_str())
    }

    /// The target began to answer.
    pub(crate) fn spoke(&self) {
        let now = Instant::now();
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(vital) = book.targets.get_mut(&self.target) {
            vital.spoke(self.streamed, now - self.begun, now);
        }
    }

    /// The call ended, with a fault or an answer.
    pub(crate) fn ended(mut self, fault: Option<&Fault>) {
        self.over(verdict(fault), fault);
    }

    /// The call was given up for reasons that say nothing of the target.
    pub(crate) fn left(mut self) {
        self.over(Verdict::Nothing, None);
    }

    fn over(&mut self, verdict: Verdict, fault: Option<&Fault>) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        let now = Instant::now();
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let key = self.key().unwrap_or_default().to_owned();
        let ended = Ended { verdict, fault, key: &key, streamed: self.streamed, took: now - self.begun };
        let mut everywhere = None;
        if let Some(vital) = book.targets.get_mut(&self.target) {
            let before = vital.breaker.circuit(now);
            everywhere = vital.ended(&ended, now);
            vital.under_way = vital.under_way.saturating_sub(1);
            let after = vital.breaker.circuit(now);
            if before != after {
                events::circuit_changed(&self.target, after.name());
            }
        }
        if let Some(vital) = self.key.as_ref().and_then(|(_, name)| book.keys.get_mut(name)) {
            vital.under_way = vital.under_way.saturating_sub(1);
            if everywhere.is_some() {
                vital.parked = everywhere;
                events::key_parked(&self.target, &key);
            } else if verdict == Verdict::Good {
                vital.parked = None;
            }
        }
    }
}

impl Drop for Beat {
    fn drop(&mut self) {
        self.over(Verdict::Nothing, None);
    }
}
