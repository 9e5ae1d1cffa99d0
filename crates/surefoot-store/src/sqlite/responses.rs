//! Responses that later requests go on from.

use async_trait::async_trait;
use sqlx::SqliteConnection;
use surefoot_types::{
    Timestamp,
    erasure::user_hash,
    ids::ResponseId,
    ports::{Responses, Stored},
    response::Response,
};

use super::{SqliteStore, id_bytes, limited, unavailable, writer::Write};

#[async_trait]
impl Responses for SqliteStore {
    async fn response_put(&self, response: &Response) -> Stored<()> {
        let write = Put {
            id: id_bytes(response.id.to_bits()),
            previous: response.previous.map(|id| id_bytes(id.to_bits())),
            user: response.user.clone(),
            at: i64::try_from(response.at.as_nanosecond()).unwrap_or(i64::MAX),
            body: self.cipher().write(response)?,
        };
        self.writer.write(write).await
    }

    async fn response_get(&self, id: ResponseId) -> Stored<Option<Response>> {
        let body: Option<String> = sqlx::query_scalar("SELECT body FROM response WHERE id = ?")
            .bind(id_bytes(id.to_bits()))
            .fetch_optional(&self.readers)
            .await
            .map_err(unavailable)?;
        body.map(|body| self.cipher().read(&body)).transpose()
    }

    async fn response_chain(&self, id: ResponseId, limit: usize) -> Stored<Vec<Response>> {
        let bodies = sqlx::query_scalar(
            "WITH RECURSIVE chain (id, depth) AS (
                 SELECT ?1, 1
                 UNION ALL
                 SELECT response.previous, depth + 1 FROM response JOIN chain ON response.id = chain.id
                 WHERE response.previous IS NOT NULL AND depth < ?2
             )
             SELECT body FROM chain JOIN response ON response.id = chain.id ORDER BY depth DESC",
        )
        .bind(id_bytes(id.to_bits()))
        .bind(limited(limit))
        .fetch_all(&self.readers)
        .await
        .map_err(unavailable)?;
        self.cipher().read_all(&bodies)
    }

    async fn response_delete(&self, id: ResponseId) -> Stored<bool> {
        let delete = Delete { sql: "DELETE FROM response WHERE id = ?", id: id_bytes(id.to_bits()) };
        self.writer.write(delete).await.map(|gone| gone > 0)
    }

    async fn response_prune(&self, before: Timestamp) -> Stored<u64> {
        let first = id_bytes(ResponseId::first(before).to_bits());
        self.writer.write(Delete { sql: "DELETE FROM response WHERE id < ?", id: first }).await
    }
}

/// A response comes, unless its user was erased meanwhile.
struct Put {
    id: Vec<u8>,
    previous: Option<Vec<u8>>,
    user: Option<String>,
    at: i64,
    body: String,
}

#[async_trait]
impl Write for Put {
    type Done = ();

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<()> {
        sqlx::query(
            "INSERT OR REPLACE INTO response (id, previous, user, body) SELECT ?, ?, ?, ?
             WHERE NOT EXISTS (SELECT 1 FROM erasure WHERE user = ? AND at >= ?)",
        )
        .bind(&self.id)
        .bind(&self.previous)
        .bind(&self.user)
        .bind(&self.body)
        .bind(self.user.as_deref().map(user_hash))
        .bind(self.at)
        .execute(to)
        .await
        .map(|_| ())
        .map_err(unavailable)
    }
}

/// Some go. How many.
struct Delete {
    sql: &'static str,
    id: Vec<u8>,
}

#[async_trait]
impl Write for Delete {
    type Done = u64;

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<u64> {
        let gone = sqlx::query(self.sql).bind(&self.id).execute(to).await.map_err(unavailable)?;
        Ok(gone.rows_affected())
    }
}
