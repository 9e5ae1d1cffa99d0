//! What the user adds: patterns and lists of words, each under a name.

use aho_corasick::{AhoCorasick, MatchKind};
use regex::{Regex, RegexSet};

/// A name for what a pattern or a list finds, and the pattern or the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Own {
    /// A regular expression. Where it has a group, the group is what is found.
    Pattern(String),
    /// Words and phrases, found where they stand by themselves, in capitals or not.
    Words(Vec<String>),
}

/// The user's patterns and lists, ready to search.
#[derive(Debug, Default)]
pub(super) struct Finders {
    names: Vec<String>,
    /// Which of the patterns match at all, in one pass.
    any: Option<RegexSet>,
    patterns: Vec<(usize, Regex)>,
    words: Option<AhoCorasick>,
    /// The name of each word.
    word_names: Vec<usize>,
}

impl Finders {
    /// # Errors
    /// When a pattern is not a regular expression: which one, and where it is wrong.
    pub(super) fn new(own: &[(String, Own)]) -> Result<Self, String> {
        let wrong = |name: &str, error: &dyn std::fmt::Display| format!("the pattern '{name}' cannot be read: {error}");
        let mut finders = Self::default();
        let mut words: Vec<&str> = Vec::new();
        for (at, (name, own)) in own.iter().enumerate() {
            finders.names.push(name.clone());
            match own {
                Own::Pattern(pattern) => {
                    finders.patterns.push((at, Regex::new(pattern).map_err(|error| wrong(name, &error))?));
                }
                Own::Words(list) => {
                    let list = list.iter().map(|word| word.trim()).filter(|word| !word.is_empty());
                    words.extend(list);
                    finders.word_names.resize(words.len(), at);
                }
            }
        }
        let patterns = finders.patterns.iter().map(|(_, pattern)| pattern.as_str());
        let set = RegexSet::new(patterns).map_err(|error| wrong("(all together)", &error))?;
        finders.any = (!finders.patterns.is_empty()).then_some(set);
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .build(&words)
            .map_err(|error| wrong("(word lists)", &error))?;
        finders.words = (!words.is_empty()).then_some(automaton);
        Ok(finders)
    }

    /// Their names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// What they find: name and place.
    pub(super) fn find<'s>(&'s self, text: &str, mut found: impl FnMut(&'s str, std::ops::Range<usize>)) {
        for at in self.any.iter().flat_map(|set| set.matches(text)) {
            let (name, pattern) = &self.patterns[at];
            for captures in pattern.captures_iter(text) {
                if let Some(place) = captures.get(1).or_else(|| captures.get(0)).filter(|place| !place.is_empty()) {
                    found(&self.names[*name], place.range());
                }
            }
        }
        for word in self.words.iter().flat_map(|words| words.find_iter(text)) {
            let joined = |char: Option<char>| char.is_some_and(char::is_alphanumeric);
            let inside = joined(text[..word.start()].chars().next_back()) || joined(text[word.end()..].chars().next());
            if !inside {
                found(&self.names[self.word_names[word.pattern().as_usize()]], word.range());
            }
        }
    }
}
