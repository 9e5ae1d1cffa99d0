//! How a pseudonym is written, `<EMAIL_2>`, and how it is recognised after a model has copied it.
//!
//! Models change brackets, case and the sign before the number, and escape underscores and brackets. All of
//! these are read. Text that already looks like a pseudonym is never mistaken for one: the vault gives it a
//! pseudonym of its own.

use std::collections::BTreeSet;

/// Brackets that are read; the first pair is written.
const BRACKETS: [(&str, &str); 9] = [
    ("<", ">"),
    ("&lt;", "&gt;"),
    ("\\u003c", "\\u003e"),
    ("[", "]"),
    ("{", "}"),
    ("(", ")"),
    ("＜", "＞"),
    ("⟨", "⟩"),
    ("«", "»"),
];

/// Most bytes between the brackets, and so most of what a stream has to hold back.
const LONGEST: usize = 64;
/// Most bytes of a kind's name.
const LONGEST_NAME: usize = 40;

/// What stands at a place of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// A pseudonym of this many bytes.
    Mark { length: usize, name: String, number: u32 },
    /// The text ends before it is clear.
    Unclear,
    /// Something else.
    Nothing,
}

/// A kind as it stands in a pseudonym: capitals, digits and underscores.
pub(super) fn name_of(kind: &str) -> String {
    let mut name: String =
        kind.chars().map(|char| if char.is_ascii_alphanumeric() { char.to_ascii_uppercase() } else { '_' }).collect();
    name.truncate(LONGEST_NAME);
    let name = name.trim_matches('_');
    if name.starts_with(|char: char| char.is_ascii_alphabetic()) { name.to_owned() } else { format!("OWN_{name}") }
}

/// A pseudonym, as it is written.
pub(super) fn write(name: &str, number: u32) -> String {
    format!("<{name}_{number}>")
}

/// The next place from `from` on where a bracket may begin.
pub(super) fn next_bracket(text: &str, from: usize) -> Option<usize> {
    let begins = |byte: &u8| matches!(byte, b'<' | b'&' | b'\\' | b'[' | b'{' | b'(' | 0xEF | 0xE2 | 0xC2);
    text.as_bytes()[from..].iter().position(begins).map(|at| from + at)
}

/// What `text` begins with, where only pseudonyms of these names count.
pub(super) fn read(text: &str, names: &BTreeSet<String>) -> Reading {
    let mut unclear = false;
    for (open, close) in BRACKETS {
        match starts(text, open) {
            Some(true) => match read_inside(&text[open.len()..], open.len(), close, names) {
                Reading::Nothing => {}
                reading => return reading,
            },
            Some(false) => {}
            None => unclear = true,
        }
    }
    if unclear { Reading::Unclear } else { Reading::Nothing }
}

/// Whether `text` begins with `part`, in capitals or not; `None` when it ends within it.
fn starts(text: &str, part: &str) -> Option<bool> {
    let length = text.len().min(part.len());
    let same = text.as_bytes()[..length].eq_ignore_ascii_case(&part.as_bytes()[..length]);
    if same && length < part.len() { None } else { Some(same) }
}

fn read_inside(inside: &str, opened: usize, close: &str, names: &BTreeSet<String>) -> Reading {
    // Capitals, one sign between words, no escapes.
    let mut plain = String::with_capacity(LONGEST_NAME);
    for (at, char) in inside.char_indices().take_while(|(at, _)| *at <= LONGEST) {
        match starts(&inside[at..], close) {
            Some(true) => {
                let length = opened + at + close.len();
                return split(&plain, names).map_or(Reading::Nothing, |(name, number)| Reading::Mark {
                    length,
                    name: name.to_owned(),
                    number,
                });
            }
            None => return if may_be(&plain, names) { Reading::Unclear } else { Reading::Nothing },
            Some(false) => {}
        }
        match char {
            '\\' => {}
            ' ' | '-' | '_' if plain.is_empty() || plain.ends_with('_') => {}
            ' ' | '-' | '_' => plain.push('_'),
            char if char.is_ascii_alphanumeric() => plain.push(char.to_ascii_uppercase()),
            _ => return Reading::Nothing,
        }
    }
    if inside.len() <= LONGEST && may_be(&plain, names) { Reading::Unclear } else { Reading::Nothing }
}

/// The name and the number of a whole pseudonym.
fn split<'p>(plain: &'p str, names: &BTreeSet<String>) -> Option<(&'p str, u32)> {
    let (name, number) = plain.trim_end_matches('_').rsplit_once('_')?;
    let number = number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok())??;
    names.contains(name).then_some((name, number))
}

/// Whether this may still become a pseudonym.
fn may_be(plain: &str, names: &BTreeSet<String>) -> bool {
    let begins = |name: &String| name.starts_with(plain);
    names.range(plain.to_owned()..).next().is_some_and(begins)
        || names.contains(plain.trim_end_matches('_'))
        || split(plain, names).is_some()
}
