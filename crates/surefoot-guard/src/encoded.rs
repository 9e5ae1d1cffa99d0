//! Text that stands in another form in a word: in base 64, or in hexadecimal.

use base64::{Engine, engine::general_purpose::STANDARD};

/// Shortest word that is worth decoding.
pub(crate) const SHORTEST: usize = 16;

/// Signs that stand around a word and are none of it.
const AROUND: &[char] = &['"', '\'', '`', '(', ')', '[', ']', '<', '>', ',', ';', '.', ':'];

/// What a word says, where that is text again.
pub(crate) fn decode(word: &str) -> Option<String> {
    String::from_utf8(bytes(word)?).ok().filter(|text| is_prose(text))
}

/// What a word that goes on says so far.
pub(crate) fn decode_begun(word: &str) -> Option<String> {
    let word = word.trim_matches(AROUND);
    let whole = word.get(..word.len() - word.len() % 4)?;
    let bytes = bytes(whole)?;
    let whole = std::str::from_utf8(&bytes).map_or_else(|error| error.valid_up_to(), str::len);
    std::str::from_utf8(bytes.get(..whole)?).ok().filter(|text| is_prose(text)).map(str::to_owned)
}

fn bytes(word: &str) -> Option<Vec<u8>> {
    let hex = word.len().is_multiple_of(2) && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hex {
        let digit = |at: usize| u8::from_str_radix(word.get(at..at + 2)?, 16).ok();
        return (0..word.len()).step_by(2).map(digit).collect();
    }
    let body = word.trim_end_matches('=');
    let padded = body.replace('-', "+").replace('_', "/") + &"=".repeat((4 - body.len() % 4) % 4);
    STANDARD.decode(padded).ok()
}

fn is_prose(text: &str) -> bool {
    let plain = text.chars().filter(|char| char.is_alphanumeric() || " .,:;!?'\n-".contains(*char)).count();
    text.contains(' ') && plain * 10 >= text.chars().count() * 9
}
