//! Chance that repeats.

use std::sync::atomic::{AtomicU64, Ordering};

use surefoot_types::Chance;

/// Bits that look random and are the same in every run.
#[derive(Debug, Default)]
pub struct CountingChance {
    drawn: AtomicU64,
}

impl Chance for CountingChance {
    fn bits(&self) -> u128 {
        let n = self.drawn.fetch_add(1, Ordering::Relaxed);
        (u128::from(mix(2 * n)) << 64) | u128::from(mix(2 * n + 1))
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): a bijection, so that no two draws collide.
fn mix(n: u64) -> u64 {
    let mut z = n.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
