//! Postgres stops, starts again, loses connections, waits for locks: nothing is lost, blocked, or there twice.

use std::time::Duration;

use sqlx::Connection;
use surefoot_store::{PostgresOptions, PostgresStore};
use surefoot_testkit::{
    PostgresServer,
    samples::{document, feedback, key, trace, trace_id},
    suite::until,
};
use surefoot_types::{
    Chance, SystemChance,
    feedback::FeedbackValue,
    ports::{Journal, Ledger, Library, Store, StoreError, TraceFilter},
};

use crate::{Place, add, drained};

/// Writes `many` records from each of four tasks.
fn load(store: &PostgresStore, from: u64, many: u64) -> Vec<tokio::task::JoinHandle<()>> {
    let task = |n| {
        let (store, from) = (store.clone(), from + n * many);
        tokio::spawn(async move { add(&store, from..from + many).await })
    };
    (0..4).map(task).collect()
}

async fn ended(tasks: Vec<tokio::task::JoinHandle<()>>) {
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_under_load_and_started_again() {
    away(PostgresServer::stop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crashed_under_load_and_started_again() {
    away(PostgresServer::crash).await;
}

async fn away(end: fn(&mut PostgresServer)) {
    let mut server = PostgresServer::start();
    let place = Place::new(&server);
    let store = place.open().await;
    let tasks = load(&store, 1, 200);
    until("some arrive", async || place.counted().await.0 > 50).await;
    end(&mut server);
    ended(tasks).await;
    // All were taken; what has not arrived is read from the spool, what would need Postgres says so.
    ended(load(&store, 10_001, 50)).await;
    store.feedback_add(&feedback(1, trace_id(10_001), FeedbackValue::Boolean(true))).await.unwrap();
    assert!(store.waiting() > 200);
    assert_eq!(store.trace_get(trace_id(10_200)).await, Ok(Some(trace(10_200))));
    assert!(matches!(store.trace_list(&TraceFilter::default(), 1).await, Err(StoreError::Unavailable(_))));
    assert_eq!(store.check().await, Ok(()), "records can still be taken");

    server.resume();
    drained(&store).await;
    assert_eq!(place.counted().await, (1_000, 1_000));
    assert_eq!(store.feedback_list(trace_id(10_001)).await.unwrap().len(), 1);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_killed_in_the_middle_of_batches() {
    let place = Place::new(PostgresServer::shared());
    let store = place.open().await;
    let tasks = load(&store, 1, 700);
    let mut killer = place.connection().await;
    let mut killed = 0;
    until("something waits", async || store.waiting() > 0).await;
    while killed < 12 && store.waiting() > 0 {
        let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid()";
        killed += sqlx::query_scalar::<_, i64>(kill).fetch_one(&mut killer).await.unwrap();
        // Now in the middle of a batch, now of a commit, now before anything began.
        tokio::time::sleep(Duration::from_millis(u64::try_from(SystemChance.bits() % 150).unwrap())).await;
    }
    ended(tasks).await;
    drained(&store).await;
    assert_eq!(place.counted().await, (2_800, 2_800));
    assert!(killed >= 3, "{killed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_postgres_holds_nobody_up() {
    let place = Place::new(PostgresServer::shared());
    let store = place.open().await;
    let mut locker = place.connection().await;
    let mut lock = locker.begin().await.unwrap();
    sqlx::query("LOCK TABLE spend IN ACCESS EXCLUSIVE MODE").execute(&mut *lock).await.unwrap();
    add(&store, 1..101).await;
    assert_eq!(store.waiting(), 100);
    assert_eq!(store.trace_get(trace_id(100)).await, Ok(Some(trace(100))));
    // What does not need the table goes on.
    let (one, passages, vectors) = document(1, "docs", "a.md", "word");
    store.document_put(&one, &passages, &vectors).await.unwrap();
    lock.commit().await.unwrap();
    drained(&store).await;
    assert_eq!(place.counted().await, (100, 100));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_postgres_refuses_stops_no_other() {
    let place = Place::new(PostgresServer::shared());
    let store = place.open().await;
    add(&store, 1..50).await;
    let rule = "ALTER TABLE trace ADD CHECK (question NOT LIKE '%question 77?')";
    sqlx::query(rule).execute(&mut place.connection().await).await.unwrap();
    add(&store, 50..201).await;
    drained(&store).await;
    assert_eq!(place.counted().await, (199, 199));
    store.close().await;
    let again = place.open().await;
    add(&again, 201..202).await;
    drained(&again).await;
    assert_eq!(place.counted().await, (200, 200), "and it is not tried for ever");
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_that_postgres_cannot_hold_are_held() {
    let place = Place::new(PostgresServer::shared());
    let store = place.open().await;
    let mut odd = trace(1);
    odd.question = "a \0 b".into();
    odd.user = Some("u".repeat(5_000));
    odd.session = Some("s\0".into());
    odd.tags.insert("t\0".into(), "é".repeat(3_000));
    store.record_add(surefoot_types::ports::Record::of(odd.clone().into())).await.unwrap();
    drained(&store).await;
    assert_eq!(store.trace_get(odd.id).await, Ok(Some(odd.clone())));
    let by_session = TraceFilter { session: odd.session.clone(), ..TraceFilter::default() };
    assert_eq!(store.trace_list(&by_session, 10).await.unwrap(), [odd.summary()]);
    let (mut text, passages, vectors) = document(1, "docs", "a.md", "word");
    text.text = "a\0b".into();
    store.document_put(&text, &passages, &vectors).await.unwrap();
    assert_eq!(store.document_get(text.id).await, Ok(Some(text)));
}

#[tokio::test]
async fn an_address_that_nobody_answers_at_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let options = PostgresOptions::new(surefoot_store::Options::new(folder.path()));
    for url in ["postgres://u:hush@127.0.0.1:1/x", "nonsense hush"] {
        let told = PostgresStore::open(url, &options).await.unwrap_err();
        assert!(matches!(&told, StoreError::Unavailable(why) if !why.contains("hush")), "{told:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_begins_without_postgres_knows_what_it_knew_and_catches_up() {
    let mut server = PostgresServer::start();
    let place = Place::new(&server);
    let without = PostgresOptions { without: true, close_within: Duration::ZERO, ..place.options() };
    let open = async || PostgresStore::open(&place.url, &without).await.unwrap();
    let before = open().await;
    before.key_add(&key(1, "app")).await.unwrap();
    assert_eq!(before.key_recall().await, Ok(None), "nobody has looked yet");
    assert_eq!(before.key_list().await, Ok(vec![key(1, "app")]));
    add(&before, 1..101).await;
    drained(&before).await;
    server.stop();
    add(&before, 101..151).await;
    before.close().await;
    drop(before);

    let refused = PostgresStore::open(&place.url, &place.options()).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "unless it is asked to");
    let store = open().await;
    assert_eq!(store.waiting(), 50, "what was moved does not wait");
    assert_eq!(store.key_recall().await, Ok(Some(vec![key(1, "app")])));
    assert!(matches!(store.key_list().await, Err(StoreError::Unavailable(_))));
    add(&store, 151..201).await;
    assert_eq!(store.waiting_here().await, Ok((100, 1)));
    let beside = open().await;
    add(&beside, 201..204).await;
    assert_eq!(store.waiting_here().await, Ok((103, 2)), "a process beside this one has a spool too");
    assert_eq!(store.trace_get(trace_id(151)).await, Ok(Some(trace(151))));
    assert_eq!(store.trace_get(trace_id(101)).await, Ok(Some(trace(101))), "its predecessor's too");
    assert_eq!(store.check().await, Ok(()));
    server.resume();
    drained(&store).await;
    drained(&beside).await;
    assert_eq!(place.counted().await, (203, 203));
    assert_eq!(store.waiting_here().await, Ok((0, 0)));
    assert_eq!(store.key_list().await, Ok(vec![key(1, "app")]));
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_made_when_postgres_comes_and_whoever_refuses_is_not_away() {
    let mut server = PostgresServer::start();
    let place = Place::new(&server);
    server.stop();
    let without = PostgresOptions { without: true, ..place.options() };
    let store = PostgresStore::open(&place.url, &without).await.unwrap();
    add(&store, 1..11).await;
    server.resume();
    drained(&store).await;
    assert_eq!(place.counted().await, (10, 10));
    let elsewhere = place.url.replace("test_", "nowhere_");
    let refused = PostgresStore::open(&elsewhere, &PostgresOptions { without: true, ..place.beside().options() }).await;
    assert!(matches!(&refused, Err(StoreError::Unavailable(why)) if why.contains("does not exist")), "{refused:?}");
}
