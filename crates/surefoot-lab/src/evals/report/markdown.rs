//! Runs as Markdown, for a comment on a pull request.

use std::fmt::Write;

use surefoot_types::run::Verdict;

use super::{Page, cut, reasons, rows};
use crate::evals::{Decided, Measure};

/// Cases that are shown; a comment is no report.
const SHOWN: usize = 10;
/// Letters of a text that are shown.
const LONGEST: usize = 300;

/// All runs as one comment.
pub fn markdown(pages: &[Page<'_>]) -> String {
    let mut text = String::new();
    pages.iter().for_each(|page| section(&mut text, page));
    text
}

// Writing to a String cannot fail, here and below.
fn section(text: &mut String, page: &Page<'_>) {
    let (run, decision) = (&page.finished.run, page.decision);
    let sign = match decision.decided {
        Decided::Pass => "✅",
        Decided::Fail => "❌",
        Decided::CannotTell => "❔",
        Decided::Broken => "⚠️",
    };
    let _ = write!(text, "### {sign} {} over {}: {}\n\n", line(&run.eval), line(&run.subject), decision.decided.told());
    if !decision.reason.is_empty() {
        let _ = write!(text, "{}\n\n", line(&decision.reason));
    }
    text.push_str("| grader | pass rate | 95 % interval | passed | errors |\n|---|--:|--:|--:|--:|\n");
    for row in rows(run) {
        let (rate, interval) = (row.rate_told(), row.interval_told());
        let (passed, of, errors) = (row.rate.passed, row.rate.of, row.errors);
        let _ = writeln!(text, "| {} | {rate} | {interval} | {passed} of {of} | {errors} |", line(&row.name));
    }
    text.push('\n');
    compared(text, page);
    failed(text, page);
    let cost = run.cost.map_or_else(|| "unknown".to_owned(), |cost| cost.to_string());
    let _ = write!(text, "{} cases, cost {cost}, `{}`\n\n", run.cases, run.id);
}

fn compared(text: &mut String, page: &Page<'_>) {
    let Some(comparison) = page.comparison else { return };
    let _ = write!(text, "Against `{}`:\n\n", comparison.before);
    for row in &comparison.rows {
        let what = if row.measure == Measure::Score { " (score)" } else { "" };
        let _ = writeln!(text, "- {}{what}: {}", line(&row.name), row.told());
    }
    text.push('\n');
    for (title, ids) in [("broken", &comparison.broken), ("mended", &comparison.mended)] {
        if ids.is_empty() {
            continue;
        }
        let _ = writeln!(
            text,
            "<details><summary>{} {title}</summary>\n\n| case | before | now |\n|---|---|---|",
            ids.len()
        );
        for [then, now] in ids.iter().take(SHOWN).filter_map(|id| page.sides(id)) {
            let [then, said] = [then, now].map(|case| line(&cut(&case.output, LONGEST)));
            let _ = writeln!(text, "| {}: {} | {then} | {said} |", line(&now.case_id), line(&cut(&now.input, LONGEST)));
        }
        ended(text, ids.len());
    }
}

fn failed(text: &mut String, page: &Page<'_>) {
    for (title, verdict) in [("failed", Verdict::Fail), ("errors", Verdict::Error)] {
        let cases: Vec<_> = page.finished.cases.iter().filter(|case| case.verdict == verdict).collect();
        if cases.is_empty() {
            continue;
        }
        let _ = writeln!(text, "<details><summary>{} {title}</summary>\n\n| case | why |\n|---|---|", cases.len());
        for case in cases.iter().take(SHOWN) {
            let why = line(&cut(&reasons(case, verdict), LONGEST));
            let _ = writeln!(text, "| {}: {} | {why} |", line(&case.case_id), line(&cut(&case.input, LONGEST)));
        }
        ended(text, cases.len());
    }
}

fn ended(text: &mut String, of: usize) {
    if of > SHOWN {
        let _ = writeln!(text, "\n{} more.", of - SHOWN);
    }
    text.push_str("\n</details>\n\n");
}

/// A text in a cell: on one line, and nothing in it is markup.
fn line(raw: &str) -> String {
    let mut told = String::with_capacity(raw.len());
    for c in raw.split_whitespace().collect::<Vec<_>>().join(" ").chars() {
        match c {
            '<' => told.push_str("&lt;"),
            '&' => told.push_str("&amp;"),
            // A mention would call people, and a link would lead away.
            '@' => told.push_str("@\u{200b}"),
            '|' | '\\' | '`' | '*' | '[' | ']' | '#' | '!' => {
                told.push('\\');
                told.push(c);
            }
            c => told.push(c),
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use surefoot_testkit::samples;
    use surefoot_types::run::CaseResult;

    use super::*;
    use crate::evals::{Decision, Finished};

    #[test]
    fn what_a_model_says_is_no_markup() {
        for (raw, told) in [
            ("a | b\nc", "a \\| b c"),
            ("@everyone <img src=x>", "@\u{200b}everyone &lt;img src=x>"),
            ("[x](http://y) `z`", "\\[x\\](http://y) \\`z\\`"),
        ] {
            assert_eq!(line(raw), told);
        }
    }

    #[test]
    fn few_cases_are_shown_and_the_rest_counted() {
        let case = |n: u64| CaseResult { verdict: Verdict::Fail, ..samples::case(&n.to_string()) };
        let finished = Finished { run: samples::run(1, "e"), cases: (0..25).map(case).collect() };
        let decision = Decision { decided: Decided::CannotTell, reason: "too few".into() };
        let page = Page { finished: &finished, before: None, comparison: None, decision: &decision, standings: &[] };
        let text = markdown(&[page]);
        assert!(text.starts_with("### ❔ e over answer: cannot tell\n\ntoo few\n\n| grader"), "{text}");
        assert!(text.contains("<summary>25 failed</summary>") && text.contains("\n15 more.\n"), "{text}");
    }
}
