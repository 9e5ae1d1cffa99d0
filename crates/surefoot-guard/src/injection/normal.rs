//! Text as a reader would take it: without invisible signs, look-alike letters and simple encodings.

use std::borrow::Cow;

use crate::encoded;

/// A text made plain, and what had to be done for it.
#[derive(Debug)]
pub(super) struct Plain {
    /// In lower case, with single spaces.
    pub(super) text: String,
    /// Signs that nobody sees: zero-width, direction, tags.
    pub(super) invisible: usize,
    /// Words that mix alphabets: `іgnore` with a Cyrillic first letter.
    pub(super) mixed: usize,
}

/// Makes a text plain.
pub(super) fn plain(text: &str) -> Plain {
    let mut made = Plain { text: String::with_capacity(text.len()), invisible: 0, mixed: 0 };
    // Whether the word so far has Latin letters, and look-alikes of them.
    let (mut latin, mut alike) = (false, false);
    for char in text.chars() {
        if let Some(tag) = tag(char) {
            made.invisible += 1;
            made.text.push(tag.to_ascii_lowercase());
            continue;
        }
        if is_invisible(char) {
            made.invisible += 1;
            continue;
        }
        if !char.is_alphanumeric() {
            made.mixed += usize::from(latin && alike);
            (latin, alike) = (false, false);
        }
        if char.is_whitespace() {
            if !made.text.ends_with(' ') {
                made.text.push(' ');
            }
            continue;
        }
        latin |= char.is_ascii_alphabetic();
        for lower in char.to_lowercase() {
            let same = look_alike(lower);
            alike |= same != lower && same.is_ascii_alphabetic();
            made.text.push(same);
        }
    }
    made.mixed += usize::from(latin && alike);
    made
}

/// The Latin letter that a letter of another alphabet, or a wide one, looks like.
fn look_alike(char: char) -> char {
    match char {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(char) - 0xfee0).unwrap_or(char),
        'а' | 'ɑ' | 'α' => 'a',
        'с' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' | 'ҽ' => 'e',
        'ɡ' => 'g',
        'һ' => 'h',
        'і' | 'ι' | 'ı' => 'i',
        'ј' => 'j',
        'ӏ' => 'l',
        'ո' => 'n',
        'о' | 'ο' | 'օ' => 'o',
        'р' | 'ρ' => 'p',
        'ѕ' => 's',
        'υ' | 'ս' => 'u',
        'ѵ' | 'ν' => 'v',
        'х' | 'χ' => 'x',
        'у' | 'ү' => 'y',
        '’' | '‘' => '\'',
        _ => char,
    }
}

fn is_invisible(char: char) -> bool {
    matches!(
        char,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0001}' | '\u{e007f}'
    )
}

/// The letter that a tag sign stands for: invisible, and read by models.
fn tag(char: char) -> Option<char> {
    ('\u{e0020}'..='\u{e007e}').contains(&char).then(|| char::from_u32(u32::from(char) - 0xe0000))?
}

/// Most bytes that are decoded.
const MOST: usize = 16 * 1024;

/// What a text holds in base 64, hexadecimal, or behind percent signs, where that is text again.
pub(super) fn decoded(text: &str) -> Vec<String> {
    let words = text.split(|char: char| char.is_whitespace() || "\"'`()[]<>,;".contains(char));
    let mut found: Vec<String> =
        words.filter(|word| (encoded::SHORTEST..=MOST).contains(&word.len())).filter_map(encoded::decode).collect();
    if text.contains('%') {
        found.extend(percent(text).filter(|plain| plain != text).map(Cow::into_owned));
    }
    found
}

/// The text with its percent signs decoded, if there are at least three.
fn percent(text: &str) -> Option<Cow<'_, str>> {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let (mut at, mut count) = (0, 0);
    while at < bytes.len() {
        let code = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        if let Some(byte) = code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            plain.push(byte);
            count += 1;
            at += 3;
        } else {
            plain.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(plain).ok().filter(|_| count >= 3).map(Cow::Owned)
}
