//! Secrets of the store's own.

use async_trait::async_trait;
use sqlx::PgConnection;
use surefoot_types::ports::{SecretBytes, Stored, Vault};

use super::PostgresStore;
use crate::rows::{secret, unavailable};

#[async_trait]
impl Vault for PostgresStore {
    async fn secret_keep(&self, name: &str, fresh: SecretBytes) -> Stored<SecretBytes> {
        let mut connection = self.pool.acquire().await.map_err(unavailable)?;
        secret_insert(&mut connection, name, &fresh).await?;
        // On its own: what another process put in meanwhile is seen only by a statement that begins after it.
        let kept: Vec<u8> = sqlx::query_scalar("SELECT value FROM secret WHERE name = $1")
            .bind(name)
            .fetch_one(&mut *connection)
            .await
            .map_err(unavailable)?;
        secret(kept)
    }
}

/// Keeps a secret, unless one of this name is there.
pub(crate) async fn secret_insert(to: &mut PgConnection, name: &str, value: &[u8]) -> Stored<()> {
    let insert = sqlx::query("INSERT INTO secret (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING");
    insert.bind(name).bind(value).execute(to).await.map(|_| ()).map_err(unavailable)
}
