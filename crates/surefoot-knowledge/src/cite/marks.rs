//! Finds the marks that cite: `[1]`, `[1][2]`, `[1, 2]`, `[1-3]`, and their full-width forms.

use surefoot_types::Range;

/// No answer shows more passages: a longer number is no mark.
const DIGITS: usize = 4;
/// A span such as `[1-3]` names at most this many.
const SPAN: u32 = 20;

/// A pair of brackets with the numbers in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    /// Where it stands, brackets and all.
    pub(super) range: Range,
    /// The numbers, in order.
    pub(super) numbers: Vec<u32>,
}

/// All marks of a text, in order.
pub(super) fn marks(text: &str) -> Vec<Mark> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find(['[', '\u{3010}', '\u{ff3b}']).map(|open| at + open) {
        let inside = open + text[open..].chars().next().map_or(1, char::len_utf8);
        at = inside;
        let Some(close) = text[inside..].find([']', '\u{3011}', '\u{ff3d}']).map(|close| inside + close) else { break };
        let end = close + text[close..].chars().next().map_or(1, char::len_utf8);
        // `[1](https://…)` is a link.
        let is_link = text[end..].starts_with('(');
        if let Some(numbers) = numbers(&text[inside..close]).filter(|_| !is_link) {
            found.push(Mark { range: Range { start: open, end }, numbers });
            at = end;
        }
    }
    found
}

/// `1`, `1, 2`, `1-3`, also in full-width digits; none for anything else.
fn numbers(inside: &str) -> Option<Vec<u32>> {
    let mut numbers = Vec::new();
    for part in inside.split([',', ';', '\u{ff0c}', '\u{3001}']) {
        match part.split_once(['-', '\u{2013}']) {
            Some((from, to)) => {
                let (from, to) = (number(from)?, number(to)?);
                numbers.extend((from <= to && to - from < SPAN).then_some(from..=to)?);
            }
            None => numbers.push(number(part)?),
        }
    }
    Some(numbers)
}

fn number(text: &str) -> Option<u32> {
    let text = text.trim().trim_start_matches('^');
    let digit = |c: char| match c {
        '\u{ff10}'..='\u{ff19}' => Some(u32::from(c) - 0xff10),
        c => c.to_digit(10),
    };
    let digits: Option<Vec<u32>> = text.chars().map(digit).collect();
    let digits = digits.filter(|digits| !digits.is_empty() && digits.len() <= DIGITS)?;
    Some(digits.iter().fold(0, |number, digit| number * 10 + digit))
}

/// A text without its marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plain {
    /// The text.
    pub(super) text: String,
    /// Where each mark stood, in bytes of `text`.
    pub(super) places: Vec<usize>,
}

/// Takes the marks out of a text.
pub(super) fn without(text: &str, marks: &[Mark]) -> Plain {
    let mut plain = Plain { text: String::with_capacity(text.len()), places: Vec::with_capacity(marks.len()) };
    let mut at = 0;
    for mark in marks {
        plain.text.push_str(&text[at..mark.range.start]);
        at = mark.range.end;
        if text[at..].starts_with(['.', ',', ';', '!', '?']) {
            plain.text.truncate(plain.text.trim_end().len());
        }
        plain.places.push(plain.text.len());
    }
    plain.text.push_str(&text[at..]);
    // A mark after trimmed space stands where the text ends now.
    let end = plain.text.len();
    plain.places.iter_mut().for_each(|place| *place = (*place).min(end));
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_by_example() {
        let cases: &[(&str, &[u32])] = &[
            ("So it is [1].", &[1]),
            ("[1][2], [3, 4] and [5-7]", &[1, 2, 3, 4, 5, 6, 7]),
            ("全角【１】と［2、3］", &[1, 2, 3]),
            ("a footnote[^2]", &[2]),
            ("[x] [] [1.5] [a1] [12345] [9-1] [1-9999]", &[]),
            ("a [link](x), an [1](http://x) and [ 8 ]", &[8]),
            ("[[1]] and [open", &[1]),
        ];
        for (text, expected) in cases {
            let numbers: Vec<u32> = marks(text).into_iter().flat_map(|mark| mark.numbers).collect();
            assert_eq!(numbers, *expected, "{text}");
        }
    }

    #[test]
    fn text_without_marks() {
        let text = "One [1]. Two【2】.";
        assert_eq!(without(text, &marks(text)), Plain { text: "One. Two.".into(), places: vec![3, 8] });
    }
}
