//! Plain text: paragraphs stand between blank lines.

use surefoot_types::Range;

use super::Parsed;
use crate::passages::{Block, Kind};

/// Reads text; `lines` says that its lines mean something (source code, data).
pub(super) fn parse(text: String, lines: bool) -> Parsed {
    let blocks = blocks(&text, lines);
    Parsed { format: "text", text, blocks, ..Parsed::default() }
}

pub(super) fn blocks(text: &str, lines: bool) -> Vec<Block> {
    let kind = if lines { Kind::Lines } else { Kind::Prose };
    paragraphs(text).into_iter().map(|range| Block { range, kind: kind.clone(), page: None }).collect()
}

/// The stretches between blank lines.
pub(super) fn paragraphs(text: &str) -> Vec<Range> {
    let mut found: Vec<Range> = Vec::new();
    let (mut at, mut open) = (0, false);
    for line in text.split_inclusive('\n') {
        let range = Range { start: at, end: at + line.len() };
        at = range.end;
        let blank = line.trim().is_empty();
        match found.last_mut() {
            Some(last) if open && !blank => last.end = range.end,
            _ if !blank => found.push(range),
            _ => {}
        }
        open = !blank;
    }
    found
}
