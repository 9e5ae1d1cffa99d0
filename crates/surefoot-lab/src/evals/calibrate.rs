//! What a judge is worth: its verdicts beside people's, on answers that people labelled.
//!
//! A labelled case is a case with the `output` that was judged and what a `human` said of it.

use std::fmt::Write;

use futures_util::stream::{self, StreamExt};
use serde::Serialize;
use serde_json::Value;
use surefoot_types::{
    Money,
    run::{CaseResult, Grade, Verdict},
};

use super::{Asked, Case, Dataset, Grader, Judging, Subject, grader::Places, report::percent};
use crate::stats::{
    Confidence, Estimate, Interval,
    agreement::Confusion,
    corrected::Labelled,
    mean::{self, quantile},
    wilson,
};

/// The fields that a labelled case has beside its input.
pub const FIELDS: [&str; 2] = ["output", "human"];

/// A figure with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Measured {
    /// The figure.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Measured {
    fn share(part: u64, of: u64) -> Option<Self> {
        let Interval { low, high } = wilson(part, of, Confidence::P95);
        (of > 0).then(|| Self { value: part as f64 / of as f64, low, high })
    }

    pub(super) fn of(estimate: Estimate, least: f64, most: f64) -> Self {
        let Interval { low, high } = estimate.interval.within(least, most);
        Self { value: estimate.value, low, high }
    }
}

/// How a judge stands to people.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// The grader.
    pub grader: String,
    /// Cases that both could judge.
    pub cases: u64,
    /// Cases in which the judge erred: they count nowhere else.
    pub errors: u64,
    /// Cases to which it does not apply.
    pub undefined: u64,
    /// How often each pair of verdicts was given: rows are people's, columns the judge's; pass first.
    pub confusion: [[u64; 2]; 2],
    /// The share of cases in which both agree.
    pub agreement: Option<Measured>,
    /// Agreement beyond chance (Cohen); absent where one of them said one thing only.
    pub kappa: Option<Measured>,
    /// Of what people pass, the share that the judge passes.
    pub sensitivity: Option<Measured>,
    /// Of what people fail, the share that the judge fails.
    pub specificity: Option<Measured>,
    /// How much more the judge favours answers of the longer half than those of the shorter, beyond what
    /// people do, as a difference of shares.
    pub length_bias: Option<Measured>,
    /// Of pairs, the share in which the judge changes its mind with the order; for `pairwise` alone.
    pub flips: Option<Measured>,
    /// Of those in which it prefers a place, the share that goes to the first.
    pub first_preferred: Option<Measured>,
    /// The share that people pass, over the labelled cases.
    pub human: Option<Measured>,
    /// What the judge's verdicts on unlabelled answers are worth: the pass rate that people would give
    /// (prediction-powered, PPI++), with the rate that the judge gave.
    pub corrected: Option<Corrected>,
    /// Cases in which they disagree.
    pub disagreements: Vec<Disagreement>,
    /// What it cost; absent when a price is unknown.
    pub cost: Option<Money>,
}

/// A judge's pass rate on answers that nobody labelled.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Corrected {
    /// Answers that the judge graded.
    pub answers: u64,
    /// The judge's own rate.
    pub judge: f64,
    /// The rate that people would give.
    pub people: Measured,
}

/// A case in which judge and people disagree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Disagreement {
    /// Its id.
    pub case: String,
    /// Whether people pass it; the judge says otherwise.
    pub human: bool,
    /// Why, in the judge's words.
    pub reason: String,
}

/// One labelled case, judged.
struct Judged<'a> {
    case: &'a Case,
    output: &'a str,
    human: bool,
    grade: Grade,
    /// Which places were preferred; absent where a judge was not asked in two orders.
    places: Option<Places>,
}

/// Grades every labelled answer and compares. `unlabelled` are answers of a run that was graded by the
/// same grader.
///
/// # Errors
/// What is wrong with the labels: all cases without one of the two fields, or with a label that is none.
pub async fn calibrate(
    grader: &Grader,
    labels: &Dataset,
    subject: &dyn Subject,
    concurrency: usize,
    unlabelled: &[CaseResult],
    progress: &(dyn Fn(u64) + Send + Sync),
) -> Result<Calibration, Vec<String>> {
    let labelled = read(labels)?;
    let judging = labelled.into_iter().map(|(case, output, human)| judged(grader, case, output, human, subject));
    let mut waiting = stream::iter(judging).buffered(concurrency.max(1));
    let mut all = Vec::new();
    while let Some(one) = waiting.next().await {
        all.push(one);
        progress(all.len() as u64);
    }
    Ok(told(grader.name(), &all, unlabelled))
}

async fn judged<'a>(
    grader: &Grader,
    case: &'a Case,
    output: &'a str,
    human: bool,
    subject: &dyn Subject,
) -> Judged<'a> {
    let asked = Asked::said(output);
    let mark = format!("calibration/{}", case.id);
    let (grade, places) = grader.graded(case, Ok(&asked), Judging { subject, mark: &mark }).await;
    Judged { case, output, human, grade, places }
}

fn read(labels: &Dataset) -> Result<Vec<(&Case, &str, bool)>, Vec<String>> {
    let (mut read, mut wrong) = (Vec::new(), Vec::new());
    for case in labels.cases() {
        let output = case.expect.get(FIELDS[0]).and_then(Value::as_str);
        match (output, case.expect.get(FIELDS[1]).and_then(label)) {
            (Some(output), Some(human)) => read.push((case, output, human)),
            (None, _) => wrong.push(format!("case {}: has no `output`, the answer that was labelled", case.id)),
            (_, None) => wrong.push(format!("case {}: `human` is pass or fail, true or false, 1 or 0", case.id)),
        }
    }
    if wrong.is_empty() { Ok(read) } else { Err(wrong) }
}

fn label(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(passes) => Some(*passes),
        Value::Number(number) => [0.0, 1.0].iter().position(|one| number.as_f64() == Some(*one)).map(|at| at == 1),
        Value::String(text) => match text.trim().to_lowercase().as_str() {
            "pass" | "true" | "1" => Some(true),
            "fail" | "false" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a grade passes; absent where it says neither.
fn passes(grade: &Grade) -> Option<bool> {
    match grade.verdict {
        Verdict::Pass => Some(true),
        Verdict::Fail => Some(false),
        Verdict::Error | Verdict::Undefined => None,
    }
}

fn told(grader: &str, all: &[Judged<'_>], unlabelled: &[CaseResult]) -> Calibration {
    let both: Vec<(&Judged<'_>, bool)> = all.iter().filter_map(|one| Some((one, passes(&one.grade)?))).collect();
    let table = Confusion::of_pairs(both.iter().map(|(one, judge)| (one.human, *judge)));
    let [[pass, missed], [wrong, fail]] = [0, 1].map(|row| [0, 1].map(|column| table.cell(row, column)));
    let count = |verdict| all.iter().filter(|one| one.grade.verdict == verdict).count() as u64;
    let disagreement = |(one, _): &(&Judged<'_>, bool)| Disagreement {
        case: one.case.id.clone(),
        human: one.human,
        reason: one.grade.reason.clone(),
    };
    let (flips, first_preferred) = by_place(all);
    Calibration {
        grader: grader.to_owned(),
        cases: table.of(),
        errors: count(Verdict::Error),
        undefined: count(Verdict::Undefined),
        confusion: [[pass, missed], [wrong, fail]],
        agreement: Measured::share(pass + fail, table.of()),
        kappa: table.kappa(Confidence::P95).map(|kappa| Measured::of(kappa, -1.0, 1.0)),
        sensitivity: Measured::share(pass, pass + missed),
        specificity: Measured::share(fail, wrong + fail),
        length_bias: by_length(&both),
        flips,
        first_preferred,
        human: Measured::share(pass + missed, table.of()),
        corrected: corrected(grader, &both, unlabelled),
        disagreements: both.iter().filter(|(one, judge)| one.human != *judge).map(disagreement).collect(),
        cost: all.iter().filter(|one| !one.grade.traces.is_empty()).map(|one| one.grade.cost).sum(),
    }
}

/// What the judge gives beyond people, in the longer half of the answers less in the shorter.
fn by_length(both: &[(&Judged<'_>, bool)]) -> Option<Measured> {
    let lengths: Vec<f64> = both.iter().map(|(one, _)| one.output.chars().count() as f64).collect();
    let middle = quantile(&lengths, 0.5)?;
    let beyond = |(one, judge): &(&Judged<'_>, bool)| f64::from(u8::from(*judge)) - f64::from(u8::from(one.human));
    let half = |long: bool| -> Vec<f64> {
        both.iter()
            .zip(&lengths)
            .filter(|(_, length)| (**length > middle) == long)
            .map(|(one, _)| beyond(one))
            .collect()
    };
    let difference = mean::welch(&half(true), &half(false), Confidence::P95)?;
    Some(Measured::of(difference.estimate, -1.0, 1.0))
}

fn by_place(all: &[Judged<'_>]) -> (Option<Measured>, Option<Measured>) {
    let pairs: Vec<Places> = all.iter().filter_map(|one| one.places).collect();
    // The same answer wins where another place does, or none in either order.
    let stays = |[here, there]: &Places| *here == there.map(|first| !first);
    let flips = pairs.iter().filter(|pair| !stays(pair)).count() as u64;
    let preferred: Vec<bool> =
        pairs.iter().filter(|[here, there]| here == there).filter_map(|[here, _]| *here).collect();
    let first = preferred.iter().filter(|first| **first).count() as u64;
    (Measured::share(flips, pairs.len() as u64), Measured::share(first, preferred.len() as u64))
}

fn corrected(grader: &str, both: &[(&Judged<'_>, bool)], unlabelled: &[CaseResult]) -> Option<Corrected> {
    let number = |passes: bool| f64::from(u8::from(passes));
    let grades = unlabelled.iter().flat_map(|case| &case.grades).filter(|grade| grade.grader == grader);
    let unlabelled: Vec<f64> = grades.filter_map(passes).map(number).collect();
    let human: Vec<f64> = both.iter().map(|(one, _)| number(one.human)).collect();
    let judge: Vec<f64> = both.iter().map(|(_, judge)| number(*judge)).collect();
    let people = Labelled { human: &human, judge: &judge, unlabelled: &unlabelled }.tuned(Confidence::P95)?;
    Some(Corrected {
        answers: unlabelled.len() as u64,
        judge: mean::average(&unlabelled)?,
        people: Measured::of(people, 0.0, 1.0),
    })
}

impl Calibration {
    /// The whole in words, a line for each figure.
    pub fn told(&self) -> String {
        let mut text = format!("{}: {} labelled cases", self.grader, self.cases);
        if self.errors + self.undefined > 0 {
            let _ = write!(text, " ({} errors and {} undefined left out)", self.errors, self.undefined);
        }
        let mut line = |what: &str, told: Option<String>| {
            if let Some(told) = told {
                let _ = write!(text, "\n  {what:<46} {told}");
            }
        };
        let share = |one: &Measured| format!("{} ({} to {})", percent(one.value), percent(one.low), percent(one.high));
        let plain = |one: &Measured| format!("{:.2} ({:.2} to {:.2})", one.value, one.low, one.high);
        line("agreement", self.agreement.as_ref().map(share));
        line("kappa, agreement beyond chance", self.kappa.as_ref().map(plain));
        line("passes what people pass (sensitivity)", self.sensitivity.as_ref().map(share));
        line("fails what people fail (specificity)", self.specificity.as_ref().map(share));
        line("favours longer answers, beyond people, by", self.length_bias.as_ref().map(plain));
        line("changes its mind with the order", self.flips.as_ref().map(share));
        line("of those, prefers the first", self.first_preferred.as_ref().map(share));
        let [[pass, missed], [wrong, fail]] = self.confusion;
        let table =
            format!("pass {pass} and fail {missed} where people pass, pass {wrong} and fail {fail} where they fail");
        line("the judge says", Some(table));
        let corrected = self.corrected.as_ref();
        line("people would pass of the run's answers", corrected.map(|told| share(&told.people)));
        line("where the judge passes", corrected.map(|told| format!("{} of {}", percent(told.judge), told.answers)));
        line("it is", Some(self.worth().to_owned()));
        text
    }

    /// What follows from it.
    fn worth(&self) -> &'static str {
        match self.kappa {
            Some(kappa) if kappa.low <= 0.0 => "not shown to be better than chance: label more cases, or use another",
            Some(kappa) if kappa.low >= 0.6 => "a judge that agrees with people well",
            Some(_) => "better than chance; correct its rates by labels",
            None => "not to be told: people, or the judge, said one thing only; label cases of both kinds",
        }
    }
}

#[cfg(test)]
mod tests;
