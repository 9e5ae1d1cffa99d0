//! A place in a document that supports a sentence of an answer.

use serde::{Deserialize, Serialize};

use crate::ids::DocumentId;

/// A half-open range of bytes in a document's text, on character borders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Range {
    /// First byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Range {
    /// The text that the range covers, if it lies inside `text` on character borders.
    pub fn of(self, text: &str) -> Option<&str> {
        text.get(self.start..self.end)
    }

    /// True when the two share a byte.
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// How far a cited place carries the sentence that cites it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Support {
    /// The sentence is the source's own words.
    Quoted,
    /// The sentence's content words, numbers and names stand in the cited place.
    Supported,
    /// Some of them do.
    Partial,
    /// They do not, or the cited passage does not exist.
    Unsupported,
}

/// A checked citation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Citation {
    /// The mark in the answer: the `2` of `[2]`.
    pub mark: u32,
    /// The document's path or URL, as the project names it; empty when no such passage was shown.
    pub document: String,
    /// The version of the document that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_id: Option<DocumentId>,
    /// The document's title.
    #[serde(default)]
    pub title: String,
    /// Headings from the document's top to the place.
    pub heading_path: Vec<String>,
    /// First byte of the place in the document's text.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
    /// Page, for paged formats; from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// The words at that place.
    pub quote: String,
    /// The sentence of the answer that cites it.
    pub sentence: String,
    /// The verdict.
    pub support: Support,
    /// Share of the sentence's content words that the place holds, 0 to 1.
    pub score: f32,
}

impl Citation {
    /// Whether the cited place carries the sentence.
    pub fn holds(&self) -> bool {
        matches!(self.support, Support::Quoted | Support::Supported)
    }
}
