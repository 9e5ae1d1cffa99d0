//! Several stores on one database: keys, documents, months, audit.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use surefoot_testkit::{
    PostgresServer,
    samples::{audit, document, key, record, trace, trace_id},
    suite::until,
};
use surefoot_types::{
    Timestamp,
    audit::verify,
    ids::TraceId,
    ports::{Archive, Change, Journal, Ledger, Library, Record},
};

use crate::{Place, drained};

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_one_is_known_to_all() {
    let place = Place::new(PostgresServer::shared());
    let (one, other) = (place.open().await, place.beside().open().await);
    let before = other.key_version().await.unwrap();
    one.key_add(&key(1, "app")).await.unwrap();
    assert_ne!(other.key_version().await.unwrap(), before);
    assert_eq!(other.key_list().await, Ok(vec![key(1, "app")]));
}

#[tokio::test(flavor = "multi_thread")]
async fn followers_miss_no_change_however_many_write_at_once() {
    let place = Place::new(PostgresServer::shared());
    let stores = [place.open().await, place.beside().open().await];
    let writers = (0..6_u64).map(|writer| {
        let store = stores[usize::try_from(writer % 2).unwrap()].clone();
        tokio::spawn(async move {
            for n in 0..30 {
                let words = "one two three four five".split(' ').take(1 + usize::try_from(n % 5).unwrap());
                let text = words.collect::<Vec<_>>().join(" ");
                let path = format!("{}.md", (writer + n) % 4);
                let (one, passages, vectors) = document(1_000 * writer + n, "docs", &path, &text);
                store.document_put(&one, &passages, &vectors).await.unwrap();
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let (mut held, mut after) = (BTreeSet::new(), 0);
    let follower = stores[1].clone();
    let mut ends = false;
    while !ends {
        ends = writers.iter().all(tokio::task::JoinHandle::is_finished);
        for (number, change) in follower.change_list("docs", after, 7).await.unwrap() {
            assert!(number > after);
            after = number;
            ends = false;
            match change {
                Change::Added { passages, .. } => held.extend(passages.iter().map(|one| one.key)),
                Change::Removed { keys } => held.retain(|key| !keys.contains(key)),
            }
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let mut there = BTreeSet::new();
    for stamp in follower.document_stamps("docs").await.unwrap() {
        there.extend(follower.passage_list(stamp.document_id).await.unwrap().iter().map(|one| one.key));
    }
    assert_eq!(held, there);
    assert_eq!(follower.document_stamps("docs").await.unwrap().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_chain_holds_however_many_add_to_it() {
    let place = Place::new(PostgresServer::shared());
    let stores = [place.open().await, place.beside().open().await];
    let adds = (0..40_u64).map(|n| {
        let store = &stores[usize::try_from(n % 2).unwrap()];
        async move { store.audit_add(&audit(n)).await.unwrap() }
    });
    join_all(adds).await;
    let all = stores[0].audit_list(0, 100).await.unwrap();
    assert_eq!(verify((0, String::new()), &all).unwrap().0, 40);
    for edit in ["UPDATE audit SET draft = '{}'", "DELETE FROM audit"] {
        assert!(sqlx::query(edit).execute(&mut place.connection().await).await.is_err(), "{edit}");
    }
}

/// Trace `n` of a month, in its id and in its time.
fn of_month(month: u8, n: u64) -> Record {
    let at: Timestamp = format!("2025-{month:02}-15T00:00:00Z").parse().unwrap();
    let mut one = trace(n);
    let millis = u128::try_from(at.as_millisecond()).unwrap();
    (one.at, one.id) = (at, TraceId::from_bits((millis << 80) | u128::from(n)));
    Record::of(one.into())
}

#[tokio::test(flavor = "multi_thread")]
async fn months_that_are_over_go_as_a_whole() {
    let place = Place::new(PostgresServer::shared());
    let store = place.open().await;
    for month in 1..=4 {
        for n in 0..30 {
            store.record_add(of_month(month, n)).await.unwrap();
        }
    }
    store.record_add(record(1, None)).await.unwrap();
    drained(&store).await;
    let months = async || place.number("SELECT count(*) FROM pg_inherits WHERE inhparent = 'trace'::regclass").await;
    let all = months().await;
    let before: Timestamp = "2025-03-15T00:00:01Z".parse().unwrap();
    assert_eq!(store.trace_prune(before, 10).await, Ok(30), "January");
    assert_eq!(store.trace_prune(before, 10).await, Ok(30), "February");
    assert_eq!(months().await, all - 2);
    assert_eq!(store.trace_prune(before, 20).await, Ok(20), "March is not over by then: row by row");
    assert_eq!(store.trace_prune(before, 20).await, Ok(10));
    assert_eq!(store.trace_prune(before, 20).await, Ok(0));
    assert_eq!(months().await, all - 2);
    assert_eq!(place.counted().await, (31, 121), "the books know of all");
    // A month that went is made again for what comes late.
    store.record_add(of_month(1, 99)).await.unwrap();
    drained(&store).await;
    assert_eq!(store.trace_get(of_month(1, 99).trace.id).await.map(|found| found.is_some()), Ok(true));
    assert_eq!(store.trace_get(trace_id(1)).await, Ok(Some(trace(1))));
    until("nothing waits", async || store.waiting() == 0).await;
}
