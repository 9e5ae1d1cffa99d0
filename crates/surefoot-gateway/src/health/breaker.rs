//! A circuit breaker: pure, over the moments that it is told.
//!
//! A target that fails again and again is left alone for a while: its callers are answered at once, by another
//! target or by a fault, and it is not kept down by being asked. Then one request probes it; if that is answered,
//! all come back, and if not, the rest is longer.

use std::time::Duration;

use tokio::time::Instant;

/// So many failures in a row open it.
const IN_A_ROW: u32 = 5;
/// Or half of at least so many calls, within [`WINDOW`].
const ENOUGH: u32 = 20;
const WINDOW: Duration = Duration::from_secs(10);
/// How long a target is left alone first; it doubles with each probe that fails.
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(30);
/// When to look again while another request probes.
const PROBED: Duration = Duration::from_millis(250);

/// What a breaker lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Circuit {
    /// Everything.
    #[default]
    Closed,
    /// Nothing.
    Open,
    /// One request, to see whether the target is back.
    HalfOpen,
}

impl Circuit {
    /// The name in JSON and in the console.
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// The breaker of one target.
#[derive(Debug)]
pub(super) struct Breaker {
    state: State,
    /// Failures since the last success.
    row: u32,
    /// Rests in a row.
    rests: u32,
    since: Instant,
    good: u32,
    bad: u32,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed,
    Resting { until: Instant },
    Probing,
}

impl Breaker {
    pub(super) fn new(now: Instant) -> Self {
        Self { state: State::Closed, row: 0, rests: 0, since: now, good: 0, bad: 0 }
    }

    pub(super) fn row(&self) -> u32 {
        self.row
    }

    pub(super) fn circuit(&self, now: Instant) -> Circuit {
        match self.state {
            State::Closed => Circuit::Closed,
            State::Resting { until } if until > now => Circuit::Open,
            State::Resting { .. } | State::Probing => Circuit::HalfOpen,
        }
    }

    /// For how long it lets nothing through.
    pub(super) fn rests_for(&self, now: Instant) -> Duration {
        match self.state {
            State::Closed => Duration::ZERO,
            State::Resting { until } => until.saturating_duration_since(now),
            State::Probing => PROBED,
        }
    }

    /// A call begins.
    pub(super) fn begun(&mut self, now: Instant) {
        if matches!(self.state, State::Resting { until } if until <= now) {
            self.state = State::Probing;
        }
    }

    /// A call began to be answered: enough for a probe.
    pub(super) fn spoke(&mut self) {
        if matches!(self.state, State::Probing) {
            self.state = State::Closed;
            self.row = 0;
        }
    }

    /// A call ended; `good` is `None` where it says nothing of the target.
    pub(super) fn ended(&mut self, good: Option<bool>, now: Instant) {
        if now.duration_since(self.since) > WINDOW {
            (self.since, self.good, self.bad) = (now, 0, 0);
        }
        match good {
            Some(true) => {
                (self.row, self.rests) = (0, 0);
                self.good += 1;
                self.spoke();
            }
            Some(false) => self.failed(now),
            // The probe told nothing: the next request is one.
            None if matches!(self.state, State::Probing) => self.state = State::Resting { until: now },
            None => {}
        }
    }

    fn failed(&mut self, now: Instant) {
        self.row += 1;
        self.bad += 1;
        let often = self.good + self.bad >= ENOUGH && self.bad >= self.good;
        let opens = match self.state {
            State::Closed => self.row >= IN_A_ROW || often,
            State::Probing => true,
            // Calls from before it opened.
            State::Resting { .. } => false,
        };
        if opens {
            let rest = FIRST_REST.saturating_mul(1 << self.rests.min(10)).min(LONGEST_REST);
            self.state = State::Resting { until: now + rest };
            self.rests += 1;
            (self.since, self.good, self.bad) = (now, 0, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a breaker lets through after each of these: `+` a success, `-` a failure, `0` neither, a digit so many
    /// seconds, `?` a call that begins.
    fn after(script: &str) -> String {
        let mut now = Instant::now();
        let mut breaker = Breaker::new(now);
        let one = |step: char| {
            match step {
                '+' => breaker.ended(Some(true), now),
                '-' => breaker.ended(Some(false), now),
                '0' => breaker.ended(None, now),
                '?' => breaker.begun(now),
                seconds => now += Duration::from_secs(seconds.to_digit(10).unwrap().into()),
            }
            match breaker.circuit(now) {
                Circuit::Closed => 'c',
                Circuit::Open => 'o',
                Circuit::HalfOpen => 'h',
            }
        };
        script.chars().map(one).collect()
    }

    #[test]
    fn what_is_let_through() {
        for (script, states) in [
            ("----", "cccc"),
            ("----+----", "ccccccccc"),
            ("-----", "cccco"),
            // After a second one probes; if it fails, the rest is twice as long.
            ("-----1?-", "ccccohho"),
            ("-----1?-1", "ccccohhoo"),
            ("-----1?-2", "ccccohhoh"),
            ("-----1?+", "ccccohhc"),
            // A probe that tells nothing leaves room for another.
            ("-----1?0?+", "ccccohhhhc"),
            // What was sent before it opened does not lengthen the rest.
            ("------1", "ccccooh"),
            // Half of twenty, though never many in a row.
            ("+-+-+-+-+-+-+-+-+-+-", "ccccccccccccccccccco"),
            ("++-++-++-++-++-++-++-++-++-", "ccccccccccccccccccccccccccc"),
        ] {
            assert_eq!(after(script), states, "{script}");
        }
    }

    #[test]
    fn one_probe_at_a_time_and_no_rest_without_end() {
        let mut now = Instant::now();
        let mut breaker = Breaker::new(now);
        for _ in 0..40 {
            breaker.begun(now);
            breaker.ended(Some(false), now);
            assert!(breaker.rests_for(now) <= LONGEST_REST);
            now += breaker.rests_for(now);
        }
        assert_eq!(breaker.rests_for(now), Duration::ZERO);
        breaker.begun(now);
        assert!(breaker.rests_for(now) > Duration::ZERO, "another request waits for what the probe says");
        breaker.spoke();
        assert_eq!(breaker.circuit(now), Circuit::Closed);
    }
}
