//! Eval runs.

use async_trait::async_trait;
use sqlx::SqliteConnection;
use surefoot_types::{
    ids::RunId,
    ports::{Notebook, Stored},
    run::{CaseResult, Run},
};

use super::{SqliteStore, Write, from_json, id_bytes, rows, to_json, unavailable};

#[async_trait]
impl Notebook for SqliteStore {
    async fn run_put(&self, run: &Run) -> Stored<()> {
        let write = Write::Run { id: id_bytes(run.id.to_bits()), eval: run.eval.clone(), body: to_json(run)? };
        self.write(write).await.map(|_| ())
    }

    async fn run_case_add(&self, run: RunId, case: &CaseResult) -> Stored<()> {
        self.write(Write::RunCase { run: id_bytes(run.to_bits()), body: to_json(case)? }).await.map(|_| ())
    }

    async fn run_get(&self, id: RunId) -> Stored<Option<Run>> {
        let body: Option<String> = sqlx::query_scalar("SELECT body FROM run WHERE id = ?")
            .bind(id_bytes(id.to_bits()))
            .fetch_optional(&self.readers)
            .await
            .map_err(unavailable)?;
        body.map(|body| from_json(&body)).transpose()
    }

    async fn run_cases(&self, id: RunId) -> Stored<Vec<CaseResult>> {
        let bodies = sqlx::query_scalar("SELECT body FROM run_case WHERE run_id = ? ORDER BY number")
            .bind(id_bytes(id.to_bits()))
            .fetch_all(&self.readers)
            .await
            .map_err(unavailable)?;
        rows(&bodies)
    }

    async fn run_list(&self, eval: Option<&str>, limit: usize) -> Stored<Vec<Run>> {
        let bodies = sqlx::query_scalar("SELECT body FROM run WHERE ?1 IS NULL OR eval = ?1 ORDER BY id DESC LIMIT ?2")
            .bind(eval)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.readers)
            .await
            .map_err(unavailable)?;
        rows(&bodies)
    }
}

pub(super) async fn run_upsert(to: &mut SqliteConnection, id: &[u8], eval: &str, body: &str) -> Stored<bool> {
    sqlx::query("INSERT OR REPLACE INTO run (id, eval, body) VALUES (?, ?, ?)")
        .bind(id)
        .bind(eval)
        .bind(body)
        .execute(to)
        .await
        .map_err(unavailable)?;
    Ok(true)
}

pub(super) async fn run_case_insert(to: &mut SqliteConnection, run: &[u8], body: &str) -> Stored<bool> {
    sqlx::query("INSERT INTO run_case (run_id, body) VALUES (?, ?)")
        .bind(run)
        .bind(body)
        .execute(to)
        .await
        .map_err(unavailable)?;
    Ok(true)
}
