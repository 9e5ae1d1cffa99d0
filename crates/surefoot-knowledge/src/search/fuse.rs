//! Two legs to one ranking: each leg's scores are brought to 0..1 within the query, then summed with a weight.
//!
//! Never by rank: reciprocal-rank fusion loses to the better leg wherever the other is much weaker, because it
//! forgets by how much a passage won.

use crate::index::Scored;

/// A passage's key with its fused score, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fused {
    /// What the legs said.
    pub scored: Scored,
    /// The convex sum of the normalised scores.
    pub score: f32,
    /// The lexical leg's part of the sum, and the vector leg's.
    pub parts: [f32; 2],
}

/// Fuses, best first, ties by key. `weight` is the lexical leg's share.
pub fn fuse(found: &[Scored], weight: f32) -> Vec<Fused> {
    let lexical = Span::of(found.iter().filter_map(|scored| scored.lexical));
    let vector = Span::of(found.iter().filter_map(|scored| scored.vector));
    let mut fused: Vec<Fused> = found
        .iter()
        .map(|scored| {
            let parts = [weight * lexical.place(scored.lexical), (1.0 - weight) * vector.place(scored.vector)];
            Fused { scored: *scored, score: parts[0] + parts[1], parts }
        })
        .collect();
    fused.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.scored.key.cmp(&b.scored.key)));
    fused
}

/// The lowest and the highest score of a leg.
struct Span {
    low: f32,
    high: f32,
}

impl Span {
    fn of(scores: impl Iterator<Item = f32>) -> Self {
        let start = Self { low: f32::INFINITY, high: f32::NEG_INFINITY };
        scores.fold(start, |span, score| Self { low: span.low.min(score), high: span.high.max(score) })
    }

    /// Where a score lies in the span; 0 for a passage that the leg did not find.
    fn place(&self, score: Option<f32>) -> f32 {
        match score {
            // All alike: the leg found them, and says no more.
            Some(_) if self.high <= self.low => 1.0,
            Some(score) => (score - self.low) / (self.high - self.low),
            None => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(key: u64, lexical: Option<f32>, vector: Option<f32>) -> Scored {
        Scored { key, lexical, vector }
    }

    #[test]
    fn scores_are_normalised_and_weighed() {
        let found = [scored(1, Some(10.0), Some(0.2)), scored(2, Some(5.0), Some(0.8)), scored(3, None, Some(0.5))];
        let fused: Vec<(u64, f32)> = fuse(&found, 0.7).iter().map(|f| (f.scored.key, f.score)).collect();
        assert_eq!(fused.iter().map(|f| f.0).collect::<Vec<_>>(), [1, 2, 3]);
        for ((_, score), expected) in fused.iter().zip([0.7, 0.3, 0.15]) {
            assert!((score - expected).abs() < 1e-6, "{fused:?}");
        }
    }

    #[test]
    fn ties_stand_by_key_and_nothing_gives_nothing() {
        let found = [scored(9, Some(1.0), None), scored(3, Some(1.0), None)];
        assert_eq!(fuse(&found, 0.7).iter().map(|f| f.scored.key).collect::<Vec<_>>(), [3, 9]);
        assert!(fuse(&[], 0.7).is_empty());
    }
}
