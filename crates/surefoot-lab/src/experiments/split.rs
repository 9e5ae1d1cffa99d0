//! How traffic is split, and whether it was split as it should have been.

use statrs::function::{beta::beta_reg, gamma::ln_gamma};

use super::weigh::Sum;

/// Parts of a share: per cents.
const WHOLE: f64 = 100.0;
/// What computing with fractions may lose of a whole part.
const ROUNDING: f64 = 1e-6;
/// Points at which the chance of being the best is added up.
const POINTS: usize = 64;
/// Standard deviations about the means in which those points lie.
const REACH: f64 = 6.0;
/// How strongly a wrong split is looked for: sharpest at about ten thousand units.
const SHARPEST: f64 = 870.0;
/// The logarithm of the evidence at which the split is taken to be wrong: so it is, by chance, in one of a hundred
/// experiments.
const WRONG: f64 = 4.605_170_185_988_091;

/// Even shares of the arms that are not out.
pub fn even(out: &[bool]) -> Vec<f64> {
    let left = out.iter().filter(|out| !**out).count().max(1) as f64;
    out.iter().map(|out| if *out { 0.0 } else { 1.0 / left }).collect()
}

/// Shares by the chance of each arm to be the best, and at least `floor` for each that is not out. They are whole per
/// cents: a split that changes with every unit would have to be remembered for every unit.
pub fn adaptive(sums: &[Sum], out: &[bool], floor: f64) -> Vec<f64> {
    let left: Vec<usize> = (0..sums.len()).filter(|arm| !out[*arm]).collect();
    let floor = (floor.clamp(0.0, 1.0) * WHOLE - ROUNDING).ceil();
    let free = WHOLE - floor * left.len() as f64;
    // Where the floors leave nothing to give, each has the same.
    if free < 0.0 || left.is_empty() {
        return even(out);
    }
    let chances = best_chances(&left.iter().map(|arm| sums[*arm]).collect::<Vec<_>>());
    let mut shares = vec![0.0; sums.len()];
    for (arm, given) in left.into_iter().zip(parts(free, &chances)) {
        shares[arm] = (floor + given) / WHOLE;
    }
    shares
}

/// So many whole parts by these chances: what rounding down leaves goes to the largest remainders.
fn parts(of: f64, chances: &[f64]) -> Vec<f64> {
    let exact: Vec<f64> = chances.iter().map(|chance| of * chance).collect();
    let mut parts: Vec<f64> = exact.iter().map(|part| (part + ROUNDING).floor()).collect();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    let remainder = |at: &usize| exact[*at] - (exact[*at] + ROUNDING).floor();
    order.sort_by(|one, other| remainder(other).total_cmp(&remainder(one)));
    let mut rest = of - parts.iter().sum::<f64>();
    for at in order {
        let given = rest.clamp(0.0, 1.0).round();
        parts[at] += given;
        rest -= given;
    }
    parts
}

/// The chance of each to have the highest mean, the scores being passes and failures and every mean as likely before.
fn best_chances(sums: &[Sum]) -> Vec<f64> {
    let beta = |one: &Sum| (1.0 + one.sum, 1.0 + one.of - one.sum);
    let reach = |one: &Sum| {
        let (a, b) = beta(one);
        let (mean, of) = (a / (a + b), a + b);
        let half = REACH * (mean * (1.0 - mean) / (of + 1.0)).sqrt();
        (mean - half, mean + half)
    };
    let ends = sums.iter().map(reach);
    let (low, high) = ends.fold((1.0_f64, 0.0_f64), |(low, high), (one, other)| (low.min(one), high.max(other)));
    let (low, high) = (low.max(0.0), high.min(1.0));
    let below = |one: &Sum, at: f64| {
        let (a, b) = beta(one);
        if at <= 0.0 {
            0.0
        } else if at >= 1.0 {
            1.0
        } else {
            beta_reg(a, b, at)
        }
    };
    let mut chances = vec![0.0; sums.len()];
    let mut before: Vec<f64> = vec![0.0; sums.len()];
    for point in 1..=POINTS {
        let at = low + (high - low) * point as f64 / POINTS as f64;
        let now: Vec<f64> = sums.iter().map(|one| if point == POINTS { 1.0 } else { below(one, at) }).collect();
        for (arm, chance) in chances.iter_mut().enumerate() {
            let others = (0..sums.len()).filter(|other| *other != arm);
            let lower: f64 = others.map(|other| f64::midpoint(before[other], now[other])).product();
            *chance += (now[arm] - before[arm]) * lower;
        }
        before = now;
    }
    let total: f64 = chances.iter().sum();
    chances.into_iter().map(|chance| chance / total.max(f64::MIN_POSITIVE)).collect()
}

/// The logarithm of the evidence, at every look, that units do not fall to arms by these shares (a mixture of
/// multinomials about them, as Lindon and Malek 2022, arXiv:2011.03567).
pub fn mismatch(counts: &[u64], shares: &[f64]) -> f64 {
    let arms: Vec<(f64, f64)> = counts.iter().zip(shares).map(|(count, share)| (*count as f64, *share)).collect();
    if arms.iter().any(|(count, share)| *share <= 0.0 && *count > 0.0) {
        return f64::INFINITY;
    }
    let arms: Vec<(f64, f64)> = arms.into_iter().filter(|(_, share)| *share > 0.0).collect();
    let total: f64 = arms.iter().map(|(count, _)| count).sum();
    let one = |(count, share): &(f64, f64)| {
        let prior = SHARPEST * share;
        ln_gamma(prior + count) - ln_gamma(prior) - count * share.ln()
    };
    arms.iter().map(one).sum::<f64>() - ln_gamma(SHARPEST + total) + ln_gamma(SHARPEST)
}

/// Whether that much evidence says that the split is wrong.
pub fn is_wrong(mismatch: f64) -> bool {
    mismatch >= WRONG
}
