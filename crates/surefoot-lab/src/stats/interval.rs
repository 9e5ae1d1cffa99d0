//! How sure, and where: what every estimate here is told with.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

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

    /// What is left over: 0.05 for 95 %.
    pub fn alpha(self) -> f64 {
        1.0 - self.0
    }

    /// The standard normal quantile of a two-sided interval: 1.96 for 95 %.
    pub fn z(self) -> f64 {
        normal_quantile(f64::midpoint(1.0, self.0))
    }

    /// The same of Student's t; infinite without a degree of freedom, where nothing is known.
    pub fn t(self, freedom: f64) -> f64 {
        student(freedom).map_or(f64::INFINITY, |t| t.inverse_cdf(f64::midpoint(1.0, self.0)))
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

impl Interval {
    /// `half` to either side of `middle`.
    pub fn around(middle: f64, half: f64) -> Self {
        Self { low: middle - half, high: middle + half }
    }

    /// The part of it within `low` and `high`.
    #[must_use]
    pub fn within(self, low: f64, high: f64) -> Self {
        Self { low: self.low.clamp(low, high), high: self.high.clamp(low, high) }
    }

    /// Whether `value` lies in it.
    pub fn holds(self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// An estimate with its standard error and interval, in the unit of what was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Its standard error.
    pub se: f64,
    /// Where the truth lies.
    pub interval: Interval,
}

impl Estimate {
    /// An estimate whose error is normal.
    pub(super) fn normal(value: f64, se: f64, confidence: Confidence) -> Self {
        Self { value, se, interval: Interval::around(value, confidence.z() * se) }
    }
}

/// The point below which a share of the standard normal distribution lies.
pub(super) fn normal_quantile(share: f64) -> f64 {
    Normal::standard().inverse_cdf(share)
}

/// The share of the standard normal distribution below a point.
pub(super) fn normal_below(point: f64) -> f64 {
    Normal::standard().cdf(point)
}

/// The two-sided p of a standard normal value.
pub(super) fn normal_p(z: f64) -> f64 {
    2.0 * normal_below(-z.abs())
}

/// The two-sided p of a Student's t value; 1 without a degree of freedom.
pub(super) fn student_p(t: f64, freedom: f64) -> f64 {
    student(freedom).map_or(1.0, |distribution| 2.0 * distribution.cdf(-t.abs()))
}

fn student(freedom: f64) -> Option<StudentsT> {
    StudentsT::new(0.0, 1.0, freedom).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidence_lies_between_0_and_1() {
        for share in [0.0, 1.0, -0.5, 1.5, f64::NAN] {
            assert_eq!(Confidence::new(share), None, "{share}");
        }
    }

    #[test]
    fn without_freedom_nothing_is_known() {
        assert_eq!(Confidence::P95.t(0.0), f64::INFINITY);
        assert_eq!(student_p(3.0, 0.0), 1.0);
    }

    #[test]
    fn an_interval_is_cut_and_holds_its_ends() {
        let cut = Interval::around(0.9, 0.2).within(0.0, 1.0);
        assert_eq!(cut.high, 1.0);
        assert!(cut.holds(1.0) && cut.holds(cut.low) && !cut.holds(0.5));
    }
}
