//! The spool: found again by whoever comes next, torn, unreadable, full.

use std::{fs, path::Path};

use surefoot_store::{PostgresOptions, PostgresStore};
use surefoot_testkit::{
    PostgresServer,
    samples::{trace, trace_id},
    suite::until,
};
use surefoot_types::ports::{Journal, Record, Store, StoreError};

use crate::{Place, add, drained};

const SPOOL: &str = "0.spool.db";

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

fn log_length(seats: &Path) -> u64 {
    fs::metadata(seats.join(format!("{SPOOL}-wal"))).unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_end_loses_nothing_from_before_the_tear() {
    let mut server = PostgresServer::start();
    let place = Place::new(&server);
    let store = place.open().await;
    server.stop();
    let mut ends = vec![log_length(place.seats())];
    for n in 1..=40 {
        add(&store, n..n + 1).await;
        ends.push(log_length(place.seats()));
    }
    let whole = ends[40];
    assert!(whole > ends[0], "the log grows");
    let torn: Vec<(Place, u64)> = [whole - 100, ends[30] + 1, ends[0] + 5_000]
        .into_iter()
        .map(|length| {
            let other = place.beside();
            copy(place.seats(), other.seats());
            let log = other.seats().join(format!("{SPOOL}-wal"));
            let mut bytes = fs::read(&log).unwrap();
            // A tear is what a cut leaves: the right length, and not what was written.
            bytes[usize::try_from(length).unwrap()..].fill(0x5a);
            fs::write(log, bytes).unwrap();
            (other, length)
        })
        .collect();
    drop(store);
    server.resume();
    for (other, length) in torn {
        let whole_before = ends.iter().skip(1).filter(|end| **end <= length).count() as u64;
        // Each on a database of its own: all are the same spool.
        let url = server.database();
        let other = Place { url, ..other };
        let store = other.open().await;
        drained(&store).await;
        for n in 1..=whole_before {
            assert_eq!(store.trace_get(trace_id(n)).await, Ok(Some(trace(n))), "{n} of {whole_before}");
        }
        add(&store, 100..110).await;
        drained(&store).await;
        let (traces, requests) = other.counted().await;
        assert!(traces == requests && traces >= 10 + i64::try_from(whole_before).unwrap(), "{traces} {requests}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_after_a_tear_is_not_taken_for_what_was_torn_off() {
    let mut server = PostgresServer::start();
    let place = Place::new(&server);
    let store = place.open().await;
    server.stop();
    add(&store, 1..11).await;
    let older = place.beside();
    copy(place.seats(), older.seats());
    add(&store, 11..21).await;
    server.resume();
    drained(&store).await;
    store.close().await;
    drop(store);
    // The spool as it was ten records ago, with Postgres knowing of twenty.
    let store = older.open().await;
    add(&store, 21..26).await;
    drained(&store).await;
    assert_eq!(place.counted().await, (25, 25));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_spool_is_set_aside() {
    let place = Place::new(PostgresServer::shared());
    let file = place.seats().join(SPOOL);
    for n in 1..=2 {
        fs::write(&file, "this is no database, and was never one. ".repeat(500)).unwrap();
        let store = place.open().await;
        add(&store, n..n + 1).await;
        drained(&store).await;
        store.close().await;
        let aside = place.seats().join(format!("{SPOOL}.unreadable-{n}"));
        assert!(fs::read_to_string(aside).unwrap().starts_with("this is no database"));
    }
    assert_eq!(place.counted().await, (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_spool_says_so_and_goes_on_when_it_is_emptied() {
    let mut server = PostgresServer::start();
    let place = Place::new(&server);
    let mut options = place.options();
    options.common.pages = Some(100);
    let store = PostgresStore::open(&place.url, &options).await.unwrap();
    server.stop();
    let mut taken = 0;
    let refusal = loop {
        match store.record_add(Record::of(trace(taken + 1).into())).await {
            Ok(()) => taken += 1,
            Err(error) => break error,
        }
        assert!(taken < 10_000, "400 KB do not hold so many");
    };
    assert!(
        matches!(&refusal, StoreError::Unavailable(why) if why.contains("spool") && why.contains("full")),
        "{refusal}"
    );
    assert_eq!(store.trace_get(trace_id(taken)).await, Ok(Some(trace(taken))));
    server.resume();
    drained(&store).await;
    add(&store, taken + 1..taken + 11).await;
    drained(&store).await;
    let all = i64::try_from(taken + 10).unwrap();
    assert_eq!(place.counted().await, (all, all));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_left_is_moved_by_whoever_comes() {
    let mut server = PostgresServer::start();
    let place = Place::new(&server);
    let quick = PostgresOptions { close_within: std::time::Duration::ZERO, ..place.options() };
    let first = PostgresStore::open(&place.url, &quick).await.unwrap();
    let second = PostgresStore::open(&place.url, &quick).await.unwrap();
    assert_ne!(first.holder(), second.holder());
    server.stop();
    add(&first, 1..11).await;
    add(&second, 11..31).await;
    for store in [first, second] {
        store.close().await;
        assert!(store.waiting() > 0);
    }
    server.resume();
    let store = place.open().await;
    until("both spools are moved", async || place.counted().await == (30, 30)).await;
    until("the free seat's spool is gone", async || !place.seats().join("1.spool.db").exists()).await;
    store.close().await;
}
