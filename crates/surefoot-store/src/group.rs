//! What a group of records adds to books and accounts, each row and account once.

use std::collections::BTreeMap;

use surefoot_types::{
    Money, Usage,
    budget::{AccountId, Charge},
    spend::{SpendQuery, Step, Sums, entries, hour},
    trace::Trace,
};

/// The spans of the books' sums, in seconds.
pub(crate) const HOUR: i64 = 3_600;
pub(crate) const DAY: i64 = 86_400;

/// Which sums a report adds up, in seconds since 1970: hours from `from` to `first`, days to `last`, hours to `to`.
#[derive(Debug)]
pub(crate) struct Spans {
    /// How long a step of the report is.
    pub(crate) step: i64,
    pub(crate) from: i64,
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) to: i64,
}

impl Spans {
    pub(crate) fn of(query: &SpendQuery) -> Self {
        let from = hour(query.since).as_second();
        let to = query.until.map_or(i64::MAX, |until| hour(until).as_second());
        // Up to the first whole day and from the last one's end on, hours; all of them where there is none.
        let first = (from + DAY - 1).div_euclid(DAY) * DAY;
        let last = to.div_euclid(DAY) * DAY;
        let (step, first, last) = match query.step {
            Step::Hour => (HOUR, to, to),
            Step::Day if first < last => (DAY, first, last),
            Step::Whole if first < last => (i64::MAX, first, last),
            Step::Day => (DAY, to, to),
            Step::Whole => (i64::MAX, to, to),
        };
        Self { step, from, first, last, to }
    }
}

/// The sums of a group of records, in the order in which every writer touches its rows: two writers that wait
/// for each other's would else wait for ever.
#[derive(Debug, Default)]
pub(crate) struct Group {
    /// By kind (see [`By::name`](surefoot_types::spend::By::name)), hour in seconds since 1970, and name.
    pub(crate) spend: BTreeMap<(String, i64, String), Sums>,
    /// By account.
    pub(crate) spent: BTreeMap<AccountId, i64>,
    /// By account and holder.
    pub(crate) taken: BTreeMap<(AccountId, String), i64>,
}

impl Group {
    /// Adds what a record takes.
    pub(crate) fn add(&mut self, trace: &Trace, charges: &[Charge]) {
        let hour = hour(trace.at).as_second();
        for entry in entries(trace) {
            let sums = self.spend.entry((entry.by.name(), hour, entry.name)).or_default();
            *sums = sums.plus(entry.sums);
        }
        for Charge { account, amount, holder } in charges {
            *self.spent.entry(account.clone()).or_default() += amount;
            *self.taken.entry((account.clone(), holder.clone())).or_default() += amount;
        }
    }
}

/// The columns of sums, in the order of [`numbers`]. All but the last two are added up; of `reported`, what is
/// absent adds nothing and stays absent only if all are; `estimated` is 1 if any is.
pub(crate) const COLUMNS: [&str; 17] = [
    "requests",
    "failed",
    "unpriced",
    "cost",
    "took_us",
    "input",
    "cache_read",
    "cache_write",
    "cache_write_hour",
    "audio_input",
    "output",
    "audio_output",
    "reasoning",
    "images",
    "searches",
    "reported",
    "estimated",
];

/// Sums as their columns hold them.
pub(crate) fn numbers(sums: &Sums) -> [Option<i64>; COLUMNS.len()] {
    let count = |count: u64| Some(i64::try_from(count).unwrap_or(i64::MAX));
    let Sums { requests, failed, unpriced, usage, cost, took_us } = *sums;
    [
        count(requests),
        count(failed),
        count(unpriced),
        Some(cost.as_nanos()),
        count(took_us),
        count(usage.input),
        count(usage.cache_read),
        count(usage.cache_write),
        count(usage.cache_write_hour),
        count(usage.audio_input),
        count(usage.output),
        count(usage.audio_output),
        count(usage.reasoning),
        count(usage.images),
        count(usage.searches),
        usage.reported.map(Money::as_nanos),
        Some(i64::from(usage.estimated)),
    ]
}

/// Sums from their columns.
pub(crate) fn sums(numbers: &[Option<i64>; COLUMNS.len()]) -> Sums {
    let count = |column: usize| numbers[column].unwrap_or(0).unsigned_abs();
    Sums {
        requests: count(0),
        failed: count(1),
        unpriced: count(2),
        cost: Money::nanos(numbers[3].unwrap_or(0)),
        took_us: count(4),
        usage: Usage {
            input: count(5),
            cache_read: count(6),
            cache_write: count(7),
            cache_write_hour: count(8),
            audio_input: count(9),
            output: count(10),
            audio_output: count(11),
            reasoning: count(12),
            images: count(13),
            searches: count(14),
            reported: numbers[15].map(Money::nanos),
            estimated: count(16) > 0,
            tier: None,
        },
    }
}
