//! Responses that later requests go on from. They go here at once: another replica may be asked to go on.

use async_trait::async_trait;
use sqlx::PgConnection;
use surefoot_types::{
    Timestamp,
    erasure::user_hash,
    ids::ResponseId,
    ports::{Responses, Stored},
    response::Response,
};

use super::{PostgresStore, column, kept_shared};
use crate::{
    Cipher,
    rows::{id_bytes, limited, nanos, unavailable},
};

#[async_trait]
impl Responses for PostgresStore {
    async fn response_put(&self, response: &Response) -> Stored<()> {
        let mut transaction = self.pool.begin().await.map_err(unavailable)?;
        kept_shared(&mut transaction).await?;
        response_insert(&mut transaction, response, self.spool.cipher()).await?;
        transaction.commit().await.map_err(unavailable)
    }

    async fn response_get(&self, id: ResponseId) -> Stored<Option<Response>> {
        let body: Option<String> = sqlx::query_scalar("SELECT body FROM response WHERE id = $1")
            .bind(id_bytes(id.to_bits()))
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)?;
        body.map(|body| self.spool.cipher().read(&body)).transpose()
    }

    async fn response_chain(&self, id: ResponseId, limit: usize) -> Stored<Vec<Response>> {
        let bodies = sqlx::query_scalar(
            "WITH RECURSIVE chain (id, depth) AS (
                 SELECT $1::bytea, 1::bigint
                 UNION ALL
                 SELECT response.previous, depth + 1 FROM response JOIN chain ON response.id = chain.id
                 WHERE response.previous IS NOT NULL AND depth < $2
             )
             SELECT body FROM chain JOIN response ON response.id = chain.id ORDER BY depth DESC",
        )
        .bind(id_bytes(id.to_bits()))
        .bind(limited(limit))
        .fetch_all(&self.pool)
        .await
        .map_err(unavailable)?;
        self.spool.cipher().read_all(&bodies)
    }

    async fn response_delete(&self, id: ResponseId) -> Stored<bool> {
        let delete = sqlx::query("DELETE FROM response WHERE id = $1").bind(id_bytes(id.to_bits()));
        let gone = delete.execute(&self.pool).await.map_err(unavailable)?;
        Ok(gone.rows_affected() > 0)
    }

    async fn response_prune(&self, before: Timestamp) -> Stored<u64> {
        let first = id_bytes(ResponseId::first(before).to_bits());
        let delete = sqlx::query("DELETE FROM response WHERE id < $1").bind(first);
        Ok(delete.execute(&self.pool).await.map_err(unavailable)?.rows_affected())
    }
}

/// Keeps a response, unless its user was erased meanwhile.
pub(crate) async fn response_insert(to: &mut PgConnection, response: &Response, cipher: &Cipher) -> Stored<()> {
    sqlx::query(
        "INSERT INTO response (id, previous, user_name, body) SELECT $1, $2, $3, $4
         WHERE NOT EXISTS (SELECT FROM erasure WHERE user_hash = $5 AND at >= $6)
         ON CONFLICT (id) DO UPDATE SET previous = excluded.previous, user_name = excluded.user_name,
             body = excluded.body",
    )
    .bind(id_bytes(response.id.to_bits()))
    .bind(response.previous.map(|id| id_bytes(id.to_bits())))
    .bind(response.user.as_deref().map(column))
    .bind(cipher.write(response)?)
    .bind(response.user.as_deref().map(user_hash))
    .bind(nanos(response.at))
    .execute(to)
    .await
    .map(|_| ())
    .map_err(unavailable)
}
