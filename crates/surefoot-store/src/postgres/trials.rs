//! Experiments. Their requests come with the traces.

use async_trait::async_trait;
use sqlx::PgConnection;
use surefoot_types::{
    experiment::{KeptExperiment, Observed},
    feedback::Feedback,
    ports::{Stored, TrialCount, Trials},
    trace::Trace,
};

use super::{PostgresStore, column, count};
use crate::rows::{ExperimentRow, TrialRow, experiment, id_bytes, observed, rows, to_json, unavailable};

#[async_trait]
impl Trials for PostgresStore {
    async fn trial_count(&self, experiment: &str) -> Stored<TrialCount> {
        self.catch_up().await;
        let (trials, said): (i64, i64) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM trial WHERE experiment = $1),
                 (SELECT count(*) FROM trial JOIN feedback USING (trace_id) WHERE experiment = $1)",
        )
        .bind(column(experiment))
        .fetch_one(&self.pool)
        .await
        .map_err(unavailable)?;
        Ok((count(trials), count(said)))
    }

    async fn trial_list(&self, experiment: &str) -> Stored<Vec<Observed>> {
        let rows: Vec<TrialRow> = sqlx::query_as(
            "SELECT trace_id, unit, variant, share, at, took_us, cost, failed FROM trial WHERE experiment = $1 ORDER BY trace_id",
        )
        .bind(column(experiment))
        .fetch_all(&self.pool)
        .await
        .map_err(unavailable)?;
        rows.into_iter().map(observed).collect()
    }

    async fn trial_feedback(&self, experiment: &str) -> Stored<Vec<Feedback>> {
        let bodies = sqlx::query_scalar(
            "SELECT body FROM trial JOIN feedback USING (trace_id) WHERE experiment = $1 ORDER BY number",
        )
        .bind(column(experiment))
        .fetch_all(&self.pool)
        .await
        .map_err(unavailable)?;
        rows(&bodies)
    }

    async fn experiment_get(&self, id: &str) -> Stored<Option<KeptExperiment>> {
        let row: Option<ExperimentRow> = sqlx::query_as("SELECT id, revision, body FROM experiment WHERE id = $1")
            .bind(column(id))
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)?;
        row.map(experiment).transpose()
    }

    async fn experiment_list(&self) -> Stored<Vec<KeptExperiment>> {
        let rows: Vec<ExperimentRow> = sqlx::query_as("SELECT id, revision, body FROM experiment ORDER BY id")
            .fetch_all(&self.pool)
            .await
            .map_err(unavailable)?;
        rows.into_iter().map(experiment).collect()
    }

    async fn experiment_put(&self, kept: &KeptExperiment) -> Stored<bool> {
        let (revision, body) = (i64::try_from(kept.revision).unwrap_or(i64::MAX), to_json(&kept.body)?);
        let put = if kept.revision == 1 {
            sqlx::query("INSERT INTO experiment (id, revision, body) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
        } else {
            sqlx::query("UPDATE experiment SET revision = $2, body = $3 WHERE id = $1 AND revision = $2 - 1")
        };
        let put = put.bind(column(&kept.id)).bind(revision).bind(body).execute(&self.pool).await;
        Ok(put.map_err(unavailable)?.rows_affected() > 0)
    }
}

/// Keeps what these traces were part of.
pub(crate) async fn trials_insert<'t>(
    to: &mut PgConnection,
    traces: impl Iterator<Item = &'t Trace> + Send,
) -> Stored<()> {
    let observed: Vec<(&str, Observed)> = traces.filter_map(Observed::of).collect();
    for (experiment, one) in observed {
        sqlx::query("INSERT INTO trial VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING")
            .bind(id_bytes(one.trace_id.to_bits()))
            .bind(column(experiment))
            .bind(column(&one.unit))
            .bind(column(&one.variant))
            .bind(one.share)
            .bind(one.at.as_millisecond())
            .bind(i64::try_from(one.took_us).unwrap_or(i64::MAX))
            .bind(one.cost.map(surefoot_types::Money::as_nanos))
            .bind(one.failed)
            .execute(&mut *to)
            .await
            .map_err(unavailable)?;
    }
    Ok(())
}
