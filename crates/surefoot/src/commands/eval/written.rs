//! The files that runs are written to.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::Args;
use surefoot_lab::evals::{
    self, Finished,
    report::{self, Page, Standing},
    results,
};

use super::{EARLIER, Told};
use crate::assemble::House;

/// Where to write.
#[derive(Debug, Args)]
pub(super) struct Written {
    /// Write the results as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write a comment for a pull request, in Markdown
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Write a report for people, as one page of HTML
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write every answer with its grades: `.jsonl` or `.csv`
    #[arg(long, value_name = "FILE")]
    results: Vec<PathBuf>,
}

impl Written {
    /// Refuses what cannot be written before anything is paid for.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        for file in &self.results {
            if !matches!(ending(file), "jsonl" | "csv") {
                bail!("{}: results are written as .jsonl or .csv", file.display());
            }
        }
        let all = [&self.junit, &self.markdown, &self.html].into_iter().flatten().chain(&self.results);
        for folder in all.filter_map(|file| file.parent()).filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        }
        Ok(())
    }

    pub(super) async fn write(&self, house: &House, runs: &[Told]) -> anyhow::Result<()> {
        if let Some(file) = &self.junit {
            let all: Vec<_> = runs.iter().map(|told| (&told.finished, told.shut())).collect();
            put(file, evals::junit(&all))?;
        }
        let mut standings = Vec::new();
        for told in runs {
            standings.push(if self.html.is_some() { standing(house, told).await? } else { Vec::new() });
        }
        let pages: Vec<Page<'_>> = runs.iter().zip(&standings).map(|(told, standings)| page(told, standings)).collect();
        if let Some(file) = &self.markdown {
            put(file, report::markdown(&pages))?;
        }
        if let Some(file) = &self.html {
            put(file, report::html(&pages))?;
        }
        let all: Vec<&Finished> = runs.iter().map(|told| &told.finished).collect();
        for file in &self.results {
            put(file, if ending(file) == "csv" { results::csv(&all) } else { results::jsonl(&all) })?;
        }
        Ok(())
    }
}

fn ending(file: &Path) -> &str {
    file.extension().and_then(|ending| ending.to_str()).unwrap_or_default()
}

fn put(file: &Path, text: String) -> anyhow::Result<()> {
    fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))
}

fn page<'a>(told: &'a Told, standings: &'a [Standing]) -> Page<'a> {
    Page {
        finished: &told.finished,
        before: told.before.as_ref(),
        comparison: told.comparison.as_ref(),
        decision: &told.settled,
        standings,
    }
}

/// The run among those that it may be chosen against: what it is compared with, and the last of every other
/// subject that was asked the same and graded alike.
async fn standing(house: &House, told: &Told) -> anyhow::Result<Vec<Standing>> {
    let run = &told.run;
    let mut others: Vec<Finished> = told.before.clone().into_iter().collect();
    for earlier in house.store.run_list(Some(&run.eval), EARLIER).await? {
        let alike = earlier.dataset == run.dataset && earlier.graded_by == run.graded_by && earlier.finished.is_some();
        let known = earlier.subject == run.subject || others.iter().any(|other| other.run.subject == earlier.subject);
        if alike && !known {
            let cases = house.store.run_cases(earlier.id).await?;
            others.push(Finished { run: earlier, cases });
        }
    }
    Ok(report::standings(&std::iter::once(&told.finished).chain(&others).collect::<Vec<_>>()))
}
