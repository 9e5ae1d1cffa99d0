//! What a threshold on a score lets through: of pairs that should be, and of pairs that should not.

use super::{Confidence, Interval, wilson};

/// A pair with its score; `None` where it is refused whatever the threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// The score.
    pub score: Option<f64>,
    /// Whether it should be let through.
    pub same: bool,
}

/// A share with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// How many were let through.
    pub passed: u64,
    /// Of how many.
    pub of: u64,
    /// Where the truth lies, by Wilson.
    pub interval: Interval,
}

impl Share {
    fn of(passed: u64, of: u64) -> Self {
        Self { passed, of, interval: wilson(passed, of, Confidence::P95) }
    }

    /// The share itself; 0 of nothing.
    pub fn rate(self) -> f64 {
        if self.of == 0 { 0.0 } else { self.passed as f64 / self.of as f64 }
    }
}

/// What a threshold does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// The threshold.
    pub threshold: f64,
    /// Of the pairs that should be let through.
    pub hits: Share,
    /// Of the pairs that should not.
    pub false_hits: Share,
}

/// What each of `thresholds` does to `pairs`.
pub fn table(pairs: &[Scored], thresholds: &[f64]) -> Vec<Row> {
    let share = |threshold: f64, same: bool| {
        let kind = || pairs.iter().filter(|pair| pair.same == same);
        let passed = kind().filter(|pair| pair.score.is_some_and(|score| score >= threshold)).count();
        Share::of(passed as u64, kind().count() as u64)
    };
    let row = |&threshold: &f64| Row { threshold, hits: share(threshold, true), false_hits: share(threshold, false) };
    thresholds.iter().map(row).collect()
}

/// The lowest threshold whose false hits are, as far as the pairs can tell, at most `most` of all pairs that should
/// not be let through; `None` where the pairs show that of none.
pub fn lowest(rows: &[Row], most: f64) -> Option<&Row> {
    let safe = |row: &&Row| row.false_hits.of > 0 && row.false_hits.interval.high <= most;
    rows.iter().filter(safe).min_by(|one, other| one.threshold.total_cmp(&other.threshold))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_is_as_sure_as_its_pairs_are_many() {
        let pair = |same, score| Scored { same, score };
        let few = [pair(true, Some(0.9)), pair(true, Some(0.7)), pair(false, Some(0.8)), pair(false, None)];
        let rows = table(&few, &[0.6, 0.75, 0.85]);
        let counts: Vec<_> = rows.iter().map(|row| (row.hits.passed, row.false_hits.passed)).collect();
        assert_eq!(counts, [(2, 1), (1, 1), (1, 0)]);
        assert_eq!(rows[0].hits.of, 2);
        assert_eq!(lowest(&rows, 0.05), None, "two pairs show nothing");
        let many: Vec<Scored> =
            (0..200).map(|n| pair(false, Some(f64::from(n) / 250.0))).chain([pair(true, Some(0.9))]).collect();
        let rows = table(&many, &[0.7, 0.8, 0.9]);
        assert_eq!(lowest(&rows, 0.05).map(|row| row.threshold), Some(0.8));
        assert_eq!(lowest(&table(&[], &[0.9]), 0.05), None);
    }
}
