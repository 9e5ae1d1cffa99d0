//! One proportion and how well it is known.

use statrs::distribution::{ContinuousCDF, Normal};

/// How sure an interval is to hold the truth: more than 0 and less than 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Confidence(f64);

impl Confidence {
    /// 95 %, which every table shows.
    pub const P95: Self = Self(0.95);

    /// A confidence, if it lies between 0 and 1.
    pub fn new(share: f64) -> Option<Self> {
        (share > 0.0 && share < 1.0).then_some(Self(share))
    }

    /// The standard normal quantile of a two-sided interval: 1.96 for 95 %.
    pub fn z(self) -> f64 {
        Normal::standard().inverse_cdf(f64::midpoint(1.0, self.0))
    }
}

/// Where the truth lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The Wilson score interval of `passed` out of `of`, without continuity correction. Of nothing it is
/// `0..1`: nothing is known. It keeps its coverage near 0 and 1, where the textbook interval loses it.
pub fn wilson(passed: u64, of: u64, confidence: Confidence) -> Interval {
    if of == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let (passed, of) = (passed.min(of), of);
    let (n, z) = (of as f64, confidence.z());
    let p = passed as f64 / n;
    let middle = p + z * z / (2.0 * n);
    let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z * z / n;
    // At the ends the formula is exact only up to rounding.
    let low = if passed == 0 { 0.0 } else { ((middle - half) / scale).max(0.0) };
    let high = if passed == of { 1.0 } else { ((middle + half) / scale).min(1.0) };
    Interval { low, high }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn published_values() {
        // Made with scipy 1.17.1 and statsmodels 0.15.0.
        for (passed, of, confidence, low, high) in [
            (9, 10, 0.95, 0.59584997320476, 0.98212378690493),
            (15, 148, 0.95, 0.062386399530736, 0.16048724172331),
            (0, 29, 0.95, 0.0, 0.11696979849974),
            (29, 29, 0.95, 0.88303020150026, 1.0),
            (29, 29, 0.99, 0.8138090121235, 1.0),
        ] {
            let got = wilson(passed, of, Confidence::new(confidence).unwrap());
            let near = |a: f64, b: f64| (a - b).abs() <= 1e-12 + 1e-9 * b.abs();
            assert!(near(got.low, low) && near(got.high, high), "{passed}/{of} at {confidence}: {got:?}");
        }
    }

    #[test]
    fn of_nothing_nothing_is_known() {
        assert_eq!(wilson(0, 0, Confidence::P95), Interval { low: 0.0, high: 1.0 });
    }

    #[test]
    fn confidence_lies_between_0_and_1() {
        for share in [0.0, 1.0, -0.5, 1.5, f64::NAN] {
            assert_eq!(Confidence::new(share), None, "{share}");
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
    }
}
