//! Eval runs in memory.

use async_trait::async_trait;
use surefoot_types::{
    Timestamp,
    ids::RunId,
    ports::{Notebook, Stored},
    run::{CaseResult, Run},
};

use super::MemoryStore;

#[async_trait]
impl Notebook for MemoryStore {
    async fn run_put(&self, run: &Run) -> Stored<()> {
        self.lock().runs.entry(run.id).or_insert_with(|| (run.clone(), Vec::new())).0 = run.clone();
        Ok(())
    }

    async fn run_case_add(&self, run: RunId, case: &CaseResult) -> Stored<()> {
        if let Some((_, cases)) = self.lock().runs.get_mut(&run) {
            cases.push(case.clone());
        }
        Ok(())
    }

    async fn run_get(&self, id: RunId) -> Stored<Option<Run>> {
        Ok(self.lock().runs.get(&id).map(|(run, _)| run.clone()))
    }

    async fn run_cases(&self, id: RunId) -> Stored<Vec<CaseResult>> {
        Ok(self.lock().runs.get(&id).map(|(_, cases)| cases.clone()).unwrap_or_default())
    }

    async fn run_prune(&self, before: Timestamp) -> Stored<u64> {
        let mut inner = self.lock();
        let kept = inner.runs.split_off(&RunId::first(before));
        Ok(std::mem::replace(&mut inner.runs, kept).len() as u64)
    }

    async fn run_list(&self, eval: Option<&str>, limit: usize) -> Stored<Vec<Run>> {
        let inner = self.lock();
        let fits = |run: &&Run| eval.is_none_or(|eval| run.eval == eval);
        Ok(inner.runs.values().rev().map(|(run, _)| run).filter(fits).take(limit).cloned().collect())
    }
}
