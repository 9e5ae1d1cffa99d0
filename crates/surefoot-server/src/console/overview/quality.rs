//! Quality over time: the pass rates of the newest runs of every eval, with their intervals.

use surefoot_types::{
    Timestamp,
    run::{Rate, Run},
};

use crate::console::page::{moment, percent};

/// Newest runs that are read.
pub(super) const RUNS: usize = 200;
/// Newest runs of one eval that are drawn.
const POINTS: usize = 30;

/// How an eval went over time, for one subject.
#[derive(Debug, Clone)]
pub(crate) struct Quality {
    pub(crate) eval: String,
    /// What it asks: a function, `function@variant`, or a model.
    pub(crate) subject: String,
    /// The newest run.
    pub(crate) run: String,
    pub(crate) at: Timestamp,
    pub(crate) rate: Rate,
    /// Whether its gate is open, if it has one.
    pub(crate) open: Option<bool>,
    /// The runs, oldest first.
    pub(crate) points: Vec<Point>,
}

/// A run on a chart of hundredths, the best on top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) title: String,
    /// Where its interval begins, from the top, and how far it goes down.
    pub(crate) top: u64,
    pub(crate) height: u64,
    /// Where the rate itself is.
    pub(crate) tick: u64,
}

impl Quality {
    /// The function that it asks, or the model.
    pub(crate) fn function(&self) -> &str {
        self.subject.split('@').next().unwrap_or_default()
    }
}

/// Every eval and subject of these runs, newest first: those that were finished and could grade something.
pub(crate) fn qualities(runs: Vec<Run>) -> Vec<Quality> {
    let mut all: Vec<Quality> = Vec::new();
    for run in runs.into_iter().filter(|run| run.finished.is_some()) {
        let Some(value) = run.overall.value else { continue };
        let point = point(&run, value);
        match all.iter_mut().find(|one| one.eval == run.eval && one.subject == run.subject) {
            Some(quality) if quality.points.len() < POINTS => quality.points.push(point),
            Some(_) => {}
            None => all.push(Quality {
                run: run.id.to_string(),
                at: run.started,
                rate: run.overall,
                open: run.gate.map(|gate| gate.open),
                points: vec![point],
                eval: run.eval,
                subject: run.subject,
            }),
        }
    }
    all.iter_mut().for_each(|quality| quality.points.reverse());
    all
}

fn point(run: &Run, value: f64) -> Point {
    let down = |share: f64| 100 - (share.clamp(0.0, 1.0) * 100.0).round() as u64;
    let Rate { low, high, passed, of, .. } = run.overall;
    Point {
        title: format!("{} UTC: {} ({passed} of {of})", moment(&run.started), percent(value)),
        top: down(high),
        height: down(low).saturating_sub(down(high)).max(1),
        tick: down(value).min(98),
    }
}
