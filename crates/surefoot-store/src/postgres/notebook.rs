//! Eval runs.

use async_trait::async_trait;
use sqlx::PgConnection;
use surefoot_types::{
    Timestamp,
    ids::RunId,
    ports::{Notebook, Stored},
    run::{CaseResult, Run},
};

use super::{PostgresStore, column, kept_shared};
use crate::rows::{from_json, id_bytes, limited, rows, to_json, unavailable};

#[async_trait]
impl Notebook for PostgresStore {
    async fn run_put(&self, run: &Run) -> Stored<()> {
        let mut connection = self.pool.acquire().await.map_err(unavailable)?;
        run_upsert(&mut connection, run).await
    }

    async fn run_case_add(&self, run: RunId, case: &CaseResult) -> Stored<()> {
        // Whose it is, its trace tells.
        self.catch_up().await;
        let mut transaction = self.pool.begin().await.map_err(unavailable)?;
        kept_shared(&mut transaction).await?;
        run_case_insert(&mut transaction, run, case, None).await?;
        transaction.commit().await.map_err(unavailable)
    }

    async fn run_get(&self, id: RunId) -> Stored<Option<Run>> {
        let body: Option<String> = sqlx::query_scalar("SELECT body FROM run WHERE id = $1")
            .bind(id_bytes(id.to_bits()))
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)?;
        body.map(|body| from_json(&body)).transpose()
    }

    async fn run_cases(&self, id: RunId) -> Stored<Vec<CaseResult>> {
        let bodies = sqlx::query_scalar("SELECT body FROM run_case WHERE run_id = $1 ORDER BY number")
            .bind(id_bytes(id.to_bits()))
            .fetch_all(&self.pool)
            .await
            .map_err(unavailable)?;
        rows(&bodies)
    }

    async fn run_prune(&self, before: Timestamp) -> Stored<u64> {
        let first = id_bytes(RunId::first(before).to_bits());
        let mut transaction = self.pool.begin().await.map_err(unavailable)?;
        sqlx::query("DELETE FROM run_case WHERE run_id < $1")
            .bind(&first)
            .execute(&mut *transaction)
            .await
            .map_err(unavailable)?;
        let gone = sqlx::query("DELETE FROM run WHERE id < $1").bind(first).execute(&mut *transaction);
        let gone = gone.await.map_err(unavailable)?.rows_affected();
        transaction.commit().await.map_err(unavailable)?;
        Ok(gone)
    }

    async fn run_list(&self, eval: Option<&str>, limit: usize) -> Stored<Vec<Run>> {
        let bodies = sqlx::query_scalar("SELECT body FROM run WHERE $1 IS NULL OR eval = $1 ORDER BY id DESC LIMIT $2")
            .bind(eval)
            .bind(limited(limit))
            .fetch_all(&self.pool)
            .await
            .map_err(unavailable)?;
        rows(&bodies)
    }
}

pub(crate) async fn run_upsert(to: &mut PgConnection, run: &Run) -> Stored<()> {
    sqlx::query(
        "INSERT INTO run VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET eval = excluded.eval, body = excluded.body",
    )
    .bind(id_bytes(run.id.to_bits()))
    .bind(&run.eval)
    .bind(to_json(run)?)
    .execute(to)
    .await
    .map_err(unavailable)?;
    Ok(())
}

/// Keeps a case, of this user where its trace does not tell.
pub(crate) async fn run_case_insert(
    to: &mut PgConnection,
    run: RunId,
    case: &CaseResult,
    user: Option<&str>,
) -> Stored<()> {
    sqlx::query(
        "INSERT INTO run_case (run_id, trace_id, user_name, body)
         SELECT $1, $2, coalesce((SELECT user_name FROM trace WHERE id = $2), $4), $3
         WHERE NOT EXISTS (SELECT FROM counted WHERE id = $2 AND erased)",
    )
    .bind(id_bytes(run.to_bits()))
    .bind(case.trace_id.map(|id| id_bytes(id.to_bits())))
    .bind(to_json(case)?)
    .bind(user.map(column))
    .execute(to)
    .await
    .map_err(unavailable)?;
    Ok(())
}
