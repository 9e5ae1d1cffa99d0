//! How many cases settle a question, and what a number of cases can see.

use super::interval::normal_quantile;

/// What a plan promises.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Aim {
    /// How often chance alone may look like a difference.
    pub alpha: f64,
    /// How often a true difference of the size asked for is found.
    pub power: f64,
}

impl Aim {
    /// 5 % and 80 %, as everybody plans.
    pub const USUAL: Self = Self { alpha: 0.05, power: 0.8 };

    /// How many standard errors the difference must be.
    fn errors(self) -> f64 {
        self.above() + normal_quantile(self.power)
    }

    fn above(self) -> f64 {
        normal_quantile(1.0 - self.alpha / 2.0)
    }
}

/// How two variants differ from case to case.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The variance of the difference of the two variants' true scores over cases.
    pub between: f64,
    /// The variance of one answer's score about its case's true score, of the first variant.
    pub within_first: f64,
    /// And of the second.
    pub within_second: f64,
    /// Answers for each case, of the first.
    pub repeats_first: f64,
    /// And of the second.
    pub repeats_second: f64,
}

impl Spread {
    /// The variance of one case's observed difference.
    pub fn of_case(self) -> f64 {
        self.between + self.within_first / self.repeats_first + self.within_second / self.repeats_second
    }
}

/// The cases that a paired comparison needs to see a difference of `delta`:
/// `n = (z_(1-a/2) + z_power)^2 * variance / delta^2` (Miller 2024, arXiv:2411.00640, section 5), before
/// rounding up. `variance` is that of one case's difference.
pub fn cases_needed(variance: f64, delta: f64, aim: Aim) -> f64 {
    aim.errors().powi(2) * variance / (delta * delta)
}

/// The smallest difference that `cases` pairs can be expected to see, by the same formula.
pub fn detectable(variance: f64, cases: f64, aim: Aim) -> f64 {
    aim.errors() * (variance / cases).sqrt()
}

/// The pairs that McNemar's test needs where a share `first_only` passes in the first alone and
/// `second_only` in the second alone (Connor 1987), before rounding up.
pub fn mcnemar_cases(first_only: f64, second_only: f64, aim: Aim) -> f64 {
    let (differing, delta) = (first_only + second_only, first_only - second_only);
    let reach = aim.above() * differing.sqrt() + normal_quantile(aim.power) * (differing - delta * delta).sqrt();
    (reach / delta).powi(2)
}

/// The cases for each of two independent samples with pass rates `first` and `second`, by pooled
/// variance (Fleiss, Levin and Paik 2003), before rounding up.
pub fn proportions_cases(first: f64, second: f64, aim: Aim) -> f64 {
    let pooled = f64::midpoint(first, second);
    let spread = |p: f64| p * (1.0 - p);
    let reach = aim.above() * (2.0 * spread(pooled)).sqrt()
        + normal_quantile(aim.power) * (spread(first) + spread(second)).sqrt();
    (reach / (first - second)).powi(2)
}

/// Cohen's h, the difference of two proportions on the scale where its error is the same everywhere
/// (Cohen 1988).
pub fn cohen_h(first: f64, second: f64) -> f64 {
    let angle = |p: f64| 2.0 * p.sqrt().asin();
    angle(first) - angle(second)
}

/// The cases for each of two independent samples by Cohen's h (by the root of the power equation with
/// the far tail left out), before rounding up.
pub fn cohen_cases(first: f64, second: f64, aim: Aim) -> f64 {
    2.0 * (aim.errors() / cohen_h(first, second)).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_is_what_can_be_seen() {
        let needed = cases_needed(0.2, 0.04, Aim::USUAL);
        assert!((detectable(0.2, needed, Aim::USUAL) - 0.04).abs() < 1e-12);
    }

    #[test]
    fn published_plans() {
        // Miller 2024: 969 questions for 3 points; Connor's formula: 469 pairs for 10 % against 5 %.
        assert_eq!(cases_needed(1.0 / 9.0, 0.03, Aim::USUAL).ceil(), 969.0);
        assert_eq!(mcnemar_cases(0.10, 0.05, Aim::USUAL).ceil(), 469.0);
        assert_eq!(proportions_cases(0.80, 0.85, Aim::USUAL).ceil(), 906.0);
    }
}
