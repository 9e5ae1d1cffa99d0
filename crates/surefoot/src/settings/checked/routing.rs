//! Which target is asked first, what is done about slow ones, and how many requests are worked on at once.

use std::time::Duration;

use surefoot_gateway::project::{Hedge, HedgeAfter, Load, Route, Routing};

use super::{BUILT_IN, Ground};
use crate::settings::{
    mistake::suggest,
    source::At,
    written::root::{Load as WrittenLoad, Root, Routing as Written},
};

/// The share of requests that may be sent twice where none is told.
const HEDGE_SHARE: f64 = 0.05;
/// Most requests or calls at once, and most that wait.
const MOST: i64 = 100_000;

impl Ground<'_> {
    /// How an alias of so many targets is routed.
    pub(super) fn routing(&self, written: &Written, alias: &At<String>, targets: usize) -> Routing {
        let route = self.choice("route", written.route.as_ref(), &Route::NAMES).unwrap_or_default();
        let sticky = match &written.sticky {
            None => Routing::default().sticky,
            Some(off) if off.value == "off" => None,
            Some(time) => self.duration(time),
        };
        Routing { route, weights: self.weights(written, alias, route, targets), sticky, hedge: self.hedge(written) }
    }

    fn weights(&self, written: &Written, alias: &At<String>, route: Route, targets: usize) -> Vec<f64> {
        let Some(weights) = &written.weights else { return Vec::new() };
        let place = weights.first().map_or(&alias.place, |first| &first.place);
        if weights.len() != targets {
            let message = format!("'weights' of '{}' are {}, and its targets {targets}", alias.value, weights.len());
            self.mistakes.add(place, message, "Write one weight for each target, in their order.".to_owned());
        }
        if !matches!(route, Route::Weighted | Route::LeastBusy) {
            let message = format!("'weights' mean nothing with the route '{}'", route.name());
            let hint = "Write `route = \"weighted\"` or `route = \"least_busy\"`, or leave them out.";
            self.mistakes.add(place, message, hint.to_owned());
        }
        let weight = |one: &At<i64>| self.within("weights", Some(one), 1..=1_000).map(|weight| weight as f64);
        weights.iter().filter_map(weight).collect()
    }

    fn hedge(&self, written: &Written) -> Option<Hedge> {
        let share = self.within("hedge_share", written.hedge_share.as_ref(), 0.0..=1.0).unwrap_or(HEDGE_SHARE);
        let after = written.hedge_after.as_ref()?;
        let after = match after.value.as_str() {
            "p95" => HedgeAfter::P95,
            _ => HedgeAfter::Time(self.duration(after)?),
        };
        Some(Hedge { after, share })
    }

    /// How many requests are worked on at once.
    pub(super) fn load(&self, root: &Root) -> Load {
        let WrittenLoad { at_once, providers, waiting, patience } = &root.load;
        let otherwise = Load::default();
        let many = |what: &str, written: Option<&At<i64>>, least: i64| {
            self.within(what, written, least..=MOST).and_then(|many| usize::try_from(many).ok())
        };
        let known = || root.providers.iter().map(|one| one.name.value.as_str()).chain(BUILT_IN);
        let mut lines = std::collections::BTreeMap::new();
        for (name, most) in providers {
            if !known().any(|one| one == name.value) {
                let message = format!("there is no provider '{}'", name.value);
                self.mistakes.add(&name.place, message, suggest(&name.value, known(), "The providers are"));
            }
            lines.extend(many(&name.value, Some(most), 1).map(|most| (name.value.clone(), most)));
        }
        let patience: Option<Duration> = patience.as_ref().and_then(|patience| self.duration(patience));
        Load {
            at_once: many("at_once", at_once.as_ref(), 1),
            providers: lines,
            waiting: many("waiting", waiting.as_ref(), 0).unwrap_or(otherwise.waiting),
            patience: patience.unwrap_or(otherwise.patience),
        }
    }
}
