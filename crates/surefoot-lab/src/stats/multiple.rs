//! Several questions asked of one run: p-values and e-values that account for it.

use std::cmp::Ordering;

/// Adjusted p-values by Holm (1979): the chance that even one claim is false stays at the level, however
/// the tests depend on each other. In the order of the input.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let count = p.len();
    let mut worst = 0.0_f64;
    adjusted(p, ascending(p), |rank, value| {
        worst = worst.max((count - rank) as f64 * value);
        worst
    })
}

/// Adjusted p-values by Benjamini and Hochberg (1995): of the claims made, the expected share that is
/// false stays at the level. For tests that are independent or lean the same way.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    step_up(p, 1.0)
}

/// The same whatever the dependence (Benjamini and Yekutieli 2001).
pub fn benjamini_yekutieli(p: &[f64]) -> Vec<f64> {
    step_up(p, (1..=p.len()).map(|rank| 1.0 / rank as f64).sum())
}

/// Adjusted p-values by Bonferroni: each times their number.
pub fn bonferroni(p: &[f64]) -> Vec<f64> {
    p.iter().map(|value| (value * p.len() as f64).min(1.0)).collect()
}

/// Which e-values are claims at `alpha` (e-BH, Wang and Ramdas 2022, arXiv:2009.02824), whatever their
/// dependence.
pub fn e_benjamini_hochberg(e: &[f64], alpha: f64) -> Vec<bool> {
    let order: Vec<usize> = ascending(e).into_iter().rev().collect();
    let enough = |rank: usize, at: usize| e[at] * (rank + 1) as f64 / e.len() as f64 >= 1.0 / alpha;
    let claims = order.iter().enumerate().filter(|(rank, at)| enough(*rank, **at)).map(|(rank, _)| rank + 1).max();
    let mut claimed = vec![false; e.len()];
    order.iter().take(claims.unwrap_or(0)).for_each(|at| claimed[*at] = true);
    claimed
}

fn step_up(p: &[f64], factor: f64) -> Vec<f64> {
    let count = p.len() as f64;
    let mut best = f64::INFINITY;
    let descending: Vec<usize> = ascending(p).into_iter().rev().collect();
    adjusted(p, descending, |place, value| {
        let rank = count - place as f64;
        best = best.min(factor * count * value / rank);
        best
    })
}

fn ascending(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].partial_cmp(&values[*b]).unwrap_or(Ordering::Equal));
    order
}

fn adjusted(p: &[f64], order: Vec<usize>, mut one: impl FnMut(usize, f64) -> f64) -> Vec<f64> {
    let mut all = vec![1.0; p.len()];
    for (place, at) in order.into_iter().enumerate() {
        all[at] = one(place, p[at]).min(1.0);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_question_needs_no_correction() {
        for method in [holm, benjamini_hochberg, benjamini_yekutieli, bonferroni] {
            assert_eq!(method(&[0.03]), [0.03]);
            assert_eq!(method(&[]), Vec::<f64>::new());
        }
    }

    #[test]
    fn a_claim_carries_those_above_it() {
        assert_eq!(e_benjamini_hochberg(&[50.0, 8.0, 2.0, 100.0], 0.05), [true, false, false, true]);
        assert_eq!(e_benjamini_hochberg(&[1.0, 2.0], 0.05), [false, false]);
    }
}
