//! Finds words in a text whatever its line breaks and quotation marks are.

use surefoot_types::Range;

/// A text with every run of white space as one space and quotation marks made plain, which remembers where each
/// of its characters came from.
pub(super) struct Flat {
    text: String,
    /// For each byte of `text`: first byte of its character in the source.
    starts: Vec<usize>,
    /// For each byte of `text`: the byte after its character in the source.
    ends: Vec<usize>,
}

impl Flat {
    pub(super) fn of(source: &str) -> Self {
        let mut flat = Self { text: String::new(), starts: Vec::new(), ends: Vec::new() };
        for (at, c) in source.char_indices() {
            let c_end = at + c.len_utf8();
            let c = match c {
                c if c.is_whitespace() => ' ',
                '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{ab}' | '\u{bb}' => '"',
                '\u{2018}' | '\u{2019}' => '\'',
                c => c,
            };
            if c == ' ' && (flat.text.is_empty() || flat.text.ends_with(' ')) {
                continue;
            }
            flat.text.push(c);
            flat.starts.resize(flat.text.len(), at);
            flat.ends.resize(flat.text.len(), c_end);
        }
        flat.text.truncate(flat.text.trim_end().len());
        flat
    }

    /// Where another text's words stand in the source, as whole words.
    pub(super) fn find(&self, words: &Self) -> Option<Range> {
        let words = words.text.as_str();
        if words.is_empty() {
            return None;
        }
        let whole = |at: &usize| {
            let (before, after) = (self.text[..*at].chars().next_back(), self.text[at + words.len()..].chars().next());
            let inside = |a: Option<char>, b: Option<char>| matches!((a, b), (Some(a), Some(b)) if a.is_alphanumeric() && b.is_alphanumeric() && a.is_ascii());
            !inside(before, words.chars().next()) && !inside(words.chars().next_back(), after)
        };
        let at = self.text.match_indices(words).map(|(at, _)| at).find(whole)?;
        Some(Range { start: self.starts[at], end: self.ends[at + words.len() - 1] })
    }
}

/// A sentence without what is not its words: list marks, emphasis and quotation marks around it.
pub(super) fn bare(sentence: &str) -> &str {
    let around = |c: char| c.is_whitespace() || matches!(c, '"' | '\u{201c}'..='\u{201e}' | '\u{ab}' | '\u{bb}' | '*');
    bare_start(sentence).trim_matches(around)
}

/// A sentence without the list, quotation or heading mark in front of it.
pub(super) fn bare_start(sentence: &str) -> &str {
    let text = sentence.trim();
    let mark = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = mark.len() < text.len() && mark.len() + 4 > text.len() && mark.starts_with([')', '.']);
    let text = if numbered && mark[1..].starts_with(' ') { &mark[1..] } else { text };
    text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '>' | '#' | '-' | '\u{2022}' | '+'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_across_line_breaks_and_quotation_marks() {
        let source = "A \u{201c}long\u{201d}\n  story's end. And prose.";
        let found = |words| Flat::of(source).find(&Flat::of(words)).map(|range| range.of(source).unwrap());
        assert_eq!(found("\"long\" story\u{2019}s end."), Some("\u{201c}long\u{201d}\n  story's end."));
        assert_eq!(found("prose"), Some("prose"));
        assert_eq!(found("rose"), None);
        assert_eq!(found(""), None);
    }

    #[test]
    fn bare_sentences() {
        for (sentence, expected) in
            [("- \"Quoted.\" ", "Quoted."), ("2. Item", "Item"), ("**Bold**", "Bold"), ("2.5 m", "2.5 m")]
        {
            assert_eq!(bare(sentence), expected);
        }
    }
}
