//! Keys, accounts, leases and replicas.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use surefoot_types::{
    Timestamp,
    budget::{AccountId, AccountState, Lease, LeaseAsk, Lives},
    key::Key,
    ports::{Ledger, StoreError, Stored},
    replica::Replica,
};

use super::{
    SqliteStore,
    keys::{KeyAdd, KeyPut, KeyRemove, Put},
    leases::{AccountPrune, Beat, Change, LINE, Release, hashed},
    rows, unavailable,
};

fn taken(key: &Key) -> StoreError {
    StoreError::Exists(format!("a key named '{}'", key.name))
}

#[async_trait]
impl Ledger for SqliteStore {
    async fn key_add(&self, key: &Key) -> Stored<()> {
        if self.writer.write(KeyAdd::new(key)?).await? { Ok(()) } else { Err(taken(key)) }
    }

    async fn key_put(&self, was: &Key, key: &Key) -> Stored<bool> {
        match self.writer.write(KeyPut::new(was, key)?).await? {
            Put::Done => Ok(true),
            Put::Gone => Ok(false),
            Put::Taken => Err(taken(key)),
            Put::Changed => Err(StoreError::Changed(format!("the key '{}'", was.name))),
        }
    }

    async fn key_list(&self) -> Stored<Vec<Key>> {
        let bodies = sqlx::query_scalar("SELECT body FROM key ORDER BY number").fetch_all(&self.readers).await;
        rows(&bodies.map_err(unavailable)?)
    }

    async fn key_remove(&self, name: &str) -> Stored<bool> {
        self.writer.write(KeyRemove { name: name.into() }).await
    }

    async fn key_version(&self) -> Stored<u64> {
        let number: i64 = sqlx::query_scalar("SELECT number FROM version WHERE what = 'key'")
            .fetch_one(&self.readers)
            .await
            .map_err(unavailable)?;
        Ok(number.unsigned_abs())
    }

    async fn lease_change(&self, holder: &str, asks: &[LeaseAsk], lives: Lives) -> Stored<Vec<Lease>> {
        let change =
            Change { holder: holder.into(), asks: asks.to_vec(), lives, clock: Arc::clone(&self.options.clock) };
        self.writer.write(change).await
    }

    async fn lease_wanted(&self, holder: &str) -> Stored<Vec<AccountId>> {
        let wanted: Vec<String> = sqlx::query_scalar("SELECT account FROM lease_want WHERE holder <> ? AND seen > ?")
            .bind(holder)
            .bind(self.options.clock.now().as_millisecond() - LINE)
            .fetch_all(&self.readers)
            .await
            .map_err(unavailable)?;
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let held: Vec<String> = sqlx::query_scalar("SELECT account FROM lease WHERE holder = ?")
            .bind(holder)
            .fetch_all(&self.readers)
            .await
            .map_err(unavailable)?;
        let held = held.into_iter().map(AccountId::from_text);
        Ok(held.filter(|account| wanted.contains(&hashed(account))).collect())
    }

    async fn lease_release(&self, holder: &str) -> Stored<()> {
        self.writer.write(Release { holder: holder.into() }).await
    }

    async fn account_list(&self, start: &str) -> Stored<Vec<AccountState>> {
        let found: Vec<(String, i64, i64)> = sqlx::query_as(
            "SELECT id, sum(spent), sum(leased) FROM (
                 SELECT id, spent, 0 AS leased FROM account WHERE id >= ?1 AND id < ?2
                 UNION ALL
                 SELECT account, 0, amount FROM lease
                 WHERE account >= ?1 AND account < ?2 AND amount > 0 AND renewed + lives > ?3
             ) GROUP BY id ORDER BY id",
        )
        .bind(start)
        .bind(format!("{start}{}", char::MAX))
        .bind(self.options.clock.now().as_millisecond())
        .fetch_all(&self.readers)
        .await
        .map_err(unavailable)?;
        let state =
            |(id, spent, leased): (String, _, _)| AccountState { account: AccountId::from_text(id), spent, leased };
        Ok(found.into_iter().map(state).collect())
    }

    async fn account_prune(&self, before: Timestamp) -> Stored<u64> {
        self.writer.write(AccountPrune { before, clock: Arc::clone(&self.options.clock) }).await
    }

    async fn replica_beat(&self, replica: &Replica, lives: Duration) -> Stored<Vec<Replica>> {
        self.writer.write(Beat { replica: replica.clone(), lives, clock: Arc::clone(&self.options.clock) }).await
    }
}
