//! Whether the last hour's spending is far above its usual. Pure.
//!
//! The usual is the median of the hours before, and what is far above it is told by their median absolute deviation:
//! neither is moved by a few wild hours, which a mean and a standard deviation are. An hour stands out when its
//! modified z-score, 0.6745 (x - median) / MAD, exceeds 3.5 (Iglewicz and Hoaglin, How to Detect and Handle
//! Outliers, 1993). Spending is lumpy, and its MAD often small or nothing: so an hour must be three times the
//! usual besides, and more than any hour seen.

use std::collections::{BTreeMap, VecDeque};

use jiff::ToSpan;
use surefoot_types::{
    Fault, Money, Timestamp,
    ports::Books,
    spend::{self, By, SpendQuery, Step},
};

/// Hours that the usual is made of: a week, so that nights and weekends are in it.
const HOURS: usize = 7 * 24;
/// With fewer hours before nothing is usual yet.
const LEAST_HOURS: usize = 24;
/// The modified z-score beyond which a value stands out.
const STANDS_OUT: f64 = 3.5;
/// The part of a normal distribution's MAD in its standard deviation.
const NORMAL: f64 = 0.6745;
/// This many times its usual an hour must cost.
const TIMES: i64 = 3;
/// Less than this in an hour is not worth a warning: a cent.
const LEAST: Money = Money::nanos(10_000_000);

/// What was spent by hour, lately.
#[derive(Debug, Default)]
pub(crate) struct SpendRate {
    /// Finished hours, oldest first, those without spending included.
    before: VecDeque<Money>,
    /// The hour that runs.
    hour: Option<Timestamp>,
    spent: Money,
    raised: bool,
    /// What an hour must cost to stand out, and what it usually costs.
    bounds: Option<(Money, Money)>,
}

/// What the books say of the hours that the usual is made of.
pub(crate) async fn spent_before(books: &dyn Books, now: Timestamp) -> Result<SpendRate, Fault> {
    let since = now.checked_sub((HOURS as i64).hours()).unwrap_or(Timestamp::UNIX_EPOCH);
    let query = SpendQuery { by: By::All, name: None, since, until: None, step: Step::Hour };
    let rows = books.spend_list(&query).await?;
    Ok(SpendRate::seeded(&rows.into_iter().map(|row| (row.at, row.sums.cost)).collect(), now))
}

/// The hours of the last week that stood out among those before them, by the books. Oldest first.
///
/// # Errors
/// When the books cannot be read.
pub async fn unusual_hours(books: &dyn Books, now: Timestamp) -> Result<Vec<(Timestamp, Anomaly)>, Fault> {
    let since = now.checked_sub((2 * HOURS as i64).hours()).unwrap_or(Timestamp::UNIX_EPOCH);
    let query = SpendQuery { by: By::All, name: None, since, until: None, step: Step::Hour };
    let rows = books.spend_list(&query).await?;
    Ok(SpendRate::stood_out(rows.into_iter().map(|row| (row.at, row.sums.cost)), now))
}

/// An hour that stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anomaly {
    /// What it cost.
    pub spent: Money,
    /// What an hour usually costs.
    pub usual: Money,
}

impl SpendRate {
    /// Begins with what the books say of the hours before `now`.
    pub(crate) fn seeded(hours: &BTreeMap<Timestamp, Money>, now: Timestamp) -> Self {
        let mut rate = Self::default();
        for (&at, &spent) in hours.range(..=now) {
            rate.turn(at);
            rate.spent += spent;
        }
        rate.turn(now);
        // What an earlier process spent in this hour it will have warned of.
        rate.raised = rate.anomaly().is_some();
        rate
    }

    /// Those of these hours, in order, that stood out among the hours before them and lie within the last week.
    fn stood_out(hours: impl Iterator<Item = (Timestamp, Money)>, now: Timestamp) -> Vec<(Timestamp, Anomaly)> {
        let mut rate = Self::default();
        let mut found = Vec::new();
        for (at, spent) in hours {
            rate.turn(at);
            rate.spent += spent;
            found.extend(rate.anomaly().map(|anomaly| (at, anomaly)));
        }
        let week = now.checked_sub((HOURS as i64).hours()).unwrap_or(Timestamp::UNIX_EPOCH);
        found.retain(|(at, _)| *at >= week);
        found
    }

    /// Takes in a settled cost. The anomaly that it makes of this hour, once.
    pub(crate) fn add(&mut self, cost: Money, now: Timestamp) -> Option<Anomaly> {
        self.turn(now);
        self.spent += cost;
        if self.raised {
            return None;
        }
        let found = self.anomaly();
        self.raised = found.is_some();
        found
    }

    fn turn(&mut self, now: Timestamp) {
        let now = spend::hour(now);
        let Some(hour) = self.hour else {
            self.hour = Some(now);
            return;
        };
        // A clock that went back stays in the hour that it was in.
        let passed = now.duration_since(hour).as_hours();
        for n in 0..passed.clamp(0, HOURS as i64) {
            self.before.push_back(if n == 0 { self.spent } else { Money::ZERO });
        }
        self.before.drain(..self.before.len().saturating_sub(HOURS));
        if passed > 0 {
            (self.hour, self.spent, self.raised) = (Some(now), Money::ZERO, false);
            self.bounds = self.reckon();
        }
    }

    fn anomaly(&self) -> Option<Anomaly> {
        let (most, usual) = self.bounds?;
        (self.spent > most).then_some(Anomaly { spent: self.spent, usual })
    }

    /// Once an hour, so that a request pays for a comparison alone.
    fn reckon(&self) -> Option<(Money, Money)> {
        if self.before.len() < LEAST_HOURS {
            return None;
        }
        let usual = median(self.before.iter().map(|money| money.as_nanos()));
        let spread = median(self.before.iter().map(|money| (money.as_nanos() - usual).abs()));
        let far = usual.saturating_add((STANDS_OUT / NORMAL * spread as f64) as i64);
        let dearest = self.before.iter().max().copied().unwrap_or_default();
        let most = Money::nanos(far.max(usual.saturating_mul(TIMES))).max(dearest).max(LEAST);
        Some((most, Money::nanos(usual)))
    }
}

fn median(values: impl Iterator<Item = i64>) -> i64 {
    let mut values: Vec<i64> = values.collect();
    let middle = values.len() / 2;
    *values.select_nth_unstable(middle).1
}

#[cfg(test)]
mod tests {
    use super::*;

    const CENT: i64 = 10_000_000;

    /// Spends so many cents in each hour, one after the other, and tells in which hours a warning was raised.
    fn raised(cents: impl IntoIterator<Item = i64>) -> Vec<usize> {
        let start: Timestamp = "2026-11-02T00:00:00Z".parse().unwrap();
        let mut rate = SpendRate::default();
        let mut hours = Vec::new();
        for (hour, cents) in cents.into_iter().enumerate() {
            for tenth in 0..10u64 {
                let now = start + std::time::Duration::from_secs(hour as u64 * 3_600 + tenth * 300);
                hours.extend(rate.add(Money::nanos(cents * CENT / 10), now).map(|_| hour));
            }
        }
        hours
    }

    #[test]
    fn only_what_is_far_above_the_usual() {
        let steady = |hours| std::iter::repeat_n(100, hours);
        let days = |days: usize| (0..days * 24).map(|hour| if hour % 24 < 9 { 0 } else { 50 + (hour % 7) as i64 * 20 });
        let none: [usize; 0] = [];
        assert_eq!(raised(steady(100)), none);
        assert_eq!(raised(steady(23).chain([10_000])), none, "nothing is usual yet");
        assert_eq!(raised(steady(30).chain([1_000])), [30], "once in the hour");
        assert_eq!(raised(steady(30).chain([250])), none, "not three times as much");
        assert_eq!(raised(days(7)), none, "days and nights are usual");
        assert_eq!(raised(days(7).chain([900])), [168]);
        assert_eq!(raised(steady(30).chain([1_000]).chain(steady(9)).chain([900])), [30], "as much as before");
        assert_eq!(raised(std::iter::repeat_n(0, 30).chain([0])), none);
        assert_eq!(raised(std::iter::repeat_n(0, 30).chain([5])), [30], "out of nothing");
    }

    #[test]
    fn hours_of_the_last_week_that_stood_out() {
        let at = |hour: i64| Timestamp::from_second(hour * 3_600).unwrap();
        let cost = |hour: i64| Money::nanos(CENT * if [40, 200, 320].contains(&hour) { 1_000 + hour } else { 100 });
        let found = SpendRate::stood_out((0..330).map(|hour| (at(hour), cost(hour))), at(330));
        let usual = Money::nanos(CENT * 100);
        assert_eq!(found, [200, 320].map(|hour| (at(hour), Anomaly { spent: cost(hour), usual })));
    }

    #[test]
    fn it_goes_on_from_the_books() {
        let at = |hour: i64| Timestamp::from_second(hour * 3_600).unwrap();
        let books: BTreeMap<Timestamp, Money> = (0..30).map(|hour| (at(hour), Money::nanos(100 * CENT))).collect();
        let mut rate = SpendRate::seeded(&books, at(30));
        assert_eq!(rate.add(Money::nanos(200 * CENT), at(30)), None);
        let expected = Anomaly { spent: Money::nanos(1_200 * CENT), usual: Money::nanos(100 * CENT) };
        assert_eq!(rate.add(Money::nanos(1_000 * CENT), at(30)), Some(expected));
        assert_eq!(rate.add(Money::nanos(1_000 * CENT), at(30)), None);
        // Hours without spending count as such.
        let sparse = BTreeMap::from([(at(0), Money::nanos(CENT)), (at(40), Money::nanos(CENT))]);
        assert_eq!(SpendRate::seeded(&sparse, at(41)).before.len(), 41);
    }
}
