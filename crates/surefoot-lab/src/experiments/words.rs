//! How an experiment stands, in words.

use super::state::{Arm, State, Status};

/// The verdict.
pub(super) fn verdict(state: &State) -> String {
    let mut told = match state.status {
        Status::Running => running(state),
        Status::Decided => decided(state),
        Status::Undecided => format!("No variant is surely better after {} units: the control stays.", state.counted),
        Status::Harmed => format!("The control stays, since every other variant did harm. {}", outs(state)),
        Status::Stopped => "It was stopped: the control stays.".to_owned(),
    };
    if state.alarm {
        told.push_str(
            " Units do not fall to the variants by their shares, so that nothing is decided: look for requests that are \
             lost, or callers that keep to one variant by name.",
        );
    }
    told
}

fn running(state: &State) -> String {
    let best = leading(state);
    match best.and_then(|best| Some((best, best.place.mean?))) {
        None => "Nothing counted yet.".to_owned(),
        Some((best, _)) => {
            let outs = outs(state);
            let outs = if outs.is_empty() { outs } else { format!(" {outs}") };
            format!("No winner yet: {} leads, of {} units that counted.{outs}", told(best), state.counted)
        }
    }
}

fn decided(state: &State) -> String {
    let Some(winner) = state.winner.as_ref().and_then(|name| state.arms.iter().find(|arm| arm.name == *name)) else {
        return String::new();
    };
    let control =
        if state.arms.first().is_some_and(|control| control.name == winner.name) { ", the control" } else { "" };
    let others: Vec<String> = state.arms.iter().filter(|arm| arm.name != winner.name).map(told).collect();
    format!(
        "{}{control} is better than {}. The chance that a variant was left out wrongly is at most {} %, however often one \
         looked.",
        told(winner),
        others.join(", "),
        state.alpha * 100.0
    )
}

/// The variant whose mean is the best of those that are left.
fn leading(state: &State) -> Option<&Arm> {
    let left = state.arms.iter().filter(|arm| arm.out.is_none() && arm.place.mean.is_some());
    let better = |arm: &Arm| arm.place.mean.unwrap_or(0.0) * if state.less_is_better { -1.0 } else { 1.0 };
    left.max_by(|one, other| better(one).total_cmp(&better(other)))
}

fn told(arm: &Arm) -> String {
    match arm.place.mean {
        Some(mean) => format!("'{}' with {mean:.3} ({:.3} – {:.3})", arm.name, arm.place.low, arm.place.high),
        None => format!("'{}'", arm.name),
    }
}

fn outs(state: &State) -> String {
    let out = state.arms.iter().filter_map(|arm| Some(format!("'{}' is out: {}.", arm.name, arm.out.as_ref()?)));
    out.collect::<Vec<_>>().join(" ")
}
