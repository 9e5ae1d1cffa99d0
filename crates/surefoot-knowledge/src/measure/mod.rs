//! How good a ranking is: the usual measures of information retrieval, one function each.

mod answers;
mod collection;
mod documents;
mod sync;

use std::collections::HashMap;

pub use answers::{Answers, answered};
pub use collection::{Collection, Entry, Figures, Quality, Support, kept, measured};
pub use documents::{Read, read};
pub use sync::{Synced, synced};

/// Graded judgements of one query: document id to gain (0 is not relevant).
pub type Judged = HashMap<String, u32>;

/// Normalised discounted cumulative gain at `depth`: the sum of `gain / log2(rank + 1)` over that of the best
/// possible order (Järvelin and Kekäläinen 2002, with linear gain as trec_eval's `ndcg_cut` has it). 0 to 1.
pub fn ndcg<T: AsRef<str>>(ranked: &[T], judged: &Judged, depth: usize) -> f64 {
    let gains = ranked.iter().map(|id| judged.get(id.as_ref()).copied().unwrap_or(0));
    let mut ideal: Vec<u32> = judged.values().copied().collect();
    ideal.sort_unstable_by(|a, b| b.cmp(a));
    let best = discounted(ideal.into_iter(), depth);
    if best > 0.0 { discounted(gains, depth) / best } else { 0.0 }
}

fn discounted(gains: impl Iterator<Item = u32>, depth: usize) -> f64 {
    gains.take(depth).zip(2u32..).map(|(gain, place)| f64::from(gain) / f64::from(place).log2()).sum()
}

/// Share of the relevant documents that stand among the first `depth` (trec_eval's `recall`). 0 to 1.
pub fn recall<T: AsRef<str>>(ranked: &[T], judged: &Judged, depth: usize) -> f64 {
    let relevant = judged.values().filter(|gain| **gain > 0).count();
    let found = ranked.iter().take(depth).filter(|id| judged.get(id.as_ref()).is_some_and(|gain| *gain > 0)).count();
    if relevant > 0 { found as f64 / relevant as f64 } else { 0.0 }
}

/// One over the place of the first relevant document; 0 where there is none. 0 to 1.
pub fn reciprocal_rank<T: AsRef<str>>(ranked: &[T], judged: &Judged) -> f64 {
    let relevant = |id: &T| judged.get(id.as_ref()).is_some_and(|gain| *gain > 0);
    ranked.iter().position(relevant).map_or(0.0, |place| 1.0 / (place + 1) as f64)
}

/// The arithmetic mean; 0 of nothing.
pub fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// The value below which a share of the values lies, by nearest rank; 0 of nothing.
pub fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(gains: &[(&str, u32)]) -> Judged {
        gains.iter().map(|(id, gain)| ((*id).to_owned(), *gain)).collect()
    }

    #[test]
    fn ndcg_by_hand() {
        let judged = judged(&[("a", 1), ("b", 1), ("z", 0)]);
        let cases: &[(&[&str], f64)] = &[
            (&["a", "b"], 1.0),
            (&["z", "a", "b"], (1.0 / 3f64.log2() + 0.5) / (1.0 + 1.0 / 3f64.log2())),
            (&["x"], 0.0),
            (&[], 0.0),
        ];
        for (ranked, expected) in cases {
            assert!((ndcg(ranked, &judged, 10) - expected).abs() < 1e-12, "{ranked:?}");
        }
        assert_eq!(ndcg(&["x", "a"], &judged, 1), 0.0);
    }

    #[test]
    fn graded_gains_prefer_the_better_document_first() {
        let judged = judged(&[("best", 3), ("good", 1)]);
        assert!(ndcg(&["best", "good"], &judged, 10) > ndcg(&["good", "best"], &judged, 10));
    }

    #[test]
    fn recall_mean_and_percentile() {
        let judged = judged(&[("a", 1), ("b", 2), ("z", 0)]);
        assert_eq!(recall(&["z", "b"], &judged, 10), 0.5);
        assert_eq!(recall(&["z", "b"], &judged, 1), 0.0);
        assert_eq!((reciprocal_rank(&["z", "b"], &judged), reciprocal_rank(&["z"], &judged)), (0.5, 0.0));
        assert_eq!((mean(&[1.0, 3.0]), mean(&[])), (2.0, 0.0));
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!((percentile(&values, 0.5), percentile(&values, 0.99), percentile(&[], 0.5)), (50.0, 99.0, 0.0));
    }
}
