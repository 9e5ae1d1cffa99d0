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
    /// The targets' places, in the order in which they are tried.
    order: Vec<usize>,
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
    /// The target's place.
    pub(crate) target: usize,
    /// How long to wait first.
    pub(crate) wait: Duration,
    /// Whether it was tried before.
    pub(crate) again: bool,
}

impl Tries {
    /// Nothing tried yet. `order` holds each target's place once.
    pub(crate) fn new(order: Vec<usize>, policy: Policy) -> Self {
        let targets = vec![Tried { count: 0, ready: Some(Duration::ZERO) }; order.len()];
        Self { policy, order, targets }
    }

    /// The next turn at moment `now` (from the request's start); `None` when nothing is left to try. `rests` says for
    /// how long a target must be left alone from now on.
    pub(crate) fn next(&self, now: Duration, rests: &dyn Fn(usize) -> Duration) -> Option<Turn> {
        let turn = |(nth, &target): (usize, &usize)| {
            let Tried { count, ready } = self.targets[target];
            let (ready, rests) = (ready?, rests(target));
            let may = count <= self.policy.retries && rests <= self.policy.longest_wait;
            let ready = ready.max(now + rests.min(self.policy.longest_wait));
            may.then_some((count > 0 || !rests.is_zero(), ready, nth, target, count > 0))
        };
        let (_, ready, _, target, again) = self.order.iter().enumerate().filter_map(turn).min()?;
        Some(Turn { target, wait: ready.saturating_sub(now), again })
    }

    /// Who is asked beside `target`: the next that was not tried, or, where there is none, the same once more.
    pub(crate) fn other(&self, target: usize, rests: &dyn Fn(usize) -> Duration) -> usize {
        let free = |at: usize| at != target && self.targets[at].count == 0 && rests(at).is_zero();
        self.order.iter().copied().find(|&at| free(at)).unwrap_or(target)
    }

    /// A target is not tried again.
    pub(crate) fn give_up(&mut self, target: usize) {
        self.targets[target].ready = None;
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
        let mut tries = Tries::new((0..targets).collect(), Policy { retries, ..Policy::default() });
        let (mut now, mut turns) = (Duration::ZERO, Vec::new());
        for &advice in fails {
            let Some(turn) = tries.next(now, &|_| Duration::ZERO) else { break };
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

    #[test]
    fn targets_that_must_be_left_alone() {
        let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
        for (name, order, rests, expected) in [
            ("the order that was decided", vec![1, 0], [Duration::ZERO; 2], Some((1, 0))),
            ("one that rests waits for its turn", vec![0, 1], [second, Duration::ZERO], Some((1, 0))),
            ("a short rest is waited out", vec![0, 1], [second, minute], Some((0, 1))),
            ("a long one is not", vec![0, 1], [minute, Duration::MAX], None),
        ] {
            let tries = Tries::new(order, Policy::default());
            let turn = tries.next(Duration::from_secs(5), &|at| rests[at]);
            assert_eq!(turn.map(|turn| (turn.target, turn.wait.as_secs())), expected, "{name}");
        }
        let mut tries = Tries::new(vec![0, 1, 2], Policy::default());
        let free = |_| Duration::ZERO;
        assert_eq!(tries.other(0, &free), 1);
        assert_eq!(tries.other(0, &|at| if at == 1 { second } else { Duration::ZERO }), 2);
        tries.failed(1, LATER, Duration::ZERO, 0.5);
        tries.failed(2, LATER, Duration::ZERO, 0.5);
        assert_eq!(tries.other(0, &free), 0, "the same once more");
        tries.give_up(0);
        assert_ne!(tries.next(Duration::ZERO, &free).map(|turn| turn.target), Some(0));
    }
}
