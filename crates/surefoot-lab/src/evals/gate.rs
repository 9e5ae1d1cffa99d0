//! The gate: what a run must reach for a build to go on.

use serde_json::{Map, Value};
use surefoot_types::run::{Gate, Run};

use super::{Mistake, report::percent};

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
}

/// Without a limit of its own, a run may have one error in this many cases.
const CASES_PER_ERROR: u64 = 10;

impl GateSpec {
    /// The options that a gate's table takes.
    pub const OPTIONS: &'static [&'static str] = &["pass_rate", "at_least", "max_errors"];

    /// Reads a gate's table.
    ///
    /// # Errors
    /// All that is wrong with it: an unknown option, a share outside 0 to 1, a count that is none.
    pub fn read(table: &Map<String, Value>) -> Result<Self, Vec<Mistake>> {
        let (mut spec, mut mistakes) = (Self::default(), Vec::new());
        for (name, value) in table {
            let share = value.as_f64().filter(|share| (0.0..=1.0).contains(share));
            let refused = match name.as_str() {
                "pass_rate" => into(&mut spec.pass_rate, share, "is a share from 0 to 1"),
                "at_least" => into(&mut spec.at_least, share, "is a share from 0 to 1"),
                "max_errors" => into(&mut spec.max_errors, value.as_u64(), "is a number of cases"),
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
/// many errors shut one everywhere, lest an eval that asked nothing looks well.
pub fn decide(spec: Option<&GateSpec>, run: &Run) -> Option<Gate> {
    if let Some(stopped) = &run.stopped {
        return Some(Gate { open: false, reason: format!("the run stopped before its end: {stopped}") });
    }
    let answers = run.cases * run.repeats;
    let allowed = errors_allowed(spec, answers);
    if run.errors > allowed {
        let reason = format!(
            "{} of {answers} answers ended in an error, and {allowed} may: the rates are not to be trusted",
            run.errors
        );
        return Some(Gate { open: false, reason });
    }
    let spec = spec?;
    let Some(seen) = run.overall.value else {
        return Some(Gate { open: false, reason: "no case could be graded".into() });
    };
    let mut short = Vec::new();
    let mut reached = vec![format!("{} of {} answers passed ({})", run.overall.passed, run.overall.of, percent(seen))];
    for (what, value, least) in [
        ("the pass rate", seen, spec.pass_rate),
        ("the lower end of its 95 % interval", run.overall.low, spec.at_least),
    ] {
        match least {
            Some(least) if value < least => {
                short.push(format!("{what} is {}, below {}", percent(value), percent(least)));
            }
            Some(least) => reached.push(format!("{what} is at least {}", percent(least))),
            None => {}
        }
    }
    let open = short.is_empty();
    Some(Gate { open, reason: if open { reached } else { short }.join("; ") })
}

#[cfg(test)]
mod tests;
