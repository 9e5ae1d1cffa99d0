//! In which order targets are asked: pure, over a snapshot of how they are, with chance handed in.

use std::time::Duration;

use surefoot_types::Money;

use crate::project::Route;

/// A target whose prompt cache is warm counts as so much faster.
const WARM_SPEED: f64 = 0.6;
/// Or as having so many calls fewer under way.
const WARM_CALLS: f64 = 2.0;

/// What is known of a target when it is decided.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) name: String,
    /// Its share of the requests beside the others'.
    pub(crate) weight: f64,
    /// For how long it must be left alone.
    pub(crate) rests: Duration,
    /// Whether none of its keys was of use when last tried.
    pub(crate) shunned: bool,
    /// How long it takes to answer.
    pub(crate) latency: Option<Duration>,
    pub(crate) under_way: u32,
    /// What this request is likely to cost there; `None` where its price is not known.
    pub(crate) cost: Option<Money>,
    /// Whether it served this session or prefix last.
    pub(crate) warm: bool,
}

/// An order of targets, and why it is this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decision {
    /// Places of the candidates.
    pub(crate) order: Vec<usize>,
    /// In words, for the trace.
    pub(crate) why: String,
}

/// Orders candidates. `draw` gives numbers in `0.0..1.0`. Those that may not be asked now come last, those whose keys
/// were of no use before them: which of them is asked at all is for the tries to say.
pub(crate) fn decide(route: Route, candidates: &[Candidate], draw: &mut dyn FnMut() -> f64) -> Decision {
    let able = |candidate: &Candidate| candidate.rests.is_zero() && !candidate.shunned;
    let (mut order, mut rest): (Vec<usize>, Vec<usize>) = (0..candidates.len()).partition(|&at| able(&candidates[at]));
    let why = match route {
        // As written.
        Route::Fallback => String::new(),
        _ if order.len() < 2 => String::new(),
        Route::Weighted => weighted(candidates, &mut order, draw),
        Route::Latency => latency(candidates, &mut order, draw),
        Route::Cheapest => cheapest(candidates, &mut order),
        Route::LeastBusy => least_busy(candidates, &mut order, draw),
    };
    rest.sort_by_key(|&at| (candidates[at].rests, at));
    let why = told(route, candidates, &order, &rest, &why);
    order.append(&mut rest);
    Decision { order, why }
}

/// Drawn by weight, the rest of the order too. A warm target is kept to.
fn weighted(candidates: &[Candidate], order: &mut [usize], draw: &mut dyn FnMut() -> f64) -> String {
    let mut keyed: Vec<(usize, f64)> = order
        .iter()
        // The smallest of exponential draws falls to each in proportion to its weight.
        .map(|&at| (at, -(1.0 - draw()).ln() / candidates[at].weight))
        .collect();
    for (at, key) in &mut keyed {
        if candidates[*at].warm {
            *key = -1.0;
        }
    }
    put(order, keyed);
    let first = &candidates[order[0]];
    if first.warm { warm(first) } else { format!("{} was drawn, with weight {}", first.name, first.weight) }
}

/// The faster of two that are drawn; then the others, fastest first. Those that nobody knows yet count as fast.
fn latency(candidates: &[Candidate], order: &mut [usize], draw: &mut dyn FnMut() -> f64) -> String {
    let load = |at: usize| {
        let one = &candidates[at];
        let warm = if one.warm { WARM_SPEED } else { 1.0 };
        one.latency.unwrap_or_default().as_secs_f64() * f64::from(one.under_way + 1) * warm
    };
    let warm_at = order.iter().copied().find(|&at| candidates[at].warm);
    let first = pick(order.len(), draw());
    let second = (first + 1 + pick(order.len() - 1, draw())) % order.len();
    let (one, two) = (warm_at.unwrap_or(order[first]), order[second]);
    let two = if one == two { order[first] } else { two };
    let best = if load(two) < load(one) { two } else { one };
    let keyed = order.iter().map(|&at| (at, if at == best { -1.0 } else { load(at) })).collect();
    put(order, keyed);
    let worse = &candidates[if best == one { two } else { one }];
    let shown = |one: &Candidate| match one.latency {
        Some(latency) => format!("{} takes {} ms with {} under way", one.name, latency.as_millis(), one.under_way),
        None => format!("{} was not asked yet", one.name),
    };
    let kept = if candidates[best].warm { "; its prompt cache is warm" } else { "" };
    format!("{}, {}{kept}", shown(&candidates[best]), shown(worse))
}

/// By what the request is likely to cost, warm caches reckoned in; without a price last.
fn cheapest(candidates: &[Candidate], order: &mut [usize]) -> String {
    order.sort_by_key(|&at| {
        let one = &candidates[at];
        (one.cost.is_none(), one.cost, !one.warm, one.latency, at)
    });
    let first = &candidates[order[0]];
    match first.cost {
        Some(cost) if first.warm => format!("{} costs about {cost}, its prompt cache being warm", first.name),
        Some(cost) => format!("{} costs about {cost}", first.name),
        None => "no price is known".to_owned(),
    }
}

/// By calls under way, for their weights.
fn least_busy(candidates: &[Candidate], order: &mut [usize], draw: &mut dyn FnMut() -> f64) -> String {
    let keyed = order
        .iter()
        .map(|&at| {
            let one = &candidates[at];
            let fewer = if one.warm { WARM_CALLS } else { 0.0 };
            // Chance between equals, or the first would take all the short ones.
            (at, (f64::from(one.under_way) - fewer) / one.weight + draw() * 0.01)
        })
        .collect();
    put(order, keyed);
    let first = &candidates[order[0]];
    let kept = if first.warm { "; its prompt cache is warm" } else { "" };
    format!("{} has {} calls under way{kept}", first.name, first.under_way)
}

fn put(order: &mut [usize], mut keyed: Vec<(usize, f64)>) {
    keyed.sort_by(|one, two| one.1.total_cmp(&two.1));
    order.iter_mut().zip(keyed).for_each(|(place, (at, _))| *place = at);
}

fn pick(of: usize, drawn: f64) -> usize {
    ((drawn * of as f64) as usize).min(of.saturating_sub(1))
}

fn warm(one: &Candidate) -> String {
    format!("{} served this conversation before, and its prompt cache is warm", one.name)
}

fn told(route: Route, candidates: &[Candidate], order: &[usize], rest: &[usize], why: &str) -> String {
    let mut told: Vec<String> = Vec::new();
    if !why.is_empty() {
        told.push(format!("{}: {why}", route.name()));
    }
    for &at in rest {
        let one = &candidates[at];
        told.push(match one.rests.is_zero() {
            true => format!("{} comes last, since it refused its keys", one.name),
            false => format!("{} is left alone for {:.1} s", one.name, one.rests.as_secs_f64()),
        });
    }
    if order.is_empty() && rest.len() == 1 && candidates[rest[0]].rests.is_zero() {
        // It is the only one: there is nothing to say about its place.
        told.clear();
    }
    told.join("; ")
}

#[cfg(test)]
mod tests;
