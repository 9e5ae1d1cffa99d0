//! JSON, and JSON by the line: the text is the source itself, cut between its topmost members.
//!
//! Whole JSON on a line that is longer than a passage is written anew with line breaks.

use surefoot_types::Range;

use super::Parsed;
use crate::passages::{Block, Kind, Sizes};

pub(super) fn parse(source: String) -> Parsed {
    let longest = source.lines().map(str::len).max().unwrap_or(0);
    let text = if longest > Sizes::default().most { spread(&source).unwrap_or(source) } else { source };
    let mut blocks: Vec<Block> = members(&text).into_iter().map(block).collect();
    if blocks.is_empty() {
        blocks = super::plain::blocks(&text, true);
    }
    Parsed { format: "json", text, blocks, ..Parsed::default() }
}

fn block(range: Range) -> Block {
    Block { range, kind: Kind::Lines, page: None }
}

/// One document or one a line, with line breaks; none for what is no JSON.
fn spread(source: &str) -> Option<String> {
    if let Ok(value) = serde_json::from_str::<serde_json::Value>(source) {
        return serde_json::to_string_pretty(&value).ok();
    }
    let values = source.lines().filter(|line| !line.trim().is_empty());
    let mut text = String::with_capacity(source.len() * 2);
    for value in values {
        let value = serde_json::from_str::<serde_json::Value>(value).ok()?;
        text.push_str(&serde_json::to_string_pretty(&value).ok()?);
        text.push('\n');
    }
    Some(text)
}

/// The topmost members: what stands between commas one level deep, and whole values where several follow one another.
fn members(text: &str) -> Vec<Range> {
    let (mut found, mut depth, mut start, mut values) = (Vec::new(), 0usize, 0, 0);
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        if quoted {
            (quoted, escaped) = (escaped || byte != b'"', !escaped && byte == b'\\');
            continue;
        }
        match byte {
            b'"' => quoted = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    values += 1;
                    found.push(Range { start, end: at + 1 });
                    start = at + 1;
                }
            }
            b',' if depth == 1 => {
                found.push(Range { start, end: at + 1 });
                start = at + 1;
            }
            _ => {}
        }
    }
    // By the line each value is a whole, however many members it has.
    if values > 1 { lines(text) } else { found }
}

fn lines(text: &str) -> Vec<Range> {
    let (mut found, mut depth, mut start, mut at) = (Vec::new(), 0i64, 0, 0);
    for line in text.split_inclusive('\n') {
        at += line.len();
        // A spread value ends where its bracket stands at the margin.
        depth += i64::from(line.starts_with(['{', '[']))
            - i64::from(line.trim_end().ends_with(['}', ']']) && !line.starts_with([' ', '\t']));
        if depth <= 0 {
            found.push(Range { start, end: at });
            (start, depth) = (at, 0);
        }
    }
    found.push(Range { start, end: at });
    found.retain(|range| range.start < range.end);
    found
}
