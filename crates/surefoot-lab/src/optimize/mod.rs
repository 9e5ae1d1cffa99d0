//! Optimisation: other variants of a function are proposed from what went wrong, and believed only as far as
//! a comparison shows it.
//!
//! The search is reflective evolution (GEPA, Agrawal et al. 2025, arXiv:2507.19457) with demonstrations from
//! cases that passed (MIPROv2, Opsahl-Ong et al. 2024, arXiv:2406.11695): a model reads the cases that a prompt
//! fails and writes another one. What differs: a child takes its parent's place beside it by a paired test and
//! not by the sum over three cases, and what is said in the end comes from a part of the cases that nothing
//! was chosen by.
//!
//! Read [`optimize`] first.

mod draft;
mod pool;
mod propose;
mod report;
mod search;
mod till;
mod verdict;

use serde::Serialize;
use surefoot_types::{Fault, Money, ports::StoreError};

pub use draft::Draft;
pub use pool::{Candidate, How};
pub use report::report;
pub use search::optimize;
pub use verdict::{Confirmed, Saving};

use crate::evals::{Dataset, Eval, Progress, RunError};

/// What is to become better.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// More cases pass.
    #[default]
    Quality,
    /// An answer costs less, and no more cases fail than the margin allows.
    Cost,
}

/// What is optimised, and by which cases.
#[derive(Debug, Clone, Copy)]
pub struct Task<'a> {
    /// The function.
    pub function: &'a str,
    /// What it does, in its own words; may be empty.
    pub about: &'a str,
    /// The variant that the search begins with.
    pub start: &'a Draft,
    /// What grades its answers.
    pub eval: &'a Eval,
    /// All cases: the search splits them itself.
    pub dataset: &'a Dataset,
}

/// How to search.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Options {
    /// What is to become better.
    pub goal: Goal,
    /// Who writes prompts: a model or a function. Without one, only models and demonstrations are tried.
    pub by: Option<String>,
    /// Models that may take the place of the variant's own.
    pub models: Vec<String>,
    /// Checks of a cheap model's answers, as lines of a `[cascade]`: what fails one is sent on.
    pub checks: Vec<String>,
    /// The most candidates beside the start.
    pub rounds: usize,
    /// Cases that a prompt may show as demonstrations; none where this is 0.
    pub examples: usize,
    /// The share of cases that is kept back for the end, between 0 and 1.
    pub test: f64,
    /// Another number splits, chooses and asks anew.
    pub seed: u64,
    /// By how much the share of passing cases may fall for the sake of cost.
    pub margin: f64,
    /// What all of it may cost, the writing of prompts and judges included.
    pub most: Option<Money>,
    /// Cases asked at once.
    pub concurrency: usize,
}

/// Makes drafts known as variants, so that they can be asked; nothing is written.
pub trait Workshop: Send + Sync {
    /// Makes `draft` known under `name`; gives the subject by which it is asked.
    ///
    /// # Errors
    /// All that is wrong with it, as `surefoot check` would tell it.
    fn admit(&self, name: &str, draft: &Draft) -> Result<String, String>;
}

/// How far a search is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct News<'a> {
    /// Which candidate is measured, from 0, the start.
    pub candidate: usize,
    /// The most candidates beside the start.
    pub rounds: usize,
    /// What is being done.
    pub doing: &'a str,
    /// How far the run over its cases is.
    pub progress: Progress,
}

/// What came of a search.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// The function.
    pub function: String,
    /// What was to become better.
    pub goal: Goal,
    /// All that was tried, in order; the first is the start.
    pub candidates: Vec<Candidate>,
    /// Which of the accepted ones none beats on quality and cost, by number.
    pub front: Vec<usize>,
    /// Which one was chosen by the training cases; absent where it is the start.
    pub chosen: Option<usize>,
    /// What the cases say that nothing was chosen by.
    pub confirmed: Option<Confirmed>,
    /// Cases that candidates were chosen by, and cases that were kept back.
    pub cases: (usize, usize),
    /// The smallest difference of pass rates that so many cases kept back can be expected to see.
    pub seen: f64,
    /// What it cost; absent where a price is unknown.
    pub cost: Option<Money>,
    /// Why it ended before all rounds were done.
    pub stopped: Option<String>,
    /// The seed.
    pub seed: u64,
}

impl Outcome {
    /// The one that is shown to be better, or cheaper and no worse.
    pub fn winner(&self) -> Option<&Candidate> {
        let proven = self.confirmed.as_ref().is_some_and(|told| told.proven);
        self.chosen.filter(|_| proven).and_then(|at| self.candidates.get(at))
    }
}

/// Why a search came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptimizeError {
    /// It cannot be meant as it stands; nothing was asked.
    #[error("{0}")]
    Task(String),
    /// The start could not be measured.
    #[error("the variant that the search begins with could not be measured: {0}")]
    Start(String),
    /// The eval cannot be run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The model that writes prompts cannot be asked at all.
    #[error("the model that writes prompts gave no answer: {}", .0.told())]
    Writer(Fault),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[cfg(test)]
mod tests;
