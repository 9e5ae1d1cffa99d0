//! Keys, accounts, leases and replicas in memory.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use surefoot_types::{
    Timestamp,
    budget::{AccountId, AccountState, Charge, Lease, LeaseAsk, LeaseChange, Lives, Turn},
    key::Key,
    ports::{Ledger, StoreError, Stored},
    replica::Replica,
};

use super::MemoryStore;

/// Keys and accounts.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    keys: Vec<Key>,
    version: u64,
    spent: BTreeMap<AccountId, i64>,
    leases: BTreeMap<(AccountId, String), Held>,
    wants: BTreeMap<(AccountId, String), Want>,
    replicas: BTreeMap<String, Replica>,
}

#[derive(Debug)]
struct Held {
    units: i64,
    ends: Timestamp,
}

/// A place in the line for an account.
#[derive(Debug)]
struct Want {
    since: Timestamp,
    seen: Timestamp,
}

/// Whoever does not ask again within this has left the line.
const PATIENCE: Duration = Duration::from_secs(1);

impl Accounts {
    pub(super) fn charge(&mut self, charge: &Charge) {
        *self.spent.entry(charge.account.clone()).or_default() += charge.amount;
        if let Some(held) = self.leases.get_mut(&(charge.account.clone(), charge.holder.clone())) {
            held.units = (held.units - charge.amount).max(0);
        }
        self.leases.retain(|_, held| held.units > 0);
    }

    /// Takes a user's accounts away. How many there were.
    pub(super) fn erase(&mut self, user: &str) -> u64 {
        let before = self.spent.len();
        self.spent.retain(|account, _| !account.is_of_user(user));
        self.leases.retain(|(account, _), _| !account.is_of_user(user));
        (before - self.spent.len()) as u64
    }

    fn turn(&self, key: &(AccountId, String), now: Timestamp) -> Turn {
        let fresh = |want: &&Want| want.seen + PATIENCE > now;
        let others = self.wants.iter().filter(|((account, by), want)| *account == key.0 && *by != key.1 && fresh(want));
        let first = others.map(|((_, by), want)| (want.since, by)).min();
        match (first, self.wants.get(key).filter(fresh)) {
            (None, _) => Turn::Free,
            (Some(first), Some(mine)) if (mine.since, &key.1) < first => Turn::Mine,
            _ => Turn::Theirs,
        }
    }

    fn line_up(&mut self, key: (AccountId, String), unmet: bool, now: Timestamp) {
        if !unmet {
            self.wants.remove(&key);
            return;
        }
        let want = self.wants.entry(key).or_insert(Want { since: now, seen: now });
        if want.seen + PATIENCE <= now {
            want.since = now;
        }
        want.seen = now;
    }

    fn change(&mut self, holder: &str, ask: &LeaseAsk, at: Timestamp, ends: Timestamp) -> Lease {
        let key = (ask.account.clone(), holder.to_owned());
        let spent = self.spent.get(&ask.account).copied().unwrap_or(0);
        let leases = self.leases.iter().filter(|((account, _), _)| *account == ask.account);
        let others = leases.filter(|((_, by), _)| by != holder).map(|(_, held)| held.units).sum();
        let held = self.leases.get(&key).map_or(0, |held| held.units);
        let turn = self.turn(&key, at);
        let room = ask.limit - spent - others;
        let waits = turn == Turn::Theirs && matches!(ask.change, LeaseChange::By(more) if more > 0);
        let now = if waits { held } else { ask.change.of(held, room) };
        if now > 0 {
            self.leases.insert(key.clone(), Held { units: now, ends });
        } else {
            self.leases.remove(&key);
        }
        self.line_up(key, ask.needed > (now - held).max(0), at);
        Lease { account: ask.account.clone(), amount: ask.change.told(held, now), spent, others, turn }
    }

    fn expire(&mut self, now: Timestamp) {
        self.leases.retain(|_, held| held.ends > now);
    }

    fn states(&self, start: &str) -> Vec<AccountState> {
        let mut all: BTreeMap<&AccountId, (i64, i64)> = BTreeMap::new();
        for (account, spent) in &self.spent {
            all.entry(account).or_default().0 += spent;
        }
        for ((account, _), held) in &self.leases {
            all.entry(account).or_default().1 += held.units;
        }
        let fits = all.into_iter().filter(|(account, _)| account.as_str().starts_with(start));
        fits.map(|(account, (spent, leased))| AccountState { account: account.clone(), spent, leased }).collect()
    }

    fn prune(&mut self, before: Timestamp) -> u64 {
        let leases = &self.leases;
        let had = self.spent.len();
        self.spent.retain(|account, _| {
            let start = account.parts().map_or(Timestamp::UNIX_EPOCH, |(_, _, _, start)| start);
            let leased = leases.keys().any(|(of, _)| of == account);
            leased || start == Timestamp::UNIX_EPOCH || start >= before
        });
        (had - self.spent.len()) as u64
    }
}

#[async_trait]
impl Ledger for MemoryStore {
    async fn key_add(&self, key: &Key) -> Stored<()> {
        let ledger = &mut self.lock().ledger;
        if ledger.keys.iter().any(|known| known.name == key.name) {
            return Err(StoreError::Exists(format!("a key named '{}'", key.name)));
        }
        ledger.keys.push(key.clone());
        ledger.version += 1;
        Ok(())
    }

    async fn key_put(&self, was: &Key, key: &Key) -> Stored<bool> {
        let ledger = &mut self.lock().ledger;
        if ledger.keys.iter().any(|known| known.name == key.name && known.id != key.id) {
            return Err(StoreError::Exists(format!("a key named '{}'", key.name)));
        }
        let Some(known) = ledger.keys.iter_mut().find(|known| known.id == key.id) else { return Ok(false) };
        if known != was {
            return Err(StoreError::Changed(format!("the key '{}'", was.name)));
        }
        *known = key.clone();
        ledger.version += 1;
        Ok(true)
    }

    async fn key_list(&self) -> Stored<Vec<Key>> {
        Ok(self.lock().ledger.keys.clone())
    }

    async fn key_remove(&self, name: &str) -> Stored<bool> {
        let ledger = &mut self.lock().ledger;
        let before = ledger.keys.len();
        ledger.keys.retain(|key| key.name != name);
        let gone = ledger.keys.len() < before;
        ledger.version += u64::from(gone);
        Ok(gone)
    }

    async fn key_version(&self) -> Stored<u64> {
        Ok(self.lock().ledger.version)
    }

    async fn lease_change(&self, holder: &str, asks: &[LeaseAsk], lives: Lives) -> Stored<Vec<Lease>> {
        let now = self.clock.now();
        let ledger = &mut self.lock().ledger;
        ledger.expire(now);
        let own = ledger.leases.iter_mut().filter(|((_, by), _)| by == holder);
        own.for_each(|((account, _), held)| held.ends = now + lives.of(account));
        Ok(asks.iter().map(|ask| ledger.change(holder, ask, now, now + lives.of(&ask.account))).collect())
    }

    async fn lease_wanted(&self, holder: &str) -> Stored<Vec<AccountId>> {
        let now = self.clock.now();
        let ledger = &self.lock().ledger;
        let own = ledger.leases.keys().filter(|(_, by)| by == holder);
        Ok(own.filter(|key| ledger.turn(key, now) != Turn::Free).map(|(account, _)| account.clone()).collect())
    }

    async fn lease_release(&self, holder: &str) -> Stored<()> {
        self.lock().ledger.leases.retain(|(_, by), _| by != holder);
        Ok(())
    }

    async fn account_list(&self, start: &str) -> Stored<Vec<AccountState>> {
        let ledger = &mut self.lock().ledger;
        ledger.expire(self.clock.now());
        Ok(ledger.states(start))
    }

    async fn account_prune(&self, before: Timestamp) -> Stored<u64> {
        let ledger = &mut self.lock().ledger;
        ledger.expire(self.clock.now());
        Ok(ledger.prune(before))
    }

    async fn replica_beat(&self, replica: &Replica, lives: Duration) -> Stored<Vec<Replica>> {
        let now = self.clock.now();
        let replicas = &mut self.lock().ledger.replicas;
        replicas.insert(replica.holder.clone(), Replica { at: now, ..replica.clone() });
        Ok(replicas.values().filter(|replica| replica.at + lives > now).cloned().collect())
    }
}
