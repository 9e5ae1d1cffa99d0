//! Keys.

use async_trait::async_trait;
use sqlx::SqliteConnection;
use surefoot_types::{key::Key, ports::Stored};

use super::{to_json, unavailable, writer::Write};

/// A new key; false if its name is taken.
pub(super) struct KeyAdd {
    name: String,
    body: String,
}

impl KeyAdd {
    pub(super) fn new(key: &Key) -> Stored<Self> {
        Ok(Self { name: key.name.clone(), body: to_json(key)? })
    }
}

#[async_trait]
impl Write for KeyAdd {
    type Done = bool;

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<bool> {
        let insert = sqlx::query("INSERT OR IGNORE INTO key (name, body) VALUES (?, ?)");
        let done = insert.bind(&self.name).bind(&self.body).execute(to).await;
        Ok(done.map_err(unavailable)?.rows_affected() > 0)
    }
}

/// A key in place of the one with its id; `None` if another has its name.
pub(super) struct KeyPut {
    id: String,
    name: String,
    body: String,
}

impl KeyPut {
    pub(super) fn new(key: &Key) -> Stored<Self> {
        Ok(Self { id: key.id.to_string(), name: key.name.clone(), body: to_json(key)? })
    }
}

#[async_trait]
impl Write for KeyPut {
    type Done = Option<bool>;

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<Option<bool>> {
        let taken: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM key WHERE name = ? AND id <> ?)")
            .bind(&self.name)
            .bind(&self.id)
            .fetch_one(&mut *to)
            .await
            .map_err(unavailable)?;
        if taken {
            return Ok(None);
        }
        let update = sqlx::query("UPDATE key SET name = ?, body = ? WHERE id = ?");
        let done = update.bind(&self.name).bind(&self.body).bind(&self.id).execute(to).await;
        Ok(Some(done.map_err(unavailable)?.rows_affected() > 0))
    }
}

/// A key goes; false if there was none.
pub(super) struct KeyRemove {
    pub(super) name: String,
}

#[async_trait]
impl Write for KeyRemove {
    type Done = bool;

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<bool> {
        let done = sqlx::query("DELETE FROM key WHERE name = ?").bind(&self.name).execute(to).await;
        Ok(done.map_err(unavailable)?.rows_affected() > 0)
    }
}
