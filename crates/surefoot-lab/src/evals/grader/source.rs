//! The grader of an answer's sources: cites_source.

use surefoot_types::Citation;

use super::{Finding, Found, Given, spec::Mode, text};

/// A place that should be cited: a document, and perhaps a heading in it.
struct Source {
    path: String,
    heading: Option<String>,
}

impl Source {
    /// Reads `path` or `path#heading`.
    fn read(text: &str) -> Result<Self, String> {
        let (path, heading) = match text.split_once('#') {
            Some((path, heading)) => (path, Some(words(heading))),
            None => (text, None),
        };
        let path = path.trim().trim_start_matches("./");
        if path.is_empty() || heading.as_ref().is_some_and(String::is_empty) {
            return Err(format!("`{text}` is not a source: it is `path` or `path#heading`"));
        }
        Ok(Self { path: path.to_owned(), heading })
    }

    /// Whether `citation` is from here. The path may be the document's last part, on a border between
    /// folders; the heading may be part of one of those above the place, or its anchor.
    fn holds(&self, citation: &Citation) -> bool {
        let document = citation.document.trim_start_matches("./");
        let in_document = document
            .strip_suffix(self.path.as_str())
            .is_some_and(|before| before.is_empty() || before.ends_with('/') || self.path.starts_with('/'));
        let under =
            |heading: &String| citation.heading_path.iter().any(|above| words(above).contains(heading.as_str()));
        in_document && self.heading.as_ref().is_none_or(under)
    }
}

/// Small letters and single spaces, so that `Getting started` and `getting-started` are one heading.
fn words(heading: &str) -> String {
    let words: Vec<_> =
        heading.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    words.join(" ")
}

pub(super) fn cites(given: Given<'_>) -> Found {
    let (wanted, citations) = (text::list(given.expected)?, given.asked.citations.as_slice());
    if wanted.is_empty() {
        return Ok(Finding::undefined("the case expects an empty list"));
    }
    let (mut held, mut missing) = (Vec::new(), Vec::new());
    for text in &wanted {
        let source = Source::read(text)?;
        let cited = citations.iter().any(|citation| citation.holds() && source.holds(citation));
        if cited { &mut held } else { &mut missing }.push(format!("`{text}`"));
    }
    let passes = match given.options.mode {
        Mode::All => missing.is_empty(),
        Mode::Any => !held.is_empty(),
    };
    if passes {
        return Ok(Finding::of(true, format!("the answer cites {}", held.join(", "))));
    }
    Ok(Finding::of(false, format!("no citation that holds is from {}; {}", missing.join(", "), cited(citations))))
}

/// The share of the answer's citations that hold; undefined where it cites nothing.
pub(super) fn precision(given: Given<'_>) -> Found {
    let citations = &given.asked.citations;
    if citations.is_empty() {
        return Ok(Finding::undefined("the answer cites nothing"));
    }
    let held = citations.iter().filter(|citation| citation.holds()).count();
    let share = held as f64 / citations.len() as f64;
    Ok(Finding::scored(share, given.options.threshold.unwrap_or(1.0), "citation precision"))
}

/// The share of the expected sources that a citation which holds is from.
pub(super) fn recall(given: Given<'_>) -> Found {
    let wanted = text::list(given.expected)?;
    if wanted.is_empty() {
        return Ok(Finding::undefined("the case expects an empty list"));
    }
    let sources = wanted.iter().map(|text| Source::read(text)).collect::<Result<Vec<_>, _>>()?;
    let cited =
        |source: &&Source| given.asked.citations.iter().any(|citation| citation.holds() && source.holds(citation));
    let share = sources.iter().filter(cited).count() as f64 / sources.len() as f64;
    Ok(Finding::scored(share, given.options.threshold.unwrap_or(1.0), "citation recall"))
}

/// What was cited instead.
fn cited(citations: &[Citation]) -> String {
    if citations.is_empty() {
        return "the answer cites nothing".into();
    }
    let mut all: Vec<String> = Vec::new();
    for citation in citations {
        let bad = if citation.holds() { "" } else { " (does not hold)" };
        let one = format!("`{}`{bad}", citation.document);
        if !all.contains(&one) {
            all.push(one);
        }
    }
    format!("it cites {}", all.join(", "))
}
