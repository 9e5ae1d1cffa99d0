//! What came of a search, for the person who reviews it.

use std::fmt::Write;

use similar::TextDiff;

use super::{Candidate, Confirmed, Goal, Outcome};
use crate::evals::report::percent;

/// Letters of a cell in a table.
const CELL: usize = 160;

impl Outcome {
    /// What follows, in a sentence.
    pub fn told(&self) -> String {
        let Some(chosen) = self.chosen else {
            let tried = self.candidates.len() - 1;
            return format!("nothing better was found among {tried} that were tried: nothing is written");
        };
        match (&self.confirmed, self.winner()) {
            (None, _) => format!("number {chosen} was chosen and could not be confirmed: nothing is written"),
            (Some(told), Some(_)) => format!("number {chosen} is shown to be {}: {}", self.wish(), told.told()),
            (Some(told), None) => {
                let (wish, points) = (self.wish(), self.seen * 100.0);
                let kept = self.cases.1;
                format!(
                    "number {chosen} is not shown to be {wish}: {}; {kept} cases kept back see differences from about {points:.0} points on: nothing is written",
                    told.told()
                )
            }
        }
    }

    fn wish(&self) -> &'static str {
        match self.goal {
            Goal::Quality => "better",
            Goal::Cost => "cheaper and no worse",
        }
    }
}

impl Confirmed {
    /// The difference with its interval, and the saving with its own.
    pub fn told(&self) -> String {
        let interval = |low: f64, high: f64| {
            format!("{:.1} % interval {:.1} to {:.1}", self.confidence * 100.0, low * 100.0, high * 100.0)
        };
        let mut text = format!("{:+.1} points ({})", self.difference * 100.0, interval(self.low, self.high));
        if let Some(saving) = &self.saving {
            let _ =
                write!(text, ", {:.1} % off the cost ({})", saving.share * 100.0, interval(saving.low, saving.high));
        }
        if self.looks > 1 {
            let _ = write!(text, ", wider because these cases were looked at {} times", self.looks);
        }
        text
    }
}

/// The report as Markdown. `start` is the name of the variant that it began with, `name` that of the new one.
pub fn report(outcome: &Outcome, start: &str, name: &str) -> String {
    let mut text = format!("# {name} of {}\n\n{}.\n\n", outcome.function, sentence(&outcome.told()));
    if let Some(told) = &outcome.confirmed {
        text += &confirmed(outcome, told, start, name);
    }
    if let Some(winner) = outcome.winner() {
        let before = outcome.candidates[0].draft.text();
        text += &format!("## What changed\n\n{}\n", fenced(&diff(&before, &winner.draft.text(), start, name)));
        if !winner.why.is_empty() {
            text += &format!("Why, in the words of the model that wrote it: {}\n\n", cell(&winner.why));
        }
    }
    text += &tried(outcome);
    let cost = outcome.cost.map_or_else(|| "at an unknown price".to_owned(), |cost| format!("for {cost}"));
    let (learned, kept) = outcome.cases;
    let _ = writeln!(
        text,
        "{learned} cases to choose by, {kept} kept back, seed {}, {cost}. A candidate is accepted by a paired test over \
         the cases to choose by; what is claimed rests on those kept back alone.",
        outcome.seed
    );
    if let Some(stopped) = &outcome.stopped {
        let _ = writeln!(text, "\nIt ended early: {stopped}.");
    }
    text
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

fn confirmed(outcome: &Outcome, told: &Confirmed, start: &str, name: &str) -> String {
    let mut text = String::from("## Over the cases kept back\n\n| variant | passed | pass rate | 95 % interval |");
    text +=
        if told.saving.is_some() { " dollars an answer |\n|---|--:|--:|--:|--:|\n" } else { "\n|---|--:|--:|--:|\n" };
    for (variant, rate, usd) in [
        (start, told.before, told.saving.map(|saving| saving.before)),
        (name, told.after, told.saving.map(|saving| saving.after)),
    ] {
        let value = rate.value.map_or_else(|| "–".to_owned(), percent);
        let (low, high) = (percent(rate.low), percent(rate.high));
        let _ = write!(text, "| {variant} | {} of {} | {value} | {low} – {high} |", rate.passed, rate.of);
        let _ = writeln!(text, "{}", usd.map_or_else(String::new, |usd| format!(" {usd:.6} |")));
    }
    let points = outcome.seen * 100.0;
    text + &format!("\nDifference: {}. So many cases can be expected to see {points:.0} points.\n\n", told.told())
}

fn tried(outcome: &Outcome) -> String {
    let mut text = String::from(
        "## What was tried\n\n| | from | how | pass rate | 95 % interval | dollars an answer | decided |\n|--:|--:|---|--:|--:|--:|---|\n",
    );
    for one in &outcome.candidates {
        let rate = one.train.and_then(|rate| Some((rate.value?, rate)));
        let (value, interval) = rate.map_or_else(Default::default, |(value, rate)| {
            (percent(value), format!("{} – {}", percent(rate.low), percent(rate.high)))
        });
        let usd = one.usd.map(|usd| format!("{usd:.6}")).unwrap_or_default();
        let from = if one.number == 0 { String::new() } else { one.parent.to_string() };
        let sign = mark(outcome, one);
        let (how, decided) = (cell(&one.how.told()), cell(&one.decided));
        let _ = writeln!(text, "| {}{sign} | {from} | {how} | {value} | {interval} | {usd} | {decided} |", one.number);
    }
    text += "\n✓ accepted, ★ beaten by none on quality and cost. These rates are those of the cases to choose by: the best of many looks better than it is.\n\n";
    text
}

fn mark(outcome: &Outcome, one: &Candidate) -> &'static str {
    match (outcome.front.contains(&one.number), one.accepted) {
        (true, _) => " ★",
        (false, true) => " ✓",
        (false, false) => "",
    }
}

/// A text that keeps a table's row together.
fn cell(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
    match line.char_indices().nth(CELL) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

fn diff(before: &str, after: &str, start: &str, name: &str) -> String {
    let all = TextDiff::from_lines(before, after);
    all.unified_diff().header(&format!("{start}.md"), &format!("{name}.md")).to_string()
}

/// A block whose fence no line of the text can end.
fn fenced(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}diff\n{text}{fence}\n")
}
