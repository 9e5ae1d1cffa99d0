//! Limits on time, each by its name: an error says which of them was reached.

use std::time::Duration;

use surefoot_types::{Code, Fault, Retry};
use tokio::time::Instant;

use crate::{call::Patience, project::Policy};

/// The limits of one request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time {
    pub(super) started: Instant,
    pub(super) policy: Policy,
    pub(super) patience: Patience,
    pub(super) streamed: bool,
}

/// A limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// For the first piece of a stream.
    FirstToken(Duration),
    /// For a whole answer of one target.
    Whole(Duration),
    /// Between two pieces.
    BetweenTokens(Duration),
    /// For the request.
    Total(Duration),
    /// The caller's own, for the answer or for its beginning.
    Caller(Duration),
}

impl Time {
    /// By when the request must have ended.
    pub(super) fn end_by(&self) -> (Instant, Limit) {
        let own = (self.started + self.policy.total, Limit::Total(self.policy.total));
        sooner(own, self.patience.total.map(|total| (self.started + total, Limit::Caller(total))))
    }

    /// By when a target that is asked at `now` must have begun to answer.
    pub(super) fn begin_by(&self, now: Instant) -> (Instant, Limit) {
        let own = match self.streamed {
            true => (now + self.policy.first_token, Limit::FirstToken(self.policy.first_token)),
            false => (now + self.policy.whole, Limit::Whole(self.policy.whole)),
        };
        let told = self.patience.begin.map(|begin| (self.started + begin, Limit::Caller(begin)));
        sooner(sooner(own, Some(self.end_by())), told)
    }

    /// By when the next piece must come, at `now`.
    pub(super) fn next_by(&self, now: Instant) -> (Instant, Limit) {
        let between = self.policy.between_tokens;
        sooner((now + between, Limit::BetweenTokens(between)), Some(self.end_by()))
    }
}

fn sooner(one: (Instant, Limit), two: Option<(Instant, Limit)>) -> (Instant, Limit) {
    match two {
        Some(two) if two.0 < one.0 => two,
        _ => one,
    }
}

impl Limit {
    /// Whether reaching it says something of the target.
    pub(super) fn is_targets(self) -> bool {
        !matches!(self, Self::Total(_) | Self::Caller(_))
    }

    /// What is told where it was reached.
    pub(super) fn fault(self) -> Fault {
        let seconds = |time: Duration| time.as_secs_f64();
        let raise = "Raise the timeout of this model, or give it another target to fall back to.";
        let (told, hint, retry) = match self {
            Self::FirstToken(time) => (
                format!("the provider did not begin to answer within {} s (first_token)", seconds(time)),
                raise,
                Retry::Later(None),
            ),
            Self::Whole(time) => {
                (format!("the provider did not answer within {} s (whole)", seconds(time)), raise, Retry::Later(None))
            }
            Self::BetweenTokens(time) => (
                format!("the provider fell silent for {} s (between_tokens)", seconds(time)),
                raise,
                Retry::Later(None),
            ),
            Self::Total(time) => (
                format!("the request did not end within {} s (total)", seconds(time)),
                "Raise `total` among the timeouts of this model.",
                Retry::Never,
            ),
            Self::Caller(time) => (
                format!("the caller's own deadline of {} s has passed", seconds(time)),
                "The deadline came with the request: x-surefoot-timeout, or the timeout of the caller's SDK.",
                Retry::Never,
            ),
        };
        Fault::new(Code::UpstreamTimeout, told).hint(hint).retry(retry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_soonest_limit_holds_and_is_named() {
        let started = Instant::now();
        let policy =
            Policy { first_token: s(10), whole: s(60), between_tokens: s(5), total: s(100), ..Policy::default() };
        let time = |streamed, total, begin| Time { started, policy, patience: Patience { total, begin }, streamed };
        for (name, time, at, begin, end) in [
            ("a stream", time(true, None, None), 0, (10, Limit::FirstToken(s(10))), (100, Limit::Total(s(100)))),
            ("a whole answer", time(false, None, None), 0, (60, Limit::Whole(s(60))), (100, Limit::Total(s(100)))),
            ("a late try", time(true, None, None), 95, (100, Limit::Total(s(100))), (100, Limit::Total(s(100)))),
            (
                "an impatient caller",
                time(false, Some(s(20)), None),
                3,
                (20, Limit::Caller(s(20))),
                (20, Limit::Caller(s(20))),
            ),
            (
                "one who waits for the beginning",
                time(true, None, Some(s(4))),
                1,
                (4, Limit::Caller(s(4))),
                (100, Limit::Total(s(100))),
            ),
            (
                "one who waits longer than the settings",
                time(true, Some(s(600)), Some(s(600))),
                0,
                (10, Limit::FirstToken(s(10))),
                (100, Limit::Total(s(100))),
            ),
        ] {
            assert_eq!(time.begin_by(started + s(at)), (started + s(begin.0), begin.1), "{name}");
            assert_eq!(time.end_by(), (started + s(end.0), end.1), "{name}");
        }
        let told: Vec<String> = [
            Limit::FirstToken(s(1)),
            Limit::Whole(s(2)),
            Limit::BetweenTokens(s(3)),
            Limit::Total(s(4)),
            Limit::Caller(Duration::from_millis(1_500)),
        ]
        .iter()
        .map(|limit| limit.fault().message)
        .collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        the provider did not begin to answer within 1 s (first_token)
        the provider did not answer within 2 s (whole)
        the provider fell silent for 3 s (between_tokens)
        the request did not end within 4 s (total)
        the caller's own deadline of 1.5 s has passed
        ");
    }
}
