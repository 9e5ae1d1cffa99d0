//! Experiments on functions.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use surefoot_gateway::project::{Experiment, Unit, Variant};
use surefoot_lab::experiments::{Design, Harm, Method, Metric};

use super::Ground;
use crate::settings::{
    source::At,
    written::{experiment::Experiment as Written, function::Function},
};

/// Most variants beside the control.
const CANDIDATES: usize = 7;
/// The chance of a wrong word, unless the project says.
const ALPHA: f64 = 0.05;
/// The least share with `adaptive`, unless the project says.
const FLOOR: f64 = 0.1;
/// How long after its first feedback a unit may change its mind, unless the project says.
const SETTLE: Duration = Duration::from_secs(600);
/// Characters of the hash in an experiment's id.
const HASHED: usize = 12;

/// Ways to split, with their names in settings.
const METHODS: [(&str, Method); 3] =
    [("even", Method::Even), ("adaptive", Method::Adaptive { floor: FLOOR }), ("fixed", Method::Fixed)];
/// Whether less is better.
const BETTER: [(&str, bool); 2] = [("more", false), ("less", true)];

impl Ground<'_> {
    /// The experiment on a function: what the path needs to know of it, and what the lab does.
    pub(super) fn experiment(
        &self,
        function: &Function,
        written: &Written,
        variants: &BTreeMap<String, Arc<Variant>>,
        default: &str,
    ) -> Option<(Experiment, Design)> {
        let arms = self.arms(function, written, default);
        let unit = self.choice("unit", written.unit.as_ref(), &Unit::NAMES).unwrap_or(Unit::User);
        let method = self.method(written);
        let metric = self.metric(written);
        let harm = self.harm(written);
        let alpha = self.within("alpha", written.alpha.as_ref(), 0.0001..=0.2).unwrap_or(ALPHA);
        let settle = written.settle.as_ref().and_then(|settle| self.long(settle)).unwrap_or(SETTLE);
        let absent_after = self.absent_after(written, method);
        let most = self.within("units", written.units.as_ref(), 10..=1_000_000).map(i64::unsigned_abs);
        // All mistakes are told at once: only here is it seen whether there is something to go on with.
        let (arms, metric) = (arms?, metric?);
        let shares = self.arm_shares(written, method, &arms);
        let mut design = Design {
            id: String::new(),
            function: function.name.value.clone(),
            arms: arms.clone(),
            shares: shares.clone(),
            metric,
            harm,
            method,
            alpha,
            settle,
            absent_after,
            most,
        };
        // Another prompt is another experiment: what was learned of the one before says nothing of it.
        let versions: Vec<&str> = arms.iter().filter_map(|arm| Some(variants.get(arm)?.version.as_str())).collect();
        let hash = blake3::hash(format!("{design:?} {unit:?} {versions:?}").as_bytes()).to_hex();
        design.id = format!("{}.{}", design.function, &hash[..HASHED]);
        Some((Experiment { id: design.id.clone(), arms, unit, shares }, design))
    }

    /// The variants that take part, the control first.
    fn arms(&self, function: &Function, written: &Written, default: &str) -> Option<Vec<String>> {
        let known: Vec<&str> = function.variants.iter().map(|variant| variant.name.value.as_str()).collect();
        let named = written.control.iter().chain(&written.candidates);
        let mut all_known = true;
        for name in named.filter(|name| !known.contains(&name.value.as_str())) {
            self.unknown("variant", name, known.iter().copied(), "The variants in this folder are");
            all_known = false;
        }
        let control = written.control.as_ref().map_or(default, |control| control.value.as_str());
        let mut arms = vec![control.to_owned()];
        for candidate in &written.candidates {
            if arms.contains(&candidate.value) {
                let message = format!("'{}' takes part twice", candidate.value);
                let hint = format!("The control is '{control}'; name each of the others once.");
                self.mistakes.add(&candidate.place, message, hint);
                all_known = false;
            }
            arms.push(candidate.value.clone());
        }
        if arms.len() > CANDIDATES + 1 || (written.candidates.is_empty() && all_known) {
            let message = format!("an experiment has 1 to {CANDIDATES} candidates");
            self.mistakes.add(&written.place, message, "Write `candidates = [\"concise\"]`.".to_owned());
            return None;
        }
        all_known.then_some(arms)
    }

    /// When silence is a no. Where shares follow what was said, it cannot be: units that change their variant are
    /// silent about the first, most of them those of the variant that loses share, and that would speak against it.
    fn absent_after(&self, written: &Written, method: Method) -> Option<Duration> {
        let absent = written.absent_after.as_ref()?;
        if matches!(method, Method::Adaptive { .. }) {
            let message = "`absent_after` cannot stand with the method \"adaptive\"";
            let hint = "Write `method = \"even\"`: a unit that changes its variant would be silent, and count as a no.";
            self.mistakes.add(&absent.place, message, hint.to_owned());
        }
        self.long(absent)
    }

    /// A duration, or days: feedback may come late.
    fn long(&self, written: &At<String>) -> Option<Duration> {
        if written.value.ends_with('d') { self.days(written) } else { self.duration(written) }
    }

    fn method(&self, written: &Written) -> Method {
        let method = self.choice("method", written.method.as_ref(), &METHODS).unwrap_or(Method::Even);
        let floor = self.within("floor", written.floor.as_ref(), 0.01..=0.5);
        match method {
            Method::Adaptive { .. } => Method::Adaptive { floor: floor.unwrap_or(FLOOR) },
            other => {
                if let Some(floor) = &written.floor {
                    let message = "`floor` is for the method \"adaptive\"";
                    self.mistakes.add(
                        &floor.place,
                        message,
                        "Leave it out, or write `method = \"adaptive\"`.".to_owned(),
                    );
                }
                other
            }
        }
    }

    fn arm_shares(&self, written: &Written, method: Method, arms: &[String]) -> Vec<f64> {
        let even = vec![1.0 / arms.len() as f64; arms.len()];
        let Some((first, _)) = written.shares.first() else {
            return even;
        };
        if method != Method::Fixed {
            let message = "`shares` are for the method \"fixed\"";
            self.mistakes.add(&first.place, message, "Leave them out, or write `method = \"fixed\"`.".to_owned());
        }
        for (name, share) in &written.shares {
            if !arms.contains(&name.value) {
                self.unknown("variant", name, arms.iter().map(String::as_str), "Those that take part are");
            }
            self.within("shares", Some(share), 1..=1_000_000);
        }
        let share =
            |arm: &String| written.shares.iter().find(|(name, _)| name.value == *arm).map(|(_, share)| share.value);
        let shares: Option<Vec<f64>> = arms.iter().map(|arm| Some(share(arm)? as f64)).collect();
        let Some(shares) = shares else {
            let message = "a variant that takes part has no share";
            self.mistakes.add(&first.place, message, format!("Give each of {} one.", arms.join(", ")));
            return even;
        };
        let all: f64 = shares.iter().sum();
        shares.iter().map(|share| share / all).collect()
    }

    fn metric(&self, written: &Written) -> Option<Metric> {
        let name = written.metric.as_ref()?;
        if ["comment", "correction"].contains(&name.value.as_str()) {
            let message = format!("'{}' is a text, which decides nothing", name.value);
            self.mistakes.add(
                &name.place,
                message,
                "Name a metric of yes and no or of numbers, like `thumbs`.".to_owned(),
            );
        }
        let (least, most) = (written.least.as_ref(), written.most.as_ref());
        let range = (least.map_or(0.0, |least| least.value), most.map_or(1.0, |most| most.value));
        if range.0 >= range.1 || !(range.1 - range.0).is_finite() {
            let place = most.or(least).map_or(&name.place, |at| &at.place);
            let message = format!("no number lies between {} and {}", range.0, range.1);
            self.mistakes.add(place, message, "Write the least and the most that it can be.".to_owned());
        }
        let less_is_better = self.choice("better", written.better.as_ref(), &BETTER).unwrap_or(false);
        Some(Metric { name: name.value.clone(), range, less_is_better })
    }

    fn harm(&self, written: &Written) -> Harm {
        let [cost, latency, errors] = &written.harm;
        Harm {
            cost: self.within("cost", cost.as_ref(), 0.0..=100.0),
            latency: self.within("latency", latency.as_ref(), 0.0..=100.0),
            errors: self.within("errors", errors.as_ref(), 0.0..=1.0),
        }
    }
}
