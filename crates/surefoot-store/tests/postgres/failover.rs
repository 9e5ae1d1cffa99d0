//! The primary dies under load, and its standby takes over at the same address: nothing is lost, nothing is there twice,
//! and no budget is overspent.

use std::{
    os::unix::fs::symlink,
    path::PathBuf,
    sync::{
        Arc,
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
    budget::{Charge, LeaseAsk, LeaseChange, Lives},
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

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_takes_over_under_load() {
    let mut primary = PostgresServer::start();
    let mut place = Place::new(&primary);
    let address = Address::of(&mut place, &primary);
    let standby = primary.standby();
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
    until("some arrive", async || place.counted().await.0 > 200).await;

    primary.crash();
    let at_the_crash = written.load(Ordering::Relaxed);
    until("writing goes on without a primary", async || written.load(Ordering::Relaxed) > at_the_crash + 100).await;
    standby.promote();
    address.leads_to(&standby);
    until("all goes on at the new primary", async || {
        other.key_list().await.is_ok() && place.counted_of_all().await > at_the_crash
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
    assert_eq!(place.counted().await, (written, written + spent / 4));
    assert_eq!(other.key_list().await, Ok(vec![key(1, "app")]));
    let state = one.account_list(account("daily", "t", 1).as_str()).await.unwrap();
    assert_eq!(state[0].spent, spent);
    assert!(spent > 0 && state[0].spent + state[0].leased <= LIMIT, "{state:?}");
}
