//! What is known of one target, and of one key.

use std::{collections::HashMap, time::Duration};

use surefoot_types::{Code, Fault, Retry};
use tokio::time::Instant;

use super::{
    breaker::{Breaker, Circuit},
    bucket::Bucket,
    speed::Speed,
    verdict::{Scope, Verdict},
};

/// A target is sent at most this share of its requests again, and [`RETRY_FLOOR`] in any case.
pub(super) const RETRY_SHARE: f64 = 0.2;
const RETRY_FLOOR: u64 = 10;
const HEDGE_FLOOR: u64 = 1;
/// How long a key that was refused is left out, while there is another.
const USELESS: Duration = Duration::from_secs(60);
/// How long a target rests that asks to be left alone and does not say for how long; it doubles.
const UNTOLD: Duration = Duration::from_secs(1);
const LONGEST_UNTOLD: Duration = Duration::from_secs(8);
/// No provider is believed that it wants to be left alone for longer.
const LONGEST_TOLD: Duration = Duration::from_secs(3_600);
/// A call that failed counts for routing as one that took so much longer.
const FAILURE: Duration = Duration::from_secs(5);

/// One target.
#[derive(Debug)]
pub(super) struct Vital {
    pub(super) breaker: Breaker,
    first: Speed,
    whole: Speed,
    pub(super) under_way: u32,
    pub(super) retries: Bucket,
    pub(super) hedges: Bucket,
    /// Keys that are parked here, by id.
    pub(super) parked: HashMap<String, Parked>,
    pub(super) seen: Instant,
}

/// One key of a provider.
#[derive(Debug, Default)]
pub(super) struct KeyVital {
    pub(super) parked: Option<Parked>,
    pub(super) under_way: u32,
    pub(super) last: u64,
}

/// Left alone until a moment.
#[derive(Debug, Clone)]
pub(super) struct Parked {
    pub(super) until: Instant,
    /// Whether it must not be asked at all, or is only the last choice.
    pub(super) strict: bool,
    /// How often in a row without a time told.
    row: u32,
    fault: Fault,
}

impl Parked {
    /// The fault that parked it, with the time that is left.
    pub(super) fn told(&self, now: Instant) -> Fault {
        let mut fault = self.fault.clone();
        if self.strict {
            fault.retry = Retry::Later(Some(self.until.saturating_duration_since(now)));
        }
        fault
    }
}

impl Vital {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            breaker: Breaker::new(now),
            first: Speed::default(),
            whole: Speed::default(),
            under_way: 0,
            retries: Bucket::new(RETRY_FLOOR, now),
            hedges: Bucket::new(HEDGE_FLOOR, now),
            parked: HashMap::new(),
            seen: now,
        }
    }

    pub(super) fn speed(&self, streamed: bool) -> &Speed {
        if streamed { &self.first } else { &self.whole }
    }

    /// The first word came after so long.
    pub(super) fn spoke(&mut self, streamed: bool, time: Duration, now: Instant) {
        self.breaker.spoke();
        let speed = if streamed { &mut self.first } else { &mut self.whole };
        speed.took(time, now);
    }

    /// A call ended. What concerns the key everywhere is given back.
    pub(super) fn ended(&mut self, call: &Ended<'_>, now: Instant) -> Option<Parked> {
        let good = match call.verdict {
            Verdict::Good => Some(true),
            Verdict::Bad | Verdict::Later(_, true) => Some(false),
            Verdict::Nothing | Verdict::Later(_, false) | Verdict::Useless(_) => None,
        };
        self.breaker.ended(good, now);
        if good == Some(false) {
            let speed = if call.streamed { &mut self.first } else { &mut self.whole };
            speed.failed(call.took + FAILURE, now);
        }
        match (call.verdict, call.fault) {
            (Verdict::Good, _) => {
                self.parked.remove(call.key);
                None
            }
            (Verdict::Later(after, _), Some(fault)) => {
                let row = self.parked.get(call.key).map_or(0, |parked| parked.row);
                let untold = UNTOLD.saturating_mul(1 << row.min(10)).min(LONGEST_UNTOLD);
                let until = now + after.unwrap_or(untold).min(LONGEST_TOLD);
                let parked = Parked { until, strict: true, row: row + 1, fault: fault.clone() };
                self.parked.insert(call.key.to_owned(), parked);
                None
            }
            (Verdict::Useless(scope), Some(fault)) => {
                let parked = Parked { until: now + USELESS, strict: false, row: 0, fault: fault.clone() };
                if scope == Scope::Provider && !call.key.is_empty() {
                    return Some(parked);
                }
                self.parked.insert(call.key.to_owned(), parked);
                None
            }
            _ => None,
        }
    }

    /// What callers are told while its breaker lets nothing through.
    pub(super) fn rests(&self, name: &str, now: Instant) -> Option<Fault> {
        let rests = self.breaker.rests_for(now);
        if self.breaker.circuit(now) == Circuit::Closed {
            return None;
        }
        let fault =
            Fault::new(Code::Upstream, format!("{name} failed again and again, and is left alone for a moment")).hint(
                "Give the model another target to fall back to; `surefoot why` on an earlier trace says what failed.",
            );
        Some(fault.retry(Retry::Later(Some(rests))))
    }
}

/// How a call ended.
pub(super) struct Ended<'a> {
    pub(super) verdict: Verdict,
    pub(super) fault: Option<&'a Fault>,
    /// The id of its key; empty where it needs none.
    pub(super) key: &'a str,
    pub(super) streamed: bool,
    pub(super) took: Duration,
}
