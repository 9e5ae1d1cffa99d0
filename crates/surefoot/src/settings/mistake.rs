//! What is wrong with a project, told so that its author can mend it at once.

use std::{cell::RefCell, collections::BTreeSet, fmt};

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteSpanContents, SourceCode};
use serde::Serialize;

use super::source::Place;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Mistake {
    /// The file, relative to the project, with forward slashes.
    pub(crate) file: String,
    /// The line, from 1.
    pub(crate) line: usize,
    /// The column in characters, from 1.
    pub(crate) column: usize,
    /// The offending text; secrets are starred out.
    pub(crate) text: String,
    /// What is wrong, in a sentence.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) suggestion: Option<String>,
    /// True if the project works all the same.
    pub(crate) warning: bool,
    #[serde(skip)]
    excerpt: Excerpt,
}

/// The line that a mistake points into.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Excerpt {
    file: String,
    line: usize,
    column: usize,
    text: String,
    at: usize,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Mistake {}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        _span: &miette::SourceSpan,
        _before: usize,
        _after: usize,
    ) -> Result<Box<dyn miette::SpanContents<'a> + 'a>, miette::MietteError> {
        let whole = (0, self.text.len()).into();
        let (line, bytes) = (self.line.saturating_sub(1), self.text.as_bytes());
        // The handler shows this column beside the file's name.
        let column = self.column.saturating_sub(1);
        Ok(Box::new(MietteSpanContents::new_named(self.file.clone(), bytes, whole, line, column, 1)))
    }
}

impl Diagnostic for Mistake {
    fn severity(&self) -> Option<miette::Severity> {
        Some(if self.warning { miette::Severity::Warning } else { miette::Severity::Error })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.suggestion.as_ref().map(|text| Box::new(text) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        (!self.excerpt.text.is_empty()).then_some(&self.excerpt as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = LabeledSpan::new(None, self.excerpt.at, self.text.len());
        (!self.excerpt.text.is_empty()).then(|| Box::new(std::iter::once(span)) as Box<_>)
    }
}

/// Mistakes as text for people: with lines and colours for a terminal, in plain ASCII otherwise.
pub(crate) fn render(mistakes: &[Mistake], fancy: bool) -> String {
    let theme = if fancy { GraphicalTheme::unicode() } else { GraphicalTheme::none() };
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_width(100).with_context_lines(0);
    let mut text = String::new();
    for mistake in mistakes {
        if mistake.excerpt.text.is_empty() {
            text.push_str(&format!("{}:{}:{}\n", mistake.file, mistake.line, mistake.column));
        }
        // Writing into a String does not fail, and neither does reading the excerpt.
        let _ = handler.render_report(&mut text, mistake);
        text.push('\n');
    }
    text
}

/// Collects mistakes while files are read and checked.
#[derive(Debug, Default)]
pub(crate) struct Mistakes {
    found: RefCell<Vec<Found>>,
}

#[derive(Debug)]
struct Found {
    place: Place,
    message: String,
    suggestion: Option<String>,
    warning: bool,
}

impl Mistakes {
    /// Something is wrong at a place.
    pub(crate) fn add(&self, place: &Place, message: impl Into<String>, suggestion: impl Into<Option<String>>) {
        self.push(place, message.into(), suggestion.into(), false);
    }

    /// Something is odd at a place, but works.
    pub(crate) fn warn(&self, place: &Place, message: impl Into<String>, suggestion: impl Into<Option<String>>) {
        self.push(place, message.into(), suggestion.into(), true);
    }

    fn push(&self, place: &Place, message: String, suggestion: Option<String>, warning: bool) {
        self.found.borrow_mut().push(Found { place: place.clone(), message, suggestion, warning });
    }

    /// All that was found, by file and place, nothing twice.
    pub(crate) fn finish(self) -> Vec<Mistake> {
        let mut all: Vec<Mistake> = self.found.into_inner().into_iter().map(Found::told).collect();
        all.sort_by(|a, b| (&a.file, a.line, a.column, &a.message).cmp(&(&b.file, b.line, b.column, &b.message)));
        all.dedup();
        all
    }
}

impl Found {
    fn told(self) -> Mistake {
        let seen = self.place.seen();
        let file = self.place.path().to_owned();
        let excerpt =
            Excerpt { file: file.clone(), line: seen.line, column: seen.column, text: seen.excerpt, at: seen.at };
        Mistake {
            file,
            line: seen.line,
            column: seen.column,
            text: seen.text,
            message: self.message,
            suggestion: self.suggestion,
            warning: self.warning,
            excerpt,
        }
    }
}

/// "Did you mean 'x'?" where a known name is near; otherwise what there is to choose from.
pub(crate) fn suggest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>, what: &str) -> Option<String> {
    let known: BTreeSet<&str> = known.into_iter().collect();
    let near = known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(&wrong.to_lowercase(), &name.to_lowercase()), *name))
        .filter(|(distance, name)| *distance <= (name.chars().count() / 3).max(1))
        .min();
    if let Some((_, name)) = near {
        return Some(format!("Did you mean '{name}'?"));
    }
    let list: Vec<&str> = known.into_iter().take(SHOWN).collect();
    (!list.is_empty()).then(|| format!("{what}: {}.", list.join(", ")))
}

/// How many names a suggestion lists.
const SHOWN: usize = 16;
