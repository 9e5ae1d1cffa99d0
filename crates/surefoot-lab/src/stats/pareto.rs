//! What no other choice beats on everything.

/// One choice: quality is wished high, cost and latency low.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    /// How good.
    pub quality: f64,
    /// How dear.
    pub cost: f64,
    /// How slow.
    pub latency: f64,
}

impl Choice {
    /// Whether this is as good on everything and better on something.
    fn beats(self, other: Self) -> bool {
        let (ours, theirs) = ([-self.quality, self.cost, self.latency], [-other.quality, other.cost, other.latency]);
        ours.iter().zip(&theirs).all(|(a, b)| a <= b) && ours.iter().zip(&theirs).any(|(a, b)| a < b)
    }
}

/// Which of the choices none of the others beats. Equal ones all stay.
pub fn frontier(choices: &[Choice]) -> Vec<bool> {
    choices.iter().map(|one| !choices.iter().any(|other| other.beats(*one))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_stay_and_the_beaten_go() {
        let good = Choice { quality: 0.9, cost: 1.0, latency: 5.0 };
        let dear = Choice { cost: 2.0, ..good };
        assert_eq!(frontier(&[good, good, dear]), [true, true, false]);
    }
}
