//! What has to stand in a source for a sentence to be carried by it: content words, numbers, names, negation.

use std::collections::BTreeSet;

use crate::words::terms;

/// Words that carry nothing of a claim, beyond those that the index leaves out. Stemmed.
const EMPTY: &[&str] = &[
    "also", "am", "been", "both", "can", "could", "did", "do", "doe", "done", "each", "from", "get", "got", "had",
    "has", "have", "he", "her", "here", "him", "his", "how", "howev", "i", "its", "just", "may", "me", "might", "more",
    "most", "much", "must", "my", "one", "onli", "our", "own", "s", "say", "she", "should", "so", "some", "than",
    "them", "those", "too", "t", "us", "veri", "we", "were", "what", "when", "where", "which", "while", "who", "whom",
    "whose", "whi", "would", "you", "your", "accord", "document", "passag", "state", "mention", "thus", "therefor",
    "about", "ani", "all", "per", "via",
];

const NUMBER_WORDS: &[&str] = &[
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
];

const NEGATIONS: &[&str] = &["not", "no", "never", "none", "neither", "nor", "cannot", "without"];

/// What a text says, in parts that can be compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Claim {
    /// Stemmed content words.
    pub(super) words: BTreeSet<String>,
    /// Numbers in one form: `1500` for `1,500`, `14` for `fourteen`.
    pub(super) numbers: BTreeSet<String>,
    /// Stems of words that begin with a capital inside a sentence.
    pub(super) names: BTreeSet<String>,
    /// Whether it denies something.
    pub(super) negated: bool,
}

impl Claim {
    pub(super) fn of(text: &str) -> Self {
        let numbers = numbers(text);
        let words =
            terms(text).into_iter().map(|term| term.text).filter(|term| !EMPTY.contains(&term.as_str())).collect();
        let lower = text.to_lowercase();
        let negated = lower
            .split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '\u{2019}')
            .any(|word| NEGATIONS.contains(&word) || word.ends_with("n't") || word.ends_with("n\u{2019}t"));
        Self { words, numbers, names: names(text), negated }
    }

    /// Share of the content words that stand in a source, 0 to 1.
    pub(super) fn covered(&self, source: &Self) -> f32 {
        if self.words.is_empty() {
            return 0.0;
        }
        let found = self.words.iter().filter(|word| source.words.contains(*word) || source.numbers.contains(*word));
        found.count() as f32 / self.words.len() as f32
    }
}

/// The stems of words with a capital that no sentence begins with.
fn names(text: &str) -> BTreeSet<String> {
    let found = terms(text).into_iter().filter(|term| {
        let word = &text[term.start..term.end];
        let before = text[..term.start].trim_end();
        let begins =
            before.is_empty() || before.ends_with(['.', '!', '?', ':', '"', '\u{201c}', '*', '#', '-', '>', '|']);
        word.starts_with(char::is_uppercase) && !begins && !EMPTY.contains(&term.text.as_str())
    });
    found.map(|term| term.text).collect()
}

/// Every number, in one form. Digits joined by `.` or `,` are one number, unless they only end a sentence.
fn numbers(text: &str) -> BTreeSet<String> {
    let mut numbers = BTreeSet::new();
    let digit_or_joint = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',');
    for run in text.split(|c: char| !digit_or_joint(c)) {
        let run = run.trim_matches(['.', ',']);
        if !run.is_empty() {
            numbers.insert(plain_number(run));
        }
    }
    for word in text.to_lowercase().split(|c: char| !c.is_alphabetic()) {
        // "one" is a pronoun as often as a number.
        let number = NUMBER_WORDS.iter().position(|number| *number == word).filter(|number| *number != 1);
        numbers.extend(number.map(|number| number.to_string()));
    }
    numbers
}

/// `1,500` is `1500`, `3.50` is `3.5`, `007` is `7`.
fn plain_number(run: &str) -> String {
    let groups =
        run.split(',').skip(1).all(|group| group.len() == 3 || group.split('.').next().is_some_and(|g| g.len() == 3));
    let joined = if groups { run.replace(',', "") } else { run.replace(',', ".") };
    let trimmed = joined.trim_start_matches('0');
    let trimmed = match trimmed.split_once('.') {
        Some((whole, part)) if !part.contains('.') => format!("{whole}.{}", part.trim_end_matches('0')),
        _ => trimmed.to_owned(),
    };
    let trimmed = trimmed.trim_end_matches('.');
    if trimmed.is_empty() || trimmed.starts_with('.') { format!("0{trimmed}") } else { trimmed.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(set: &BTreeSet<String>) -> Vec<&str> {
        set.iter().map(String::as_str).collect()
    }

    #[test]
    fn numbers_take_one_form() {
        let cases: &[(&str, &[&str])] = &[
            ("It fell from 1,500 to 87.50 in 2024.", &["1500", "2024", "87.5"]),
            ("within fourteen days, one of two", &["14", "2"]),
            ("v1.2.3, 0.5 and 007, 1,5", &["0.5", "1.2.3", "1.5", "7"]),
            ("0", &["0"]),
            ("no number...", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(list(&numbers(text)), *expected, "{text}");
        }
    }

    #[test]
    fn names_are_capitals_inside_sentences() {
        assert_eq!(list(&names("The city of Paris. Then Marie Curie came.")), ["curi", "mari", "pari"]);
    }

    #[test]
    fn negation_is_seen() {
        for (text, negated) in
            [("It does not work", true), ("It can\u{2019}t", true), ("It works", false), ("Notes", false)]
        {
            assert_eq!(Claim::of(text).negated, negated, "{text}");
        }
    }
}
