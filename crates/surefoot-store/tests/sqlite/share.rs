//! One file, opened again and by several.

use std::{sync::Arc, time::Duration};

use surefoot_store::{Level, Options, SqliteStore};
use surefoot_testkit::{
    HandClock,
    samples::{account, audit, charged, key, moment, record, trace, trace_id},
};
use surefoot_types::{
    Clock, Money,
    audit::verify,
    budget::{Charge, LeaseAsk, LeaseChange, Lives},
    ports::{Archive, Books, Journal, Ledger, Store, StoreError, TraceFilter},
    spend::{By, SpendQuery, Step},
};

use super::Place;

const LONG: Duration = Duration::from_secs(600);

async fn spent(store: &SqliteStore) -> Money {
    let query = SpendQuery { by: By::All, name: None, since: moment(0), until: None, step: Step::Whole };
    store.spend_list(&query).await.unwrap().iter().map(|row| row.sums.cost).sum()
}

/// At every level, what was taken before `close` is there afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_are_all_kept_and_still_there_after_reopening() {
    for (name, level) in Level::NAMES {
        let place = Place::new();
        let store = place.try_open(Options { level, ..place.options() }).await.unwrap();
        let tasks: Vec<_> = (1..=500)
            .map(|n| {
                let store = store.clone();
                tokio::spawn(async move { store.record_add(record(n, Some("ann"))).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        store.close().await;
        assert!(matches!(store.record_add(record(1, None)).await, Err(StoreError::Unavailable(_))));
        let again = place.open().await;
        assert_eq!(again.trace_list(&TraceFilter::default(), 1_000).await.unwrap().len(), 500, "{name}");
        assert_eq!(spent(&again).await, Money::nanos(500_000));
        assert_eq!(again.trace_get(trace_id(77)).await, Ok(Some(Arc::unwrap_or_clone(record(77, Some("ann")).trace))));
    }
}

/// The same records from both sides: each is kept and counted once, whoever came first.
#[tokio::test(flavor = "multi_thread")]
async fn two_owners_of_one_file_write_at_once() {
    let place = Place::new();
    let (one, other) = (place.open().await, place.open().await);
    let write = |store: SqliteStore| {
        let tasks = (1..=200).map(move |n| {
            let store = store.clone();
            tokio::spawn(async move { store.record_add(record(n, None)).await.unwrap() })
        });
        tasks.collect::<Vec<_>>()
    };
    for task in write(one.clone()).into_iter().chain(write(other.clone())) {
        task.await.unwrap();
    }
    assert_eq!(one.trace_list(&TraceFilter::default(), 1_000).await.unwrap().len(), 200);
    assert_eq!(spent(&other).await, Money::nanos(200_000));

    let drafts: Vec<_> = (1..=20).map(audit).collect();
    let audit = drafts.iter().enumerate().map(|(n, draft)| [&one, &other][n % 2].audit_add(draft));
    futures_util::future::try_join_all(audit).await.unwrap();
    let events = one.audit_list(0, 100).await.unwrap();
    assert_eq!(verify((0, String::new()), &events).unwrap().0, 20, "one chain");

    let version = one.key_version().await;
    other.key_add(&key(1, "app")).await.unwrap();
    assert_ne!(one.key_version().await, version, "a change is seen on the other side");
    one.user_erase("ann", moment(900)).await.unwrap();
    other.record_add(record(901, Some("ann"))).await.unwrap();
    other.record_add(record(899, Some("ann"))).await.unwrap();
    assert_eq!(one.trace_get(trace_id(899)).await, Ok(None), "an erasure too");
    assert!(one.trace_get(trace_id(901)).await.unwrap().is_some());
}

#[tokio::test]
async fn whoever_takes_a_dead_process_s_seat_gives_back_what_it_had_leased() {
    let place = Place::new();
    let (first, second) = (place.open().await, place.open().await);
    assert_ne!(first.holder(), second.holder());
    let ask =
        |more| [LeaseAsk { account: account("daily", "t", 1), limit: 100, change: LeaseChange::By(more), needed: 0 }];
    first.lease_change(first.holder(), &ask(60), Lives::all(LONG)).await.unwrap();
    second.lease_change(second.holder(), &ask(30), Lives::all(LONG)).await.unwrap();
    let seat = first.holder().to_owned();
    // A process that dies gives nothing back, and its seat is free.
    first.close().await;
    drop(first);
    let heir = place.open().await;
    assert_eq!(heir.holder(), seat);
    let lease = heir.lease_change(heir.holder(), &ask(100), Lives::all(LONG)).await.unwrap();
    assert_eq!((lease[0].amount, lease[0].others), (70, 30));
}

#[tokio::test]
async fn a_clock_that_goes_back_neither_ends_a_lease_early_nor_keeps_it_for_ever() {
    let place = Place::new();
    let clock = Arc::new(HandClock::default());
    let store = place.try_open(Options { clock: Arc::<HandClock>::clone(&clock), ..place.options() }).await.unwrap();
    let minute = Duration::from_secs(60);
    let begun = clock.now();
    let ask =
        |more| [LeaseAsk { account: account("daily", "t", 1), limit: 100, change: LeaseChange::By(more), needed: 0 }];
    store.lease_change("dead", &ask(60), Lives::all(minute)).await.unwrap();
    clock.set(begun - Duration::from_secs(3_600));
    let early = store.lease_change("heir", &ask(100), Lives::all(minute)).await.unwrap();
    assert_eq!((early[0].amount, early[0].others), (40, 60), "what may still be spent is not given away");
    clock.advance(minute - Duration::from_millis(1));
    assert_eq!(store.lease_change("heir", &ask(0), Lives::all(minute)).await.unwrap()[0].others, 60);
    clock.advance(Duration::from_millis(1));
    let late = store.lease_change("heir", &ask(100), Lives::all(minute)).await.unwrap();
    assert_eq!((late[0].amount, late[0].others), (60, 0), "it ends as long after the step as it was to live");
}

#[tokio::test]
async fn what_is_not_kept_is_counted_once_across_restarts() {
    let place = Place::new();
    let charge = Charge { account: account("daily", "t", 1), amount: 7, holder: "h".into() };
    for _ in 0..2 {
        let store = place.open().await;
        store.record_add(charged(5, vec![charge.clone()])).await.unwrap();
        assert_eq!(store.account_list("budget:daily").await.unwrap()[0].spent, 7);
        assert_eq!(spent(&store).await, Money::nanos(1_000));
        store.close().await;
    }
}

#[tokio::test]
async fn a_group_with_one_that_is_there_already_keeps_the_others() {
    let place = Place::new();
    let store = place.open().await;
    store.record_add(record(3, None)).await.unwrap();
    let all = (1..=20).map(|n| store.record_add(record(n, None)));
    assert!(futures_util::future::join_all(all).await.iter().all(Result::is_ok));
    assert_eq!(spent(&store).await, Money::nanos(20_000));
    assert_eq!(store.trace_get(trace_id(20)).await, Ok(Some(trace(20))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_several_make_at_once_is_made_once() {
    for _ in 0..10 {
        let place = Place::new();
        let (one, two, three) = tokio::join!(place.open(), place.open(), place.open());
        for store in [one, two, three] {
            assert_eq!(store.check().await, Ok(()));
            store.close().await;
        }
    }
}
