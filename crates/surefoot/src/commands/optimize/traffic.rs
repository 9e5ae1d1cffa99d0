//! What a cheaper variant would have saved of what was really asked.

use std::time::Duration;

use serde::Serialize;
use surefoot_lab::optimize::Saving;
use surefoot_types::{Clock, Money, SystemClock, ports::TraceFilter};

use crate::assemble::House;

/// How far back is looked.
const DAYS: u64 = 30;
/// The most traces that are counted.
const MOST: usize = 200_000;

/// A function's requests of the last days, and what they would have cost less.
#[derive(Debug, Serialize)]
pub(super) struct Traffic {
    days: u64,
    requests: u64,
    spent: Money,
    /// What the share that was measured is of it, with its interval.
    saved: f64,
    low: f64,
    high: f64,
}

impl Traffic {
    /// Of the requests to `function` whose price is known; absent where there is none. What evals asked is none of it.
    pub(super) async fn of(house: &House, function: &str, saving: Option<&Saving>) -> anyhow::Result<Option<Self>> {
        let Some(saving) = saving else { return Ok(None) };
        let since = SystemClock.now().checked_sub(Duration::from_secs(DAYS * 86_400)).ok();
        let filter = TraceFilter { asked: Some(function.to_owned()), since, ..TraceFilter::default() };
        let traces = house.store.trace_list(&filter, MOST).await?;
        let costs: Vec<Money> = traces.iter().filter(|one| one.door != "eval").filter_map(|one| one.cost).collect();
        let spent: Money = costs.iter().copied().sum();
        let dollars = spent.as_dollars();
        Ok((!costs.is_empty()).then_some(Self {
            days: DAYS,
            requests: costs.len() as u64,
            spent,
            saved: dollars * saving.share,
            low: dollars * saving.low,
            high: dollars * saving.high,
        }))
    }

    pub(super) fn told(&self) -> String {
        format!(
            "In the last {} days the function was asked {} times for {}: at the measured share this variant saves about ${:.4} of it (${:.4} to ${:.4}), if those requests are like the cases.",
            self.days, self.requests, self.spent, self.saved, self.low, self.high
        )
    }
}
