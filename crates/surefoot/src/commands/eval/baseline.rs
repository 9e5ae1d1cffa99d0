//! Runs that later ones are compared with, in a file beside the evals: it goes with the project into git, so
//! that a build elsewhere has it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use surefoot_lab::evals::{Dataset, Finished};

/// The runs of a baseline, by eval.
pub(super) struct Baseline {
    name: String,
    runs: BTreeMap<String, Finished>,
}

impl Baseline {
    pub(super) fn read(project: &Path, name: &str) -> anyhow::Result<Self> {
        let file = file(project, name)?;
        let bytes = fs::read(&file).with_context(|| {
            format!("there is no baseline '{name}' in {}: make it with --save-baseline {name}", file.display())
        })?;
        let runs = serde_json::from_slice(&bytes).with_context(|| format!("{} is no baseline", file.display()))?;
        Ok(Self { name: name.to_owned(), runs })
    }

    /// The run of an eval over these cases.
    pub(super) fn run(&self, eval: &str, dataset: &Dataset) -> anyhow::Result<Finished> {
        let name = &self.name;
        let run = self.runs.get(eval).with_context(|| format!("the baseline '{name}' has no run of '{eval}'"))?;
        if run.run.dataset != dataset.hash() {
            bail!("the baseline '{name}' of '{eval}' is over other cases: make it anew with --save-baseline {name}");
        }
        Ok(run.clone())
    }

    /// Keeps runs, in place of those of the same evals. One that was stopped is no measure of others.
    pub(super) fn save<'a>(
        project: &Path,
        name: &str,
        runs: impl Iterator<Item = &'a Finished>,
    ) -> anyhow::Result<PathBuf> {
        let file = file(project, name)?;
        let mut kept = if file.exists() { Self::read(project, name)?.runs } else { BTreeMap::new() };
        for one in runs {
            ensure!(one.run.finished.is_some(), "the run {} did not come to its end: no baseline", one.run.id);
            kept.insert(one.run.eval.clone(), one.clone());
        }
        fs::create_dir_all(file.parent().unwrap_or(project))?;
        let text = serde_json::to_string_pretty(&kept)? + "\n";
        fs::write(&file, text).with_context(|| format!("{} cannot be written", file.display()))?;
        Ok(file)
    }
}

fn file(project: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let fine = !name.is_empty() && !name.starts_with('.') && name.chars().all(plain);
    ensure!(fine, "'{name}' is no name of a baseline: letters, digits, `-`, `_` and `.`");
    Ok(project.join("evals/baselines").join(format!("{name}.json")))
}
