//! Requests and feedback, gathered by the unit that was drawn for.

use std::collections::HashMap;

use surefoot_types::{Timestamp, experiment::Observed, feedback::Feedback, feedback::standing, ids::TraceId};

use super::design::Design;

/// Everything that happened, by unit.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// Units in the order in which they came.
    pub(super) units: Vec<Unit>,
    /// Scores in the order in which they counted.
    pub(super) scores: Vec<Score>,
    /// Units that ran another variant later, since shares had changed: what came then counts for neither.
    pub(super) moved: u64,
}

/// A unit's requests with the variant that it had first.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    pub(super) arm: usize,
    /// When the first came, and with which probability it was drawn.
    pub(super) first: Timestamp,
    pub(super) share: f64,
    pub(super) requests: u64,
    pub(super) failed: u64,
    /// Dollars, of those whose cost is known.
    pub(super) cost: f64,
    pub(super) priced: u64,
    pub(super) took_ms: f64,
    moved: bool,
}

/// What a unit's word counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Score {
    pub(super) arm: usize,
    /// Between 0 and 1, more being better.
    pub(super) value: f64,
}

/// Gathers what is known at `now`. Whatever counts now counts the same at every later moment, and comes before what
/// counts later: so may evidence be looked at as often as one likes. `said` is in the order in which it was kept.
pub(super) fn gather(design: &Design, trials: &[Observed], said: &[Feedback], now: Timestamp) -> Gathered {
    let mut trials: Vec<&Observed> = trials.iter().collect();
    trials.sort_by_key(|trial| (trial.at, trial.trace_id));
    let (mut units, mut names): (Vec<Unit>, HashMap<&str, usize>) = (Vec::new(), HashMap::new());
    let mut of_trace: HashMap<TraceId, usize> = HashMap::new();
    for trial in trials {
        let Some(arm) = design.arms.iter().position(|arm| *arm == trial.variant) else { continue };
        let place = *names.entry(&trial.unit).or_insert_with(|| {
            units.push(Unit::new(arm, trial));
            units.len() - 1
        });
        let unit = &mut units[place];
        if unit.arm != arm {
            unit.moved = true;
            continue;
        }
        of_trace.insert(trial.trace_id, place);
        unit.add(trial);
    }
    let mut by_unit: Vec<Vec<Feedback>> = vec![Vec::new(); units.len()];
    for one in said.iter().filter(|one| one.metric == design.metric.name) {
        if let Some(place) = of_trace.get(&one.trace_id) {
            by_unit[*place].push(one.clone());
        }
    }
    let counted = units.iter().zip(&by_unit).enumerate();
    let mut counted: Vec<(Timestamp, usize, Score)> = counted
        .filter_map(|(place, (unit, said))| {
            let (at, value) = word(design, unit, said)?;
            (at <= now).then_some((at, place, Score { arm: unit.arm, value }))
        })
        .collect();
    counted.sort_by_key(|(at, place, _)| (*at, *place));
    let moved = units.iter().filter(|unit| unit.moved).count() as u64;
    Gathered { scores: counted.into_iter().map(|(_, _, score)| score).collect(), units, moved }
}

/// When a unit's word counts, and what it is: what stands `settle` after the first that was said, the mean where it is
/// said of several requests. Whoever has said nothing for long enough has said no.
fn word(design: &Design, unit: &Unit, said: &[Feedback]) -> Option<(Timestamp, f64)> {
    let silent = design.absent_after.map(|wait| unit.first.saturating_add(wait).unwrap_or(Timestamp::MAX));
    let no = || silent.map(|at| (at, design.metric.nothing()));
    let Some(first) = said.iter().map(|one| one.at).min() else { return no() };
    if silent.is_some_and(|at| first > at) {
        return no();
    }
    let settled = first.saturating_add(design.settle).unwrap_or(Timestamp::MAX);
    let by_then: Vec<Feedback> = said.iter().filter(|one| one.at <= settled).cloned().collect();
    let values = standing(&by_then).into_iter().filter_map(|one| design.metric.scaled(&one.value, one.trace_id));
    let (sum, of) = values.fold((0.0, 0.0), |(sum, of), value| (sum + value, of + 1.0));
    // All of it was taken back: that is to have said nothing, which counts when silence does.
    if of > 0.0 { Some((settled, sum / of)) } else { no().map(|(at, value)| (at.max(settled), value)) }
}

impl Unit {
    fn new(arm: usize, trial: &Observed) -> Self {
        Self {
            arm,
            first: trial.at,
            share: trial.share,
            requests: 0,
            failed: 0,
            cost: 0.0,
            priced: 0,
            took_ms: 0.0,
            moved: false,
        }
    }

    fn add(&mut self, trial: &Observed) {
        self.requests += 1;
        self.failed += u64::from(trial.failed);
        self.took_ms += trial.took_us as f64 / 1_000.0;
        if let Some(cost) = trial.cost {
            self.cost += cost.as_dollars();
            self.priced += 1;
        }
    }

    /// What its requests cost on average, in dollars.
    pub(super) fn cost(&self) -> Option<f64> {
        (self.priced > 0).then(|| self.cost / self.priced as f64)
    }

    /// How long they took on average, in milliseconds.
    pub(super) fn latency(&self) -> f64 {
        self.took_ms / self.requests.max(1) as f64
    }

    /// The share that failed.
    pub(super) fn errors(&self) -> f64 {
        self.failed as f64 / self.requests.max(1) as f64
    }
}
