//! Keys.

use async_trait::async_trait;
use sqlx::SqliteConnection;
use surefoot_types::{key::Key, ports::Stored};

use super::{from_json, to_json, unavailable, writer::Write};

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

/// What became of a key that was to be changed.
pub(super) enum Put {
    Done,
    /// Another has its name.
    Taken,
    /// There is none.
    Gone,
    /// It is another one by now.
    Changed,
}

/// A key in place of the one that it was.
pub(super) struct KeyPut {
    was: Key,
    id: String,
    name: String,
    body: String,
}

impl KeyPut {
    pub(super) fn new(was: &Key, key: &Key) -> Stored<Self> {
        Ok(Self { was: was.clone(), id: key.id.to_string(), name: key.name.clone(), body: to_json(key)? })
    }
}

#[async_trait]
impl Write for KeyPut {
    type Done = Put;

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<Put> {
        let body: Option<String> = sqlx::query_scalar("SELECT body FROM key WHERE id = ?")
            .bind(&self.id)
            .fetch_optional(&mut *to)
            .await
            .map_err(unavailable)?;
        let Some(body) = body else { return Ok(Put::Gone) };
        if from_json::<Key>(&body)? != self.was {
            return Ok(Put::Changed);
        }
        let taken: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM key WHERE name = ? AND id <> ?)")
            .bind(&self.name)
            .bind(&self.id)
            .fetch_one(&mut *to)
            .await
            .map_err(unavailable)?;
        if taken {
            return Ok(Put::Taken);
        }
        let update = sqlx::query("UPDATE key SET name = ?, body = ? WHERE id = ?");
        update.bind(&self.name).bind(&self.body).bind(&self.id).execute(to).await.map_err(unavailable)?;
        Ok(Put::Done)
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
