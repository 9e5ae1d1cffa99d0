//! A token bucket that fills with the requests themselves: what may be sent in addition to them.

use std::time::Duration;

use tokio::time::Instant;

/// What may be sent beside requests: a share of them, and a little in any case.
#[derive(Debug)]
pub(super) struct Bucket {
    /// In thousandths.
    tokens: u64,
    /// So many thousandths are there at first, and come back by themselves in [`REFILL`].
    floor: u64,
    since: Instant,
}

const ONE: u64 = 1_000;
/// How long an empty bucket takes to hold its floor again, without any request.
const REFILL: Duration = Duration::from_secs(10);
/// It holds no more than this: quiet hours do not save up for a storm.
const MOST: u64 = 100 * ONE;

impl Bucket {
    pub(super) fn new(floor: u64, now: Instant) -> Self {
        Self { tokens: floor * ONE, floor: floor * ONE, since: now }
    }

    /// A request came: `share` of one more may be sent in addition.
    pub(super) fn earn(&mut self, share: f64) {
        self.tokens = (self.tokens + (share * ONE as f64).round() as u64).min(MOST);
    }

    /// Takes one, if there is one.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        self.refill(now);
        let left = self.tokens.checked_sub(ONE);
        self.tokens = left.unwrap_or(self.tokens);
        left.is_some()
    }

    /// How many there are.
    pub(super) fn left(&mut self, now: Instant) -> u64 {
        self.refill(now);
        self.tokens / ONE
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.since);
        let back = (self.floor as f64 * passed.as_secs_f64() / REFILL.as_secs_f64()) as u64;
        if self.tokens >= self.floor {
            self.since = now;
        } else if back > 0 {
            self.tokens = (self.tokens + back).min(self.floor);
            self.since = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_requests_and_a_floor() {
        let start = Instant::now();
        let mut bucket = Bucket::new(3, start);
        let taken = |bucket: &mut Bucket, now| (0..1_000).filter(|_| bucket.take(now)).count();
        assert_eq!(taken(&mut bucket, start), 3);
        (0..50).for_each(|_| bucket.earn(0.2));
        assert_eq!(taken(&mut bucket, start), 10, "a fifth of fifty");
        let later = start + REFILL / 2;
        assert_eq!(taken(&mut bucket, later), 1, "half of the floor came back");
        (0..100_000).for_each(|_| bucket.earn(0.2));
        assert_eq!(taken(&mut bucket, later), 100, "no more is saved up");
        assert_eq!(taken(&mut bucket, later + REFILL * 100), 3);
    }
}
