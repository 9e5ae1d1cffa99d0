//! How far two raters agree beyond chance: a judge with people, or people with each other.

use super::interval::{Confidence, Estimate};

/// How often each pair of categories was given: rows are the first rater's, columns the second's. Square.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confusion {
    cells: Vec<Vec<u64>>,
}

/// What a disagreement between two categories weighs, by their distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weights {
    /// Every disagreement alike (Cohen 1960).
    Equal,
    /// By distance (Cohen 1968).
    Linear,
    /// By the square of the distance.
    Quadratic,
}

impl Confusion {
    /// A table, if it is square and not empty.
    pub fn new(cells: Vec<Vec<u64>>) -> Option<Self> {
        (!cells.is_empty() && cells.iter().all(|row| row.len() == cells.len())).then_some(Self { cells })
    }

    /// The table of pairs of truth values; `true` is the first category.
    pub fn of_pairs(pairs: impl IntoIterator<Item = (bool, bool)>) -> Self {
        let mut cells = vec![vec![0; 2]; 2];
        for (first, second) in pairs {
            cells[usize::from(!first)][usize::from(!second)] += 1;
        }
        Self { cells }
    }

    /// One cell: how often the first rater gave `row` and the second `column`.
    pub fn cell(&self, row: usize, column: usize) -> u64 {
        self.cells.get(row).and_then(|row| row.get(column)).copied().unwrap_or(0)
    }

    /// Pairs in all.
    pub fn of(&self) -> u64 {
        self.cells.iter().flatten().sum()
    }

    /// The share of pairs that agree; absent of none.
    pub fn observed(&self) -> Option<f64> {
        let agreed: u64 = (0..self.cells.len()).map(|at| self.cells[at][at]).sum();
        (self.of() > 0).then(|| agreed as f64 / self.of() as f64)
    }

    /// Cohen's kappa with its large-sample error (Fleiss, Cohen and Everitt 1969). Absent where both
    /// raters gave one category only: agreement by chance is then certain.
    pub fn kappa(&self, confidence: Confidence) -> Option<Estimate> {
        let observed = self.observed()?;
        let (rows, columns) = self.margins();
        let chance: f64 = rows.iter().zip(&columns).map(|(row, column)| row * column).sum();
        if chance >= 1.0 {
            return None;
        }
        let kappa = (observed - chance) / (1.0 - chance);
        let mut on = 0.0;
        let mut off = 0.0;
        for (row, at_row) in rows.iter().enumerate() {
            for (column, at_column) in columns.iter().enumerate() {
                let share = self.share(row, column);
                if row == column {
                    on += share * (1.0 - (at_row + at_column) * (1.0 - kappa)).powi(2);
                } else {
                    off += share * (columns[row] + rows[column]).powi(2);
                }
            }
        }
        let spread = on + (1.0 - kappa).powi(2) * off - (kappa - chance * (1.0 - kappa)).powi(2);
        let se = (spread.max(0.0) / self.of() as f64).sqrt() / (1.0 - chance);
        Some(Estimate::normal(kappa, se, confidence))
    }

    /// Kappa with partial credit for near misses.
    pub fn kappa_weighted(&self, weights: Weights) -> Option<f64> {
        self.observed()?;
        let (rows, columns) = self.margins();
        let (mut seen, mut chance) = (0.0, 0.0);
        for (row, at_row) in rows.iter().enumerate() {
            for (column, at_column) in columns.iter().enumerate() {
                let distance = row.abs_diff(column) as f64;
                let weight = match weights {
                    Weights::Equal => f64::from(u8::from(row != column)),
                    Weights::Linear => distance,
                    Weights::Quadratic => distance * distance,
                };
                seen += weight * self.share(row, column);
                chance += weight * at_row * at_column;
            }
        }
        (chance > 0.0).then(|| 1.0 - seen / chance)
    }

    /// Gwet's AC1 (2008): agreement beyond chance that stays meaningful where one category is rare.
    pub fn gwet(&self) -> Option<f64> {
        let observed = self.observed()?;
        let (rows, columns) = self.margins();
        let means = rows.iter().zip(&columns).map(|(row, column)| f64::midpoint(*row, *column));
        let chance = means.map(|mean| mean * (1.0 - mean)).sum::<f64>() / (rows.len().checked_sub(1)? as f64);
        (chance < 1.0).then(|| (observed - chance) / (1.0 - chance))
    }

    /// Of those that the first rater passed, the share that the second passed too. Of two categories.
    pub fn sensitivity(&self) -> Option<f64> {
        share(self.cell(0, 0), self.cell(0, 0) + self.cell(0, 1))
    }

    /// Of those that the first rater failed, the share that the second failed too. Of two categories.
    pub fn specificity(&self) -> Option<f64> {
        share(self.cell(1, 1), self.cell(1, 0) + self.cell(1, 1))
    }

    /// The harmonic mean of precision and recall, for the first category of two.
    pub fn f1(&self) -> Option<f64> {
        let missed = self.cell(0, 1) + self.cell(1, 0);
        share(2 * self.cell(0, 0), 2 * self.cell(0, 0) + missed)
    }

    /// Matthews' correlation of two categories.
    pub fn correlation(&self) -> Option<f64> {
        let [tp, missed, wrong, tn] =
            [self.cell(0, 0), self.cell(0, 1), self.cell(1, 0), self.cell(1, 1)].map(|count| count as f64);
        let scale = ((tp + wrong) * (tp + missed) * (tn + wrong) * (tn + missed)).sqrt();
        (scale > 0.0).then(|| (tp * tn - wrong * missed) / scale)
    }

    fn share(&self, row: usize, column: usize) -> f64 {
        self.cells[row][column] as f64 / self.of() as f64
    }

    /// How often each rater gave each category, as shares.
    fn margins(&self) -> (Vec<f64>, Vec<f64>) {
        let all = 0..self.cells.len();
        let row = |row| all.clone().map(|column| self.share(row, column)).sum();
        let column = |column| all.clone().map(|row| self.share(row, column)).sum();
        (all.clone().map(row).collect(), all.clone().map(column).collect())
    }
}

fn share(part: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

/// How ratings differ, for [`krippendorff`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Names: alike or not.
    Nominal,
    /// Ranks.
    Ordinal,
    /// Numbers with meaningful distances.
    Interval,
}

/// Krippendorff's alpha (2011) of several raters, each a row over the same units, `None` where one gave
/// no rating. Absent where there is nothing to compare or all ratings are alike.
pub fn krippendorff(ratings: &[Vec<Option<f64>>], level: Level) -> Option<f64> {
    let units = ratings.iter().map(Vec::len).max()?;
    let unit = |at: usize| ratings.iter().filter_map(|row| row.get(at).copied().flatten()).collect::<Vec<f64>>();
    let paired: Vec<Vec<f64>> = (0..units).map(unit).filter(|unit| unit.len() > 1).collect();
    let mut values: Vec<f64> = paired.iter().flatten().copied().collect();
    let total = values.len() as f64;
    values.sort_by(f64::total_cmp);
    let mut counts: Vec<(f64, f64)> = Vec::new();
    for value in values {
        match counts.last_mut() {
            Some((last, count)) if *last == value => *count += 1.0,
            _ => counts.push((value, 1.0)),
        }
    }
    let distance = |a: f64, b: f64| distance(&counts, level, a, b);
    let within = |unit: &Vec<f64>| {
        let sum: f64 = unit.iter().flat_map(|a| unit.iter().map(|b| distance(*a, *b))).sum();
        sum / (unit.len() - 1) as f64
    };
    let seen: f64 = paired.iter().map(within).sum::<f64>() / total;
    let pairs = counts.iter().flat_map(|(a, n)| counts.iter().map(move |(b, m)| (*a, *b, n * m)));
    let chance: f64 = pairs.map(|(a, b, times)| times * distance(a, b)).sum::<f64>() / (total * (total - 1.0));
    (chance > 0.0).then(|| 1.0 - seen / chance)
}

fn distance(counts: &[(f64, f64)], level: Level, a: f64, b: f64) -> f64 {
    match level {
        Level::Nominal => f64::from(u8::from(a != b)),
        Level::Interval => (a - b) * (a - b),
        Level::Ordinal if a == b => 0.0,
        Level::Ordinal => {
            let (low, high) = (a.min(b), a.max(b));
            let between = counts.iter().filter(|(value, _)| (low..=high).contains(value));
            let steps: f64 =
                between.map(|(value, count)| if *value == low || *value == high { count / 2.0 } else { *count }).sum();
            steps * steps
        }
    }
}

/// Fleiss' kappa (1971): rows are items, columns categories, cells how many raters chose it. Every item
/// has as many raters. Absent where it has not, or where all chose one category.
pub fn fleiss(counts: &[Vec<u64>]) -> Option<f64> {
    let raters: u64 = counts.first()?.iter().sum();
    if raters < 2 || counts.iter().any(|row| row.len() != counts[0].len() || row.iter().sum::<u64>() != raters) {
        return None;
    }
    let (items, raters) = (counts.len() as f64, raters as f64);
    let agreed = |row: &Vec<u64>| {
        let squares: f64 = row.iter().map(|count| (*count as f64).powi(2)).sum();
        (squares - raters) / (raters * (raters - 1.0))
    };
    let seen = counts.iter().map(agreed).sum::<f64>() / items;
    let category = |at: usize| counts.iter().map(|row| row[at] as f64).sum::<f64>() / (items * raters);
    let chance: f64 = (0..counts[0].len()).map(|at| category(at).powi(2)).sum();
    (chance < 1.0).then(|| (seen - chance) / (1.0 - chance))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreement_that_chance_explains_is_undefined() {
        let one_sided = Confusion::of_pairs([(true, true), (true, true)]);
        assert_eq!((one_sided.observed(), one_sided.kappa(Confidence::P95)), (Some(1.0), None));
        assert_eq!(Confusion::of_pairs([]).observed(), None);
        assert_eq!(Confusion::new(vec![vec![1, 2], vec![3]]), None);
        assert_eq!(fleiss(&[vec![3, 0], vec![1, 1]]), None);
        assert_eq!(krippendorff(&[vec![Some(1.0), None], vec![None, Some(2.0)]], Level::Nominal), None);
    }

    #[test]
    fn much_agreement_can_be_little_kappa() {
        // 92 % agree, and yet of the failures the judge sees a quarter.
        let table = Confusion::new(vec![vec![90, 2], vec![6, 2]]).unwrap();
        assert_eq!(table.observed(), Some(0.92));
        assert!(table.kappa(Confidence::P95).unwrap().value < 0.35);
        assert_eq!(table.specificity(), Some(0.25));
    }
}
