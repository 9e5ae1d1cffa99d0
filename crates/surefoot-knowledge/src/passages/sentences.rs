//! Where sentences end.
//!
//! Unicode's rules (UAX #29) say where a sentence may end; they know neither abbreviations nor
//! hard-wrapped lines. So text is first cut where a line begins something new (a blank line, a list
//! item, a heading, a table row), the line breaks inside a piece count as spaces, and an end that
//! follows an abbreviation or an initial is no end.

use surefoot_types::Range;
use unicode_segmentation::UnicodeSegmentation;

/// What ends in a full stop without ending a sentence.
const ABBREVIATIONS: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "st", "sr", "jr", "vs", "etc", "e.g", "i.e", "cf", "no", "vol", "fig", "eq", "al",
    "inc", "ltd", "co", "corp", "gen", "col", "sgt", "capt", "lt", "sen", "rep", "gov", "rev", "hon", "approx", "dept",
    "est", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "u.s", "u.k", "bzw",
    "z.b", "d.h", "ca", "nr",
];

/// The sentences of a text, trimmed of white space, in order. Together they hold every byte that is not blank.
pub fn sentences(text: &str) -> Vec<Range> {
    let mut found = Vec::new();
    for piece in pieces(text) {
        piece_sentences(text, piece, &mut found);
    }
    found
}

/// Stretches of lines that run on: `Range`s over `text`.
fn pieces(text: &str) -> Vec<Range> {
    let mut pieces: Vec<Range> = Vec::new();
    let (mut at, mut open) = (0, false);
    for line in text.split_inclusive('\n') {
        let range = Range { start: at, end: at + line.len() };
        at = range.end;
        if line.trim().is_empty() {
            open = false;
            continue;
        }
        match pieces.last_mut() {
            Some(last) if open && !begins_anew(line) => last.end = range.end,
            _ => pieces.push(range),
        }
        open = !ends_alone(line);
    }
    pieces
}

/// A list item, heading, table row, quotation or fence.
fn begins_anew(line: &str) -> bool {
    let line = line.trim_start();
    if line.starts_with(['#', '|', '>', '\u{2022}']) || line.starts_with("```") || line.starts_with("~~~") {
        return true;
    }
    let mark = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = mark.len() < line.len() && mark.len() + 4 > line.len() && mark.starts_with(['.', ')']);
    let after = if numbered { &mark[1..] } else { line.strip_prefix(['-', '*', '+']).unwrap_or("x") };
    after.starts_with([' ', '\t'])
}

/// A line that nothing continues: a heading or a table row.
fn ends_alone(line: &str) -> bool {
    line.trim_start().starts_with(['#', '|'])
}

fn piece_sentences(text: &str, piece: Range, found: &mut Vec<Range>) {
    let Some(body) = piece.of(text) else { return };
    // Same length in bytes, so that places in it are places in the text.
    let flat: String = body.chars().map(|c| if matches!(c, '\n' | '\r') { ' ' } else { c }).collect();
    let mut start = 0;
    for (at, bound) in flat.split_sentence_bound_indices() {
        let border = at + bound.len();
        let end = border + marks_length(&flat[border..]);
        if border <= start || end == border && border < flat.len() && goes_on(&flat[start..border], &flat[border..]) {
            continue;
        }
        found.extend(trimmed(text, Range { start: piece.start + start, end: piece.start + end }));
        start = end;
    }
}

/// Whether a sentence goes on after a possible end.
fn goes_on(sentence: &str, rest: &str) -> bool {
    let Some(before) = sentence.trim_end().strip_suffix('.') else { return false };
    let word = before.rsplit(|c: char| c.is_whitespace() || matches!(c, '(' | '"' | '\u{201c}')).next().unwrap_or("");
    let mut letters = word.chars();
    let initial = matches!((letters.next(), letters.next()), (Some(c), None) if c.is_uppercase());
    initial || rest.starts_with(|c: char| c.is_lowercase()) || ABBREVIATIONS.contains(&word.to_lowercase().as_str())
}

/// Bytes of the marks (`[1]`, `[2][3]`, `[1, 2]`, also full-width) that stand here with the white space around
/// them: a mark behind the full stop belongs to the sentence before it.
fn marks_length(rest: &str) -> usize {
    let mut at = 0;
    loop {
        let here = rest[at..].trim_start();
        let Some(inside) = here.strip_prefix(['[', '\u{3010}', '\u{ff3b}']) else { return at };
        let Some(close) = inside.find([']', '\u{3011}', '\u{ff3d}']) else { return at };
        let numbers = &inside[..close];
        let is_mark = |c: char| c.is_numeric() || matches!(c, ',' | ' ' | '\u{ff0c}' | '\u{3001}');
        if numbers.is_empty() || !numbers.chars().all(is_mark) {
            return at;
        }
        let after = inside[close..].chars().next().map_or(0, char::len_utf8) + close;
        at = rest.len() - inside[after..].trim_start().len();
    }
}

/// The range without white space at its ends; none if nothing is left.
pub(crate) fn trimmed(text: &str, range: Range) -> Option<Range> {
    let body = range.of(text)?;
    let start = range.start + (body.len() - body.trim_start().len());
    let end = range.start + body.trim_end().len();
    (start < end).then_some(Range { start, end })
}
