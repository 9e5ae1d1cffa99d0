//! Words of the instructions in an answer: a system prompt that gets out.
//!
//! Two signs: a canary, a word that stands in the instructions and nowhere else; and a run of their words, as they
//! are, turned round, by the letters' 13th neighbours, in base 64 or hexadecimal. What the instructions put in quotation marks
//! is meant to be said, and does not count.

mod words;

use std::sync::Arc;

use self::words::{Shingles, rot13, turned};
use crate::encoded;

/// How many words of an answer are looked at together.
const WINDOW: usize = 16;

/// How many runs of [`words::RUN`] words within them must be of the instructions. Eleven words said as they stand are
/// enough; one that is changed takes four runs away.
const ENOUGH: usize = 8;

/// Letters of an answer's end that are kept to look for the canary, however it is spaced.
const KEPT: usize = 64;

/// Longest word that is gathered to be decoded.
const LONGEST: usize = 4096;

/// How many more bytes an open word must have before it is decoded again.
const STEP: usize = 64;

/// How it got out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leak {
    /// The canary stands in the answer.
    Canary,
    /// A run of words does.
    Words,
}

/// What must not get out.
#[derive(Debug)]
pub struct Instructions {
    shingles: [Shingles; 3],
    canaries: [String; 3],
}

impl Instructions {
    /// The words of instructions, and a canary in them; empty for none. `None` where there is too little to tell by.
    pub fn new(text: &str, canary: &str) -> Option<Self> {
        let plain = words::of_prose(text);
        let turn = |change: fn(&str) -> String| {
            plain.iter().map(|run| run.iter().map(|word| change(word)).collect()).collect()
        };
        let hidden: Vec<Vec<String>> = turn(rot13);
        let mut backwards: Vec<Vec<String>> = turn(turned);
        backwards.iter_mut().for_each(|run| run.reverse());
        let shingles = [Shingles::of(&plain), Shingles::of(&hidden), Shingles::of(&backwards)];
        let told = !canary.is_empty() || shingles[0].len() >= ENOUGH;
        let canaries = [canary.to_owned(), rot13(canary), turned(canary)];
        told.then_some(Self { shingles, canaries })
    }
}

/// Looks at an answer, piece by piece.
#[derive(Debug)]
pub struct Watch {
    of: Arc<Instructions>,
    /// The word that has not ended yet, as it came.
    open: String,
    /// Up to where the open word was decoded.
    tried: usize,
    letters: String,
    /// The last words, and for each way of hiding which runs that end in them are of the instructions.
    last: Vec<String>,
    hits: [Vec<bool>; 3],
    found: Option<Leak>,
}

impl Watch {
    /// A watch over one answer.
    pub fn new(of: Arc<Instructions>) -> Self {
        let hits = [Vec::new(), Vec::new(), Vec::new()];
        Self { of, open: String::new(), tried: 0, letters: String::new(), last: Vec::new(), hits, found: None }
    }

    /// Takes a piece, wherever it ends. Tells of a leak once it is seen, and from then on.
    pub fn push(&mut self, piece: &str) -> Option<Leak> {
        for char in piece.chars() {
            if char.is_whitespace() {
                self.word_ends();
            } else if self.open.len() < LONGEST {
                self.open.push(char);
            }
            self.letter(char);
        }
        if self.open.len() >= self.tried + STEP {
            self.tried = self.open.len();
            self.hidden();
        }
        self.found
    }

    /// The end of the answer.
    pub fn finish(&mut self) -> Option<Leak> {
        self.word_ends();
        self.found
    }

    fn letter(&mut self, char: char) {
        if !char.is_ascii_alphanumeric() || self.of.canaries[0].is_empty() {
            return;
        }
        self.letters.push(char.to_ascii_lowercase());
        if self.letters.len() > KEPT {
            self.letters.remove(0);
        }
        if self.of.canaries.iter().any(|canary| self.letters.ends_with(canary.as_str())) {
            self.found.get_or_insert(Leak::Canary);
        }
    }

    fn word_ends(&mut self) {
        if self.open.len() >= encoded::SHORTEST {
            self.hidden();
        }
        let open = std::mem::take(&mut self.open);
        self.tried = 0;
        for word in words::of(&open) {
            self.said(word);
        }
    }

    /// One more word of the answer.
    fn said(&mut self, word: String) {
        self.last.push(word);
        let from = self.last.len().saturating_sub(WINDOW + words::RUN);
        self.last.drain(..from);
        for (hits, shingles) in self.hits.iter_mut().zip(&self.of.shingles) {
            hits.push(shingles.ends(&self.last));
            let from = hits.len().saturating_sub(WINDOW);
            hits.drain(..from);
            if hits.iter().filter(|hit| **hit).count() >= ENOUGH {
                self.found.get_or_insert(Leak::Words);
            }
        }
    }

    /// The open word, where it is text in another form.
    fn hidden(&mut self) {
        let Some(text) = encoded::decode_begun(&self.open) else { return };
        // What is decoded is not decoded again.
        let mut inner = Self::new(Arc::clone(&self.of));
        text.chars().for_each(|char| inner.letter(char));
        words::of(&text).for_each(|word| inner.said(word));
        self.found = self.found.or(inner.found);
    }
}

#[cfg(test)]
mod tests;
