//! Two runs over the same cases, compared case by case.

use statrs::distribution::{Binomial, Discrete, DiscreteCDF};

use super::{
    interval::{Confidence, Interval, normal_p},
    mean::{Mean, clustered, mean},
    proportion::wilson,
};

/// How often each of two runs passed, over the cases that both could grade.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pairs {
    /// Cases that passed in both.
    pub both: u64,
    /// Cases that passed in the first alone.
    pub first_only: u64,
    /// Cases that passed in the second alone.
    pub second_only: u64,
    /// Cases that passed in neither.
    pub neither: u64,
}

/// A difference of two pass rates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// First minus second.
    pub value: f64,
    /// Where it lies.
    pub interval: Interval,
}

impl Pairs {
    /// Cases in all.
    pub fn of(self) -> u64 {
        self.both + self.first_only + self.second_only + self.neither
    }

    /// The pass rate of the first minus that of the second, with Newcombe's score interval for pairs
    /// (1998, method 10); absent when there are no pairs.
    pub fn difference(self, confidence: Confidence) -> Option<Difference> {
        let of = self.of();
        if of == 0 {
            return None;
        }
        let (first, second) = (self.both + self.first_only, self.both + self.second_only);
        let (p1, p2) = (first as f64 / of as f64, second as f64 / of as f64);
        let (one, two) = (wilson(first, of, confidence), wilson(second, of, confidence));
        let phi = self.correlation();
        let spread = |a: f64, b: f64| (a * a - 2.0 * phi * a * b + b * b).max(0.0).sqrt();
        let value = p1 - p2;
        let low = value - spread(p1 - one.low, two.high - p2);
        let high = value + spread(one.high - p1, p2 - two.low);
        Some(Difference { value, interval: Interval { low: low.max(-1.0), high: high.min(1.0) } })
    }

    /// McNemar's exact two-sided p: how often chance alone would split the cases that differ at least
    /// this unevenly. 1 when no case differs.
    pub fn mcnemar(self) -> f64 {
        let differing = self.first_only + self.second_only;
        Binomial::new(0.5, differing)
            .map_or(1.0, |fair| (2.0 * fair.cdf(self.first_only.min(self.second_only))).min(1.0))
    }

    /// The same with half of the chance of exactly this split: less cautious than the exact p, which is
    /// cautious because counts come in steps (Fagerland, Lydersen and Laake 2013).
    pub fn mcnemar_mid(self) -> f64 {
        let (differing, fewer) = (self.first_only + self.second_only, self.first_only.min(self.second_only));
        let split = Binomial::new(0.5, differing).map_or(0.0, |fair| fair.pmf(fewer));
        // With an even split the exact p is cut off at 1, so that its half is told by the split alone.
        let exact = if self.first_only == self.second_only { 1.0 } else { self.mcnemar() };
        if differing == 0 { 1.0 } else { exact - split }
    }

    /// McNemar's chi-square with its p (1947): for many differing cases, without the exact p's caution.
    /// `corrected` takes one off for continuity.
    pub fn mcnemar_chi(self, corrected: bool) -> (f64, f64) {
        let differing = self.first_only + self.second_only;
        if differing == 0 {
            return (0.0, 1.0);
        }
        let apart = self.first_only.abs_diff(self.second_only) as f64;
        let apart = if corrected { (apart - 1.0).max(0.0) } else { apart };
        let chi = apart * apart / differing as f64;
        (chi, normal_p(chi.sqrt()))
    }

    /// The variance of one case's difference: what [`power`](super::power) plans with.
    pub fn variance(self) -> f64 {
        let of = self.of().max(1) as f64;
        let mean = (self.first_only as f64 - self.second_only as f64) / of;
        (self.first_only + self.second_only) as f64 / of - mean * mean
    }

    /// The correlation of the two runs, with method 10's correction where it is positive.
    fn correlation(self) -> f64 {
        let [both, first, second, neither] =
            [self.both, self.first_only, self.second_only, self.neither].map(|count| count as f64);
        let scale = ((both + first) * (second + neither) * (both + second) * (first + neither)).sqrt();
        if scale == 0.0 {
            return 0.0;
        }
        let raw = both * neither - first * second;
        let corrected = if raw > 0.0 { (raw - self.of() as f64 / 2.0).max(0.0) } else { raw };
        corrected / scale
    }
}

/// The mean of `first - second` over paired scores, with the interval and p of Student's t; over clusters
/// where `clusters` says which cases belong together (Miller 2024, arXiv:2411.00640). Absent under two
/// pairs or clusters.
pub fn paired<C: Ord>(first: &[f64], second: &[f64], clusters: Option<&[C]>, confidence: Confidence) -> Option<Mean> {
    if first.len() != second.len() {
        return None;
    }
    let differences: Vec<f64> = first.iter().zip(second).map(|(first, second)| first - second).collect();
    match clusters {
        Some(clusters) => clustered(&differences, clusters, confidence),
        None => mean(&differences, confidence),
    }
}

/// The one-sided lower bound of a paired difference, at `confidence` one-sided: a candidate is no worse
/// than a baseline by `margin` where this lies above `-margin` (Schuirmann 1987).
pub fn lower_bound(first: &[f64], second: &[f64], confidence: Confidence) -> Option<f64> {
    // Two-sided at twice what is left over is one-sided at what is left over.
    let two_sided = Confidence::new(1.0 - 2.0 * confidence.alpha())?;
    paired::<u64>(first, second, None, two_sided).map(|mean| mean.estimate.interval.low)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs([both, first_only, second_only, neither]: [u64; 4]) -> Pairs {
        Pairs { both, first_only, second_only, neither }
    }

    fn near(got: f64, expected: f64, off: f64) -> bool {
        (got - expected).abs() <= off
    }

    #[test]
    fn differences_as_published() {
        // The first two were computed with scipy 1.17.1, the others are Newcombe's own examples.
        for (counts, value, low, high, off) in [
            ([20, 8, 3, 9], 0.125, -0.039870551658436, 0.27975344409225, 1e-9),
            ([101, 59, 121, 33], -0.19745222929936, -0.27611642143143, -0.11527301197975, 1e-9),
            ([1, 1, 7, 12], -0.2857, -0.507, -0.026, 5e-4),
            ([36, 12, 2, 0], 0.2, 0.0569, 0.3404, 5e-5),
        ] {
            let got = pairs(counts).difference(Confidence::P95).unwrap();
            let fits =
                near(got.value, value, off) && near(got.interval.low, low, off) && near(got.interval.high, high, off);
            assert!(fits, "{counts:?}: {got:?}");
        }
    }

    #[test]
    fn no_pairs_have_no_difference() {
        assert_eq!(Pairs::default().difference(Confidence::P95), None);
    }

    #[test]
    fn no_case_differs() {
        let same = pairs([5, 0, 0, 5]);
        assert_eq!((same.mcnemar(), same.mcnemar_mid(), same.mcnemar_chi(true)), (1.0, 1.0, (0.0, 1.0)));
        assert_eq!(same.variance(), 0.0);
    }

    #[test]
    fn truth_values_are_scores_too() {
        let counts = pairs([1, 2, 1, 2]);
        let (first, second) = ([1., 1., 1., 0., 0., 0.], [1., 0., 0., 1., 0., 0.]);
        let scores = paired::<u64>(&first, &second, None, Confidence::P95).unwrap();
        assert!(near(scores.estimate.value, counts.difference(Confidence::P95).unwrap().value, 1e-12));
        assert!(near(scores.estimate.se, (counts.variance() / 5.0).sqrt(), 1e-12));
        assert_eq!(paired::<u64>(&[1.0], &[1.0, 0.0], None, Confidence::P95), None);
    }

    #[test]
    fn mcnemar_as_published() {
        for (counts, p) in [
            ([20, 8, 3, 9], 0.2265625),
            ([101, 59, 121, 33], 4.4344492637552e-06),
            ([40, 12, 5, 43], 0.143463134765625),
            ([5, 3, 3, 5], 1.0),
            ([5, 0, 0, 5], 1.0),
        ] {
            let got = pairs(counts).mcnemar();
            assert!(near(got, p, 1e-8 * p), "{counts:?}: {got}");
        }
    }

    #[test]
    fn swapping_the_runs_turns_the_sign() {
        let (there, back) = (pairs([30, 9, 4, 7]), pairs([30, 4, 9, 7]));
        let (a, b) = (there.difference(Confidence::P95).unwrap(), back.difference(Confidence::P95).unwrap());
        assert!(near(a.value, -b.value, 1e-12) && near(a.interval.low, -b.interval.high, 1e-12));
        assert!(near(there.mcnemar(), back.mcnemar(), 1e-12));
    }
}
