//! The mean of scores, with its error where cases belong together.

use std::collections::BTreeMap;

use super::interval::{Confidence, Estimate, Interval, student_p};

/// A mean that is known from a number of independent things.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mean {
    /// The mean with its standard error and the interval of Student's t.
    pub estimate: Estimate,
    /// The interval's degrees of freedom: independent things less one.
    pub freedom: f64,
}

impl Mean {
    fn of(value: f64, se: f64, freedom: f64, confidence: Confidence) -> Self {
        let interval = Interval::around(value, confidence.t(freedom) * se);
        Self { estimate: Estimate { value, se, interval }, freedom }
    }

    /// How often chance alone would bring the mean at least this far from 0, two-sided.
    pub fn p(&self) -> f64 {
        if self.estimate.se == 0.0 {
            return if self.estimate.value == 0.0 { 1.0 } else { 0.0 };
        }
        student_p(self.estimate.value / self.estimate.se, self.freedom)
    }
}

/// The plain average; absent of nothing.
pub fn average(scores: &[f64]) -> Option<f64> {
    (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64)
}

/// The variance with n - 1 below the line, in the square of the scores' unit; absent under two scores.
pub fn variance(scores: &[f64]) -> Option<f64> {
    let mean = average(scores).filter(|_| scores.len() > 1)?;
    Some(scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / (scores.len() - 1) as f64)
}

/// How two lists of one length vary together, n - 1 below the line.
pub(super) fn covariance(a: &[f64], b: &[f64]) -> Option<f64> {
    let (mean_a, mean_b) = (average(a)?, average(b)?);
    let sum: f64 = a.iter().zip(b).map(|(x, y)| (x - mean_a) * (y - mean_b)).sum();
    (a.len() == b.len() && a.len() > 1).then(|| sum / (a.len() - 1) as f64)
}

/// The mean of independent scores, its error `s / sqrt(n)`, the interval of Student's t with n - 1
/// degrees of freedom (Student 1908). Absent under two scores: one says nothing about its error.
pub fn mean(scores: &[f64], confidence: Confidence) -> Option<Mean> {
    let (value, variance, n) = (average(scores)?, variance(scores)?, scores.len() as f64);
    Some(Mean::of(value, (variance / n).sqrt(), n - 1.0, confidence))
}

/// The mean of scores of which those of one cluster (a conversation, a document, a user) belong
/// together: `sqrt(sum over clusters of (sum of deviations)^2) / n`, times `sqrt(C / (C - 1))`, with
/// C - 1 degrees of freedom (Miller 2024, arXiv:2411.00640; the factor keeps the coverage of few
/// clusters). Absent under two clusters, or where a score has none.
pub fn clustered<C: Ord>(scores: &[f64], clusters: &[C], confidence: Confidence) -> Option<Mean> {
    let value = average(scores).filter(|_| scores.len() == clusters.len())?;
    let mut sums: BTreeMap<&C, f64> = BTreeMap::new();
    for (score, cluster) in scores.iter().zip(clusters) {
        *sums.entry(cluster).or_default() += score - value;
    }
    let count = sums.len() as f64;
    if sums.len() < 2 {
        return None;
    }
    let spread: f64 = sums.values().map(|sum| sum * sum).sum();
    let se = spread.sqrt() / scores.len() as f64 * (count / (count - 1.0)).sqrt();
    Some(Mean::of(value, se, count - 1.0, confidence))
}

/// The difference of the means of two independent lists, first minus second, with Welch's degrees of
/// freedom (1947). Absent where one has under two scores.
pub fn welch(first: &[f64], second: &[f64], confidence: Confidence) -> Option<Mean> {
    let part = |scores: &[f64]| Some((average(scores)?, variance(scores)? / scores.len() as f64));
    let ((mean_1, v1), (mean_2, v2)) = (part(first)?, part(second)?);
    let below = v1 * v1 / (first.len() - 1) as f64 + v2 * v2 / (second.len() - 1) as f64;
    let freedom = if below == 0.0 { (first.len() + second.len() - 2) as f64 } else { (v1 + v2).powi(2) / below };
    Some(Mean::of(mean_1 - mean_2, (v1 + v2).sqrt(), freedom, confidence))
}

/// One mean over another, such as cost per success, with the delta method's error, which knows that
/// the two vary together. Absent under two pairs or over a mean of 0.
pub fn ratio(above: &[f64], below: &[f64], confidence: Confidence) -> Option<Estimate> {
    let (mean_above, mean_below) = (average(above)?, average(below).filter(|mean| *mean != 0.0)?);
    let value = mean_above / mean_below;
    let spread = variance(above)? + value * value * variance(below)? - 2.0 * value * covariance(above, below)?;
    let se = (spread.max(0.0) / above.len() as f64).sqrt() / mean_below.abs();
    Some(Estimate::normal(value, se, confidence))
}

/// The value below which a share of the sorted `values` lies, by straight lines between them (type 7
/// of Hyndman and Fan 1996). Absent of nothing.
pub fn quantile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    quantile_sorted(&sorted, share)
}

/// As [`quantile`], of values in order.
pub(super) fn quantile_sorted(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = last as f64 * share.clamp(0.0, 1.0);
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    Some(sorted[below] + (place - place.floor()) * (sorted[above] - sorted[below]))
}

/// The smallest of `values` that at least a share of them does not exceed: one that was really seen.
/// Absent of nothing.
pub fn nearest_rank(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (share.clamp(0.0, 1.0) * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted.get(rank - 1).copied()
}

/// Where the quantile of the values that these were drawn from lies: between two of them, whatever their
/// distribution (order statistics, normal approximation; Conover 1999, section 3.2). Ends beyond the values
/// are the values' own. Absent of nothing.
pub fn quantile_interval(values: &[f64], share: f64, confidence: Confidence) -> Option<Interval> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (n, last) = (sorted.len() as f64, sorted.len().checked_sub(1)?);
    let (middle, half) = (n * share, confidence.z() * (n * share * (1.0 - share)).sqrt());
    let place = |rank: f64| (rank.ceil().max(1.0) as usize - 1).min(last);
    Some(Interval { low: sorted[place(middle - half)], high: sorted[place(middle + half)] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_lies_between_two_values() {
        // Conover's worked example is of this form: 16 values, the upper quartile between the 9th and the 16th.
        let values: Vec<f64> = (1..=16).map(f64::from).collect();
        let told = quantile_interval(&values, 0.75, Confidence::P95).unwrap();
        assert_eq!((told.low, told.high), (9.0, 16.0));
        assert_eq!(quantile_interval(&[], 0.5, Confidence::P95), None);
        assert_eq!(quantile_interval(&[7.0], 0.5, Confidence::P95), Some(Interval { low: 7.0, high: 7.0 }));
    }

    #[test]
    fn one_score_or_one_cluster_says_nothing_about_its_error() {
        assert_eq!(mean(&[0.5], Confidence::P95), None);
        assert_eq!(clustered(&[0.0, 1.0, 1.0], &["a", "a", "a"], Confidence::P95), None);
        assert_eq!(ratio(&[1.0, 2.0], &[0.0, 0.0], Confidence::P95), None);
        assert_eq!((quantile(&[], 0.5), nearest_rank(&[], 0.5)), (None, None));
    }

    #[test]
    fn clusters_of_one_are_no_clusters() {
        let scores = [0.1, 0.9, 0.4, 0.8, 0.3];
        let (plain, lone) =
            (mean(&scores, Confidence::P95).unwrap(), clustered(&scores, &[1, 2, 3, 4, 5], Confidence::P95).unwrap());
        assert!((plain.estimate.se - lone.estimate.se).abs() < 1e-12);
    }

    #[test]
    fn no_spread_is_certain_unless_it_is_zero() {
        assert_eq!(mean(&[0.0, 0.0], Confidence::P95).unwrap().p(), 1.0);
        assert_eq!(mean(&[1.0, 1.0], Confidence::P95).unwrap().p(), 0.0);
    }

    /// As in the paper that the formula is from: 12 questions about 4 passages.
    #[test]
    fn a_passage_s_questions_belong_together() {
        let scores = [1., 1., 1., 1., 1., 0., 0., 0., 0., 1., 0., 0.];
        let clusters = [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4];
        let (naive, told) =
            (mean(&scores, Confidence::P95).unwrap(), clustered(&scores, &clusters, Confidence::P95).unwrap());
        assert!(told.estimate.se > naive.estimate.se);
        assert_eq!(told.freedom, 3.0);
    }
}
