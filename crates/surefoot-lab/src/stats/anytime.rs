//! Intervals that hold at every look: stop when you like, look as often as you like.

use super::{
    evidence::proportion_of,
    interval::{Confidence, Interval},
};

/// The two-sided normal-mixture boundary of a sub-Gaussian sum (Robbins 1970; Howard et al. 2021,
/// arXiv:1810.08240): it is narrowest where the variance is `best_at`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mixture {
    /// The mixture's parameter.
    pub rho: f64,
    alpha: f64,
}

impl Mixture {
    /// A boundary that is crossed at any time with a chance of at most alpha.
    pub fn new(best_at: f64, confidence: Confidence) -> Self {
        let alpha = confidence.alpha();
        let l = 2.0 * (1.0 / alpha).ln();
        Self { rho: best_at / (l + l.ln_1p()), alpha }
    }

    /// How far from 0 the sum stays while its variance is `v`, in the sum's unit.
    pub fn at(self, v: f64) -> f64 {
        let total = v + self.rho;
        (total * (total / (self.rho * self.alpha * self.alpha)).ln()).sqrt()
    }
}

/// The half-width about a running mean of `n` scores with variance `variance` that in the limit holds at
/// every look (theorem 2.2 of Waudby-Smith et al. 2024, arXiv:2103.06476). A larger `rho` is narrower early.
pub fn asymptotic(variance: f64, n: f64, rho: f64, confidence: Confidence) -> f64 {
    (variance * scale(n * rho * rho, confidence) / (n * n * rho * rho)).sqrt()
}

/// The same for scores whose variance may change on the way (proposition 2.5, of Lindeberg's type).
pub fn asymptotic_lindeberg(variance: f64, n: f64, rho: f64, confidence: Confidence) -> f64 {
    let seen = n * variance * rho * rho;
    (scale(seen, confidence) / (n * n * rho * rho)).sqrt()
}

fn scale(seen: f64, confidence: Confidence) -> f64 {
    (seen + 1.0) * ((seen + 1.0) / confidence.alpha().powi(2)).ln()
}

/// The mean of scores between 0 and 1, at every look. Nothing is assumed but that the mean stays the same.
#[derive(Debug, Clone)]
pub struct Sequence {
    alpha: f64,
    seen: f64,
    sum: f64,
    hoeffding: Weighted,
    bernstein: Weighted,
    /// Squared deviations from the regularised means so far.
    deviations: f64,
}

/// Weighted scores so far: predictable weights, chosen before each score.
#[derive(Debug, Clone, Default)]
struct Weighted {
    weights: f64,
    scores: f64,
    cost: f64,
}

impl Weighted {
    fn interval(&self, alpha: f64) -> Interval {
        if self.weights == 0.0 {
            return Interval { low: 0.0, high: 1.0 };
        }
        let half = ((2.0 / alpha).ln() + self.cost) / self.weights;
        Interval::around(self.scores / self.weights, half).within(0.0, 1.0)
    }

    fn add(&mut self, weight: f64, score: f64, cost: f64) {
        self.weights += weight;
        self.scores += weight * score;
        self.cost += cost;
    }
}

impl Sequence {
    /// A sequence before its first score.
    pub fn new(confidence: Confidence) -> Self {
        let nothing = Weighted::default;
        Self {
            alpha: confidence.alpha(),
            seen: 0.0,
            sum: 0.0,
            hoeffding: nothing(),
            bernstein: nothing(),
            deviations: 0.0,
        }
    }

    /// Takes the next score; what is not between 0 and 1 is brought there.
    pub fn add(&mut self, score: f64) {
        let score = score.clamp(0.0, 1.0);
        let (t, bet) = (self.seen + 1.0, (2.0 / self.alpha).ln());
        let weight = (8.0 * bet / (t * t.ln_1p())).sqrt().min(1.0);
        self.hoeffding.add(weight, score, weight * weight / 8.0);
        let variance = (0.25 + self.deviations) / t;
        let weight = (2.0 * bet / (variance * t * t.ln_1p())).sqrt().min(0.5);
        let before = if self.seen > 0.0 { self.sum / self.seen } else { 0.0 };
        self.bernstein.add(weight, score, (score - before).powi(2) * (-(-weight).ln_1p() - weight));
        (self.seen, self.sum) = (t, self.sum + score);
        let regular = (0.5 + self.sum) / (t + 1.0);
        self.deviations += (score - regular).powi(2);
    }

    /// Where the mean lies, by predictable-mixture Hoeffding (Waudby-Smith and Ramdas 2024,
    /// arXiv:2010.09686).
    pub fn hoeffding(&self) -> Interval {
        self.hoeffding.interval(self.alpha)
    }

    /// Where the mean lies, by predictable-mixture empirical Bernstein (same paper): narrower where scores
    /// vary little.
    pub fn bernstein(&self) -> Interval {
        self.bernstein.interval(self.alpha)
    }
}

/// Halvings that find an end of [`mean_of`] to twelve decimals.
const HALVINGS: u32 = 40;

/// Where the mean of `of` scores between 0 and 1 of this sum lies, at every look: the means against which the evidence,
/// with the alternative spread evenly, is not enough. It needs no order of the scores, only their sum.
pub fn mean_of(sum: f64, of: f64, confidence: Confidence) -> Interval {
    if of <= 0.0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let (enough, middle) = ((1.0 / confidence.alpha()).ln(), sum / of);
    let stands = |mean: f64| proportion_of(sum, of, mean, [1.0, 1.0]) < enough;
    let end = |mut outside: f64| {
        let mut inside = middle;
        for _ in 0..HALVINGS {
            let mean = f64::midpoint(inside, outside);
            *(if stands(mean) { &mut inside } else { &mut outside }) = mean;
        }
        outside
    };
    Interval { low: end(0.0), high: end(1.0) }.within(0.0, 1.0)
}

/// Steps of the grid on which [`betting`] looks for the mean.
const GRID: usize = 1_000;

/// Where the mean of scores between 0 and 1 lies, at every look, by betting against each possible mean
/// (the hedged capital of Waudby-Smith and Ramdas 2024, arXiv:2010.09686, section 4.4): the narrowest
/// of these sequences. Means are looked for on a grid of thousandths, its ends kept outside.
pub fn betting(scores: &[f64], confidence: Confidence) -> Interval {
    let alpha = confidence.alpha();
    let bets = bets(scores, alpha);
    let stands = |mean: f64| {
        let (mut up, mut down, mut most) = (0.0_f64, 0.0_f64, f64::NEG_INFINITY);
        for (score, bet) in scores.iter().zip(&bets) {
            let distance = score.clamp(0.0, 1.0) - mean;
            up += (1.0 + bet.min(0.5 / mean) * distance).ln();
            down += (1.0 - bet.min(0.5 / (1.0 - mean)) * distance).ln();
            most = most.max(up.max(down) - std::f64::consts::LN_2);
        }
        most < (1.0 / alpha).ln()
    };
    let means: Vec<f64> = (1..GRID).map(|at| at as f64 / GRID as f64).filter(|mean| stands(*mean)).collect();
    match (means.first(), means.last()) {
        (Some(low), Some(high)) => {
            let step = 1.0 / GRID as f64;
            Interval { low: low - step, high: high + step }.within(0.0, 1.0)
        }
        // Only a mean that changes on the way rules all of them out.
        _ => Interval { low: 0.0, high: 1.0 },
    }
}

/// What is bet before each score, from the variance so far.
fn bets(scores: &[f64], alpha: f64) -> Vec<f64> {
    let (mut sum, mut deviations, mut bets) = (0.0, 0.0, Vec::with_capacity(scores.len()));
    for (at, score) in scores.iter().enumerate() {
        let t = (at + 1) as f64;
        let variance = (0.25 + deviations) / t;
        bets.push((2.0 * (2.0 / alpha).ln() / (variance * t * t.ln_1p())).sqrt());
        sum += score.clamp(0.0, 1.0);
        deviations += (score.clamp(0.0, 1.0) - (0.5 + sum) / (t + 1.0)).powi(2);
    }
    bets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_the_first_score_nothing_is_known() {
        let anything = Interval { low: 0.0, high: 1.0 };
        let sequence = Sequence::new(Confidence::P95);
        assert_eq!((sequence.hoeffding(), sequence.bernstein()), (anything, anything));
        assert_eq!(betting(&[], Confidence::P95), anything);
    }

    /// Looked at after every score, the truth is left at any time by at most one stream in twenty.
    #[test]
    fn peeking_does_not_break_it() {
        let mut rng = fastrand::Rng::with_seed(5);
        let (mut left_hoeffding, mut left_bernstein, mut left_betting) = (0, 0, 0);
        for _ in 0..200 {
            let scores: Vec<f64> = (0..150).map(|_| f64::from(u8::from(rng.f64() < 0.9))).collect();
            let mut sequence = Sequence::new(Confidence::P95);
            let (mut hoeffding, mut bernstein) = (true, true);
            for score in &scores {
                sequence.add(*score);
                hoeffding &= sequence.hoeffding().holds(0.9);
                bernstein &= sequence.bernstein().holds(0.9);
            }
            left_hoeffding += u32::from(!hoeffding);
            left_bernstein += u32::from(!bernstein);
            // Capital that once was enough stays so: the last look knows all earlier ones.
            left_betting += u32::from(!betting(&scores, Confidence::P95).holds(0.9));
        }
        assert!(left_hoeffding <= 10 && left_bernstein <= 10 && left_betting <= 10);
    }

    #[test]
    fn the_sum_alone_gives_an_interval_that_holds_at_every_look() {
        let mut rng = fastrand::Rng::with_seed(6);
        let left = (0..400).filter(|_| {
            let mut sum = 0.0;
            (1..=300).any(|n| {
                sum += f64::from(u8::from(rng.f64() < 0.9));
                !mean_of(sum, f64::from(n), Confidence::P95).holds(0.9)
            })
        });
        assert!(left.count() <= 20);
        assert_eq!(mean_of(0.0, 0.0, Confidence::P95), Interval { low: 0.0, high: 1.0 });
        let sure = mean_of(100.0, 100.0, Confidence::P95);
        assert!(sure.high == 1.0 && sure.low > 0.9 && sure.low < 0.96, "{sure:?}");
    }

    #[test]
    fn betting_is_the_narrowest() {
        let scores: Vec<f64> = (0..200).map(|at| if at % 10 == 0 { 0.0 } else { 1.0 }).collect();
        let mut sequence = Sequence::new(Confidence::P95);
        scores.iter().for_each(|score| sequence.add(*score));
        let width = |interval: Interval| interval.high - interval.low;
        let bet = betting(&scores, Confidence::P95);
        assert!(bet.holds(0.9) && width(bet) < width(sequence.bernstein()) && width(bet) < width(sequence.hoeffding()));
    }
}
