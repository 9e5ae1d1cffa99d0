//! The gate: what a run must reach for a build to go on.

use serde::Serialize;
use serde_json::{Map, Value};
use surefoot_types::{
    Money,
    run::{CaseResult, Gate, Run},
};

use super::{Comparison, Finished, Mistake, Settled, report::percent};
use crate::stats::mean;

/// What a run must reach. Cases that ended in an error or were undefined for every grader count in no
/// rate, so errors have a limit of their own.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct GateSpec {
    /// Least share of cases that pass, 0 to 1, as observed.
    pub pass_rate: Option<f64>,
    /// Least value of the lower end of the 95 % interval, 0 to 1: sure to be reached, not just seen.
    pub at_least: Option<f64>,
    /// Most cases that may end in an error; one in ten where this is absent.
    pub max_errors: Option<u64>,
    /// By how much it may be worse than what it is compared with, as a share: it must be sure that it is not
    /// worse by more. Where this is absent, it must only not be surely worse.
    pub margin: Option<f64>,
    /// The most that an answer may cost in the mean, in dollars, judges aside.
    pub usd_per_answer: Option<f64>,
    /// The most that the 95th percentile of the answers' times may be, in milliseconds.
    pub p95_ms: Option<f64>,
}

/// Without a limit of its own, a run may have one error in this many cases.
const CASES_PER_ERROR: u64 = 10;

/// What a gate says: the worst of what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Decided {
    /// All that is asked for is reached.
    Pass,
    /// The evidence does not tell.
    CannotTell,
    /// Something broke: too little was graded, or the run did not come to its end for a fault.
    Broken,
    /// Something is surely not reached.
    Fail,
}

impl Decided {
    /// What a program exits with: 0 passed, 1 failed, 2 cannot be told, 3 something broke.
    pub fn code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Fail => 1,
            Self::CannotTell => 2,
            Self::Broken => 3,
        }
    }

    /// In words.
    pub fn told(self) -> &'static str {
        match self {
            Self::Pass => "passed",
            Self::Fail => "failed",
            Self::CannotTell => "cannot tell",
            Self::Broken => "broken",
        }
    }
}

/// What a gate says of a run and of what it is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// What follows.
    pub decided: Decided,
    /// Why: of a gate that passes all that was reached, otherwise what was not.
    pub reason: String,
}

/// One thing that was asked for.
struct Found {
    decided: Decided,
    told: String,
}

impl Found {
    fn of(decided: Decided, told: impl Into<String>) -> Self {
        Self { decided, told: told.into() }
    }
}

impl GateSpec {
    /// The options that a gate's table takes.
    pub const OPTIONS: &'static [&'static str] =
        &["pass_rate", "at_least", "max_errors", "margin", "usd_per_answer", "p95_ms"];

    /// Reads a gate's table.
    ///
    /// # Errors
    /// All that is wrong with it: an unknown option, a share outside 0 to 1, a count that is none.
    pub fn read(table: &Map<String, Value>) -> Result<Self, Vec<Mistake>> {
        let (mut spec, mut mistakes) = (Self::default(), Vec::new());
        for (name, value) in table {
            let share = value.as_f64().filter(|share| (0.0..=1.0).contains(share));
            let amount = value.as_f64().filter(|amount| amount.is_finite() && *amount >= 0.0);
            let refused = match name.as_str() {
                "pass_rate" => into(&mut spec.pass_rate, share, "is a share from 0 to 1"),
                "at_least" => into(&mut spec.at_least, share, "is a share from 0 to 1"),
                "max_errors" => into(&mut spec.max_errors, value.as_u64(), "is a number of cases"),
                "margin" => into(&mut spec.margin, share, "is a share from 0 to 1"),
                "usd_per_answer" => into(&mut spec.usd_per_answer, amount, "is a number of dollars"),
                "p95_ms" => into(&mut spec.p95_ms, amount, "is a number of milliseconds"),
                _ => Some(format!("is no option of a gate: it is one of {}", Self::OPTIONS.join(", "))),
            };
            mistakes.extend(refused.map(|why| Mistake::in_option(name, format!("`{name}` {why}"))));
        }
        if mistakes.is_empty() { Ok(spec) } else { Err(mistakes) }
    }
}

fn into<T>(place: &mut Option<T>, value: Option<T>, otherwise: &str) -> Option<String> {
    let missing = value.is_none().then(|| otherwise.to_owned());
    *place = value;
    missing
}

/// How many cases may end in an error before the rates are not to be trusted.
pub fn errors_allowed(spec: Option<&GateSpec>, cases: u64) -> u64 {
    spec.and_then(|spec| spec.max_errors).unwrap_or(cases / CASES_PER_ERROR)
}

/// Whether a finished run's figures open its gate. An eval without one has no gate, but for this: too
/// many errors shut one everywhere, lest an eval that asked nothing looks well. What cannot be told does
/// not open it.
pub fn decide(spec: Option<&GateSpec>, run: &Run, cases: &[CaseResult]) -> Option<Gate> {
    let found = of_run(spec, run, cases);
    (!found.is_empty()).then(|| {
        let Decision { decided, reason } = together(found);
        Gate { open: decided == Decided::Pass, reason }
    })
}

/// What the gate says of a run, and of its comparison with a baseline where there is one.
pub fn settle(spec: Option<&GateSpec>, finished: &Finished, comparison: Option<&Comparison>) -> Decision {
    let mut found = of_run(spec, &finished.run, &finished.cases);
    found.extend(comparison.map(|one| of_comparison(spec.and_then(|spec| spec.margin), one)));
    together(found)
}

fn together(found: Vec<Found>) -> Decision {
    let decided = found.iter().map(|one| one.decided).max().unwrap_or(Decided::Pass);
    let told = found.into_iter().filter(|one| decided == Decided::Pass || one.decided != Decided::Pass);
    Decision { decided, reason: told.map(|one| one.told).collect::<Vec<_>>().join("; ") }
}

fn of_run(spec: Option<&GateSpec>, run: &Run, cases: &[CaseResult]) -> Vec<Found> {
    if let Some(stopped) = &run.stopped {
        return vec![Found::of(Decided::CannotTell, format!("the run stopped before its end: {stopped}"))];
    }
    let answers = run.cases * run.repeats;
    let allowed = errors_allowed(spec, answers);
    if run.errors > allowed {
        let told = format!(
            "{} of {answers} answers ended in an error, and {allowed} may: the rates are not to be trusted",
            run.errors
        );
        return vec![Found::of(Decided::Broken, told)];
    }
    let Some(spec) = spec else { return Vec::new() };
    let Some(seen) = run.overall.value else {
        return vec![Found::of(Decided::Broken, "no case could be graded")];
    };
    let Run { overall, .. } = run;
    let told = format!("{} of {} answers passed ({})", overall.passed, overall.of, percent(seen));
    let mut found = vec![Found::of(Decided::Pass, told)];
    found.extend(spec.pass_rate.map(|least| bar("the pass rate", seen, least, Decided::Fail)));
    // Below the bar's own interval it is sure; within it, more cases would tell.
    found.extend(spec.at_least.map(|least| {
        let short = if overall.high < least { Decided::Fail } else { Decided::CannotTell };
        bar("the lower end of its 95 % interval", overall.low, least, short)
    }));
    found.extend(spec.usd_per_answer.map(|most| of_cost(cases, most)));
    found.extend(spec.p95_ms.map(|most| of_times(cases, most)));
    found
}

fn bar(what: &str, value: f64, least: f64, short: Decided) -> Found {
    if value < least {
        return Found::of(short, format!("{what} is {}, below {}", percent(value), percent(least)));
    }
    Found::of(Decided::Pass, format!("{what} is at least {}", percent(least)))
}

fn of_cost(cases: &[CaseResult], most: f64) -> Found {
    let answered = cases.iter().filter(|case| case.trace_id.is_some());
    let costs: Option<Vec<f64>> = answered.map(|case| case.cost.map(Money::as_dollars)).collect();
    let Some(mean) = costs.as_deref().and_then(mean::average) else {
        return Found::of(Decided::CannotTell, "what an answer costs is not known: give its price in [prices]");
    };
    at_most(mean, most, &format!("an answer costs ${mean:.6}"), &format!("${most}"))
}

fn of_times(cases: &[CaseResult], most: f64) -> Found {
    let times: Vec<f64> = cases.iter().filter(|case| case.trace_id.is_some()).map(|case| case.took_ms as f64).collect();
    let Some(slow) = mean::quantile(&times, 0.95) else {
        return Found::of(Decided::CannotTell, "no answer came whose time could be taken");
    };
    at_most(slow, most, &format!("the 95th percentile of the times is {slow:.0} ms"), &format!("{most} ms"))
}

fn at_most(value: f64, most: f64, told: &str, bar: &str) -> Found {
    if value > most {
        return Found::of(Decided::Fail, format!("{told}, above {bar}"));
    }
    Found::of(Decided::Pass, format!("{told}, at most {bar}"))
}

fn of_comparison(margin: Option<f64>, comparison: &Comparison) -> Found {
    let Some(row) = comparison.rows.first().filter(|row| row.difference.is_some()) else {
        return Found::of(Decided::CannotTell, format!("no case was graded in both runs: {}", comparison.before));
    };
    let told = format!("{} than {}", row.told(), comparison.before);
    match (row.verdict, margin) {
        (Settled::Worse, _) => Found::of(Decided::Fail, told),
        (Settled::Open, None) => Found::of(Decided::Pass, format!("not shown to be worse than {}", comparison.before)),
        (Settled::Better, _) => Found::of(Decided::Pass, told),
        (Settled::Open, Some(margin)) => {
            let points = margin * 100.0;
            if row.low > -margin {
                let told = format!("surely not worse than {} by {points:.1} points", comparison.before);
                return Found::of(Decided::Pass, told);
            }
            let told = format!("not sure not to be worse by {points:.1} points: {}", row.told());
            Found::of(Decided::CannotTell, told)
        }
    }
}

#[cfg(test)]
mod tests;
