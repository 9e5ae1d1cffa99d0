//! Bytes to text: UTF-8, what a byte order mark or the document itself declares, and what it looks like.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// How far into a page its charset may be declared, as the HTML standard has it.
const DECLARED_WITHIN: usize = 1024;
/// How much is looked at to guess an encoding.
const LOOKED_AT: usize = 64 << 10;

/// The text of a source. The error says why it is none.
pub(super) fn text(bytes: &[u8]) -> Result<String, String> {
    decoded_as(bytes, None)
}

/// The text of an HTML page, which may declare its encoding.
pub(super) fn html(bytes: &[u8]) -> Result<String, String> {
    decoded_as(bytes, declared(bytes, b"charset="))
}

/// The text of an XML document, which may declare its encoding.
pub(super) fn xml(bytes: &[u8]) -> Result<String, String> {
    decoded_as(bytes, declared(bytes, b"encoding="))
}

fn decoded_as(bytes: &[u8], declared: Option<&'static Encoding>) -> Result<String, String> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return decoded(encoding, &bytes[mark..]);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if text.contains('\0') => unmarked_utf16(bytes),
        Ok(text) => Ok(text.to_owned()),
        Err(_) if bytes.contains(&0) => unmarked_utf16(bytes),
        Err(_) => match declared {
            Some(encoding) => decoded(encoding, bytes),
            None => guessed(bytes),
        },
    }
}

/// UTF-16 without its mark has a zero in nearly every other byte, always on the same side, as long as it is of a
/// script of the West; anything else with zeros in it is no text.
fn unmarked_utf16(bytes: &[u8]) -> Result<String, String> {
    let looked_at = &bytes[..bytes.len().min(LOOKED_AT) & !1];
    let zeros = |side: usize| looked_at.iter().skip(side).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, pairs) = (zeros(0), zeros(1), looked_at.len() / 2);
    let mostly =
        |side: usize, other: usize| pairs >= 4 && bytes.len().is_multiple_of(2) && side * 10 >= pairs * 7 && other == 0;
    match (mostly(even, odd), mostly(odd, even)) {
        (true, _) => decoded(UTF_16BE, bytes),
        (_, true) => decoded(UTF_16LE, bytes),
        _ => Err("it is a binary file".into()),
    }
}

/// An encoding from before Unicode, by what its letters would be.
fn guessed(bytes: &[u8]) -> Result<String, String> {
    if looks_binary(bytes) {
        return Err("it is a binary file".into());
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(&bytes[..bytes.len().min(LOOKED_AT)], bytes.len() <= LOOKED_AT);
    let encoding = detector.guess(None, Utf8Detection::Deny);
    decoded(encoding, bytes).map_err(|_| "it is in no encoding that is known: save it as UTF-8".into())
}

/// Control characters that no text has, in more than one byte of a hundred.
fn looks_binary(bytes: &[u8]) -> bool {
    let looked_at = &bytes[..bytes.len().min(LOOKED_AT)];
    let control =
        |byte: &&u8| **byte < 0x20 && !matches!(**byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b) || **byte == 0x7f;
    looked_at.iter().filter(control).count() * 100 > looked_at.len()
}

fn decoded(encoding: &'static Encoding, bytes: &[u8]) -> Result<String, String> {
    let (text, broken) = encoding.decode_without_bom_handling(bytes);
    if broken {
        return Err(format!("it is not valid {}", encoding.name()));
    }
    if text.contains('\0') {
        return Err("it is a binary file".into());
    }
    Ok(text.into_owned())
}

/// The encoding that is named behind `mark` near the beginning: of `<meta charset=…>`, of
/// `<meta http-equiv … content="…; charset=…">`, of `<?xml … encoding="…"?>`.
fn declared(bytes: &[u8], mark: &[u8]) -> Option<&'static Encoding> {
    let head = bytes[..bytes.len().min(DECLARED_WITHIN)].to_ascii_lowercase();
    let at = head.windows(mark.len()).position(|window| window == mark)? + mark.len();
    let label: Vec<u8> = head[at..]
        .iter()
        .copied()
        .skip_while(|byte| matches!(byte, b'"' | b'\'' | b' '))
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':'))
        .collect();
    Encoding::for_label(&label).filter(|encoding| *encoding != UTF_8)
}
