//! Experiments.

use async_trait::async_trait;
use sqlx::SqliteConnection;
use surefoot_types::{
    experiment::{KeptExperiment, Observed},
    feedback::Feedback,
    ports::{Stored, TrialCount, Trials},
};

use super::{SqliteStore, rows, to_json, unavailable, writer::Write};
use crate::rows::{ExperimentRow, TrialRow, experiment, observed};

#[async_trait]
impl Trials for SqliteStore {
    async fn trial_count(&self, experiment: &str) -> Stored<TrialCount> {
        let (trials, said): (i64, i64) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM trial WHERE experiment = ?1),
                 (SELECT count(*) FROM trial JOIN feedback USING (trace_id) WHERE experiment = ?1)",
        )
        .bind(experiment)
        .fetch_one(&self.readers)
        .await
        .map_err(unavailable)?;
        Ok((trials.unsigned_abs(), said.unsigned_abs()))
    }

    async fn trial_list(&self, experiment: &str) -> Stored<Vec<Observed>> {
        let rows: Vec<TrialRow> = sqlx::query_as(
            "SELECT trace_id, unit, variant, share, at, took_us, cost, failed FROM trial WHERE experiment = ? ORDER BY trace_id",
        )
        .bind(experiment)
        .fetch_all(&self.readers)
        .await
        .map_err(unavailable)?;
        rows.into_iter().map(observed).collect()
    }

    async fn trial_feedback(&self, experiment: &str) -> Stored<Vec<Feedback>> {
        let bodies = sqlx::query_scalar(
            "SELECT body FROM trial JOIN feedback USING (trace_id) WHERE experiment = ? ORDER BY number",
        )
        .bind(experiment)
        .fetch_all(&self.readers)
        .await
        .map_err(unavailable)?;
        rows(&bodies)
    }

    async fn experiment_get(&self, id: &str) -> Stored<Option<KeptExperiment>> {
        let row: Option<ExperimentRow> = sqlx::query_as("SELECT id, revision, body FROM experiment WHERE id = ?")
            .bind(id)
            .fetch_optional(&self.readers)
            .await
            .map_err(unavailable)?;
        row.map(experiment).transpose()
    }

    async fn experiment_list(&self) -> Stored<Vec<KeptExperiment>> {
        let rows: Vec<ExperimentRow> = sqlx::query_as("SELECT id, revision, body FROM experiment ORDER BY id")
            .fetch_all(&self.readers)
            .await
            .map_err(unavailable)?;
        rows.into_iter().map(experiment).collect()
    }

    async fn experiment_put(&self, kept: &KeptExperiment) -> Stored<bool> {
        let revision = i64::try_from(kept.revision).unwrap_or(i64::MAX);
        self.writer.write(Put { id: kept.id.clone(), revision, body: to_json(&kept.body)? }).await
    }
}

struct Put {
    id: String,
    revision: i64,
    body: String,
}

#[async_trait]
impl Write for Put {
    type Done = bool;

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<bool> {
        let put = "INSERT INTO experiment (id, revision, body) SELECT ?1, ?2, ?3
                   WHERE ?2 = 1 OR EXISTS (SELECT 1 FROM experiment WHERE id = ?1)
                   ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, body = excluded.body
                   WHERE experiment.revision = excluded.revision - 1";
        let put = sqlx::query(put).bind(&self.id).bind(self.revision).bind(&self.body).execute(to).await;
        Ok(put.map_err(unavailable)?.rows_affected() > 0)
    }
}
