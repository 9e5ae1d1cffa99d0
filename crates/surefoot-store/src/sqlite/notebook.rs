//! Eval runs.

use async_trait::async_trait;
use sqlx::SqliteConnection;
use surefoot_types::{
    Timestamp,
    ids::RunId,
    ports::{Notebook, Stored},
    run::{CaseResult, Run},
};

use super::{SqliteStore, from_json, id_bytes, limited, rows, to_json, unavailable, writer::Write};

#[async_trait]
impl Notebook for SqliteStore {
    async fn run_put(&self, run: &Run) -> Stored<()> {
        let write = RunPut { id: id_bytes(run.id.to_bits()), eval: run.eval.clone(), body: to_json(run)? };
        self.writer.write(write).await
    }

    async fn run_case_add(&self, run: RunId, case: &CaseResult) -> Stored<()> {
        self.writer.write(CaseAdd { run: id_bytes(run.to_bits()), body: to_json(case)? }).await
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

    async fn run_prune(&self, before: Timestamp) -> Stored<u64> {
        self.writer.write(Prune { first: id_bytes(RunId::first(before).to_bits()) }).await
    }

    async fn run_list(&self, eval: Option<&str>, limit: usize) -> Stored<Vec<Run>> {
        let bodies = sqlx::query_scalar("SELECT body FROM run WHERE ?1 IS NULL OR eval = ?1 ORDER BY id DESC LIMIT ?2")
            .bind(eval)
            .bind(limited(limit))
            .fetch_all(&self.readers)
            .await
            .map_err(unavailable)?;
        rows(&bodies)
    }
}

/// A run's head comes, or takes an older one's place.
struct RunPut {
    id: Vec<u8>,
    eval: String,
    body: String,
}

#[async_trait]
impl Write for RunPut {
    type Done = ();

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<()> {
        sqlx::query("INSERT OR REPLACE INTO run (id, eval, body) VALUES (?, ?, ?)")
            .bind(&self.id)
            .bind(&self.eval)
            .bind(&self.body)
            .execute(to)
            .await
            .map_err(unavailable)?;
        Ok(())
    }
}

/// Runs before the first that is kept go, with their cases.
struct Prune {
    first: Vec<u8>,
}

#[async_trait]
impl Write for Prune {
    type Done = u64;

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<u64> {
        sqlx::query("DELETE FROM run_case WHERE run_id < ?")
            .bind(&self.first)
            .execute(&mut *to)
            .await
            .map_err(unavailable)?;
        let gone =
            sqlx::query("DELETE FROM run WHERE id < ?").bind(&self.first).execute(to).await.map_err(unavailable)?;
        Ok(gone.rows_affected())
    }
}

/// A case of a run comes.
struct CaseAdd {
    run: Vec<u8>,
    body: String,
}

#[async_trait]
impl Write for CaseAdd {
    type Done = ();

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<()> {
        sqlx::query("INSERT INTO run_case (run_id, body) VALUES (?, ?)")
            .bind(&self.run)
            .bind(&self.body)
            .execute(to)
            .await
            .map_err(unavailable)?;
        Ok(())
    }
}
