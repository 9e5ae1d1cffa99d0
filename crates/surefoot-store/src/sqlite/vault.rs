//! Secrets of the store's own.

use async_trait::async_trait;
use sqlx::SqliteConnection;
use surefoot_types::ports::{SecretBytes, Stored, Vault};

use super::{SqliteStore, unavailable, writer::Write};
use crate::rows::secret;

#[async_trait]
impl Vault for SqliteStore {
    async fn secret_keep(&self, name: &str, fresh: SecretBytes) -> Stored<SecretBytes> {
        self.writer.write(Keep { name: name.into(), fresh }).await
    }
}

struct Keep {
    name: String,
    fresh: SecretBytes,
}

#[async_trait]
impl Write for Keep {
    type Done = SecretBytes;

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<SecretBytes> {
        sqlx::query("INSERT OR IGNORE INTO secret (name, value) VALUES (?, ?)")
            .bind(&self.name)
            .bind(self.fresh.as_slice())
            .execute(&mut *to)
            .await
            .map_err(unavailable)?;
        let kept: Vec<u8> = sqlx::query_scalar("SELECT value FROM secret WHERE name = ?")
            .bind(&self.name)
            .fetch_one(to)
            .await
            .map_err(unavailable)?;
        secret(kept)
    }
}
