//! Keys.

use async_trait::async_trait;
use sqlx::SqliteConnection;
use surefoot_types::{
    key::Key,
    ports::{Ledger, StoreError, Stored},
};

use super::{SqliteStore, Write, rows, to_json, unavailable};

#[async_trait]
impl Ledger for SqliteStore {
    async fn key_add(&self, key: &Key) -> Stored<()> {
        let write = Write::KeyAdd { name: key.name.clone(), body: to_json(key)? };
        if self.write(write).await? { Ok(()) } else { Err(StoreError::Exists(format!("a key named '{}'", key.name))) }
    }

    async fn key_list(&self) -> Stored<Vec<Key>> {
        let bodies = sqlx::query_scalar("SELECT body FROM key ORDER BY number").fetch_all(&self.readers).await;
        rows(&bodies.map_err(unavailable)?)
    }

    async fn key_remove(&self, name: &str) -> Stored<bool> {
        self.write(Write::KeyRemove { name: name.into() }).await
    }
}

pub(super) async fn key_insert(to: &mut SqliteConnection, name: &str, body: &str) -> Stored<bool> {
    let done =
        sqlx::query("INSERT OR IGNORE INTO key (name, body) VALUES (?, ?)").bind(name).bind(body).execute(to).await;
    Ok(done.map_err(unavailable)?.rows_affected() > 0)
}

pub(super) async fn key_delete(to: &mut SqliteConnection, name: &str) -> Stored<bool> {
    let done = sqlx::query("DELETE FROM key WHERE name = ?").bind(name).execute(to).await;
    Ok(done.map_err(unavailable)?.rows_affected() > 0)
}
