//! One proportion and how well it is known.

use statrs::distribution::{Beta, ContinuousCDF};

use super::interval::{Confidence, Interval};

/// Nothing is known.
const ANYTHING: Interval = Interval { low: 0.0, high: 1.0 };

/// The Wilson score interval of `passed` out of `of`, without continuity correction (Wilson 1927). Of
/// nothing it is `0..1`: nothing is known. It keeps its coverage near 0 and 1, where the textbook
/// interval loses it (Brown, Cai and DasGupta 2001).
pub fn wilson(passed: u64, of: u64, confidence: Confidence) -> Interval {
    if of == 0 {
        return ANYTHING;
    }
    let passed = passed.min(of);
    let Interval { low, high } = wilson_effective(passed as f64 / of as f64, of as f64, confidence.z());
    // At the ends the formula is exact only up to rounding.
    Interval { low: if passed == 0 { 0.0 } else { low }, high: if passed == of { 1.0 } else { high } }
}

/// The same of a rate that is known as well as from `n` independent cases, where `n` need not be whole:
/// the effective number of clustered ones, `rate (1 - rate) / se^2` (Franco et al. 2019). `quantile` is that
/// of the normal distribution, or of Student's t where few clusters stand behind it.
pub fn wilson_effective(rate: f64, n: f64, quantile: f64) -> Interval {
    let square = quantile * quantile;
    let middle = rate + square / (2.0 * n);
    let half = quantile * (rate * (1.0 - rate) / n + square / (4.0 * n * n)).sqrt();
    let scale = 1.0 + square / n;
    Interval { low: (middle - half) / scale, high: (middle + half) / scale }.within(0.0, 1.0)
}

/// The exact interval of Clopper and Pearson (1934), by quantiles of the beta distribution: never
/// surer than it says, at the price of width. For where a guarantee is asked for.
pub fn clopper_pearson(passed: u64, of: u64, confidence: Confidence) -> Interval {
    let passed = passed.min(of);
    let (x, rest) = (passed as f64, (of - passed) as f64);
    Interval {
        low: beta_quantile(x, rest + 1.0, confidence.alpha() / 2.0).unwrap_or(0.0),
        high: beta_quantile(x + 1.0, rest, 1.0 - confidence.alpha() / 2.0).unwrap_or(1.0),
    }
}

/// The equal-tailed interval of Jeffreys' prior, Beta(1/2, 1/2) (Brown, Cai and DasGupta 2001), with
/// its end at 0 or 1 where none or all passed.
pub fn jeffreys(passed: u64, of: u64, confidence: Confidence) -> Interval {
    let passed = passed.min(of);
    let (a, b) = (passed as f64 + 0.5, (of - passed) as f64 + 0.5);
    let at = |share| beta_quantile(a, b, share);
    let low = if passed == 0 { None } else { at(confidence.alpha() / 2.0) };
    let high = if passed == of { None } else { at(1.0 - confidence.alpha() / 2.0) };
    Interval { low: low.unwrap_or(0.0), high: high.unwrap_or(1.0) }
}

/// A quantile of the beta distribution; absent where a shape is 0, and the quantile with it an end.
fn beta_quantile(a: f64, b: f64, share: f64) -> Option<f64> {
    Beta::new(a, b).ok().map(|beta| beta.inverse_cdf(share))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn of_nothing_nothing_is_known() {
        for interval in [wilson, clopper_pearson, jeffreys] {
            assert_eq!(interval(0, 0, Confidence::P95), ANYTHING);
        }
    }

    proptest! {
        #[test]
        fn holds_what_was_seen_and_is_symmetric(of in 1u64..10_000, share in 0.0..=1.0f64, sure in 0.01..0.999f64) {
            let passed = (of as f64 * share).round() as u64;
            let sure = Confidence::new(sure).unwrap();
            let here = wilson(passed, of, sure);
            let seen = passed as f64 / of as f64;
            prop_assert!(0.0 <= here.low && here.low <= seen && seen <= here.high && here.high <= 1.0);
            let mirrored = wilson(of - passed, of, sure);
            prop_assert!((here.low - (1.0 - mirrored.high)).abs() < 1e-12);
        }

        #[test]
        fn the_exact_interval_holds_what_was_seen(of in 1u64..300, share in 0.0..=1.0f64) {
            let passed = (of as f64 * share).round() as u64;
            let exact = clopper_pearson(passed, of, Confidence::P95);
            prop_assert!(exact.low <= passed as f64 / of as f64 && passed as f64 / of as f64 <= exact.high);
        }
    }
}
