//! How fast a target is: a peak-sensitive moving average for routing, and a quantile for hedging. Pure.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

/// How fast an old figure loses its weight.
const FADES: f64 = 10.0;
/// How many of the last times the quantile is of, and how many it needs.
const REMEMBERED: usize = 128;
const ENOUGH: usize = 20;

/// The time that answers of one kind take.
#[derive(Debug, Default)]
pub(super) struct Speed {
    average: Option<(f64, Instant)>,
    last: VecDeque<f32>,
}

impl Speed {
    /// One more answer took so long.
    pub(super) fn took(&mut self, time: Duration, now: Instant) {
        self.weighed(time, now);
        if self.last.len() == REMEMBERED {
            self.last.pop_front();
        }
        self.last.push_back(time.as_secs_f32());
    }

    /// A call failed: it counts as slow, so that failing at once does not look fast.
    pub(super) fn failed(&mut self, as_slow_as: Duration, now: Instant) {
        self.weighed(as_slow_as, now);
    }

    /// The average, which leaps up at once and comes down slowly; it fades, so that a target that was slow once is
    /// tried again. `None` before the first answer.
    pub(super) fn average(&self, now: Instant) -> Option<Duration> {
        self.average.map(|(seconds, at)| Duration::from_secs_f64(seconds * weight(at, now)))
    }

    /// The time within which `share` of the last answers came; `None` while there are too few to say.
    pub(super) fn quantile(&self, share: f64) -> Option<Duration> {
        if self.last.len() < ENOUGH {
            return None;
        }
        let mut sorted: Vec<f32> = self.last.iter().copied().collect();
        sorted.sort_by(f32::total_cmp);
        let rank = (share * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.clamp(1, sorted.len()) - 1).map(|seconds| Duration::from_secs_f32(*seconds))
    }

    fn weighed(&mut self, time: Duration, now: Instant) {
        let time = time.as_secs_f64();
        let average = match self.average {
            Some((average, at)) if time < average => {
                let old = weight(at, now);
                average * old + time * (1.0 - old)
            }
            _ => time,
        };
        self.average = Some((average, now));
    }
}

fn weight(at: Instant, now: Instant) -> f64 {
    (-now.saturating_duration_since(at).as_secs_f64() / FADES).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn it_leaps_up_and_comes_down_slowly() {
        let (mut speed, start) = (Speed::default(), Instant::now());
        assert_eq!(speed.average(start), None);
        speed.took(ms(100), start);
        assert_eq!(speed.average(start), Some(ms(100)));
        speed.took(ms(900), start + ms(10));
        assert_eq!(speed.average(start + ms(10)), Some(ms(900)), "one slow answer is seen at once");
        speed.took(ms(100), start + ms(1_010));
        let after = speed.average(start + ms(1_010)).unwrap();
        assert!(after > ms(750) && after < ms(900), "{after:?}");
        let later = speed.average(start + Duration::from_secs(40)).unwrap();
        assert!(later < ms(50), "it is tried again: {later:?}");
    }

    #[test]
    fn quantiles_need_enough_to_go_by() {
        let (mut speed, now) = (Speed::default(), Instant::now());
        for millis in 1..20 {
            speed.took(ms(millis), now);
        }
        assert_eq!(speed.quantile(0.95), None);
        for millis in 20..=100 {
            speed.took(ms(millis), now);
        }
        let told = speed.quantile(0.95).unwrap();
        assert!(told > ms(94) && told < ms(96), "{told:?}");
        for _ in 0..200 {
            speed.took(ms(7), now);
        }
        assert!(speed.quantile(1.0).unwrap() < ms(8), "old times are forgotten");
    }
}
