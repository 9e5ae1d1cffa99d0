//! An export beside the books, by model and day.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use surefoot_types::{Money, Timestamp, spend::SpendRow};

use super::export::{Amounts, Line};

/// Amounts of money that differ by no more than this are alike: exports are rounded to cents.
const CENT: i64 = 10_000_000;
/// The name of a line that is of all models together.
pub(super) const ALL: &str = "(all models)";

/// One model on one day, on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Row {
    /// The first moment of the day (UTC).
    pub(super) day: Timestamp,
    /// The model, without the date at the end of its id.
    pub(super) model: String,
    /// What both sides tell.
    pub(super) figures: Vec<Figure>,
    /// Requests in the books whose cost is unknown, so that it is missing there.
    pub(super) unpriced: u64,
}

/// One figure on both sides: counts, or nano-dollars.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Figure {
    /// What it is: `requests`, `input`, `output` or `cost`.
    pub(super) what: &'static str,
    /// In the export.
    pub(super) export: i64,
    /// In the books.
    pub(super) books: i64,
    /// Whether they are further apart than is tolerated.
    pub(super) differs: bool,
}

impl Row {
    pub(super) fn differs(&self) -> bool {
        self.figures.iter().any(|figure| figure.differs)
    }
}

/// Puts an export beside the books' daily rows of one provider's models. Days before the first and after the last of
/// the export are left out. `tolerance` is a share of the larger figure.
pub(super) fn compare(export: &[Line], books: &[SpendRow], provider: &str, tolerance: f64) -> Vec<Row> {
    let apart = export.iter().any(|line| line.model.is_some());
    let mut told: BTreeMap<(Timestamp, String), Amounts> = BTreeMap::new();
    for line in export.iter().filter(|line| line.model.is_some() == apart) {
        let name = line.model.as_deref().map_or(ALL, undated);
        let sum = told.entry((line.day, name.to_owned())).or_default();
        *sum = plus(*sum, line.amounts);
    }
    let days: BTreeSet<Timestamp> = export.iter().map(|line| line.day).collect();
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return Vec::new() };
    let kept = kept(books, provider, apart, (*first, *last));
    // What nothing in the export tells (its requests, say) is no difference.
    let tells = told.values().copied().fold(Amounts::default(), plus);
    let names: BTreeSet<&(Timestamp, String)> = told.keys().chain(kept.keys()).collect();
    let row = |name: &(Timestamp, String)| {
        let (export, books) = (told.get(name).copied(), kept.get(name).copied().unwrap_or_default());
        Row {
            day: name.0,
            model: name.1.clone(),
            figures: figures(tells, export.unwrap_or_default(), books, tolerance),
            unpriced: books.unpriced,
        }
    };
    names.into_iter().map(row).collect()
}

/// What the books tell of a model on a day.
#[derive(Debug, Clone, Copy, Default)]
struct Kept {
    requests: u64,
    input: u64,
    output: u64,
    cost: Money,
    unpriced: u64,
}

fn kept(
    books: &[SpendRow],
    provider: &str,
    apart: bool,
    days: (Timestamp, Timestamp),
) -> BTreeMap<(Timestamp, String), Kept> {
    let mut kept: BTreeMap<(Timestamp, String), Kept> = BTreeMap::new();
    for row in books.iter().filter(|row| (days.0..=days.1).contains(&row.at)) {
        let Some((_, model)) = row.name.split_once('/').filter(|(of, _)| *of == provider) else { continue };
        let name = if apart { undated(model) } else { ALL };
        let sum = kept.entry((row.at, name.to_owned())).or_default();
        sum.requests += row.sums.requests;
        sum.input += row.sums.usage.input_total();
        sum.output += row.sums.usage.output_total();
        sum.cost += row.sums.cost;
        sum.unpriced += row.sums.unpriced;
    }
    kept
}

fn figures(tells: Amounts, export: Amounts, books: Kept, tolerance: f64) -> Vec<Figure> {
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let all = [
        ("requests", tells.requests.is_some(), count(export.requests.unwrap_or(0)), count(books.requests), 0),
        ("input", tells.input.is_some(), count(export.input.unwrap_or(0)), count(books.input), 0),
        ("output", tells.output.is_some(), count(export.output.unwrap_or(0)), count(books.output), 0),
        ("cost", tells.cost.is_some(), export.cost.unwrap_or_default().as_nanos(), books.cost.as_nanos(), CENT),
    ];
    let told = all.into_iter().filter(|(_, told, ..)| *told);
    let figure = |(what, _, export, books, least): (_, _, i64, i64, i64)| {
        let apart = export.abs_diff(books);
        let tolerated = (export.max(books) as f64 * tolerance).max(least as f64);
        Figure { what, export, books, differs: apart as f64 > tolerated }
    };
    told.map(figure).collect()
}

fn plus(one: Amounts, other: Amounts) -> Amounts {
    fn sum<T: std::ops::Add<Output = T>>(one: Option<T>, other: Option<T>) -> Option<T> {
        match (one, other) {
            (Some(one), Some(other)) => Some(one + other),
            (one, other) => one.or(other),
        }
    }
    Amounts {
        requests: sum(one.requests, other.requests),
        input: sum(one.input, other.input),
        output: sum(one.output, other.output),
        cost: sum(one.cost, other.cost),
    }
}

/// A model's id without the date at its end: callers ask for `gpt-4o`, and bills tell `gpt-4o-2024-08-06`.
fn undated(model: &str) -> &str {
    let shapes: [&[usize]; 2] = [&[4, 2, 2], &[8]];
    for shape in shapes {
        let mut rest = model;
        let fits = shape.iter().rev().all(|digits| {
            let cut = rest
                .rsplit_once('-')
                .filter(|(_, end)| end.len() == *digits && end.bytes().all(|byte| byte.is_ascii_digit()));
            cut.is_some_and(|(before, _)| {
                rest = before;
                true
            })
        });
        if fits {
            return rest;
        }
    }
    model
}

#[cfg(test)]
mod tests {
    use surefoot_types::{Usage, spend::Sums};

    use super::*;

    fn day(day: i64) -> Timestamp {
        Timestamp::from_second(day * 86_400).unwrap()
    }

    fn told(at: i64, model: Option<&str>, input: u64, dollars: i64) -> Line {
        let amounts =
            Amounts { input: Some(input), cost: Some(Money::nanos(dollars * 1_000_000_000)), ..Amounts::default() };
        Line { day: day(at), model: model.map(str::to_owned), amounts }
    }

    fn kept(at: i64, name: &str, input: u64, dollars: i64) -> SpendRow {
        let usage = Usage { input, ..Usage::default() };
        let cost = Money::nanos(dollars * 1_000_000_000);
        SpendRow { at: day(at), name: name.into(), sums: Sums { requests: 1, usage, cost, ..Sums::default() } }
    }

    fn differing(rows: &[Row]) -> Vec<(i64, &str, Vec<&str>)> {
        let told = |row: &Row| row.figures.iter().filter(|figure| figure.differs).map(|figure| figure.what).collect();
        rows.iter()
            .filter(|row| row.differs())
            .map(|row| (row.day.as_second() / 86_400, row.model.as_str(), told(row)))
            .collect()
    }

    #[test]
    fn what_differs_is_found_by_model_and_day() {
        let export = [
            told(1, Some("m-2024-08-06"), 600, 1),
            told(1, Some("m-2024-08-06"), 400, 1),
            told(2, Some("m"), 1000, 2),
            told(2, Some("only-there"), 5, 0),
            told(3, Some("m"), 1000, 2),
        ];
        let books = [
            kept(0, "a/m", 9, 9),
            kept(1, "a/m", 1000, 2),
            kept(1, "b/m", 7, 7),
            kept(2, "a/m", 1005, 3),
            kept(3, "a/m", 1000, 2),
            kept(3, "a/only-here", 5, 0),
            kept(4, "a/m", 9, 9),
        ];
        let rows = compare(&export, &books, "a", 0.01);
        assert_eq!(rows.len(), 5);
        assert_eq!(
            differing(&rows),
            [(2, "m", vec!["cost"]), (2, "only-there", vec!["input"]), (3, "only-here", vec!["input"])]
        );
        assert_eq!(differing(&compare(&export, &books, "a", 0.0))[0], (2, "m", vec!["input", "cost"]));
    }

    #[test]
    fn an_export_without_models_is_compared_by_day() {
        let books = [kept(1, "a/m", 600, 1), kept(1, "a/n", 400, 1)];
        assert_eq!(differing(&compare(&[told(1, None, 1000, 2)], &books, "a", 0.0)), []);
        assert_eq!(differing(&compare(&[told(1, None, 1000, 3)], &books, "a", 0.0)), [(1, ALL, vec!["cost"])]);
    }

    #[test]
    fn dates_at_the_end_of_a_models_id() {
        for (model, expected) in [
            ("gpt-4o-2024-08-06", "gpt-4o"),
            ("claude-sonnet-4-20250514", "claude-sonnet-4"),
            ("gpt-4o", "gpt-4o"),
            ("llama-3-70", "llama-3-70"),
            ("20250514", "20250514"),
        ] {
            assert_eq!(undated(model), expected);
        }
    }
}
