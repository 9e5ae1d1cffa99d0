//! What a judge's scores are worth once some of them are compared with people's.

use super::{
    interval::{Confidence, Estimate},
    mean::{average as mean, variance},
};

/// A judge's known mistakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Cases that people passed.
    pub passed: u64,
    /// Of those, how many the judge passed too.
    pub passed_too: u64,
    /// Cases that people failed.
    pub failed: u64,
    /// Of those, how many the judge failed too.
    pub failed_too: u64,
}

/// The true pass rate behind `judged` passes out of `of` by a judge whose mistakes are known (Rogan and
/// Gladen 1978, with the delta method's error). It may leave 0 to 1: clip it only to show it. Absent
/// where the judge is no better than chance, or was never compared.
pub fn rogan_gladen(judged: u64, of: u64, known: Known, confidence: Confidence) -> Option<Estimate> {
    if of == 0 || known.passed == 0 || known.failed == 0 {
        return None;
    }
    let (passed, failed) = (known.passed as f64, known.failed as f64);
    let (sensitivity, specificity) = (known.passed_too as f64 / passed, known.failed_too as f64 / failed);
    let gain = sensitivity + specificity - 1.0;
    if gain <= 0.0 {
        return None;
    }
    let rate = judged as f64 / of as f64;
    let value = (rate + specificity - 1.0) / gain;
    let spread = rate * (1.0 - rate) / of as f64 / (gain * gain)
        + sensitivity * (1.0 - sensitivity) / passed * (value / gain).powi(2)
        + specificity * (1.0 - specificity) / failed * ((1.0 - value) / gain).powi(2);
    Some(Estimate::normal(value, spread.sqrt(), confidence))
}

/// Scores by people and by a judge.
#[derive(Debug, Clone, Copy)]
pub struct Labelled<'a> {
    /// People's scores.
    pub human: &'a [f64],
    /// The judge's scores of the same cases, in the same order.
    pub judge: &'a [f64],
    /// The judge's scores of the cases that nobody else scored.
    pub unlabelled: &'a [f64],
}

impl Labelled<'_> {
    /// People's scores alone, normal interval.
    pub fn classical(&self, confidence: Confidence) -> Option<Estimate> {
        let se = (spread(self.human)? / self.human.len() as f64).sqrt();
        Some(Estimate::normal(mean(self.human)?, se, confidence))
    }

    /// The prediction-powered mean (Angelopoulos et al. 2023, arXiv:2301.09633): the judge's mean over the
    /// unlabelled cases, moved by its mean mistake on the labelled ones. A weak judge widens the interval
    /// and does not shift it. Absent where a list is empty or the labelled ones do not pair.
    pub fn powered(&self, confidence: Confidence) -> Option<Estimate> {
        self.weighted(1.0, confidence)
    }

    /// The same with the judge's weight chosen, between 0 and 1, for the narrowest interval (PPI++,
    /// arXiv:2311.01453): a judge that knows nothing is not listened to.
    pub fn tuned(&self, confidence: Confidence) -> Option<Estimate> {
        let (n, all) = (self.human.len() as f64, [self.judge, self.unlabelled].concat());
        let (of_human, of_judge, of_all) = (mean(self.human)?, mean(self.judge)?, variance(&all)?);
        let together = self.human.iter().zip(self.judge).map(|(a, b)| (a - of_human) * (b - of_judge)).sum::<f64>() / n;
        let below = (1.0 + n / self.unlabelled.len() as f64) * of_all;
        let weight = if below > 0.0 { (together / below).clamp(0.0, 1.0) } else { 0.0 };
        self.weighted(weight, confidence)
    }

    fn weighted(&self, weight: f64, confidence: Confidence) -> Option<Estimate> {
        if self.human.len() != self.judge.len() {
            return None;
        }
        let moved: Vec<f64> = self.human.iter().zip(self.judge).map(|(a, b)| a - weight * b).collect();
        let value = weight * mean(self.unlabelled)? + mean(&moved)?;
        let of_judge = weight * weight * spread(self.unlabelled)? / self.unlabelled.len() as f64;
        let se = (of_judge + spread(&moved)? / moved.len() as f64).sqrt();
        Some(Estimate::normal(value, se, confidence))
    }
}

/// The variance with n below the line, as the papers have it.
fn spread(scores: &[f64]) -> Option<f64> {
    let mean = mean(scores)?;
    Some(scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / scores.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_judge_no_better_than_chance_corrects_nothing() {
        let known = Known { passed: 10, passed_too: 5, failed: 10, failed_too: 5 };
        assert_eq!(rogan_gladen(50, 100, known, Confidence::P95), None);
        let unknown = Known { passed: 0, passed_too: 0, ..known };
        assert_eq!(rogan_gladen(50, 100, unknown, Confidence::P95), None);
    }

    #[test]
    fn a_judge_that_knows_nothing_is_not_listened_to() {
        let human = [0.0, 1.0, 0.0, 1.0];
        let labelled = Labelled { human: &human, judge: &[0.5; 4], unlabelled: &[0.5; 40] };
        let (tuned, alone) = (labelled.tuned(Confidence::P95).unwrap(), labelled.classical(Confidence::P95).unwrap());
        assert!((tuned.value - alone.value).abs() < 1e-12 && (tuned.se - alone.se).abs() < 1e-12);
    }

    /// The promise that it is there for: over many judges that pass too much, the interval holds the
    /// truth about as often as it says, where the judge's own rate hardly ever does.
    #[test]
    fn a_biased_judge_does_not_shift_it() {
        let mut rng = fastrand::Rng::with_seed(11);
        let mut score = |truth: f64| {
            let human = f64::from(u8::from(rng.f64() < truth));
            let judge = if human == 1.0 || rng.f64() < 0.4 { 1.0 } else { 0.0 };
            (human, judge)
        };
        let mut held = 0;
        for _ in 0..400 {
            let (human, judge): (Vec<f64>, Vec<f64>) = (0..100).map(|_| score(0.6)).unzip();
            let unlabelled: Vec<f64> = (0..500).map(|_| score(0.6).1).collect();
            let labelled = Labelled { human: &human, judge: &judge, unlabelled: &unlabelled };
            held += u32::from(labelled.powered(Confidence::P95).unwrap().interval.holds(0.6));
        }
        assert!((364..=396).contains(&held), "{held} of 400");
    }
}
