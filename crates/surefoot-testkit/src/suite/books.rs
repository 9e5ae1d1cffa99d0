//! The books, against sums over the traces themselves.

use std::{cmp::Reverse, collections::BTreeMap, sync::Arc};

use surefoot_types::{
    Money, Timestamp, Usage,
    ports::{Record, Store},
    spend::{By, SpendQuery, SpendRow, Step, Sums, entries, hour},
    trace::{Outcome, Trace},
};

use crate::samples::{moment, trace};

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// What books do.
///
/// # Panics
/// Where the backend does not.
pub async fn books(store: &dyn Store) {
    assert_eq!(store.spend_list(&query(By::All, None, 0, None, Step::Whole)).await, Ok(vec![]));
    let traces: Vec<Trace> = (0..150).map(spread).collect();
    for (n, trace) in traces.iter().enumerate() {
        let record = Record { kept: n % 5 > 0, ..Record::of(Arc::new(trace.clone())) };
        store.record_add(record.clone()).await.expect("a record is kept");
        if n % 7 == 0 {
            store.record_add(record).await.expect("the same again");
        }
    }
    reported(store, &traces).await;
    pruned(store, &traces).await;
}

/// Traces over six days, with all that books count by, in any order of time.
fn spread(n: u64) -> Trace {
    let mut one = trace(n * 7_919 % 150 * (6 * DAY / 150));
    one.key = Some(format!("key-{}", n % 3));
    one.tenant = (!n.is_multiple_of(4)).then(|| format!("tenant '{}'", n % 2));
    one.user = (!n.is_multiple_of(3)).then(|| format!("user-{}", n % 11));
    one.tags = [("team".to_owned(), format!("t{}", n % 4))].into();
    if n.is_multiple_of(6) {
        one.outcome = Outcome::Failed;
        one.cost = None;
    }
    one.usage = Usage {
        input: n,
        cache_read: n + 1,
        cache_write: n + 2,
        cache_write_hour: n + 3,
        audio_input: n + 4,
        output: n + 5,
        audio_output: n + 6,
        reasoning: n + 7,
        images: n + 8,
        searches: n + 9,
        reported: n.is_multiple_of(8).then(|| Money::nanos(n.cast_signed())),
        estimated: n.is_multiple_of(10),
        tier: None,
    };
    one.cost = one.cost.map(|_| Money::nanos(1_000 + n.cast_signed() % 5));
    one.took_us = 1_000 * n;
    let mut second = one.attempts[0].clone();
    second.target = "sim/other".into();
    second.usage = Some(one.usage);
    one.attempts.push(second);
    one
}

fn query(by: By, name: Option<&str>, since: u64, until: Option<u64>, step: Step) -> SpendQuery {
    SpendQuery { by, name: name.map(str::to_owned), since: moment(since), until: until.map(moment), step }
}

async fn reported(store: &dyn Store, traces: &[Trace]) {
    let kinds = [By::All, By::Key, By::Tenant, By::User, By::Function, By::Target, By::Tag("team".into())];
    for by in kinds {
        for (since, until) in [
            (0, None),
            (DAY + 1_234, None),
            (DAY + 1_234, Some(4 * DAY + 5 * HOUR)),
            (2 * HOUR, Some(5 * HOUR)),
            (12 * HOUR, Some(36 * HOUR)),
            (3 * DAY, Some(3 * DAY)),
            (9 * DAY, None),
        ] {
            for step in [Step::Whole, Step::Hour, Step::Day] {
                same(store, traces, &query(by.clone(), None, since, until, step)).await;
            }
        }
    }
    same(store, traces, &query(By::Tenant, Some("tenant '1'"), 0, None, Step::Day)).await;
    same(store, traces, &query(By::User, Some("user-4"), HOUR, Some(3 * DAY), Step::Whole)).await;
    same(store, traces, &query(By::User, Some("nobody"), 0, None, Step::Whole)).await;
    same(store, traces, &query(By::Tag("other".into()), None, 0, None, Step::Whole)).await;
}

async fn same(store: &dyn Store, traces: &[Trace], query: &SpendQuery) {
    let told = store.spend_list(query).await.expect("a report");
    assert_eq!(told, expected(traces, query), "{query:?}");
}

fn expected(traces: &[Trace], query: &SpendQuery) -> Vec<SpendRow> {
    let within = |at: Timestamp| at >= hour(query.since) && query.until.is_none_or(|until| at < hour(until));
    let mut sums: BTreeMap<(Timestamp, String), Sums> = BTreeMap::new();
    for trace in traces.iter().filter(|trace| within(hour(trace.at))) {
        for entry in entries(trace).into_iter().filter(|entry| entry.by == query.by) {
            if query.name.as_ref().is_none_or(|name| *name == entry.name) {
                let row = sums.entry((query.step.floor(trace.at), entry.name)).or_default();
                *row = row.plus(entry.sums);
            }
        }
    }
    let mut rows: Vec<_> = sums.into_iter().map(|((at, name), sums)| SpendRow { at, name, sums }).collect();
    rows.sort_by_key(|row| (row.at, Reverse(row.sums.cost), row.name.clone()));
    rows
}

async fn pruned(store: &dyn Store, traces: &[Trace]) {
    // In the middle of an hour in the middle of a day.
    let before = moment(2 * DAY + 7 * HOUR + 99);
    let hours = expected(traces, &query(By::All, None, 0, None, Step::Hour));
    let gone = hours.iter().filter(|row| row.at < hour(before)).count() as u64;
    assert!(store.spend_prune(before).await.expect("sums go") > gone);
    assert_eq!(store.spend_prune(before).await, Ok(0));
    let left: Vec<Trace> = traces.iter().filter(|trace| hour(trace.at) >= hour(before)).cloned().collect();
    for by in [By::All, By::User] {
        for step in [Step::Whole, Step::Hour, Step::Day] {
            same(store, &left, &query(by.clone(), None, 0, None, step)).await;
        }
    }
}
