//! Several answers to one case: how often one of k is right, and how often all are.

use super::{
    interval::Confidence,
    mean::{Mean, mean},
};

/// The answers to one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts {
    /// How many were graded.
    pub of: u64,
    /// How many of them passed.
    pub passed: u64,
}

impl Attempts {
    /// The chance that of `k` answers at least one passes: `1 - C(n-c, k) / C(n, k)`, unbiased (Chen et al.
    /// 2021, arXiv:2107.03374). Absent where fewer than `k` were graded.
    pub fn pass_at(self, k: u64) -> Option<f64> {
        let failed = self.of.checked_sub(self.passed)?;
        self.drawn(failed, k).map(|none| 1.0 - none)
    }

    /// The chance that of `k` answers all pass: `C(c, k) / C(n, k)`, unbiased (Yao et al. 2024,
    /// arXiv:2406.12045). Absent where fewer than `k` were graded.
    pub fn pass_all(self, k: u64) -> Option<f64> {
        self.drawn(self.passed, k)
    }

    /// The chance that `k` drawn without putting back are all among `these`, as a product of k shares:
    /// the binomials themselves grow past what a float holds.
    fn drawn(self, these: u64, k: u64) -> Option<f64> {
        if k == 0 || k > self.of || these > self.of {
            return None;
        }
        Some((0..k).map(|at| these.saturating_sub(at) as f64 / (self.of - at) as f64).product())
    }
}

/// A figure of every case, and its mean with the error over cases: cases are what was sampled, not
/// answers. Cases without the figure count not.
pub fn over_cases(
    cases: &[Attempts],
    figure: impl Fn(Attempts) -> Option<f64>,
    confidence: Confidence,
) -> Option<Mean> {
    mean(&cases.iter().filter_map(|case| figure(*case)).collect::<Vec<_>>(), confidence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_there_are_is_undefined() {
        let attempts = Attempts { of: 3, passed: 2 };
        assert_eq!((attempts.pass_at(4), attempts.pass_all(4), attempts.pass_at(0)), (None, None, None));
    }

    #[test]
    fn large_numbers_stay_numbers() {
        let attempts = Attempts { of: 10_000, passed: 9_000 };
        let all = attempts.pass_all(1_000).unwrap();
        assert!(all > 0.0 && all < 0.9_f64.powi(1_000), "{all}");
        assert_eq!(attempts.pass_at(1_001), Some(1.0));
    }
}
