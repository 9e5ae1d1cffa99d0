//! What a run, a comparison and a plan tell on the terminal.

use surefoot_lab::evals::{self, Comparison, report};
use surefoot_types::{
    Money,
    run::{Run, Verdict},
};

use super::{Told, labelled};
use crate::terminal::{say, table, told};

pub(super) fn told_plan(name: &str, run: &Run, plan: &evals::Plan, at_once: u16) -> String {
    let points = plan.difference * 100.0;
    let cost = plan.cost.map_or_else(|| "at an unknown price".to_owned(), |cost| format!("about {cost}"));
    let spread = if plan.paired {
        "the spread is that of its differences from the run before it"
    } else {
        "without a second run over its cases the widest spread is assumed"
    };
    format!(
        "{name}: {} cases see a difference of {points} points in four of five tries; {} cases see {:.1}\n  {} answers for two variants, {cost}, {} at {at_once} at once\n  going by {}: {spread}",
        plan.cases,
        plan.cases_now,
        plan.seen_now * 100.0,
        plan.answers,
        told(plan.took / u32::from(at_once)),
        run.id,
    )
}

pub(super) fn shown(told: &Told) {
    let (run, cases) = (&told.run, &told.finished.cases);
    let repeats = if run.repeats > 1 { format!(", {} answers each", run.repeats) } else { String::new() };
    say(format!("{} over {}: {} cases{repeats} ({})", run.eval, run.subject, run.cases, run.id));
    let mut rates = table(["grader", "pass rate", "95 % interval", "passed", "errors", "undefined"]);
    for row in report::rows(run) {
        let passed = format!("{} of {}", row.rate.passed, row.rate.of);
        let [errors, undefined] = [row.errors, row.undefined].map(|count| count.to_string());
        rates.add_row([row.name.clone(), row.rate_told(), row.interval_told(), passed, errors, undefined]);
    }
    say(rates.to_string());
    for one in report::reliability(run, cases) {
        let k = one.k;
        say(format!("  pass@{k} {}, pass^{k} {}", one.one_of.told(), one.all_of.told()));
    }
    for case in cases.iter().filter(|case| matches!(case.verdict, Verdict::Fail | Verdict::Error)) {
        let why = case.grades.iter().filter(|grade| matches!(grade.verdict, Verdict::Fail | Verdict::Error));
        let why: Vec<String> = why.map(|grade| format!("{}: {}", grade.grader, grade.reason)).collect();
        say(format!("  {} {}", case.case_id, why.join("; ")));
    }
    if let Some(cost) = run.cost.filter(|cost| *cost > Money::default()) {
        say(format!("cost {cost}"));
    }
    told.calibrations.iter().for_each(labelled::shown);
    if let Some(comparison) = &told.comparison {
        compared(comparison);
    }
    match &told.decision {
        Some(decision) => say(format!("{}: {}", decision.decided.told(), decision.reason)),
        None => {
            let gate = run.gate.iter();
            gate.for_each(|gate| say(format!("gate {}: {}", if gate.open { "open" } else { "shut" }, gate.reason)));
        }
    }
    if run.stopped.is_some() {
        say(format!("go on with: surefoot eval {} --resume {}", run.eval, run.id));
    }
    say("");
}

pub(crate) fn compared(comparison: &Comparison) {
    say(format!("against {}:", comparison.before));
    for row in &comparison.rows {
        let what = match row.measure {
            evals::Measure::PassRate => "",
            evals::Measure::Score => " (score)",
        };
        say(format!("  {}{what}: {}", row.name, row.told()));
    }
    for (what, cases) in
        [("mended", &comparison.mended), ("broken", &comparison.broken), ("left out", &comparison.left_out)]
    {
        if !cases.is_empty() {
            say(format!("  {what}: {}", cases.join(", ")));
        }
    }
}
