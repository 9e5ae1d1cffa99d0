//! Cuts words into the pieces that the token table has rows for.
//!
//! The table's tokenizer is a byte-pair encoding whose merges all follow from one rule: of two
//! neighbours, join those whose joined text is the known piece with the lowest id. So the list of
//! pieces is all that has to be stored; building the map takes a few milliseconds, where the
//! tokenizer's own JSON with its 61,249 merges takes far longer to read.

use std::collections::HashMap;

const PIECES: &str = include_str!("tokens.txt");

/// The first id that stands for text; 3 to 258 are the bytes.
const FIRST_PIECE: u32 = 259;
const FIRST_BYTE: u32 = 3;

/// Marks the start of a word.
const WORD_START: char = '\u{2581}';

/// No word is longer: what is, is no word, and the cost of merging grows with the square.
const WORD_CHARS: usize = 40;

/// The known pieces.
pub(super) struct Pieces {
    ids: HashMap<&'static str, u32>,
}

impl Pieces {
    /// Reads the list in the binary.
    pub(super) fn load() -> Self {
        Self { ids: PIECES.lines().zip(FIRST_PIECE..).collect() }
    }

    /// The ids of a word's pieces, added to `into`.
    pub(super) fn ids(&self, word: &str, into: &mut Vec<u32>) {
        let marked = format!("{WORD_START}{word}");
        let mut ends: Vec<usize> = marked.char_indices().map(|(at, c)| at + c.len_utf8()).collect();
        while let Some(at) = self.best_join(&marked, &ends) {
            ends.remove(at);
        }
        let mut start = 0;
        for end in ends {
            let piece = &marked[start..end];
            match self.ids.get(piece) {
                Some(id) => into.push(*id),
                None => into.extend(piece.bytes().map(|byte| FIRST_BYTE + u32::from(byte))),
            }
            start = end;
        }
    }

    /// The border whose removal makes the piece of the lowest id.
    fn best_join(&self, word: &str, ends: &[usize]) -> Option<usize> {
        (0..ends.len().saturating_sub(1))
            .filter_map(|at| {
                let start = if at == 0 { 0 } else { ends[at - 1] };
                self.ids.get(&word[start..ends[at + 1]]).map(|id| (*id, at))
            })
            .min()
            .map(|(_, at)| at)
    }
}

/// The words of a text: runs of letters and digits, `camelCase` taken apart. Signs are left out:
/// they carry nothing and cost retrieval quality on code.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|run| !run.is_empty()).flat_map(parts)
}

fn parts(run: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut chars, mut before_lower) = (0, 0, false);
    for (at, c) in run.char_indices() {
        if at > start && ((before_lower && c.is_uppercase()) || chars == WORD_CHARS) {
            parts.push(&run[start..at]);
            (start, chars) = (at, 0);
        }
        before_lower = c.is_lowercase();
        chars += 1;
    }
    parts.push(&run[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(word: &str) -> Vec<u32> {
        let mut ids = Vec::new();
        Pieces::load().ids(word, &mut ids);
        ids
    }

    #[test]
    fn common_words_are_one_piece_and_rare_ones_several() {
        assert_eq!(ids("the"), [278]);
        assert_eq!(ids("Hello"), [15043]);
        assert_eq!(ids("tokenizer").len(), 2);
    }

    #[test]
    fn signs_without_a_piece_become_their_bytes() {
        assert!(ids("\u{1f600}").ends_with(&[3 + 0xf0, 3 + 0x9f, 3 + 0x98, 3 + 0x80]));
    }

    #[test]
    fn words_are_taken_apart_at_signs_and_humps() {
        let all = |text| words(text).collect::<Vec<_>>();
        assert_eq!(all("fn runTarget(&self_x)"), ["fn", "run", "Target", "self", "x"]);
        assert_eq!(all("  "), Vec::<&str>::new());
        assert!(all(&"a".repeat(1000)).iter().all(|word| word.len() <= WORD_CHARS));
    }
}
