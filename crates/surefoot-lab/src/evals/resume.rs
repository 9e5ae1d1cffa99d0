//! A run that goes on where another one, or a kill, ended it.

use std::collections::BTreeSet;

use surefoot_types::{
    ids::RunId,
    ports::{Notebook, Stored},
    run::{CaseResult, Run},
};

use super::runner::RunError;

/// A run as it was left.
pub(super) struct Left {
    pub(super) run: Run,
    pub(super) cases: Vec<CaseResult>,
}

impl Left {
    /// The run `id`, which must be one of `fresh`: of the same eval, over the same cases, asked and graded
    /// alike. Otherwise its two halves would be figures of two things.
    pub(super) async fn find(notebook: &dyn Notebook, id: RunId, fresh: &Run) -> Result<Self, RunError> {
        let run = notebook.run_get(id).await?.ok_or_else(|| RunError::Resume(format!("there is no run {id}")))?;
        if let Some(finished) = run.finished {
            return Err(RunError::Resume(format!("the run {id} was finished at {finished}: nothing is left to ask")));
        }
        for (what, then, now) in [
            ("eval", &run.eval, &fresh.eval),
            ("subject", &run.subject, &fresh.subject),
            ("dataset", &run.dataset, &fresh.dataset),
            ("graders", &run.graded_by, &fresh.graded_by),
            ("number of repeats", &run.repeats.to_string(), &fresh.repeats.to_string()),
        ] {
            if then != now {
                let short = |text: &str| text.chars().take(16).collect::<String>();
                return Err(RunError::Resume(format!(
                    "the {what} of the run {id} was `{}` and is `{}` now: start a new run",
                    short(then),
                    short(now)
                )));
            }
        }
        let cases = notebook.run_cases(id).await?;
        Ok(Self { run, cases })
    }

    /// Whether this answer is kept.
    pub(super) fn kept(&self) -> BTreeSet<(&str, u64)> {
        self.cases.iter().map(|case| (case.case_id.as_str(), case.repeat)).collect()
    }
}

/// The newest run of `eval` that was not finished.
///
/// # Errors
/// When the store fails.
pub async fn unfinished(notebook: &dyn Notebook, eval: &str) -> Stored<Option<RunId>> {
    const LOOKED_AT: usize = 50;
    let runs = notebook.run_list(Some(eval), LOOKED_AT).await?;
    Ok(runs.into_iter().find(|run| run.finished.is_none()).map(|run| run.id))
}
