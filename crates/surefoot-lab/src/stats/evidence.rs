//! E-values: evidence against "no difference" that may be looked at as often as one likes. At 1 / alpha
//! or more, the chance of being fooled is at most alpha, whenever one stops (Ville's inequality).

use statrs::function::beta::ln_beta;

/// The p-value that an e-value gives: valid at every look.
pub fn anytime_p(e: f64) -> f64 {
    (1.0 / e).min(1.0)
}

/// The logarithm of the evidence that `passed` out of `of` do not pass at the rate `rate`, with the
/// alternative spread over Beta(a, b) (Robbins 1970).
pub fn proportion(passed: u64, of: u64, rate: f64, [a, b]: [f64; 2]) -> f64 {
    proportion_of(passed as f64, of.max(passed) as f64, rate, [a, b])
}

/// The same for scores between 0 and 1 of this sum: a score is a part of a pass. For such scores too it is evidence,
/// since a bet on one grows no faster between 0 and 1 than straight.
pub fn proportion_of(sum: f64, of: f64, rate: f64, [a, b]: [f64; 2]) -> f64 {
    let (passed, failed) = (sum, of - sum);
    ln_beta(a + passed, b + failed) - ln_beta(a, b) - powers(passed, failed, rate)
}

/// The logarithm of the evidence that two runs differ, from the cases that pass in one of them alone:
/// without a difference each of the two is as likely (uniform prior over how unlike).
pub fn paired(first_only: u64, second_only: u64) -> f64 {
    proportion(first_only, first_only + second_only, 0.5, [1.0, 1.0])
}

/// The mSPRT likelihood ratio for a mean difference `diff` of `n` pairs with known variance, where true
/// differences are spread as N(0, `spread`) (Johari et al. 2022, arXiv:1512.04922). Not a logarithm.
pub fn normal(n: f64, diff: f64, variance: f64, spread: f64) -> f64 {
    let total = variance + n * spread;
    (variance / total).sqrt() * (n * n * spread * diff * diff / (2.0 * variance * total)).exp()
}

/// The running evidence that two arms, each asked once a step, pass at different rates: each step bets
/// on the rates so far, with `pseudo` passes and failures before the first (Turner, Ly and Grünwald
/// 2021, arXiv:2106.02693). Logarithms, one for each step.
pub fn two_arms(first: &[bool], second: &[bool], pseudo: f64) -> Vec<f64> {
    let (mut passed, mut log_e) = ([0.0; 2], 0.0);
    let steps = first.iter().zip(second).enumerate();
    steps
        .map(|(before, (one, other))| {
            let rates = passed.map(|passed| (passed + pseudo) / (before as f64 + 2.0 * pseudo));
            let pooled = f64::midpoint(rates[0], rates[1]);
            for (at, outcome) in [*one, *other].into_iter().enumerate() {
                let chance = |rate: f64| if outcome { rate } else { 1.0 - rate };
                log_e += (chance(rates[at]) / chance(pooled)).ln();
                passed[at] += f64::from(u8::from(outcome));
            }
            log_e
        })
        .collect()
}

/// The logarithm of the evidence that two arms of any sizes pass at different rates, whatever decided
/// who was asked (universal inference, Wasserman et al. 2020, arXiv:1912.11436, with the mixture of
/// Krichevsky and Trofimov): each as `(passed, of)`.
pub fn two_arms_any(first: (u64, u64), second: (u64, u64)) -> f64 {
    let plain = |(passed, of): (u64, u64)| (passed as f64, of.max(passed) as f64);
    two_arms_sums(plain(first), plain(second))
}

/// The same for scores between 0 and 1, each arm as `(sum, of)`.
pub fn two_arms_sums(first: (f64, f64), second: (f64, f64)) -> f64 {
    let mixture = |(sum, of): (f64, f64)| ln_beta(sum + 0.5, of - sum + 0.5) - ln_beta(0.5, 0.5);
    let (passed, of) = (first.0 + second.0, first.1 + second.1);
    mixture(first) + mixture(second) - if of > 0.0 { powers(passed, of - passed, passed / of) } else { 0.0 }
}

/// `ln(rate^passed (1 - rate)^failed)`, where nothing to the power of nothing is 1.
fn powers(passed: f64, failed: f64, rate: f64) -> f64 {
    let power = |times: f64, chance: f64| if times == 0.0 { 0.0 } else { times * chance.ln() };
    power(passed, rate) + power(failed, 1.0 - rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_evidence_is_no_evidence() {
        assert_eq!(paired(0, 0), 0.0);
        assert_eq!(two_arms_any((0, 0), (0, 0)), 0.0);
        assert_eq!(anytime_p(0.5), 1.0);
    }

    /// Without a difference, looking after every case cries wolf in at most one stream of twenty.
    #[test]
    fn looking_often_fools_nobody() {
        let mut rng = fastrand::Rng::with_seed(9);
        let fooled = (0..2_000).filter(|_| {
            let (mut first, mut second) = (0, 0);
            (0..100).any(|_| {
                match (rng.f64() < 0.7, rng.f64() < 0.7) {
                    (true, false) => first += 1,
                    (false, true) => second += 1,
                    _ => {}
                }
                paired(first, second) >= 20.0_f64.ln()
            })
        });
        let fooled = fooled.count();
        assert!(fooled <= 100, "{fooled} of 2000");
    }
}
