//! Which variant runs of a function under experiment: drawn once for each unit, by a hash, so that every process draws
//! the same and nobody has to remember. Where shares change, no more units change their variant than must.

use std::collections::BTreeMap;

use surefoot_types::{experiment::Trial, trace::Trace};

use crate::project::{Experiment, Unit};

/// The shares of the variants of experiments, by their ids: what the lab found last.
pub type Shares = BTreeMap<String, Vec<f64>>;

/// What a draw depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Drawing<'a> {
    pub(crate) shares: &'a Shares,
    /// Of whom the request is.
    pub(crate) trace: &'a Trace,
}

/// The variant's place among those of the experiment, and what is noted of it. A request without the unit that is drawn
/// for runs the control, and is no part of the experiment.
pub(crate) fn draw(experiment: &Experiment, drawing: Drawing<'_>) -> (usize, Option<Trial>) {
    let Some(unit) = unit(experiment, drawing.trace) else { return (0, None) };
    let known = drawing.shares.get(&experiment.id).filter(|shares| shares.len() == experiment.arms.len());
    let shares = known.unwrap_or(&experiment.shares);
    // The smallest of exponential draws falls to each in proportion to its share.
    let keyed = experiment.arms.iter().zip(shares).enumerate().filter(|(_, (_, share))| **share > 0.0);
    let keyed = keyed.map(|(at, (arm, share))| (at, *share, -chance(&experiment.id, arm, &unit).ln() / share));
    let Some((at, share, _)) = keyed.min_by(|one, other| one.2.total_cmp(&other.2)) else { return (0, None) };
    let all: f64 = shares.iter().sum();
    (at, Some(Trial { experiment: experiment.id.clone(), unit, share: share / all }))
}

/// The unit's name: a hash, so that what is kept of an experiment names nobody.
fn unit(experiment: &Experiment, trace: &Trace) -> Option<String> {
    let request = trace.id.to_string();
    let name = match experiment.unit {
        Unit::User => trace.user.as_deref(),
        Unit::Session => trace.session.as_deref(),
        Unit::Request => Some(request.as_str()),
    };
    let name = name.filter(|name| !name.is_empty())?;
    let tenant = trace.tenant.as_deref().unwrap_or_default();
    let hash = hashed(&[experiment.id.as_bytes(), tenant.as_bytes(), name.as_bytes()]);
    Some(hash.to_hex()[..32].to_owned())
}

/// A number in `0.0..1.0` that depends on nothing but these.
fn chance(experiment: &str, arm: &str, unit: &str) -> f64 {
    let hash = hashed(&[b"draw", experiment.as_bytes(), arm.as_bytes(), unit.as_bytes()]);
    let bits = hash.as_bytes()[..8].iter().fold(0u64, |bits, byte| (bits << 8) | u64::from(*byte));
    // 53 bits are what an f64 holds exactly; never 0, whose logarithm is none.
    ((bits >> 11) as f64 + 0.5) / (1u64 << 53) as f64
}

fn hashed(parts: &[&[u8]]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_be_bytes()).update(part);
    }
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use surefoot_types::{Timestamp, ids::TraceId};

    use super::*;

    fn experiment(unit: Unit) -> Experiment {
        let arms = ["a", "b", "c"].map(str::to_owned).to_vec();
        Experiment { id: "answer.1".into(), arms, unit, shares: vec![0.5, 0.3, 0.2] }
    }

    fn drawn(experiment: &Experiment, shares: &Shares, user: &str) -> (usize, Option<Trial>) {
        let mut trace = Trace::begun(TraceId::from_bits(1), Timestamp::UNIX_EPOCH, "openai_chat", "answer");
        trace.user = Some(user.into());
        draw(experiment, Drawing { shares, trace: &trace })
    }

    #[test]
    fn each_variant_has_its_share_and_each_user_one_variant() {
        let (experiment, shares) = (experiment(Unit::User), Shares::new());
        let mut counts = [0.0; 3];
        for n in 0..20_000 {
            let (at, trial) = drawn(&experiment, &shares, &format!("user-{n}"));
            assert_eq!(drawn(&experiment, &shares, &format!("user-{n}")), (at, trial.clone()));
            assert_eq!(trial.unwrap().share, experiment.shares[at]);
            counts[at] += 1.0 / 20_000.0;
        }
        for (count, share) in counts.iter().zip(&experiment.shares) {
            assert!((count - share).abs() < 0.015, "{counts:?}");
        }
    }

    #[test]
    fn when_one_goes_only_its_own_users_move() {
        let experiment = experiment(Unit::User);
        let after = Shares::from([(experiment.id.clone(), vec![0.5, 0.0, 0.5])]);
        let even = Shares::from([(experiment.id.clone(), vec![1.0 / 3.0; 3])]);
        for n in 0..2_000 {
            let user = format!("user-{n}");
            let (before, now) = (drawn(&experiment, &even, &user).0, drawn(&experiment, &after, &user).0);
            assert!(now != 1 && (before == 1 || before == now), "{user}");
        }
        let won = Shares::from([(experiment.id.clone(), vec![0.0, 0.0, 1.0])]);
        assert!((0..100).all(|n| drawn(&experiment, &won, &format!("user-{n}")).0 == 2));
    }

    #[test]
    fn who_has_no_unit_runs_the_control() {
        for (unit, part) in [(Unit::User, true), (Unit::Session, false), (Unit::Request, true)] {
            let (at, trial) = drawn(&experiment(unit), &Shares::new(), "ann");
            assert_eq!((trial.is_some(), part || at == 0), (part, true), "{unit:?}");
        }
        assert_eq!(drawn(&experiment(Unit::User), &Shares::new(), ""), (0, None));
        let stale = Shares::from([("answer.1".to_owned(), vec![1.0])]);
        assert!(drawn(&experiment(Unit::User), &stale, "ann").1.is_some(), "shares of another design are none");
    }
}
