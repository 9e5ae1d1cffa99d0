//! Files with the places in them, so that every mistake can point at its text.

use std::sync::{Arc, Mutex, PoisonError};

/// A file of a project as it was read.
#[derive(Debug)]
pub(crate) struct Source {
    /// Its path within the project, with forward slashes.
    pub(crate) path: String,
    /// Its text; empty where it could not be read.
    pub(crate) text: String,
    /// Ranges of bytes that must not be shown: secrets that were written in clear.
    hidden: Mutex<Vec<(usize, usize)>>,
}

impl Source {
    /// A file that was read.
    pub(crate) fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { path: path.into(), text: text.into(), hidden: Mutex::default() })
    }

    /// The text with everything that must not be shown starred out, byte for byte.
    fn shown(&self) -> String {
        let hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let known = surefoot_guard::secrets::find(&self.text).into_iter().map(|found| (found.start, found.end));
        let mut text = self.text.clone();
        for (start, end) in hidden.into_iter().chain(known) {
            let lines: Vec<String> = text[start..end].split('\n').map(|line| "*".repeat(line.len())).collect();
            text.replace_range(start..end, &lines.join("\n"));
        }
        text
    }
}

/// A piece of a file.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    source: Arc<Source>,
    start: usize,
    end: usize,
}

/// A place as people count it, with the line that it stands in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Line, from 1.
    pub(crate) line: usize,
    /// Column in characters, from 1.
    pub(crate) column: usize,
    /// The text itself, its first line only.
    pub(crate) text: String,
    /// The line, secrets starred out.
    pub(crate) excerpt: String,
    /// Where the text begins in the excerpt, in bytes.
    pub(crate) at: usize,
}

impl Place {
    /// The bytes from `start` to `end` of a file; brought to character borders inside it.
    pub(crate) fn new(source: &Arc<Source>, start: usize, end: usize) -> Self {
        let start = floor(&source.text, start);
        let end = floor(&source.text, end).max(start);
        Self { source: Arc::clone(source), start, end }
    }

    /// The beginning of a file.
    pub(crate) fn top(source: &Arc<Source>) -> Self {
        Self::new(source, 0, 0)
    }

    /// The file's path.
    pub(crate) fn path(&self) -> &str {
        &self.source.path
    }

    /// The text at the place, exactly as written.
    pub(crate) fn text(&self) -> &str {
        &self.source.text[self.start..self.end]
    }

    /// The line, from 1.
    pub(crate) fn line(&self) -> usize {
        self.source.text[..self.start].matches('\n').count() + 1
    }

    /// Keeps the text at this place from being shown by any mistake.
    pub(crate) fn hide(&self) {
        self.source.hidden.lock().unwrap_or_else(PoisonError::into_inner).push((self.start, self.end));
    }

    /// The place as people count it.
    pub(crate) fn seen(&self) -> Seen {
        let shown = self.source.shown();
        let from = shown[..self.start].rfind('\n').map_or(0, |newline| newline + 1);
        let to = shown[self.start..].find('\n').map_or(shown.len(), |newline| self.start + newline);
        let to_end = self.end.min(to);
        Seen {
            line: self.line(),
            column: shown[from..self.start].chars().count() + 1,
            text: shown[self.start..to_end].trim_end_matches('\r').to_owned(),
            excerpt: shown[from..to].trim_end_matches('\r').to_owned(),
            at: self.start - from,
        }
    }
}

/// The nearest character border at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at.min(text.len()))
}

/// A value with its place.
#[derive(Debug, Clone)]
pub(crate) struct At<T> {
    /// The value.
    pub(crate) value: T,
    /// Where it was written.
    pub(crate) place: Place,
}

impl<T> At<T> {
    /// A value written at a place.
    pub(crate) fn new(value: T, place: Place) -> Self {
        Self { value, place }
    }
}
