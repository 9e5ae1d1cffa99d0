//! Words, and runs of them.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

/// Words of a run.
pub(super) const RUN: usize = 4;

/// The runs of words that a text has.
#[derive(Debug, Default)]
pub(super) struct Shingles(HashSet<u64>);

impl Shingles {
    pub(super) fn of(texts: &[Vec<String>]) -> Self {
        Self(texts.iter().flat_map(|words| words.windows(RUN).map(hash)).collect())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the last words are one of its runs.
    pub(super) fn ends(&self, words: &[String]) -> bool {
        words.len() >= RUN && self.0.contains(&hash(&words[words.len() - RUN..]))
    }
}

fn hash(run: &[String]) -> u64 {
    let mut hasher = DefaultHasher::new();
    run.hash(&mut hasher);
    hasher.finish()
}

/// The words of something without white space, in lower case: runs of letters and digits.
pub(super) fn of(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// The words of instructions, cut where something in quotation marks, or filled in, stands between.
pub(super) fn of_prose(text: &str) -> Vec<Vec<String>> {
    const QUOTES: [(&str, &str); 6] = [("\"", "\""), ("“", "”"), ("«", "»"), ("`", "`"), ("{{", "}}"), ("{%", "%}")];
    let (mut parts, mut part, mut at) = (Vec::new(), 0, 0);
    // Of a sign that nothing closes, nothing after it is closed either.
    let mut unclosed = [false; QUOTES.len()];
    while let Some(char) = text[at..].chars().next() {
        let opens = (0..QUOTES.len()).find(|one| !unclosed[*one] && text[at..].starts_with(QUOTES[*one].0));
        let Some(one) = opens else {
            at += char.len_utf8();
            continue;
        };
        let (opening, closing) = QUOTES[one];
        let inside = at + opening.len();
        match text[inside..].find(closing) {
            Some(end) => {
                parts.push(&text[part..at]);
                at = inside + end + closing.len();
                part = at;
            }
            None => unclosed[one] = true,
        }
    }
    parts.push(&text[part..]);
    parts.iter().map(|part| of(part).collect()).collect()
}

/// Each letter's 13th neighbour.
pub(super) fn rot13(word: &str) -> String {
    let turn = |char: char| match char {
        'a'..='m' | 'A'..='M' => char::from_u32(u32::from(char) + 13).unwrap_or(char),
        'n'..='z' | 'N'..='Z' => char::from_u32(u32::from(char) - 13).unwrap_or(char),
        _ => char,
    };
    word.chars().map(turn).collect()
}

/// A word from its end.
pub(super) fn turned(word: &str) -> String {
    word.chars().rev().collect()
}
