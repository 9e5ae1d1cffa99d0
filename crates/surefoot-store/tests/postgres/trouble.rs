//! What a database or a clock does beside going away: its disk fills up, it takes no writes, its tables are changed half
//! way, time goes backwards.

use std::{sync::Arc, time::Duration};

use sqlx::{Connection, Executor};
use surefoot_store::PostgresStore;
use surefoot_testkit::{
    PostgresServer,
    samples::{account, charged, key, trace, trace_id},
    suite::until,
};
use surefoot_types::{
    budget::{Charge, LeaseAsk, LeaseChange, Lives},
    ids::TraceId,
    ports::{Journal, Ledger, Record, Store, StoreError},
};

use crate::{Place, add, drained, migrate::as_of};

#[tokio::test(flavor = "multi_thread")]
async fn while_its_disk_is_full_records_wait() {
    let place = Place::new(PostgresServer::shared());
    let store = place.open().await;
    add(&store, 1..11).await;
    drained(&store).await;
    let mut raw = place.connection().await;
    // What Postgres says when it finds no room, at the last table that a batch writes to.
    let full = "CREATE SEQUENCE tried;
                CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN PERFORM nextval('tried'); RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
                CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON spend EXECUTE FUNCTION no_room()";
    raw.execute(full).await.unwrap();
    add(&store, 11..61).await;
    assert_eq!(store.check().await, Ok(()), "records are taken");
    until("it was tried", async || place.number("SELECT count(*) FROM tried WHERE is_called").await > 0).await;
    assert_eq!((store.waiting(), place.counted().await), (50, (10, 10)), "nothing is half there");
    assert_eq!(store.trace_get(trace_id(60)).await, Ok(Some(trace(60))));
    raw.execute("DROP TRIGGER no_room ON spend").await.unwrap();
    drained(&store).await;
    assert_eq!(place.counted().await, (60, 60));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_it_takes_no_writes_records_wait_and_reports_go_on() {
    let server = PostgresServer::start();
    let place = Place::new(&server);
    let store = place.open().await;
    store.key_add(&key(1, "app")).await.unwrap();
    add(&store, 1..11).await;
    drained(&store).await;
    let mut raw = place.connection().await;
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let (database,): (String,) = sqlx::query_as("SELECT current_database()").fetch_one(&mut raw).await.unwrap();
    let set = |to: &str| format!("ALTER DATABASE {database} SET default_transaction_read_only = {to}");
    raw.execute(sqlx::AssertSqlSafe(set("on"))).await.unwrap();
    raw.execute(cut).await.unwrap();
    add(&store, 11..31).await;
    until("reports are read", async || store.key_list().await.is_ok_and(|keys| keys.len() == 1)).await;
    let refused = store.key_add(&key(2, "late")).await;
    assert!(matches!(&refused, Err(StoreError::Unavailable(why)) if why.contains("read-only")), "{refused:?}");
    assert_eq!((store.waiting(), place.counted().await), (20, (10, 10)));
    raw.execute(sqlx::AssertSqlSafe(set("off"))).await.unwrap();
    raw.execute(cut).await.unwrap();
    drained(&store).await;
    assert_eq!(place.counted().await, (30, 30));
    until("keys are made again", async || store.key_add(&key(2, "late")).await.is_ok()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_whose_change_was_cut_off_are_as_they_were_and_the_next_start_goes_on() {
    let place = Place::new(PostgresServer::shared());
    as_of(&place, &["0001_init.sql", "0002_library_id.sql"]).await;
    let mut reader = place.connection().await;
    let mut reading = reader.begin().await.unwrap();
    sqlx::query("SELECT count(*) FROM trace").fetch_one(&mut *reading).await.unwrap();
    let (url, options) = (place.url.clone(), place.options());
    let opening = tokio::spawn(async move { PostgresStore::open(&url, &options).await.map(drop) });
    // The change waits for the reader, in the middle of all changes, and its process dies there.
    let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%ADD COLUMN key_name%'";
    until("it waits and is cut off", async || place.number(kill).await == 1).await;
    let told = opening.await.unwrap();
    assert!(matches!(told, Err(StoreError::Unavailable(_))), "{told:?}");
    reading.rollback().await.unwrap();
    let columns =
        "SELECT count(*) FROM information_schema.columns WHERE table_name = 'trace' AND column_name = 'key_name'";
    assert_eq!(place.number(columns).await, 0, "nothing of it is there");
    let store = place.open().await;
    assert_eq!(place.number(columns).await, 1);
    add(&store, 1..11).await;
    drained(&store).await;
    assert_eq!(place.counted().await, (10, 10));
}

/// A process's own clock says when a trace was made, and nothing else: leases run out by the database's.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_goes_back_loses_nothing_and_counts_nothing_twice() {
    let place = Place::new(PostgresServer::shared());
    let store = place.open().await;
    let ask =
        |more| [LeaseAsk { account: account("daily", "t", 1), limit: 100, change: LeaseChange::By(more), needed: 0 }];
    let lives = Lives::all(Duration::from_secs(600));
    let held = store.lease_change(store.holder(), &ask(60), lives).await.unwrap();
    assert_eq!(held[0].amount, 60);
    let now = trace(1).at;
    let days = |days: i64| now - Duration::from_secs(u64::try_from(days).unwrap() * 86_400);
    for (n, at) in [(1, now), (2, days(1)), (3, days(45)), (4, days(800)), (5, now)] {
        let mut one = trace(n);
        (one.at, one.id) =
            (at, TraceId::from_bits(u128::from(at.as_millisecond().unsigned_abs()) << 80 | u128::from(n)));
        store.record_add(Record::of(Arc::new(one.clone()))).await.unwrap();
        // Handed in again, as by a process that does not know whether it was taken.
        store.record_add(Record::of(Arc::new(one.clone()))).await.unwrap();
        drained(&store).await;
        assert_eq!(store.trace_get(one.id).await, Ok(Some(one)));
    }
    assert_eq!(place.counted().await, (5, 5));
    let charge = Charge { account: account("daily", "t", 1), amount: 60, holder: store.holder().to_owned() };
    store.record_add(charged(9, vec![charge])).await.unwrap();
    drained(&store).await;
    let rest = store.lease_change("another", &ask(100), lives).await.unwrap();
    assert_eq!((rest[0].amount, rest[0].spent), (40, 60), "what was leased was spent once");
}
