//! Numbers drawn from a seed: the same seed and text, the same numbers, on every machine.

use surefoot_dialect::moderations::Verdict;

/// Dimensions of a simulated embedding where the caller asks for none.
pub const DIMENSIONS: usize = 64;

/// A sequence of numbers (SplitMix64).
#[derive(Debug, Clone, Copy)]
pub(super) struct Draw(u64);

impl Draw {
    /// The sequence of a seed and a text.
    pub(super) fn new(seed: u64, text: &str) -> Self {
        Self(hash(text) ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// Another sequence for each number.
    pub(super) fn fork(self, number: u64) -> Self {
        Self(Self(self.0 ^ number.rotate_left(32)).next())
    }

    /// The next number.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The next number in `0.0..1.0`.
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// One of `of`, which is not empty.
    pub(super) fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[(self.next() % of.len() as u64) as usize]
    }
}

/// The first 64 bits of a text's BLAKE3.
pub(super) fn hash(text: &str) -> u64 {
    let digest = blake3::hash(text.as_bytes());
    u64::from_le_bytes(digest.as_bytes()[..8].try_into().unwrap_or_default())
}

/// A unit vector that depends on the text alone.
pub fn vector(text: &str, dimensions: usize) -> Vec<f32> {
    let mut draw = Draw::new(0, text);
    let raw: Vec<f64> = (0..dimensions).map(|_| draw.unit() * 2.0 - 1.0).collect();
    let norm = raw.iter().map(|x| x * x).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    raw.into_iter().map(|x| (x / norm) as f32).collect()
}

/// How well each document answers a query: how many of its words it holds, 0 to 1.
pub fn ranked(query: &str, documents: &[String]) -> Vec<f64> {
    let words = |text: &str| text.to_lowercase().split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let query = words(query);
    let score = |document: &String| {
        let held = words(document);
        query.iter().filter(|word| held.contains(word)).count() as f64 / query.len().max(1) as f64
    };
    documents.iter().map(score).collect()
}

/// Nothing is wrong with any text, unless the model's id says `refuse`.
pub fn verdict(model: &str) -> Verdict {
    let flagged = model.split('+').any(|word| word == "refuse");
    Verdict {
        flagged,
        categories: [("illicit".to_owned(), Some(flagged))].into(),
        category_scores: [("illicit".to_owned(), f64::from(u8::from(flagged)))].into(),
        ..Verdict::default()
    }
}
