//! The primary dies under load, and its standby takes over, at the same address or as another that was named beside it:
//! nothing is lost, nothing is there twice, and no budget is overspent.

use std::{
    os::unix::fs::symlink,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use surefoot_store::PostgresStore;
use surefoot_testkit::{
    PostgresServer,
    samples::{account, charged, key},
    suite::until,
};
use surefoot_types::{
    budget::{AccountState, Charge, LeaseAsk, LeaseChange, Lives},
    ports::{Ledger, Store},
};

use crate::{Place, add, drained};

const LIMIT: i64 = 2_000;

/// An address that leads to one server, and later to another, as a name or a proxy does.
struct Address(PathBuf);

impl Address {
    fn of(place: &mut Place, server: &PostgresServer) -> Self {
        let address = Self(place.seats().join("address"));
        symlink(server.socket(), &address.0).unwrap();
        let database = place.url.split('?').next().unwrap();
        place.url = format!("{database}?host={}", address.0.display());
        address
    }

    fn leads_to(&self, server: &PostgresServer) {
        std::fs::remove_file(&self.0).unwrap();
        symlink(server.socket(), &self.0).unwrap();
    }
}

/// The same database, asked at one of its servers.
fn counter(place: &Place, server: &PostgresServer) -> Place {
    let database = place.url.split('?').next().unwrap();
    Place { url: format!("{database}?host={}", server.socket().display()), ..place.beside() }
}

/// Spends from leases until it is told to stop, as the gateway does. What it spent.
async fn spend(store: PostgresStore, numbers: Arc<AtomicU64>, stop: Arc<AtomicBool>) -> i64 {
    let (mut spent, mut held) = (0, 0);
    while !stop.load(Ordering::Relaxed) {
        if held < 4 {
            let ask =
                LeaseAsk { account: account("daily", "t", 1), limit: LIMIT, change: LeaseChange::By(40), needed: 0 };
            let lives = Lives::all(Duration::from_secs(600));
            // Whether one that failed was done nobody knows: it is not counted on.
            let Ok(leases) = store.lease_change(store.holder(), &[ask], lives).await else { continue };
            held += leases[0].amount;
            if held < 4 {
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            }
        }
        let charge = Charge { account: account("daily", "t", 1), amount: 4, holder: store.holder().to_owned() };
        crate::Journal::record_add(&store, charged(numbers.fetch_add(1, Ordering::Relaxed), vec![charge]))
            .await
            .unwrap();
        (held, spent) = (held - 4, spent + 4);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    spent
}

/// The accounts, read until no connection to the dead one is left to be tried.
async fn accounts(store: &PostgresStore) -> Vec<AccountState> {
    let state = Mutex::new(Vec::new());
    until("accounts are read", async || {
        let read = store.account_list(account("daily", "t", 1).as_str()).await;
        read.map(|read| *state.lock().unwrap() = read).is_ok()
    })
    .await;
    state.into_inner().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_takes_over_under_load() {
    let primary = PostgresServer::start();
    let mut place = Place::new(&primary);
    let address = Address::of(&mut place, &primary);
    let standby = primary.standby();
    take_over(primary, &standby, place, || address.leads_to(&standby)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_servers_the_one_that_takes_writes_is_found() {
    let primary = PostgresServer::start();
    let mut place = Place::new(&primary);
    let standby = primary.standby();
    // The standby first, which answers and takes no writes.
    let database = place.url.split('?').next().unwrap();
    let hosts = format!("{},{}", standby.socket().display(), primary.socket().display());
    place.url = format!("{database}?host={hosts}&target_session_attrs=read-write");
    take_over(primary, &standby, place, || {}).await;
}

/// Writes and spends while the primary crashes and the standby, to which `lead` leads, takes over.
async fn take_over(mut primary: PostgresServer, standby: &PostgresServer, place: Place, lead: impl FnOnce()) {
    let beside = place.beside();
    let (one, other) = (place.open().await, beside.open().await);
    one.key_add(&key(1, "app")).await.unwrap();

    let (numbers, stop) = (Arc::new(AtomicU64::new(1_000_000)), Arc::new(AtomicBool::new(false)));
    let spenders =
        [&one, &other].map(|store| tokio::spawn(spend(store.clone(), Arc::clone(&numbers), Arc::clone(&stop))));
    let written = Arc::new(AtomicI64::new(0));
    let writers = [(&one, 1), (&other, 100_001)].map(|(store, from)| {
        let (store, written, stop) = (store.clone(), Arc::clone(&written), Arc::clone(&stop));
        tokio::spawn(async move {
            for n in from.. {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                add(&store, n..n + 1).await;
                written.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        })
    });
    let (before, after) = (counter(&place, &primary), counter(&place, standby));
    until("some arrive", async || before.counted().await.0 > 200).await;

    primary.crash();
    let at_the_crash = written.load(Ordering::Relaxed);
    until("writing goes on without a primary", async || written.load(Ordering::Relaxed) > at_the_crash + 100).await;
    standby.promote();
    lead();
    until("all goes on at the new primary", async || {
        other.key_list().await.is_ok() && after.counted_of_all().await > at_the_crash
    })
    .await;
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    let mut spent = 0;
    for spender in spenders {
        spent += spender.await.unwrap();
    }
    drained(&one).await;
    drained(&other).await;
    let written = written.load(Ordering::Relaxed);
    // The spenders' records keep no trace, and are in the books as all are.
    assert_eq!(after.counted().await, (written, written + spent / 4));
    // Connections to the one that died tell so when they are used, each once.
    until("keys are read", async || other.key_list().await.is_ok_and(|keys| keys == [key(1, "app")])).await;
    let state = accounts(&one).await;
    assert_eq!(state[0].spent, spent);
    assert!(spent > 0 && state[0].spent + state[0].leased <= LIMIT, "{state:?}");
}
