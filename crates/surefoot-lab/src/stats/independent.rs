//! Two pass rates of samples that have no case in common.

use statrs::distribution::{Discrete, Hypergeometric};

use super::{
    interval::{Confidence, Interval, normal_p},
    paired::Difference,
    proportion::wilson,
};

/// Passes out of cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    /// How many passed.
    pub passed: u64,
    /// Of how many.
    pub of: u64,
}

impl Passed {
    fn rate(self) -> Option<f64> {
        (self.of > 0).then(|| self.passed as f64 / self.of as f64)
    }
}

/// The rate of `first` minus that of `second`, with Newcombe's hybrid score interval (1998, method 10 of
/// his paper on independent proportions). Absent where one is of nothing.
pub fn difference(first: Passed, second: Passed, confidence: Confidence) -> Option<Difference> {
    let (p1, p2) = (first.rate()?, second.rate()?);
    let (one, two) = (wilson(first.passed, first.of, confidence), wilson(second.passed, second.of, confidence));
    let value = p1 - p2;
    let low = value - (p1 - one.low).hypot(two.high - p2);
    let high = value + (one.high - p1).hypot(p2 - two.low);
    Some(Difference { value, interval: Interval { low, high } })
}

/// The pooled z of two rates with its two-sided p, for large samples. Absent where one is of nothing, or
/// where none or all passed.
pub fn z_test(first: Passed, second: Passed) -> Option<(f64, f64)> {
    let (p1, p2) = (first.rate()?, second.rate()?);
    let pooled = (first.passed + second.passed) as f64 / (first.of + second.of) as f64;
    let se = (pooled * (1.0 - pooled) * (1.0 / first.of as f64 + 1.0 / second.of as f64)).sqrt();
    (se > 0.0).then(|| ((p1 - p2) / se, normal_p((p1 - p2) / se)))
}

/// Fisher's exact two-sided p: the chance of all tables with these margins that are no likelier than the
/// one seen.
pub fn fisher(first: Passed, second: Passed) -> f64 {
    let (all, passed) = (first.of + second.of, first.passed + second.passed);
    let Ok(tables) = Hypergeometric::new(all, passed, first.of) else { return 1.0 };
    let seen = tables.pmf(first.passed);
    let possible = passed.saturating_sub(second.of)..=passed.min(first.of);
    // Equal chances that were reached by other roundings are equal.
    let as_rare = possible.map(|at| tables.pmf(at)).filter(|chance| *chance <= seen * (1.0 + 1e-7));
    as_rare.sum::<f64>().min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_nothing_there_is_no_difference() {
        let (none, some) = (Passed { passed: 0, of: 0 }, Passed { passed: 1, of: 2 });
        assert_eq!((difference(none, some, Confidence::P95), z_test(some, none)), (None, None));
        assert_eq!(z_test(Passed { passed: 2, of: 2 }, Passed { passed: 3, of: 3 }), None);
    }

    #[test]
    fn equal_samples_are_no_surprise() {
        assert!((fisher(Passed { passed: 5, of: 10 }, Passed { passed: 5, of: 10 }) - 1.0).abs() < 1e-9);
    }
}
