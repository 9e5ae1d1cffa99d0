//! Errors and p-values by resampling, where no formula is to be trusted.

use fastrand::Rng;

use super::{
    interval::{Confidence, Interval, normal_below, normal_quantile},
    mean::{average, quantile_sorted},
};

/// Up to here every flip of signs is tried; past it as many are drawn as fit.
const EXACT_UP_TO: usize = 16;
/// Flips that are drawn.
const DRAWN: u32 = 20_000;

/// What the BCa method corrects a bootstrap by, and where it leads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bca {
    /// Bias, in standard normal units.
    pub z0: f64,
    /// Acceleration: how the error grows with the estimate.
    pub acceleration: f64,
    /// The shares of the replicates at which the ends stand.
    pub levels: [f64; 2],
    /// The interval, in the scores' unit.
    pub interval: Interval,
}

/// The bias-corrected and accelerated interval of the mean of `scores` (Efron 1987) from given
/// `replicates` of it. Absent where there is no spread to read it from.
pub fn bca(scores: &[f64], replicates: &[f64], confidence: Confidence) -> Option<Bca> {
    let estimate = average(scores).filter(|_| scores.len() > 1 && !replicates.is_empty())?;
    let (below, ties) = replicates.iter().fold((0u32, 0u32), |(below, ties), replicate| {
        (below + u32::from(*replicate < estimate), ties + u32::from(*replicate == estimate))
    });
    let z0 = normal_quantile((f64::from(below) + 0.5 * f64::from(ties)) / replicates.len() as f64);
    let acceleration = acceleration(scores, estimate)?;
    let mut sorted = replicates.to_vec();
    sorted.sort_by(f64::total_cmp);
    let level = |z: f64| normal_below(z0 + (z0 + z) / (1.0 - acceleration * (z0 + z)));
    let levels = [level(-confidence.z()), level(confidence.z())];
    let end = |level: f64| quantile_sorted(&sorted, level).filter(|_| level.is_finite());
    Some(Bca { z0, acceleration, levels, interval: Interval { low: end(levels[0])?, high: end(levels[1])? } })
}

/// The skewness of the means that leave one score out, over six.
fn acceleration(scores: &[f64], estimate: f64) -> Option<f64> {
    let n = scores.len() as f64;
    // The mean without a score lies below the mean of such means by this.
    let deviations = || scores.iter().map(|score| (score - estimate) / (n - 1.0));
    let squares: f64 = deviations().map(|deviation| deviation * deviation).sum();
    let cubes: f64 = deviations().map(|deviation| deviation.powi(3)).sum();
    (squares > 0.0).then(|| cubes / (6.0 * squares.powf(1.5)))
}

/// Means of `times` lists drawn from `scores` with replacement. A seed gives the same ones again.
pub fn means_resampled(scores: &[f64], times: usize, seed: u64) -> Vec<f64> {
    if scores.is_empty() {
        return Vec::new();
    }
    let mut rng = Rng::with_seed(seed);
    let mut one = || scores.iter().map(|_| scores[rng.usize(..scores.len())]).sum::<f64>() / scores.len() as f64;
    (0..times).map(|_| one()).collect()
}

/// How often flipping the signs of paired differences at random would bring their mean at least this
/// far from 0 (Fisher's permutation test), two-sided: exact up to 16 that are not 0, past that drawn
/// with the seed, where the observed flip counts as one so that p is never 0.
pub fn sign_flip(differences: &[f64], seed: u64) -> f64 {
    let moving: Vec<f64> = differences.iter().copied().filter(|difference| *difference != 0.0).collect();
    let scale: f64 = moving.iter().map(|difference| difference.abs()).sum();
    let seen = moving.iter().sum::<f64>().abs();
    // Sums in another order differ by rounding, and must count as equal.
    let as_far = |sum: f64| sum.abs() >= seen - 1e-12 * scale;
    if moving.len() <= EXACT_UP_TO {
        let flips = 1u32 << moving.len();
        let far = (0..flips).filter(|signs| as_far(flipped(&moving, |at| signs >> at & 1 == 1))).count();
        return far as f64 / f64::from(flips);
    }
    let mut rng = Rng::with_seed(seed);
    let far = (0..DRAWN).filter(|_| as_far(flipped(&moving, |_| rng.bool()))).count();
    (far + 1) as f64 / f64::from(DRAWN + 1)
}

fn flipped(differences: &[f64], mut flip: impl FnMut(usize) -> bool) -> f64 {
    differences.iter().enumerate().map(|(at, difference)| if flip(at) { -difference } else { *difference }).sum()
}

/// Wilcoxon's signed ranks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wilcoxon {
    /// The smaller of the sums of ranks of either sign.
    pub w: f64,
    /// The exact two-sided p.
    pub p: f64,
}

/// Wilcoxon's signed-rank test (1945), exact, for paired differences whose sizes all differ. Those that
/// are 0 count not. Absent among ties, where its exact distribution is another one: use [`sign_flip`].
pub fn wilcoxon(differences: &[f64]) -> Option<Wilcoxon> {
    let mut sizes: Vec<f64> = differences.iter().copied().filter(|difference| *difference != 0.0).collect();
    sizes.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    if sizes.windows(2).any(|two| two[0].abs() == two[1].abs()) {
        return None;
    }
    let ranks = sizes.len();
    let positive: usize = sizes.iter().enumerate().filter(|(_, size)| **size > 0.0).map(|(at, _)| at + 1).sum();
    let w = positive.min(ranks * (ranks + 1) / 2 - positive);
    // How many ways there are to reach each sum with the ranks so far, as a share of all.
    let mut ways = vec![0.0; ranks * (ranks + 1) / 2 + 1];
    ways[0] = 1.0;
    for rank in 1..=ranks {
        for sum in (0..ways.len()).rev() {
            ways[sum] = 0.5 * (ways[sum] + if sum >= rank { ways[sum - rank] } else { 0.0 });
        }
    }
    Some(Wilcoxon { w: w as f64, p: (2.0 * ways[..=w].iter().sum::<f64>()).min(1.0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_again() {
        let scores = [0.1, 0.5, 0.9];
        assert_eq!(means_resampled(&scores, 50, 7), means_resampled(&scores, 50, 7));
        assert_eq!(means_resampled(&[], 50, 7), Vec::<f64>::new());
    }

    #[test]
    fn nothing_that_moves_proves_nothing() {
        assert_eq!(sign_flip(&[0.0, 0.0], 1), 1.0);
        assert_eq!(bca(&[1.0, 1.0], &[1.0, 1.0], Confidence::P95), None);
        assert_eq!(wilcoxon(&[0.5, -0.5]), None);
    }

    #[test]
    fn drawn_flips_come_near_the_binomial() {
        // 17 of 20 with one sign: the exact two-sided p is 2 * (1 + 20 + 190 + 1140) / 2^20.
        let differences: Vec<f64> = (0..20).map(|at| if at < 17 { 1.0 } else { -1.0 }).collect();
        let exact = 2.0 * 1351.0 / f64::from(1u32 << 20);
        assert!((sign_flip(&differences, 3) - exact).abs() < 0.002);
    }
}
