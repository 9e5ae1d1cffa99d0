//! The common way to find an identifier: its form, its check, and the words around it.
//!
//! A text is cut once into runs of ASCII letters and digits. Runs that one separator joins are looked
//! up by their lengths in a table of all forms, so that the cost does not grow with the number of kinds.

use std::collections::HashMap;

use super::scan::{Run, Scan};

/// A kind of personal data.
pub(super) struct Kind {
    /// Its name: `EMAIL`, `UK_NHS`.
    pub(super) name: &'static str,
    /// Words that announce it, in lower case, in several languages.
    pub(super) words: &'static [&'static str],
    /// How it is written; empty where a module of its own looks for it.
    pub(super) rows: &'static [Row],
}

/// One way of writing an identifier.
pub(super) struct Row {
    /// `9` a digit, `A` a letter, `*` either, `_` a space or a hyphen (the same throughout), others themselves.
    forms: &'static [&'static str],
    check: fn(&[u8]) -> bool,
    /// The score without a word that announces it, and with one.
    alone: f32,
    near: f32,
}

/// A kind, as a line of a table.
pub(super) const fn kind(name: &'static str, words: &'static [&'static str], rows: &'static [Row]) -> Kind {
    Kind { name, words, rows }
}

/// A way of writing, as a line of a table: forms, check, score alone, score near an announcing word.
pub(super) const fn row(forms: &'static [&'static str], check: fn(&[u8]) -> bool, alone: f32, near: f32) -> Row {
    Row { forms, check, alone, near }
}

/// Most runs that make one identifier, and most characters of it.
const MOST_RUNS: usize = 8;
const LONGEST: usize = 40;

/// The rows in use, by the lengths of their runs.
#[derive(Default)]
pub(super) struct Forms {
    by_lengths: HashMap<u64, Vec<(&'static str, &'static Row, &'static str)>>,
}

impl Forms {
    pub(super) fn add(&mut self, kind: &'static Kind) {
        for row in kind.rows {
            for form in row.forms {
                let runs = form.split(|c: char| !c.is_ascii_alphanumeric() && c != '*');
                let lengths = runs.fold(0, |key, run| add_length(key, run.len()));
                self.by_lengths.entry(lengths).or_default().push((kind.name, row, form));
            }
        }
    }

    /// Looks for identifiers that begin at run `at`.
    pub(super) fn find(&self, scan: &mut Scan<'_>, at: usize) {
        let start = scan.runs[at].start;
        if scan.is_joined_before(start) {
            return;
        }
        let mut key = 0;
        for last in at..scan.runs.len().min(at + MOST_RUNS) {
            let run = scan.runs[last];
            if last > at && !is_joint(&scan.text.as_bytes()[scan.runs[last - 1].end..run.start])
                || run.end - start > LONGEST
            {
                return;
            }
            key = add_length(key, run.len());
            if let Some(rows) = self.by_lengths.get(&key)
                && !scan.is_joined_after(run.end)
            {
                try_rows(rows, scan, at, last);
            }
        }
    }
}

/// A run of that length behind those of `key`.
fn add_length(key: u64, length: usize) -> u64 {
    key << 6 | length.min(63) as u64
}

/// What may stand between two runs of one identifier.
fn is_joint(between: &[u8]) -> bool {
    matches!(between, [b' ' | b'-' | b'.' | b'/'])
}

fn try_rows(rows: &[(&'static str, &'static Row, &'static str)], scan: &mut Scan<'_>, first: usize, last: usize) {
    let (start, end) = (scan.runs[first].start, scan.runs[last].end);
    let mut compact = [0; LONGEST];
    let mut length = 0;
    for &byte in scan.text.as_bytes()[start..end].iter().filter(|byte| byte.is_ascii_alphanumeric()) {
        compact[length] = byte.to_ascii_uppercase();
        length += 1;
    }
    // A piece of a longer number in groups is not a number.
    let piece = is_piece(scan, first, last);
    for (kind, row, form) in rows {
        if is_form(form.as_bytes(), &scan.text.as_bytes()[start..end]) && (row.check)(&compact[..length]) {
            let alone = if piece { row.alone * 0.4 } else { row.alone };
            scan.found(kind, start..end, alone, row.near);
        }
    }
}

fn is_form(form: &[u8], text: &[u8]) -> bool {
    let mut separator = None;
    form.len() == text.len()
        && form.iter().zip(text).all(|(&form, &byte)| match form {
            b'9' => byte.is_ascii_digit(),
            b'A' => byte.is_ascii_alphabetic(),
            b'*' => byte.is_ascii_alphanumeric(),
            b'_' => matches!(byte, b' ' | b'-') && *separator.get_or_insert(byte) == byte,
            _ => form.eq_ignore_ascii_case(&byte),
        })
}

/// Whether short groups of digits stand a single space before or after: `2686 2811` of `AT61 2686 2811 9971`.
fn is_piece(scan: &Scan<'_>, first: usize, last: usize) -> bool {
    let bytes = scan.text.as_bytes();
    let group = |run: Run| run.has_digit && run.len() <= 5;
    let glued = |left: Run, right: Run| group(left) && group(right) && &bytes[left.end..right.start] == b" ";
    first > 0 && glued(scan.runs[first - 1], scan.runs[first])
        || last + 1 < scan.runs.len() && glued(scan.runs[last], scan.runs[last + 1])
}
