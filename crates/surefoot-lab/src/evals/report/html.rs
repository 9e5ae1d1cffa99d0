//! Runs as one page of HTML: nothing is loaded, and nothing runs.

use std::fmt::Write;

use surefoot_types::run::{CaseResult, Verdict};

use super::{
    Page, Standing, cut, percent,
    plot::{self, Bar, Point},
    reasons, rows,
};
use crate::evals::{Decided, Measure, Settled};

/// Cases that are shown with their answers; the rest is counted.
const SHOWN: usize = 500;
/// Passed cases that are listed in a line each.
const LISTED: usize = 10_000;
/// Letters of a text that are shown.
const LONGEST: usize = 2_000;

/// All runs as one page.
pub fn html(pages: &[Page<'_>]) -> String {
    let style = include_str!("report.css");
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/><meta name=\"viewport\" \
         content=\"width=device-width\"/><title>Evals</title><style>\n{style}</style></head>\n<body><h1>Evals</h1>\n"
    );
    pages.iter().for_each(|one| section(&mut page, one));
    page + "</body></html>\n"
}

/// Text between tags and in quotes. What HTML cannot hold at all is left out.
pub(super) fn escaped(raw: &str) -> String {
    let holds = |c: &char| {
        matches!(c, '\t' | '\n') || (*c >= ' ' && !matches!(c, '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}'))
    };
    let held = raw.chars().filter(holds).collect::<String>();
    held.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

// Writing to a String cannot fail, here and below.
fn section(page: &mut String, one: &Page<'_>) {
    let run = &one.finished.run;
    let (decision, class) = (one.decision, class_of(one.decision.decided));
    let _ = writeln!(page, "<h2>{} over {}</h2>", escaped(&run.eval), escaped(&run.subject));
    let _ = write!(page, "<p><strong class=\"{class}\">{}</strong>", decision.decided.told());
    if !decision.reason.is_empty() {
        let _ = write!(page, ": {}", escaped(&decision.reason));
    }
    let cost = run.cost.map_or_else(|| "unknown".to_owned(), |cost| cost.to_string());
    let _ = write!(
        page,
        "</p>\n<p class=\"small\">{} · {} · {} cases, {} answers each · dataset {} · cost {cost}</p>\n",
        run.id,
        run.started,
        run.cases,
        run.repeats,
        run.dataset.chars().take(12).collect::<String>(),
    );
    rates(page, one);
    differences(page, one);
    standing(page, one.standings);
    changed(page, one);
    let of = |verdict| one.finished.cases.iter().filter(move |case| case.verdict == verdict);
    cases(page, "Failed", &of(Verdict::Fail).collect::<Vec<_>>());
    cases(page, "Errors", &of(Verdict::Error).collect::<Vec<_>>());
    passed(page, &of(Verdict::Pass).collect::<Vec<_>>());
}

fn class_of(decided: Decided) -> &'static str {
    match decided {
        Decided::Pass => "pass",
        Decided::Fail => "fail",
        Decided::CannotTell => "cannot_tell",
        Decided::Broken => "broken",
    }
}

fn rates(page: &mut String, one: &Page<'_>) {
    let rows = rows(&one.finished.run);
    page.push_str("<h3>Pass rates, with 95 % intervals</h3>\n");
    let bar = |row: &super::Row| {
        let value = row.rate.value?;
        let told = format!("{} ({})", row.rate_told(), row.interval_told());
        Some(Bar { name: row.name.clone(), value, low: row.rate.low, high: row.rate.high, class: "now", told })
    };
    let bars: Vec<Bar> = rows.iter().filter_map(bar).collect();
    page.push_str(&plot::bars("Pass rates", &bars, [0.0, 1.0], None));
    page.push_str("<table><tr><th>grader</th><th class=\"n\">pass rate</th><th class=\"n\">95 % interval</th><th class=\"n\">passed</th><th class=\"n\">errors</th><th class=\"n\">undefined</th></tr>\n");
    for row in &rows {
        let _ = write!(page, "<tr><td>{}</td>", escaped(&row.name));
        let passed = format!("{} of {}", row.rate.passed, row.rate.of);
        for cell in [row.rate_told(), row.interval_told(), passed, row.errors.to_string(), row.undefined.to_string()] {
            let _ = write!(page, "<td class=\"n\">{cell}</td>");
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</table>\n");
}

fn differences(page: &mut String, one: &Page<'_>) {
    let Some(comparison) = one.comparison else { return };
    let _ = writeln!(page, "<h3>Against {}</h3>", comparison.before);
    let mut bars = Vec::new();
    for row in &comparison.rows {
        let class = match row.verdict {
            Settled::Better => "better",
            Settled::Worse => "worse",
            Settled::Open => "open",
        };
        let what = if row.measure == Measure::Score { " (score)" } else { "" };
        let (name, told) = (format!("{}{what}", row.name), row.told());
        bars.extend(row.difference.map(|value| Bar { name, value, low: row.low, high: row.high, class, told }));
    }
    let most = bars.iter().flat_map(|bar| [bar.low.abs(), bar.high.abs()]).fold(0.05, f64::max);
    page.push_str(&plot::bars("Differences, now minus before", &bars, [-most, most], Some(0.0)));
    page.push_str("<table>\n");
    for bar in &bars {
        let _ = writeln!(
            page,
            "<tr><td>{}</td><td class=\"{}\">{}</td></tr>",
            escaped(&bar.name),
            bar.class,
            escaped(&bar.told)
        );
    }
    page.push_str("</table>\n");
}

fn standing(page: &mut String, standings: &[Standing]) {
    if standings.len() < 2 {
        return;
    }
    page.push_str("<h3>Quality against cost and time</h3>\n");
    let point = |at: usize, one: &Standing, x: [f64; 3]| Point {
        name: one.subject.clone(),
        x,
        y: [one.quality.value, one.quality.low, one.quality.high],
        class: if at == 0 { "now" } else { "then" },
    };
    let points = |of: fn(&Standing) -> Option<crate::evals::calibrate::Measured>| -> Vec<Point> {
        let those = standings.iter().enumerate().filter_map(|(at, one)| Some((at, one, of(one)?)));
        those.map(|(at, one, of)| point(at, one, [of.value, of.low, of.high])).collect()
    };
    let dollars = |value: f64| format!("${value:.2e}");
    page.push_str(&plot::crosses(
        "Quality against cost",
        "dollars for an answer that passes",
        &points(|one| one.cost),
        dollars,
    ));
    page.push_str(&plot::crosses("Quality against time", "median milliseconds", &points(|one| one.took), |value| {
        format!("{value:.0}")
    }));
    page.push_str("<table><tr><th>asked</th><th class=\"n\">pass rate</th><th class=\"n\">dollars for a pass</th><th class=\"n\">median ms</th><th></th></tr>\n");
    for one in standings {
        let cost = one.cost.map_or_else(
            || "unknown".into(),
            |cost| format!("{:.2e} ({:.2e} – {:.2e})", cost.value, cost.low, cost.high),
        );
        let took =
            one.took.map_or_else(String::new, |took| format!("{:.0} ({:.0} – {:.0})", took.value, took.low, took.high));
        let _ = writeln!(
            page,
            "<tr><td>{} <span class=\"small\">{}</span></td><td class=\"n\">{} ({} – {})</td><td class=\"n\">{cost}</td><td class=\"n\">{took}</td><td>{}</td></tr>",
            escaped(&one.subject),
            one.run,
            percent(one.quality.value),
            percent(one.quality.low),
            percent(one.quality.high),
            one.told(),
        );
    }
    page.push_str("</table>\n");
}

impl Standing {
    /// What follows.
    pub(super) fn told(&self) -> &'static str {
        match (self.best, self.beaten) {
            (true, _) => "none is better on everything",
            (false, true) => "surely beaten",
            (false, false) => "beaten, not surely",
        }
    }
}

fn changed(page: &mut String, one: &Page<'_>) {
    let Some(comparison) = one.comparison else { return };
    for (title, ids) in [("Broken", &comparison.broken), ("Mended", &comparison.mended)] {
        if ids.is_empty() {
            continue;
        }
        let _ = writeln!(page, "<h3>{title}: {}</h3>", ids.len());
        for [then, now] in ids.iter().take(SHOWN).filter_map(|id| one.sides(id)) {
            begun(page, now);
            page.push_str("<div class=\"sides\">");
            for (when, case) in [("before", then), ("now", now)] {
                let _ = write!(page, "<div><div class=\"small\">{when}</div>");
                answer(page, case);
                page.push_str("</div>");
            }
            page.push_str("</div></div>\n");
        }
        rest(page, ids.len());
    }
}

fn cases(page: &mut String, title: &str, cases: &[&CaseResult]) {
    if cases.is_empty() {
        return;
    }
    let _ = writeln!(page, "<h3>{title}: {}</h3>", cases.len());
    for case in cases.iter().take(SHOWN) {
        begun(page, case);
        answer(page, case);
        page.push_str("</div>\n");
    }
    rest(page, cases.len());
}

fn rest(page: &mut String, of: usize) {
    if of > SHOWN {
        let _ = writeln!(page, "<p>{} more are in the run's results (<code>--results</code>).</p>", of - SHOWN);
    }
}

fn begun(page: &mut String, case: &CaseResult) {
    let again = if case.repeat == 0 { String::new() } else { format!(" #{}", case.repeat + 1) };
    let _ = write!(
        page,
        "<div class=\"case\"><strong>{}{again}</strong><div class=\"said\">{}</div>",
        escaped(&case.case_id),
        escaped(&cut(&case.input, LONGEST))
    );
}

fn answer(page: &mut String, case: &CaseResult) {
    let (class, why) = match case.verdict {
        Verdict::Pass => ("pass", "passed".to_owned()),
        Verdict::Undefined => ("small", "undefined".to_owned()),
        Verdict::Fail => ("fail", reasons(case, Verdict::Fail)),
        Verdict::Error => ("error", reasons(case, Verdict::Error)),
    };
    let _ = write!(page, "<div class=\"{class}\">{}</div>", escaped(&cut(&why, LONGEST)));
    let _ = write!(page, "<div class=\"said\">{}</div>", escaped(&cut(&case.output, LONGEST)));
}

fn passed(page: &mut String, cases: &[&CaseResult]) {
    let _ = writeln!(page, "<details><summary>Passed: {}</summary><table>", cases.len());
    for case in cases.iter().take(LISTED) {
        let (id, input) = (escaped(&case.case_id), escaped(&cut(&case.input, 120)));
        let _ = writeln!(page, "<tr><td>{id}</td><td>{input}</td><td class=\"n\">{} ms</td></tr>", case.took_ms);
    }
    page.push_str("</table></details>\n");
}

#[cfg(test)]
mod tests;
