//! Text to search terms: one analysis for documents, queries, and the checking of citations.
//!
//! A term is a run of letters and digits, lower-cased, its accents folded, stemmed as English,
//! without the commonest words. Identifiers give their parts beside the whole (`runTarget`,
//! `run_target`: `runtarget`, `run`, `target`). Scripts written without spaces give pairs of
//! neighbouring characters, as a pair is about a word there. English stemming does little harm to
//! other languages, as documents and queries are cut alike.

use std::{cell::RefCell, collections::HashMap};

use tantivy::tokenizer::{
    AsciiFoldingFilter, Language, LowerCaser, RawTokenizer, Stemmer, StopWordFilter, TextAnalyzer, Token, TokenStream,
    Tokenizer,
};

/// A term and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The analysed text.
    pub text: String,
    /// First byte of the word that it is from.
    pub start: usize,
    /// The byte after that word's last.
    pub end: usize,
}

/// Terms longer than this many bytes are no words: encoded data, mostly.
const LONGEST: usize = 80;

/// Terms of a query that are looked for: the first ones of a longer one, so that none is too dear to answer.
pub const QUERY_TERMS: usize = 256;
/// Words whose terms are remembered: a few megabytes at most.
const REMEMBERED: usize = 50_000;

/// The analysis as the index takes it.
pub(crate) fn analyzer() -> TextAnalyzer {
    TextAnalyzer::from(Words::new())
}

thread_local! {
    static ANALYZER: RefCell<TextAnalyzer> = RefCell::new(analyzer());
}

/// The terms of a text, in order.
pub fn terms(text: &str) -> Vec<Term> {
    ANALYZER.with_borrow_mut(|analyzer| {
        let mut stream = analyzer.token_stream(text);
        let mut terms = Vec::new();
        while stream.advance() {
            let Token { text, offset_from, offset_to, .. } = stream.token();
            terms.push(Term { text: text.clone(), start: *offset_from, end: *offset_to });
        }
        terms
    })
}

/// Cuts text into words and folds each. Stemming costs more than everything else, and words come again: it
/// remembers what each became.
#[derive(Clone)]
struct Words {
    folding: TextAnalyzer,
    /// None for words that are left out.
    known: HashMap<Box<str>, Option<Box<str>>>,
}

impl Words {
    fn new() -> Self {
        let folded = TextAnalyzer::builder(RawTokenizer::default()).filter(LowerCaser).filter(AsciiFoldingFilter);
        // The list of English exists: `new` gives none only for languages without a list.
        let stop = StopWordFilter::new(Language::English).unwrap_or_else(|| StopWordFilter::remove([]));
        // Each stemmer touches its own script only, so that they do not get in each other's way.
        let stemmed = folded.filter(stop).filter(Stemmer::new(Language::English));
        let stemmed = stemmed.filter(Stemmer::new(Language::Arabic)).filter(Stemmer::new(Language::Russian));
        Self { folding: stemmed.filter(Stemmer::new(Language::Greek)).build(), known: HashMap::new() }
    }

    fn folded(&mut self, word: &str) -> Option<Box<str>> {
        if let Some(known) = self.known.get(word) {
            return known.clone();
        }
        let mut stream = self.folding.token_stream(word);
        let term: Option<Box<str>> = stream.advance().then(|| stream.token().text.as_str().into());
        let term = term.filter(|term| !term.is_empty());
        drop(stream);
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        self.known.insert(word.into(), term.clone());
        term
    }
}

impl Tokenizer for Words {
    type TokenStream<'a> = Stream;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Stream {
        let mut found = Found { words: self, tokens: Vec::new() };
        found.fill(text);
        Stream { tokens: found.tokens, at: 0 }
    }
}

/// The words found; `at` is one past the present one.
struct Stream {
    tokens: Vec<Token>,
    at: usize,
}

impl TokenStream for Stream {
    fn advance(&mut self) -> bool {
        self.at += 1;
        self.at <= self.tokens.len()
    }

    fn token(&self) -> &Token {
        &self.tokens[self.at - 1]
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.tokens[self.at - 1]
    }
}

/// Collects the words of a text.
struct Found<'a> {
    words: &'a mut Words,
    tokens: Vec<Token>,
}

impl Found<'_> {
    fn fill(&mut self, text: &str) {
        let mut chars = text.char_indices().peekable();
        while let Some((start, first)) = chars.next() {
            if !joins(first) {
                continue;
            }
            let dense = is_dense(first);
            let mut end = start + first.len_utf8();
            while let Some((at, c)) = chars.next_if(|(_, c)| joins(*c) && is_dense(*c) == dense) {
                end = at + c.len_utf8();
            }
            if dense {
                self.pairs(text, start, end);
            } else if !is_clitic(text, start, end) {
                self.word(text, start, end);
            }
        }
    }

    /// A word of a script with spaces, with its parts if it is an identifier.
    fn word(&mut self, text: &str, start: usize, end: usize) {
        let run = &text[start..end];
        let parts = parts(run);
        let whole: String = run.chars().filter(|c| *c != '_').collect();
        self.push(&whole, start, end);
        if parts.len() > 1 {
            for (from, to) in parts {
                self.push(&run[from..to], start + from, start + to);
            }
        }
    }

    /// Pairs of neighbours; a character alone stands for itself.
    fn pairs(&mut self, text: &str, start: usize, end: usize) {
        let mut at = start;
        let mut lengths = text[start..end].chars().map(char::len_utf8).peekable();
        let mut alone = true;
        while let Some(length) = lengths.next() {
            if let Some(next) = lengths.peek() {
                self.push(&text[at..at + length + next], at, at + length + next);
                alone = false;
            } else if alone {
                self.push(&text[at..at + length], at, at + length);
            }
            at += length;
        }
    }

    fn push(&mut self, word: &str, offset_from: usize, offset_to: usize) {
        if word.is_empty() || word.len() > LONGEST {
            return;
        }
        let Some(term) = self.words.folded(word) else { return };
        let position = self.tokens.len();
        self.tokens.push(Token { offset_from, offset_to, position, text: term.into(), position_length: 1 });
    }
}

fn joins(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Characters of scripts that put no spaces between words.
fn is_dense(c: char) -> bool {
    matches!(c,
        '\u{0e00}'..='\u{0eff}'            // Thai, Lao
        | '\u{1000}'..='\u{109f}'          // Burmese
        | '\u{1780}'..='\u{17ff}'          // Khmer
        | '\u{3040}'..='\u{30ff}'          // kana
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{ac00}'..='\u{d7af}'          // Hangul: spaced by phrases, not by words
        | '\u{20000}'..='\u{3ffff}')
}

/// The `s` of `today's`, the `t` of `don't`: no words.
fn is_clitic(text: &str, start: usize, end: usize) -> bool {
    end - start == 1 && text[..start].ends_with(['\'', '\u{2019}'])
}

/// Where the parts of an identifier stand, as byte ranges: `HTTPServer_v2` is `HTTP`, `Server`, `v2`.
fn parts(run: &str) -> Vec<(usize, usize)> {
    let chars: Vec<(usize, char)> = run.char_indices().collect();
    let mut parts = Vec::new();
    let mut start = 0;
    for (index, (at, c)) in chars.iter().enumerate() {
        let before = index.checked_sub(1).map(|i| chars[i].1);
        let hump = c.is_uppercase()
            && (before.is_some_and(char::is_lowercase)
                || before.is_some_and(char::is_uppercase)
                    && chars.get(index + 1).is_some_and(|(_, c)| c.is_lowercase()));
        if *c == '_' || hump {
            if start < *at {
                parts.push((start, *at));
            }
            start = if *c == '_' { at + 1 } else { *at };
        }
    }
    if start < run.len() {
        parts.push((start, run.len()));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        terms(text).into_iter().map(|term| term.text).collect()
    }

    #[test]
    fn analysis_by_example() {
        let cases: &[(&str, &[&str])] = &[
            ("The cats are running", &["cat", "run"]),
            ("Today's café, don't!", &["today", "cafe", "don"]),
            ("DiffExecutor run_target", &["diffexecutor", "diff", "executor", "runtarget", "run", "target"]),
            ("HTTPServer_v2", &["httpserverv2", "http", "server", "v2"]),
            ("__init__", &["init"]),
            ("黑豹队 308分", &["黑豹", "豹队", "308", "分"]),
            ("", &[]),
            ("_ __ -", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(texts(text), *expected, "{text}");
        }
    }

    #[test]
    fn terms_know_where_their_words_stand() {
        let text = "Über runTarget";
        let places: Vec<&str> = terms(text).iter().map(|term| &text[term.start..term.end]).collect();
        assert_eq!(places, ["Über", "runTarget", "run", "Target"]);
    }

    #[test]
    fn encoded_data_is_no_word() {
        assert_eq!(texts(&"a1".repeat(200)), Vec::<String>::new());
    }
}
