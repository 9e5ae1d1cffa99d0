//! Experiments in memory.

use async_trait::async_trait;
use surefoot_types::{
    experiment::{KeptExperiment, Observed},
    feedback::Feedback,
    ports::{Stored, TrialCount, Trials},
};

use super::{Inner, MemoryStore};

impl Inner {
    fn trials(&self, experiment: &str) -> Vec<Observed> {
        let observed = self.traces.values().filter_map(|trace| Observed::of(trace));
        observed.filter(|(of, _)| *of == experiment).map(|(_, one)| one).collect()
    }

    fn said(&self, experiment: &str) -> Vec<Feedback> {
        let trials = self.trials(experiment);
        let part = |one: &&Feedback| trials.iter().any(|trial| trial.trace_id == one.trace_id);
        self.feedback.iter().filter(part).cloned().collect()
    }
}

#[async_trait]
impl Trials for MemoryStore {
    async fn trial_count(&self, experiment: &str) -> Stored<TrialCount> {
        let inner = self.lock();
        Ok((inner.trials(experiment).len() as u64, inner.said(experiment).len() as u64))
    }

    async fn trial_list(&self, experiment: &str) -> Stored<Vec<Observed>> {
        Ok(self.lock().trials(experiment))
    }

    async fn trial_feedback(&self, experiment: &str) -> Stored<Vec<Feedback>> {
        Ok(self.lock().said(experiment))
    }

    async fn experiment_get(&self, id: &str) -> Stored<Option<KeptExperiment>> {
        Ok(self.lock().experiments.get(id).cloned())
    }

    async fn experiment_list(&self) -> Stored<Vec<KeptExperiment>> {
        Ok(self.lock().experiments.values().cloned().collect())
    }

    async fn experiment_put(&self, kept: &KeptExperiment) -> Stored<bool> {
        let experiments = &mut self.lock().experiments;
        let seen = experiments.get(&kept.id).map_or(0, |there| there.revision);
        if seen + 1 != kept.revision {
            return Ok(false);
        }
        experiments.insert(kept.id.clone(), kept.clone());
        Ok(true)
    }
}
