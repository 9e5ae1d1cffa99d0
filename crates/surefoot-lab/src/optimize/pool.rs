//! What was tried, and which of it the search goes on from.

use std::collections::BTreeMap;

use serde::Serialize;
use surefoot_types::{
    Money,
    run::{CaseResult, Rate, Verdict},
};

use super::Draft;
use crate::{
    evals::Finished,
    stats::{
        mean,
        pareto::{Choice, frontier},
    },
};

/// How a candidate came to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// The search began with it.
    Start,
    /// A model wrote it, having read cases that its parent fails.
    Reflected,
    /// A model wrote it shorter.
    Shortened,
    /// Its parent with demonstrations: cases, by id, that passed.
    Examples(Vec<String>),
    /// Its parent with another model.
    Model(String),
    /// A cheaper model first, its parent's where a check fails.
    Cascade(String),
}

impl How {
    /// In words.
    pub fn told(&self) -> String {
        match self {
            Self::Start => "the start".into(),
            Self::Reflected => "rewritten from failed cases".into(),
            Self::Shortened => "shortened".into(),
            Self::Examples(shown) => format!("{} demonstrations", shown.len()),
            Self::Model(model) => format!("asks {model}"),
            Self::Cascade(model) => format!("asks {model} first"),
        }
    }
}

/// Something that was tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Candidate {
    /// Its place among all, from 0, the start.
    pub number: usize,
    /// Whom it was made from.
    pub parent: usize,
    /// How.
    pub how: How,
    /// Why, in the words of who proposed it.
    pub why: String,
    /// The variant.
    pub draft: Draft,
    /// Its pass rate over the training cases; absent where it was not asked all of them.
    pub train: Option<Rate>,
    /// What an answer costs in the mean, in dollars, judges aside; absent where a price is unknown.
    pub usd: Option<f64>,
    /// Whether the search goes on from it.
    pub accepted: bool,
    /// What was decided of it, and by what.
    pub decided: String,
    /// Its answers to the training cases.
    #[serde(skip)]
    pub(super) run: Option<Finished>,
}

impl Candidate {
    /// One that was proposed and not asked yet.
    pub(super) fn new(number: usize, parent: usize, how: How, draft: Draft) -> Self {
        Self {
            number,
            parent,
            how,
            why: String::new(),
            draft,
            train: None,
            usd: None,
            accepted: false,
            decided: String::new(),
            run: None,
        }
    }

    /// Takes a run over the training cases.
    pub(super) fn measured(&mut self, run: Finished) {
        self.train = Some(run.run.overall);
        self.usd = usd(&run.cases);
        self.run = Some(run);
    }

    pub(super) fn rate(&self) -> f64 {
        self.train.and_then(|rate| rate.value).unwrap_or(0.0)
    }
}

/// Dollars for an answer in the mean.
pub(super) fn usd(cases: &[CaseResult]) -> Option<f64> {
    let answered = cases.iter().filter(|case| case.trace_id.is_some());
    let costs: Option<Vec<f64>> = answered.map(|case| case.cost.map(Money::as_dollars)).collect();
    costs.as_deref().and_then(mean::average)
}

/// Which of the accepted candidates none beats on quality and cost, by number. Where a price is unknown, quality
/// alone tells.
pub(super) fn front(all: &[Candidate]) -> Vec<usize> {
    let accepted: Vec<&Candidate> = all.iter().filter(|one| one.accepted).collect();
    let priced = accepted.iter().all(|one| one.usd.is_some());
    let choice = |one: &&Candidate| Choice {
        quality: one.rate(),
        cost: one.usd.filter(|_| priced).unwrap_or_default(),
        latency: 0.0,
    };
    let best = frontier(&accepted.iter().map(choice).collect::<Vec<_>>());
    accepted.iter().zip(best).filter(|(_, best)| *best).map(|(one, _)| one.number).collect()
}

/// The candidate to go on from: drawn by the number of training cases that none does better on, so that one which
/// is good at what all others fail is not lost (GEPA's selection by instances).
pub(super) fn parent(all: &[Candidate], rng: &mut fastrand::Rng) -> usize {
    let accepted: Vec<&Candidate> = all.iter().filter(|one| one.accepted).collect();
    let scores: Vec<BTreeMap<&str, f64>> = accepted.iter().map(|one| scores(one)).collect();
    let mut best: BTreeMap<&str, f64> = BTreeMap::new();
    for (case, score) in scores.iter().flatten() {
        let known = best.entry(case).or_insert(*score);
        *known = known.max(*score);
    }
    let wins = |own: &BTreeMap<&str, f64>| own.iter().filter(|(case, score)| best[*case] <= **score).count();
    let weights: Vec<usize> = scores.iter().map(wins).collect();
    let mut drawn = rng.usize(..weights.iter().sum::<usize>().max(1));
    for (one, weight) in accepted.iter().zip(&weights) {
        match drawn.checked_sub(*weight) {
            None => return one.number,
            Some(rest) => drawn = rest,
        }
    }
    0
}

/// What each case got: the mean over its answers.
fn scores(candidate: &Candidate) -> BTreeMap<&str, f64> {
    let cases = candidate.run.iter().flat_map(|run| &run.cases);
    cases.map(|case| (case.case_id.as_str(), f64::from(u8::from(case.verdict == Verdict::Pass)))).collect()
}

/// The accepted candidate that the training cases speak for; the start where none does.
pub(super) fn best_quality(all: &[Candidate]) -> usize {
    let dearer = |one: &Candidate| one.usd.unwrap_or(f64::INFINITY);
    let better = |one: &&Candidate, other: &&Candidate| {
        let by_rate = one.rate().total_cmp(&other.rate());
        by_rate.then(dearer(other).total_cmp(&dearer(one))).then(other.number.cmp(&one.number))
    };
    all.iter().filter(|one| one.accepted).max_by(better).map_or(0, |one| one.number)
}

/// The cheapest accepted candidate.
pub(super) fn cheapest(all: &[Candidate]) -> usize {
    let accepted = all.iter().filter(|one| one.accepted && one.usd.is_some());
    accepted
        .min_by(|one, other| one.usd.partial_cmp(&other.usd).unwrap_or(std::cmp::Ordering::Equal))
        .map_or(0, |one| one.number)
}
