//! Which target to try next, and when: pure, so that every schedule can be tested without a server.
//!
//! While there is a target that was not tried yet, it is tried at once: a provider's bad day costs
//! no wait when another can answer. Only then are targets tried again, after the wait that they
//! asked for (Retry-After) or a growing one with full jitter.

use std::time::Duration;

use surefoot_types::Retry;

use crate::project::Policy;

/// The first wait's upper end when the target names none; it doubles with each try.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// What has been tried of each target.
#[derive(Debug)]
pub(crate) struct Tries {
    policy: Policy,
    targets: Vec<Tried>,
}

#[derive(Debug, Clone, Copy)]
struct Tried {
    /// Tries so far.
    count: u32,
    /// When it may be tried again, from the request's start; `None`: never.
    ready: Option<Duration>,
}

/// Which target to try, after which wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn {
    /// The target's place in the order.
    pub(crate) target: usize,
    /// How long to wait first.
    pub(crate) wait: Duration,
}

impl Tries {
    /// Nothing tried yet.
    pub(crate) fn new(targets: usize, policy: Policy) -> Self {
        Self { policy, targets: vec![Tried { count: 0, ready: Some(Duration::ZERO) }; targets] }
    }

    /// The next turn at moment `now` (from the request's start); `None` when nothing is left to try.
    pub(crate) fn next(&self, now: Duration) -> Option<Turn> {
        let (target, ready) = self
            .targets
            .iter()
            .enumerate()
            .filter_map(|(at, tried)| Some((at, tried.count, tried.ready?)))
            .filter(|&(_, count, _)| count <= self.policy.retries)
            .min_by_key(|&(at, count, ready)| (count > 0, ready, at))
            .map(|(at, _, ready)| (at, ready))?;
        Some(Turn { target, wait: ready.saturating_sub(now) })
    }

    /// A try failed at moment `now`, with the fault's advice; `jitter` is in `0.0..1.0`.
    pub(crate) fn failed(&mut self, target: usize, advice: Retry, now: Duration, jitter: f64) {
        let longest = self.policy.longest_wait;
        let tried = &mut self.targets[target];
        tried.count += 1;
        tried.ready = match advice {
            Retry::Never | Retry::Elsewhere => None,
            Retry::Later(Some(asked)) if asked > longest => None,
            // A little more than was asked for, so that callers told the same do not return as one.
            Retry::Later(Some(asked)) => Some(now + asked + FIRST_WAIT.mul_f64(jitter / 5.0)),
            Retry::Later(None) => {
                let most = FIRST_WAIT.saturating_mul(1 << (tried.count - 1).min(16)).min(longest);
                Some(now + most.mul_f64(jitter))
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATER: Retry = Retry::Later(None);
    fn after(seconds: u64) -> Retry {
        Retry::Later(Some(Duration::from_secs(seconds)))
    }

    /// The order of targets, with the seconds waited before each, when every try fails as scripted.
    fn schedule(targets: usize, retries: u32, fails: &[Retry]) -> Vec<(usize, f64)> {
        let mut tries = Tries::new(targets, Policy { retries, ..Policy::default() });
        let (mut now, mut turns) = (Duration::ZERO, Vec::new());
        for &advice in fails {
            let Some(turn) = tries.next(now) else { break };
            now += turn.wait;
            turns.push((turn.target, turn.wait.as_secs_f64()));
            tries.failed(turn.target, advice, now, 0.5);
        }
        turns
    }

    #[test]
    fn schedules() {
        // One target: waits grow.
        assert_eq!(schedule(1, 2, &[LATER; 9]), [(0, 0.0), (0, 0.25), (0, 0.5)]);
        // Another target is tried at once, before any wait.
        assert_eq!(schedule(2, 0, &[LATER; 9]), [(0, 0.0), (1, 0.0)]);
        assert_eq!(schedule(2, 1, &[LATER; 9])[..2], [(0, 0.0), (1, 0.0)]);
        // Retry-After is kept to, and a little more.
        assert_eq!(schedule(1, 1, &[after(2); 9]), [(0, 0.0), (0, 2.05)]);
        // A Retry-After beyond the longest wait gives the target up.
        assert_eq!(schedule(1, 5, &[after(3600); 9]), [(0, 0.0)]);
        // A wrong key here says nothing of the next target.
        assert_eq!(schedule(2, 5, &[Retry::Elsewhere, LATER, LATER])[..3], [(0, 0.0), (1, 0.0), (1, 0.25)]);
    }
}
