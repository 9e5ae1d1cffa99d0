//! Keys, accounts, leases and replicas.

use std::time::Duration;

use surefoot_types::{
    Timestamp,
    budget::{AccountId, AccountState, Charge, Lease, LeaseAsk, LeaseChange, Lives, Per, Turn},
    key::Key,
    ports::{Ledger, Store, StoreError},
    replica::Replica,
};

use super::until;
use crate::samples::{account, charged, key, moment, replica};

/// A lease that no test outlives, and one that runs out at once.
const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(20);

/// What a ledger does.
///
/// # Panics
/// Where the backend does not.
pub async fn ledger(store: &dyn Store) {
    keys(store).await;
    leased(store).await;
    charges_are_taken_from_leases(store).await;
    leases_run_out(store).await;
    money_lives_longer(store).await;
    lines(store).await;
    accounts(store).await;
    replicas(store).await;
}

async fn keys(ledger: &dyn Ledger) {
    assert_eq!(ledger.key_list().await, Ok(vec![]));
    let mut version = ledger.key_version().await;
    let mut changed = async |expected: bool, what: &str| {
        let now = ledger.key_version().await;
        assert_eq!(now != version, expected, "the version after {what}");
        version = now;
    };
    let keys = [key(1, "admin"), key(2, "app")];
    for one in &keys {
        ledger.key_add(one).await.expect("a key is kept");
        changed(true, "a key came").await;
    }
    assert!(matches!(ledger.key_add(&key(3, "app")).await, Err(StoreError::Exists(_))));
    assert_eq!(ledger.key_list().await, Ok(keys.to_vec()));
    changed(false, "a refusal").await;

    let mut revoked = keys[1].clone();
    (revoked.name, revoked.revoked) = ("app-old".into(), Some(moment(9)));
    assert_eq!(ledger.key_put(&keys[1], &revoked).await, Ok(true));
    changed(true, "a key changed").await;
    assert_eq!(ledger.key_put(&key(3, "new"), &key(3, "new")).await, Ok(false), "it has no predecessor");
    let known = revoked.clone();
    revoked.name = "admin".into();
    assert!(matches!(ledger.key_put(&known, &revoked).await, Err(StoreError::Exists(_))));
    revoked.name = "app-old".into();
    // Who looked before the last change would undo it.
    let renamed = Key { name: "app-new".into(), ..keys[1].clone() };
    assert!(matches!(ledger.key_put(&keys[1], &renamed).await, Err(StoreError::Changed(_))));
    changed(false, "changes that were refused").await;
    assert_eq!(ledger.key_list().await, Ok(vec![keys[0].clone(), revoked.clone()]));

    assert_eq!(ledger.key_remove("admin").await, Ok(true));
    changed(true, "a key went").await;
    assert_eq!(ledger.key_remove("admin").await, Ok(false));
    changed(false, "nothing happened").await;
    assert_eq!(ledger.key_list().await, Ok(vec![revoked]));
}

async fn change(ledger: &dyn Ledger, holder: &str, account: &AccountId, limit: i64, change: LeaseChange) -> Lease {
    let ask = LeaseAsk { account: account.clone(), limit, change, needed: 0 };
    let mut leases = ledger.lease_change(holder, &[ask], Lives::all(LONG)).await.expect("leases change");
    assert_eq!(leases.len(), 1);
    leases.remove(0)
}

async fn state(ledger: &dyn Ledger, account: &AccountId) -> Option<(i64, i64)> {
    let found = ledger.account_list(account.as_str()).await.expect("accounts");
    found.first().map(|state| (state.spent, state.leased))
}

async fn leased(ledger: &dyn Ledger) {
    use LeaseChange::{By, To};
    let daily = account("daily", "leased", 1);
    for (holder, ask, amount, others) in [
        ("a", By(60), 60, 0),
        ("b", By(60), 40, 60),
        ("b", By(1), 0, 60),
        ("a", By(-20), -20, 40),
        ("b", By(50), 20, 40),
        ("a", By(-99), -40, 60),
        ("c", By(-5), 0, 60),
        ("c", To(50), 40, 60),
        ("c", To(10), 10, 60),
        ("c", To(0), 0, 60),
        ("c", By(0), 0, 60),
    ] {
        let lease = change(ledger, holder, &daily, 100, ask).await;
        assert_eq!((lease.amount, lease.spent, lease.others), (amount, 0, others), "{holder} {ask:?}");
        assert_eq!(lease.account, daily);
    }
    let lowered = change(ledger, "a", &daily, 30, By(5)).await;
    assert_eq!(lowered.amount, 0, "a limit that was lowered gives no more");
    assert_eq!(state(ledger, &daily).await, Some((0, 60)));

    // Several at once, the second of which sees what the first did.
    let ask = |n: u64, more| LeaseAsk { account: account("many", "leased", n), limit: 10, change: By(more), needed: 0 };
    let asks = [ask(1, 8), ask(1, 8), ask(2, 3)];
    let leases = ledger.lease_change("a", &asks, Lives::all(LONG)).await.expect("leases change");
    assert_eq!(leases.iter().map(|lease| lease.amount).collect::<Vec<_>>(), [8, 2, 3]);

    ledger.lease_release("b").await.expect("leases go");
    assert_eq!(state(ledger, &daily).await, None, "an account without charges and leases is none");
    assert_eq!(state(ledger, &account("many", "leased", 1)).await, Some((0, 10)), "others keep theirs");
}

async fn charges_are_taken_from_leases(store: &dyn Store) {
    let daily = account("daily", "charged", 1);
    let charge = |holder: &str, amount| Charge { account: daily.clone(), amount, holder: holder.into() };
    change(store, "a", &daily, 100, LeaseChange::By(50)).await;
    let record = charged(101, vec![charge("a", 20), charge("a", 10)]);
    store.record_add(record.clone()).await.expect("a record is kept");
    assert_eq!(state(store, &daily).await, Some((30, 20)));
    store.record_add(record).await.expect("the same again");
    assert_eq!(state(store, &daily).await, Some((30, 20)), "nothing is counted twice");

    let lease = change(store, "b", &daily, 100, LeaseChange::By(99)).await;
    assert_eq!((lease.amount, lease.spent, lease.others), (50, 30, 20));
    // What was used beyond a lease, or without one, is still what was used.
    store.record_add(charged(102, vec![charge("a", 25), charge("c", 5)])).await.expect("a record is kept");
    assert_eq!(state(store, &daily).await, Some((60, 50)));
    let lease = change(store, "a", &daily, 100, LeaseChange::By(1)).await;
    assert_eq!((lease.amount, lease.spent, lease.others), (0, 60, 50));
}

async fn leases_run_out(ledger: &dyn Ledger) {
    let daily = account("daily", "expiring", 1);
    let ask = |more| LeaseAsk { account: daily.clone(), limit: 100, change: LeaseChange::By(more), needed: 0 };
    ledger.lease_change("gone", &[ask(100)], Lives::all(SHORT)).await.expect("leases change");
    until("a lease that ran out is given to another", async || {
        change(ledger, "heir", &daily, 100, LeaseChange::By(100)).await.amount == 100
    })
    .await;
    // Any change lets all leases of its holder live on, for as long as it says.
    ledger.lease_change("heir", &[], Lives::all(SHORT)).await.expect("leases change");
    until("a lease that is renewed for less runs out sooner", async || state(ledger, &daily).await.is_none()).await;
    ledger.lease_change("a", &[ask(100)], Lives::all(SHORT)).await.expect("leases change");
    let begun = std::time::Instant::now();
    while begun.elapsed() < SHORT * 5 {
        // Whether it is renewed in time is up to the machine; that it is never lost while it lives is not.
        let renewed = ledger.lease_change("a", &[ask(0), ask(100)], Lives::all(LONG)).await.expect("leases change");
        let held = state(ledger, &daily).await;
        assert_eq!((renewed[0].amount, held), (0, Some((0, 100))));
        tokio::task::yield_now().await;
    }
    ledger.lease_release("a").await.expect("leases go");
}

/// Leases of limits run out by themselves; those of budgets live on.
async fn money_lives_longer(ledger: &dyn Ledger) {
    let money = account("daily", "lives", 1);
    let limit = AccountId::new("requests:lives", &Per::All, "", moment(1));
    let ask = |account: &AccountId, change| LeaseAsk { account: account.clone(), limit: 100, change, needed: 0 };
    let by = |account, more| ask(account, LeaseChange::By(more));
    let lives = Lives { limits: SHORT, money: LONG };
    ledger.lease_change("a", &[by(&money, 60), by(&limit, 60)], lives).await.expect("leases change");
    until("the limit's lease runs out", async || state(ledger, &limit).await.is_none()).await;
    assert_eq!(state(ledger, &money).await, Some((0, 60)));
    assert_eq!(change(ledger, "b", &money, 100, LeaseChange::By(100)).await.amount, 40, "nobody else is given it");
    // Its holder comes back: of money it has what it had, and a limit's it has to ask for anew.
    let back = ledger.lease_change("a", &[by(&money, 0), ask(&limit, LeaseChange::To(60))], lives).await;
    assert_eq!(back.expect("leases change")[1].amount, 60);
    assert_eq!(state(ledger, &money).await, Some((0, 100)));
    for holder in ["a", "b"] {
        ledger.lease_release(holder).await.expect("leases go");
    }
}

/// Whoever needs more than there is stands in line.
async fn lines(ledger: &dyn Ledger) {
    use Turn::{Free, Mine, Theirs};
    let daily = account("daily", "line", 1);
    let mut held = std::collections::BTreeMap::new();
    // Holder, step, what it needs; what it is given, and whose turn it was.
    for (holder, more, needed, given, turn) in [
        ("a", 60, 0, 60, Free),
        ("b", 30, 0, 30, Free),
        ("b", 20, 20, 10, Free),
        ("c", 5, 5, 0, Theirs),
        ("a", 1, 0, 0, Theirs),
        ("b", 10, 10, 0, Mine),
        ("a", -60, 0, -60, Theirs),
        ("c", 5, 5, 0, Theirs),
        ("b", 10, 10, 10, Mine),
        ("a", 1, 0, 0, Theirs),
        ("c", 5, 5, 5, Free),
        ("a", 60, 60, 45, Free),
        ("b", 0, 0, 0, Theirs),
        ("a", -45, 0, -45, Free),
        ("b", 9, 0, 9, Free),
    ] {
        let ask = LeaseAsk { account: daily.clone(), limit: 100, change: LeaseChange::By(more), needed };
        let lease = ledger.lease_change(holder, &[ask], Lives::all(LONG)).await.expect("leases change").remove(0);
        assert_eq!((lease.amount, lease.turn), (given, turn), "{holder} by {more} for {needed}");
        *held.entry(holder).or_insert(0) += given;
        let sum: i64 = held.values().sum();
        assert_eq!(state(ledger, &daily).await, Some((0, sum)));
    }
    let ask = LeaseAsk { account: daily.clone(), limit: 100, change: LeaseChange::By(90), needed: 90 };
    ledger.lease_change("d", &[ask], Lives::all(LONG)).await.expect("leases change");
    assert_eq!(ledger.lease_wanted("b").await, Ok(vec![daily.clone()]));
    assert_eq!(ledger.lease_wanted("d").await, Ok(vec![]), "nobody else waits");
    assert_eq!(ledger.lease_wanted("nobody").await, Ok(vec![]));
    until("who does not ask again has left the line", async || ledger.lease_wanted("b").await == Ok(vec![])).await;
    for holder in ["a", "b", "c", "d"] {
        ledger.lease_release(holder).await.expect("leases go");
    }
}

async fn accounts(store: &dyn Store) {
    let (old, new) = (account("weekly", "t", 10), account("weekly", "t", 20));
    let lasting = AccountId::new("budget:weekly", &Per::Tag("team".into()), "a|b %_é", Timestamp::UNIX_EPOCH);
    let held = account("weekly", "held", 10);
    let charge = |account: &AccountId| Charge { account: account.clone(), amount: 7, holder: "x".into() };
    let all = [&old, &new, &lasting, &held];
    store.record_add(charged(103, all.map(charge).to_vec())).await.expect("a record is kept");
    change(store, "h", &held, 100, LeaseChange::By(3)).await;
    let names = async || {
        let listed = store.account_list("budget:weekly|").await.expect("accounts");
        listed.into_iter().map(|AccountState { account, .. }| account).collect::<Vec<_>>()
    };
    let mut expected = all.map(Clone::clone).to_vec();
    expected.sort();
    assert_eq!(names().await, expected, "in the order of their texts");
    assert_eq!(store.account_list("budget:week%").await, Ok(vec![]));
    store.account_prune(moment(15)).await.expect("accounts go");
    expected.retain(|account| *account != old);
    assert_eq!(names().await, expected, "but for those that never end or have a lease");
    assert_eq!(store.account_prune(moment(15)).await, Ok(0));
    store.lease_release("h").await.expect("leases go");
    assert_eq!(store.account_prune(moment(15)).await, Ok(1));
}

async fn replicas(ledger: &dyn Ledger) {
    let names = |found: Vec<Replica>| found.into_iter().map(|one| one.holder).collect::<Vec<_>>();
    let alone = ledger.replica_beat(&replica("b"), LONG).await.expect("a beat");
    assert_eq!(alone.len(), 1);
    assert_eq!(Replica { at: moment(0), ..alone[0].clone() }, replica("b"));
    let mut newer = replica("a");
    newer.version = "0.2.0".into();
    ledger.replica_beat(&replica("a"), LONG).await.expect("a beat");
    let both = ledger.replica_beat(&newer, LONG).await.expect("a beat");
    assert_eq!(both[0].version, "0.2.0");
    assert_eq!(names(both), ["a", "b"]);
    until("a replica that is silent is no longer there", async || {
        names(ledger.replica_beat(&replica("a"), SHORT).await.expect("a beat")) == ["a"]
    })
    .await;
}
