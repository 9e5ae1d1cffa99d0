//! Two runs over the same dataset, compared case by case: did the change help, and how sure is that?

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use surefoot_types::{
    ids::RunId,
    run::{CaseResult, Grade, Verdict},
};

use super::{Finished, report::ALL, tally::unit_of};
use crate::stats::{
    self, Confidence, Interval, Pairs, multiple, paired,
    power::{Aim, cases_needed},
    wilson,
};

/// A claim is made below this p.
const LEVEL: f64 = 0.05;
/// The difference that a plan aims at where none was seen, in shares: two points.
const WORTH_SEEING: f64 = 0.02;

/// What changed between two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The earlier run, or the one that is measured against.
    pub before: RunId,
    /// The later one.
    pub after: RunId,
    /// Ids of the cases that failed before and pass now; of several answers, more of them.
    pub mended: Vec<String>,
    /// Ids of the cases that passed before and fail now.
    pub broken: Vec<String>,
    /// Ids of the cases that one of the runs lacks or could not grade; they count nowhere.
    pub left_out: Vec<String>,
    /// All graders together, then each that both runs have, then each score that both measure.
    pub rows: Vec<Compared>,
}

/// One figure before and after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// The grader, or all of them.
    pub name: String,
    /// What is compared.
    pub measure: Measure,
    /// Cases in both runs that have it.
    pub cases: u64,
    /// Its mean before.
    pub before: f64,
    /// And now.
    pub after: f64,
    /// Now minus before; absent when no case has it in both runs.
    pub difference: Option<f64>,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// How often chance alone would bring a difference at least as large; for the graders by themselves
    /// it is adjusted for their number (Holm).
    pub p: f64,
    /// What follows.
    pub verdict: Settled,
    /// How many more cases would settle a difference of this size (or of two points, where none was seen).
    pub more_cases: Option<u64>,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The share of answers that pass.
    PassRate,
    /// The mean score.
    Score,
}

/// What a comparison settles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Settled {
    /// The later run is better.
    Better,
    /// It is worse.
    Worse,
    /// It cannot be told.
    Open,
}

/// The runs are not over the same cases.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the runs are over different datasets (`{before}` and `{after}`): run the older eval again")]
pub struct OtherDataset {
    /// The first eight digits of the hash of the earlier run's dataset.
    pub before: String,
    /// And of the later one's.
    pub after: String,
}

/// Compares a run with an earlier one, pairing cases by their ids.
///
/// # Errors
/// When they are over different datasets.
pub fn compare(before: &Finished, after: &Finished) -> Result<Comparison, OtherDataset> {
    if before.run.dataset != after.run.dataset {
        let short = |hash: &str| hash.chars().take(8).collect();
        return Err(OtherDataset { before: short(&before.run.dataset), after: short(&after.run.dataset) });
    }
    let passed = |case: &CaseResult| share(case.verdict);
    let (earlier, later) = (means(&before.cases, passed), means(&after.cases, passed));
    let moved = |better: fn(f64, f64) -> bool| {
        let both = later.iter().filter_map(|(id, now)| Some((*id, earlier.get(id)?.mean, now.mean)));
        both.filter(|(_, then, now)| better(*then, *now)).map(|(id, ..)| id.to_owned()).collect()
    };
    let mut rows = vec![row(ALL, Measure::PassRate, &earlier, &later, Confidence::P95)];
    rows.extend(graders(before, after));
    Ok(Comparison {
        before: before.run.id,
        after: after.run.id,
        mended: moved(|then, now| now > then),
        broken: moved(|then, now| now < then),
        left_out: left_out(before, after, &earlier, &later),
        rows,
    })
}

/// How the pass rate changed, over the cases that both runs could grade, with an interval of this confidence.
pub fn overall(before: &Finished, after: &Finished, confidence: Confidence) -> Compared {
    let passed = |case: &CaseResult| share(case.verdict);
    row(ALL, Measure::PassRate, &means(&before.cases, passed), &means(&after.cases, passed), confidence)
}

/// Of several comparisons the first rows, which say whether the change helped, are adjusted together
/// (Holm): of many evals one looks worse by chance sooner or later.
pub fn adjust(comparisons: &mut [&mut Comparison]) {
    let first = |comparison: &&mut Comparison| comparison.rows.first().map_or(1.0, |row| row.p);
    let adjusted = multiple::holm(&comparisons.iter().map(first).collect::<Vec<_>>());
    for (comparison, p) in comparisons.iter_mut().zip(adjusted) {
        if let Some(row) = comparison.rows.first_mut() {
            row.p = p;
            row.verdict = settled(row);
        }
    }
}

/// The variance of one case's difference between two runs over the same cases; absent where none differs.
pub(super) fn variance(before: &Finished, after: &Finished) -> Option<f64> {
    let passed = |case: &CaseResult| share(case.verdict);
    let (earlier, later) = (means(&before.cases, passed), means(&after.cases, passed));
    let differences: Vec<f64> = later.iter().filter_map(|(id, now)| Some(now.mean - earlier.get(id)?.mean)).collect();
    stats::mean::variance(&differences).filter(|variance| *variance > 0.0)
}

/// The rows of the graders that both runs have. Asking of many graders whether one moved finds one by
/// chance sooner or later: their p-values are adjusted together.
fn graders(before: &Finished, after: &Finished) -> Vec<Compared> {
    let mut rows = Vec::new();
    for grader in &after.run.graders {
        let name = grader.grader.as_str();
        if !before.run.graders.iter().any(|other| other.grader == name) {
            continue;
        }
        let passed = |case: &CaseResult| grade(case, name).and_then(|grade| share(grade.verdict));
        let (earlier, later) = (means(&before.cases, passed), means(&after.cases, passed));
        rows.push(row(name, Measure::PassRate, &earlier, &later, Confidence::P95));
        let scored = |case: &CaseResult| {
            grade(case, name).filter(|grade| share(grade.verdict).is_some()).and_then(|grade| grade.score)
        };
        let (earlier, later) = (means(&before.cases, scored), means(&after.cases, scored));
        if !earlier.is_empty() && !later.is_empty() {
            rows.push(row(name, Measure::Score, &earlier, &later, Confidence::P95));
        }
    }
    let adjusted = multiple::holm(&rows.iter().map(|row| row.p).collect::<Vec<_>>());
    for (row, p) in rows.iter_mut().zip(adjusted) {
        row.p = p;
        row.verdict = settled(row);
    }
    rows
}

fn grade<'a>(case: &'a CaseResult, name: &str) -> Option<&'a Grade> {
    case.grades.iter().find(|grade| grade.grader == name)
}

fn share(verdict: Verdict) -> Option<f64> {
    match verdict {
        Verdict::Pass => Some(1.0),
        Verdict::Fail => Some(0.0),
        Verdict::Error | Verdict::Undefined => None,
    }
}

/// A case's mean over its answers.
#[derive(Debug, Clone, Copy)]
struct Of<'a> {
    mean: f64,
    answers: u64,
    unit: &'a str,
}

fn means(cases: &[CaseResult], measure: impl Fn(&CaseResult) -> Option<f64>) -> BTreeMap<&str, Of<'_>> {
    let mut all: BTreeMap<&str, Of<'_>> = BTreeMap::new();
    for (case, value) in cases.iter().filter_map(|case| Some((case, measure(case)?))) {
        let of = all.entry(&case.case_id).or_insert(Of { mean: 0.0, answers: 0, unit: unit_of(case) });
        of.answers += 1;
        of.mean += (value - of.mean) / of.answers as f64;
    }
    all
}

fn left_out(
    before: &Finished,
    after: &Finished,
    earlier: &BTreeMap<&str, Of<'_>>,
    later: &BTreeMap<&str, Of<'_>>,
) -> Vec<String> {
    let all: BTreeSet<&str> = before.cases.iter().chain(&after.cases).map(|case| case.case_id.as_str()).collect();
    let lacking = |id: &&str| !(earlier.contains_key(id) && later.contains_key(id));
    all.into_iter().filter(lacking).map(str::to_owned).collect()
}

fn row(
    name: &str,
    measure: Measure,
    earlier: &BTreeMap<&str, Of<'_>>,
    later: &BTreeMap<&str, Of<'_>>,
    confidence: Confidence,
) -> Compared {
    let both: Vec<(Of<'_>, Of<'_>)> = later.iter().filter_map(|(id, now)| Some((*now, *earlier.get(id)?))).collect();
    let (now, then): (Vec<f64>, Vec<f64>) = both.iter().map(|(now, then)| (now.mean, then.mean)).unzip();
    let units: Vec<&str> = both.iter().map(|(now, _)| now.unit).collect();
    let single = both.iter().all(|(now, then)| now.answers == 1 && then.answers == 1);
    let alone = units.iter().collect::<BTreeSet<_>>().len() == units.len();
    let told = if measure == Measure::PassRate && single && alone {
        of_pairs(&now, &then, confidence)
    } else {
        of_scores(&now, &then, &units, confidence)
    };
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let mut row = Compared {
        name: name.to_owned(),
        measure,
        cases: both.len() as u64,
        before: mean(&then),
        after: mean(&now),
        difference: (!both.is_empty()).then(|| mean(&now) - mean(&then)),
        low: told.interval.low,
        high: told.interval.high,
        p: told.p,
        verdict: Settled::Open,
        more_cases: None,
    };
    row.verdict = settled(&row);
    row.more_cases = more(&row, told.variance);
    row
}

/// What the arithmetic says of a difference.
struct Told {
    interval: Interval,
    p: f64,
    /// The variance of one case's difference; absent where it cannot be known.
    variance: Option<f64>,
}

/// Passes and fails of one answer a case: Newcombe's interval for pairs, McNemar's exact p.
fn of_pairs(now: &[f64], then: &[f64], confidence: Confidence) -> Told {
    let mut pairs = Pairs::default();
    for (now, then) in now.iter().zip(then) {
        *match (*now > 0.5, *then > 0.5) {
            (true, true) => &mut pairs.both,
            (true, false) => &mut pairs.first_only,
            (false, true) => &mut pairs.second_only,
            (false, false) => &mut pairs.neither,
        } += 1;
    }
    let interval = pairs.difference(confidence).map(|difference| difference.interval);
    Told {
        interval: interval.unwrap_or(Interval { low: -1.0, high: 1.0 }),
        p: pairs.mcnemar(),
        variance: Some(pairs.variance()).filter(|variance| *variance > 0.0),
    }
}

/// Scores, or means over several answers: Student's t over the differences, clustered where cases belong
/// together.
fn of_scores(now: &[f64], then: &[f64], units: &[&str], confidence: Confidence) -> Told {
    let Some(mean) = paired::paired(now, then, Some(units), confidence) else {
        return Told { interval: Interval { low: -1.0, high: 1.0 }, p: 1.0, variance: None };
    };
    if mean.estimate.se < 1e-12 {
        return without_spread(mean.estimate.value, mean.freedom as u64 + 1, confidence);
    }
    let variance = mean.estimate.se.powi(2) * now.len() as f64;
    let interval = mean.estimate.interval.within(-1.0, 1.0);
    Told { interval, p: mean.p(), variance: Some(variance).filter(|variance| *variance > 0.0) }
}

/// All of so many cases or clusters moved alike, or none moved. The formula would be certain, as it would
/// be of two: what so many can say of one more is said instead, and chance is that of their signs.
fn without_spread(difference: f64, units: u64, confidence: Confidence) -> Told {
    if difference.abs() < 1e-12 {
        let none = Pairs { both: units, ..Pairs::default() }.difference(confidence);
        let interval = none.map_or(Interval { low: -1.0, high: 1.0 }, |none| none.interval);
        return Told { interval, p: 1.0, variance: None };
    }
    let least = difference * wilson(units, units, confidence).low;
    let interval = Interval { low: least.min(difference), high: least.max(difference) };
    let p = (1.0 - i32::try_from(units).unwrap_or(i32::MAX) as f64).exp2().min(1.0);
    // Below the level it is no claim, so that the interval must not look like one.
    let interval = if p < confidence.alpha() {
        interval
    } else {
        Interval { low: difference - 1.0, high: difference + 1.0 }.within(-1.0, 1.0)
    };
    Told { interval, p, variance: None }
}

fn settled(row: &Compared) -> Settled {
    match row.difference {
        Some(difference) if row.p < LEVEL && difference > 0.0 && row.low > 0.0 => Settled::Better,
        Some(difference) if row.p < LEVEL && difference < 0.0 && row.high < 0.0 => Settled::Worse,
        _ => Settled::Open,
    }
}

/// How many cases beyond those that there are.
fn more(row: &Compared, variance: Option<f64>) -> Option<u64> {
    if row.verdict != Settled::Open {
        return None;
    }
    let seen = row.difference.map(f64::abs).filter(|difference| *difference > 1e-9);
    let needed = cases_needed(variance?, seen.unwrap_or(WORTH_SEEING), Aim::USUAL).ceil() as u64;
    Some(needed.saturating_sub(row.cases).max(1))
}

impl Compared {
    /// What follows, in words: `better by 3.1 points (95 % interval 0.4 to 5.8)`.
    pub fn told(&self) -> String {
        let Some(difference) = self.difference else { return "nothing to compare: no case was graded in both".into() };
        let points = |share: f64| format!("{:.1}", share * 100.0);
        let (low, high) = if self.verdict == Settled::Worse { (-self.high, -self.low) } else { (self.low, self.high) };
        let interval = format!("95 % interval {} to {}", points(low), points(high));
        match self.verdict {
            Settled::Better => format!("better by {} points ({interval})", points(difference)),
            Settled::Worse => format!("worse by {} points ({interval})", points(-difference)),
            Settled::Open => {
                let signed = format!("{:+.1} points ({interval})", difference * 100.0);
                match self.more_cases {
                    None if difference.abs() > 1e-9 => format!("cannot be told: {signed}: too few cases"),
                    None => format!("cannot be told: {signed}, and no case differs"),
                    Some(more) if difference.abs() > 1e-9 => {
                        format!(
                            "cannot be told: {signed}; about {more} more cases would settle a difference of this size"
                        )
                    }
                    Some(more) => {
                        format!(
                            "cannot be told: {signed}; about {more} more cases would settle a difference of 2 points"
                        )
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
