//! One text while it is searched: its runs of letters and digits, the announcing words in it, what was found.

use std::{cell::OnceCell, ops::Range};

use super::context::{Context, Hit};

/// A run of ASCII letters and digits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) has_digit: bool,
    pub(super) has_letter: bool,
}

impl Run {
    pub(super) fn len(self) -> usize {
        self.end - self.start
    }

    /// Digits alone.
    pub(super) fn is_number(self) -> bool {
        self.has_digit && !self.has_letter
    }
}

/// Something that may be personal data, before what overlaps is settled.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) kind: &'static str,
    pub(super) range: Range<usize>,
    pub(super) score: f32,
}

/// One text while it is searched.
pub(super) struct Scan<'a> {
    pub(super) text: &'a str,
    pub(super) runs: Vec<Run>,
    context: &'a Context,
    hits: OnceCell<Vec<Hit>>,
    pub(super) candidates: Vec<Candidate>,
    /// The text's length without the spaces around it.
    trimmed: usize,
}

/// What a number that is all of a text scores at least: a form field or a tool's argument.
const WHOLE: f32 = 0.55;

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a str, context: &'a Context) -> Self {
        Self {
            text,
            runs: runs(text),
            context,
            hits: OnceCell::new(),
            candidates: Vec::new(),
            trimmed: text.trim().len(),
        }
    }

    /// Weighs a candidate by the words around it and keeps it. `alone` and `near` are its scores without
    /// and with a word that announces it.
    pub(super) fn found(&mut self, kind: &'static str, range: Range<usize>, alone: f32, near: f32) {
        let hits = self.hits.get_or_init(|| self.context.hits(self.text));
        let mut score = match self.context.around(hits, kind, &range, self.text) {
            Nearness::Announced(closeness) => alone.max(near * closeness),
            Nearness::Otherwise => alone * 0.4,
            Nearness::Silent => alone,
        };
        if alone > 0.0 && score < WHOLE && range.len() == self.trimmed {
            score = WHOLE;
        }
        self.keep(kind, range, score);
    }

    /// Keeps a candidate as it is.
    pub(super) fn keep(&mut self, kind: &'static str, range: Range<usize>, score: f32) {
        self.candidates.push(Candidate { kind, range, score });
    }

    /// Whether one of the next two runs has a digit, with one sign between each.
    pub(super) fn leads_to_digits(&self, at: usize) -> bool {
        let mut end = self.runs[at].end;
        for run in self.runs[at + 1..].iter().take(2) {
            if run.start != end + 1 || run.has_digit {
                return run.start == end + 1;
            }
            end = run.end;
        }
        false
    }

    /// Whether what begins at `start` goes on to the left: `a-1`, `x.1`, `é1`.
    pub(super) fn is_joined_before(&self, start: usize) -> bool {
        let mut before = self.text[..start].chars().rev();
        match before.next() {
            Some('-' | '.' | '/' | '_' | ':' | '+' | '@') => {
                before.next().is_some_and(|char| char.is_ascii_alphanumeric())
            }
            Some(char) => is_latin(char),
            None => false,
        }
    }

    /// Whether what ends at `end` goes on to the right: `1-a`, `1.5`, `1é`.
    pub(super) fn is_joined_after(&self, end: usize) -> bool {
        let mut after = self.text[end..].chars();
        match after.next() {
            Some('-' | '/' | '_' | '@') => after.next().is_some_and(|char| char.is_ascii_alphanumeric()),
            Some('.' | ',' | ':') => after.next().is_some_and(|char| char.is_ascii_digit()),
            Some(char) => is_latin(char),
            None => false,
        }
    }
}

/// How the words around a candidate speak of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Nearness {
    /// One announces its kind; 1 when right before it.
    Announced(f32),
    /// The nearest one says that it is something else: an order, a version.
    Otherwise,
    /// None speaks of it.
    Silent,
}

/// A letter beyond ASCII that is part of a Latin word. Others (Hangul, kana) may stand against a number.
fn is_latin(char: char) -> bool {
    ('\u{c0}'..'\u{250}').contains(&char)
}

fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::with_capacity(text.len() / 5);
    let mut open: Option<Run> = None;
    for (at, byte) in text.bytes().enumerate() {
        let (digit, letter) = (byte.is_ascii_digit(), byte.is_ascii_alphabetic());
        if digit || letter {
            let run = open.get_or_insert(Run { start: at, end: at, has_digit: false, has_letter: false });
            run.end = at + 1;
            run.has_digit |= digit;
            run.has_letter |= letter;
        } else {
            runs.extend(open.take());
        }
    }
    runs.extend(open);
    runs
}
