//! Whether a variant does harm: surely worse than the control, by more than it may be.

use super::{
    design::Design,
    units::{Gathered, Unit},
};
use crate::stats::{
    Confidence, Interval,
    anytime::{asymptotic, mean_of},
};

/// The chance that harm is found where there is none, of all guards and variants together.
const ALPHA: f64 = 0.05;
/// Fewest units of each of two variants before their means are compared: those intervals hold in the limit.
const FEWEST: f64 = 50.0;
/// Where the intervals of means are narrowest: at about five hundred units.
const NARROWEST: f64 = 0.15;

/// What is known of something that is measured of each unit.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Measured {
    n: f64,
    sum: f64,
    squares: f64,
}

impl Measured {
    pub(super) fn of(units: impl Iterator<Item = f64>) -> Self {
        units.fold(Self::default(), |seen, value| Self {
            n: seen.n + 1.0,
            sum: seen.sum + value,
            squares: seen.squares + value * value,
        })
    }

    pub(super) fn mean(self) -> Option<f64> {
        (self.n > 0.0).then(|| self.sum / self.n)
    }

    /// Where the mean of something without bounds lies, at every look.
    fn unbounded(self, confidence: Confidence) -> Option<Interval> {
        let mean = self.mean().filter(|_| self.n >= FEWEST)?;
        let variance = (self.squares / self.n - mean * mean).max(0.0);
        Some(Interval::around(mean, asymptotic(variance, self.n, NARROWEST, confidence)))
    }

    /// Where the mean of shares lies, at every look.
    fn share(self, confidence: Confidence) -> Option<Interval> {
        (self.n > 0.0).then(|| mean_of(self.sum, self.n, confidence))
    }
}

/// The variants that do harm, each with what it does.
pub(super) fn harmful(design: &Design, gathered: &Gathered) -> Vec<(usize, String)> {
    let guards = [design.harm.cost, design.harm.latency, design.harm.errors].iter().flatten().count();
    let comparisons = (guards * design.arms.len()).max(1) as f64;
    let Some(confidence) = Confidence::new(1.0 - ALPHA / comparisons) else { return Vec::new() };
    let of = |arm: usize, measure: &dyn Fn(&Unit) -> Option<f64>| {
        Measured::of(gathered.units.iter().filter(|unit| unit.arm == arm).filter_map(measure))
    };
    let mut found = Vec::new();
    for arm in 1..design.arms.len() {
        let beyond = |limit: Option<f64>, measure: &dyn Fn(&Unit) -> Option<f64>| {
            let control = of(0, measure).unbounded(confidence)?;
            let candidate = of(arm, measure).unbounded(confidence)?;
            (candidate.low > control.high * (1.0 + limit?)).then_some((candidate.low, control.high))
        };
        if let Some((low, high)) = beyond(design.harm.cost, &Unit::cost) {
            found.push((arm, format!("a request costs at least {low:.6} dollars, with the control at most {high:.6}")));
        } else if let Some((low, high)) = beyond(design.harm.latency, &|unit| Some(unit.latency())) {
            found.push((arm, format!("a request takes at least {low:.0} ms, with the control at most {high:.0} ms")));
        } else if let Some(limit) = design.harm.errors
            && let errors = (|unit: &Unit| Some(unit.errors())) as fn(&Unit) -> Option<f64>
            && let Some(control) = of(0, &errors).share(confidence)
            && let Some(candidate) = of(arm, &errors).share(confidence)
            && candidate.low > control.high + limit
        {
            let (low, high) = (candidate.low * 100.0, control.high * 100.0);
            found
                .push((arm, format!("at least {low:.1} % of its requests fail, with the control at most {high:.1} %")));
        }
    }
    found
}
