//! Leases of processes that cannot be heard: what they spent comes late, or never.

use std::time::Duration;

use surefoot_store::{PostgresOptions, PostgresStore};
use surefoot_testkit::{
    PostgresServer,
    samples::{account, charged},
    suite::until,
};
use surefoot_types::{
    budget::{AccountId, Charge, LeaseAsk, LeaseChange, Lives},
    ports::{Journal, Ledger, Store, StoreError},
};

use crate::{Place, drained};

const LIMIT: i64 = 100;

fn budget() -> AccountId {
    account("daily", "t", 1)
}

async fn ask(store: &PostgresStore, change: LeaseChange, lives: Duration) -> Result<i64, StoreError> {
    let asks = [LeaseAsk { account: budget(), limit: LIMIT, change, needed: 0 }];
    store.lease_change(store.holder(), &asks, Lives::all(lives)).await.map(|leases| leases[0].amount)
}

/// A process takes the whole budget, is cut off, spends it, and ends before it could tell. Then its lease runs out.
async fn spent_in_secret(server: &mut PostgresServer, place: &Place) {
    let quick = PostgresOptions { close_within: Duration::ZERO, ..place.options() };
    let store = PostgresStore::open(&place.url, &quick).await.unwrap();
    assert_eq!(ask(&store, LeaseChange::By(LIMIT), Duration::from_millis(100)).await, Ok(LIMIT));
    server.stop();
    let charge = Charge { account: budget(), amount: LIMIT, holder: store.holder().to_owned() };
    store.record_add(charged(1, vec![charge])).await.unwrap();
    assert!(matches!(ask(&store, LeaseChange::By(1), Duration::from_secs(9)).await, Err(StoreError::Unavailable(_))));
    store.close().await;
    assert_eq!(store.waiting(), 1);
    server.resume();
    until("the lease has run out", async || place.number("SELECT count(*) FROM seat WHERE until > now()").await == 0)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_spent_while_postgres_was_away_is_not_spent_again() {
    let mut server = PostgresServer::start();
    let place = Place::new(&server);
    spent_in_secret(&mut server, &place).await;
    let other = place.beside().open().await;
    assert_eq!(ask(&other, LeaseChange::By(LIMIT), Duration::from_secs(9)).await, Ok(0), "in doubt");
    let again = place.open().await;
    drained(&again).await;
    let state = async || other.account_list(budget().as_str()).await.unwrap()[0].clone();
    until("the predecessor's lease is free", async || state().await.leased == 0).await;
    assert_eq!(state().await.spent, LIMIT);
    assert_eq!(ask(&other, LeaseChange::By(LIMIT), Duration::from_secs(9)).await, Ok(0), "spent");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_come_back_holds_nothing_for_ever() {
    let mut server = PostgresServer::start();
    let place = Place::new(&server);
    spent_in_secret(&mut server, &place).await;
    let impatient = place.beside();
    let options = PostgresOptions { doubt: Duration::from_millis(10), ..impatient.options() };
    let other = PostgresStore::open(&impatient.url, &options).await.unwrap();
    until("the lease is free", async || ask(&other, LeaseChange::To(LIMIT), Duration::from_secs(9)).await == Ok(LIMIT))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_not_set_while_charges_are_on_their_way() {
    let place = Place::new(PostgresServer::shared());
    let store = place.open().await;
    assert_eq!(ask(&store, LeaseChange::By(50), Duration::from_secs(60)).await, Ok(50));
    let mut locker = place.connection().await;
    let mut lock = sqlx::Connection::begin(&mut locker).await.unwrap();
    sqlx::query("LOCK TABLE spend IN ACCESS EXCLUSIVE MODE").execute(&mut *lock).await.unwrap();
    let charge = Charge { account: budget(), amount: 30, holder: store.holder().to_owned() };
    store.record_add(charged(1, vec![charge])).await.unwrap();
    let refusal = ask(&store, LeaseChange::To(80), Duration::from_secs(60)).await.unwrap_err();
    assert!(matches!(&refusal, StoreError::Unavailable(why) if why.contains("1 records")), "{refusal}");
    // Steps commute with charges.
    assert_eq!(ask(&store, LeaseChange::By(10), Duration::from_secs(60)).await, Ok(10));
    lock.commit().await.unwrap();
    drained(&store).await;
    assert_eq!(ask(&store, LeaseChange::To(LIMIT), Duration::from_secs(60)).await, Ok(70));
}
