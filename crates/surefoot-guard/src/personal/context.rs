//! The words around a number that say what it is.

use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};

use super::{forms::Kind, scan::Nearness};

/// How far before and after a candidate a word still speaks of it, in bytes.
const BEFORE: usize = 64;
const AFTER: usize = 28;
/// How far before it a word says that it is something else.
const RIGHT_BEFORE: usize = 20;

/// Words that say that a number is nobody's: orders, versions, hashes.
const OTHERWISE: [&str; 44] = [
    "order",
    "invoice",
    "tracking",
    "isbn",
    "issn",
    "doi",
    "sku",
    "part number",
    "part no",
    "serial",
    "version",
    "release",
    "build",
    "upgrade",
    "commit",
    "checkout",
    "hash",
    "sha256",
    "md5",
    "epoch",
    "timestamp",
    "offset",
    "error code",
    "port",
    "ticket",
    "request_id",
    "pid",
    "line",
    "page",
    "total",
    "amount",
    "price",
    "bestellung",
    "rechnung",
    "commande",
    "facture",
    "pedido",
    "factura",
    "ordine",
    "fattura",
    "bestelling",
    "zamówienie",
    "faktura",
    "pixel",
];

/// A word found in a text.
#[derive(Debug, Clone)]
pub(super) struct Hit {
    range: Range<usize>,
    /// Which of the words.
    word: usize,
}

/// All words that announce kinds.
pub(super) struct Context {
    words: AhoCorasick,
    /// What each word announces; nothing for those that say otherwise.
    kinds: Vec<Vec<&'static str>>,
}

impl Context {
    /// # Panics
    /// Never: the words are constant, and tested.
    pub(super) fn new<'k>(kinds: impl Iterator<Item = &'k Kind>) -> Self {
        let mut words: Vec<(&str, Vec<&'static str>)> = OTHERWISE.iter().map(|word| (*word, Vec::new())).collect();
        for kind in kinds {
            for word in kind.words {
                match words.iter_mut().find(|(known, _)| known == word) {
                    Some((_, kinds)) => kinds.push(kind.name),
                    None => words.push((word, vec![kind.name])),
                }
            }
        }
        let (patterns, kinds): (Vec<&str>, Vec<_>) = words.into_iter().unzip();
        let words = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .build(patterns)
            .expect("the words are constant and tested");
        Self { words, kinds }
    }

    /// The announcing words of a text, in order.
    pub(super) fn hits(&self, text: &str) -> Vec<Hit> {
        let found = self.words.find_iter(text).filter(|found| is_word(text, &found.range()));
        found.map(|found| Hit { range: found.range(), word: found.pattern().as_usize() }).collect()
    }

    /// How the nearest words speak of a candidate of `kind`.
    pub(super) fn around(&self, hits: &[Hit], kind: &str, range: &Range<usize>, text: &str) -> Nearness {
        let first_after = hits.partition_point(|hit| hit.range.start < range.start);
        let before = hits[..first_after].iter().rev();
        let mut closeness = 1.0;
        let mut otherwise = false;
        for hit in before.take_while(|hit| hit.range.end + BEFORE > range.start) {
            let kinds = &self.kinds[hit.word];
            if kinds.contains(&kind) {
                return Nearness::Announced(closeness);
            }
            if kinds.is_empty() && closeness == 1.0 && hit.range.end + RIGHT_BEFORE > range.start {
                otherwise = !text.as_bytes()[hit.range.end.min(range.start)..range.start].contains(&b'\n');
                if otherwise {
                    break;
                }
            }
            closeness -= 0.1;
        }
        let after = hits[first_after..].iter().skip_while(|hit| hit.range.start < range.end);
        for hit in after.take_while(|hit| hit.range.start < range.end + AFTER) {
            // A word of another sentence, or right before another number, speaks of that one.
            let between = &text[range.end..hit.range.start];
            if between.contains(". ") || between.bytes().any(|byte| byte.is_ascii_digit()) {
                break;
            }
            if self.kinds[hit.word].contains(&kind) {
                return Nearness::Announced(0.85);
            }
            if self.kinds[hit.word].is_empty() {
                otherwise = true;
            }
        }
        if otherwise { Nearness::Otherwise } else { Nearness::Silent }
    }
}

/// Whether a hit stands by itself: `ssn` in `userSsn` and `user_ssn`, not in `lessness`. Words of scripts
/// without spaces always do.
fn is_word(text: &str, range: &Range<usize>) -> bool {
    let bytes = text.as_bytes();
    if !bytes[range.start].is_ascii() {
        return true;
    }
    let letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
    let hump = bytes[range.start].is_ascii_uppercase()
        && range.start.checked_sub(1).is_some_and(|before| bytes[before].is_ascii_lowercase());
    let begins = hump || !letter(range.start.checked_sub(1).and_then(|before| bytes.get(before)));
    let after = bytes.get(range.end);
    let plural = after == Some(&b's') && !letter(bytes.get(range.end + 1));
    let ends = plural
        || !bytes[range.end - 1].is_ascii()
        || !letter(after)
        || bytes[range.end - 1].is_ascii_lowercase() && after.is_some_and(u8::is_ascii_uppercase);
    begins && ends
}
