//! How everything is, for people and for metrics.

use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use super::{Health, breaker::Circuit, vital::Parked};
use crate::{events, gateway::Gateway};

/// How a target is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TargetHealth {
    /// `provider/model-id`.
    pub target: String,
    /// Its circuit breaker: `closed`, `open` or `half_open`.
    pub circuit: &'static str,
    /// For how many milliseconds it is left alone; 0 when it is not.
    pub rests_ms: u64,
    /// Failures since its last answer.
    pub failures_in_a_row: u32,
    /// Calls under way.
    pub under_way: u32,
    /// Time to the first piece of a streamed answer, in milliseconds: a moving average that fades while it is not
    /// asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_token_ms: Option<u64>,
    /// Time to a whole answer, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whole_ms: Option<u64>,
    /// How many retries it may be sent now.
    pub retries_left: u64,
    /// What is parked here, or at all of the provider's targets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parked: Vec<KeyHealth>,
}

/// A key that is left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KeyHealth {
    /// The key's id: where it is taken from. Empty where the target needs none.
    pub key: String,
    /// For how many milliseconds.
    pub for_ms: u64,
    /// Whether it must not be asked (`Retry-After`), or is only the last choice (it was refused).
    pub strict: bool,
    /// What the provider told.
    pub why: String,
}

impl Health {
    /// How every target is that was asked, by name.
    pub(super) fn report(&self) -> Vec<TargetHealth> {
        let now = Instant::now();
        let mut book = self.lock();
        let everywhere: Vec<(String, KeyHealth)> = book
            .keys
            .iter()
            .filter_map(|(name, key)| {
                let (provider, id) = name.split_once(' ')?;
                Some((format!("{provider}/"), told(id, key.parked.as_ref()?, now)?))
            })
            .collect();
        let mut all: Vec<TargetHealth> = book
            .targets
            .iter_mut()
            .map(|(name, vital)| {
                let mut parked: Vec<KeyHealth> =
                    vital.parked.iter().filter_map(|(key, parked)| told(key, parked, now)).collect();
                parked.extend(everywhere.iter().filter(|(of, _)| name.starts_with(of)).map(|(_, key)| key.clone()));
                parked.sort_by(|one, two| one.key.cmp(&two.key));
                let average = |streamed| vital.speed(streamed).average(now).map(millis);
                TargetHealth {
                    target: name.clone(),
                    circuit: vital.breaker.circuit(now).name(),
                    rests_ms: match vital.breaker.circuit(now) {
                        Circuit::Open => millis(vital.breaker.rests_for(now)),
                        Circuit::Closed | Circuit::HalfOpen => 0,
                    },
                    failures_in_a_row: vital.breaker.row(),
                    under_way: vital.under_way,
                    first_token_ms: average(true),
                    whole_ms: average(false),
                    retries_left: vital.retries.left(now),
                    parked,
                }
            })
            .collect();
        drop(book);
        all.sort_by(|one, two| one.target.cmp(&two.target));
        all
    }
}

fn told(key: &str, parked: &Parked, now: Instant) -> Option<KeyHealth> {
    let left = parked.until.checked_duration_since(now).filter(|left| !left.is_zero())?;
    let why = parked.told(now).message;
    Some(KeyHealth { key: key.to_owned(), for_ms: millis(left), strict: parked.strict, why })
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Gateway {
    /// How every target is that was asked since this process began, by name.
    pub fn targets_health(&self) -> Vec<TargetHealth> {
        self.inner.upstream.health.report()
    }

    /// Brings the gauges of targets up to date, for whoever reads the metrics.
    pub fn gauge_targets(&self) {
        self.targets_health().iter().for_each(events::target_gauged);
    }
}
