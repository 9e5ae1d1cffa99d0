//! Finds keys, tokens and passwords, and masks them.
//!
//! By formats that say what they are (a vendor's prefix, a PEM header, a JWT), and by the name before a word
//! that looks drawn by chance. Hashes, ids, references to secrets and placeholders are left alone.

mod chance;
mod formats;
mod named;

use std::collections::BTreeMap;

/// A secret's place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// What it is: `openai key`, `private key`.
    pub kind: &'static str,
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
}

/// What stands in a secret's place.
const MASK: &str = "[secret]";

/// The secrets in `text`, in order, none overlapping.
pub fn find(text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    formats::find(text, &mut found);
    named::find(text, &mut found);
    // Of those that overlap, the one that says most exactly what it is: formats come first.
    let mut kept: BTreeMap<usize, Finding> = BTreeMap::new();
    for finding in found {
        let before = kept.range(..finding.end).next_back();
        if before.is_none_or(|(_, other)| other.end <= finding.start) {
            kept.insert(finding.start, finding);
        }
    }
    kept.into_values().collect()
}

/// Puts `[secret]` in the place of each secret. Text without one is not copied.
pub fn mask_in_place(text: &mut String) {
    for finding in find(text).into_iter().rev() {
        text.replace_range(finding.start..finding.end, MASK);
    }
}

#[cfg(test)]
mod tests;
