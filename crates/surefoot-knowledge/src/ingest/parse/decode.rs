//! Bytes to text: UTF-8, UTF-16 by its byte order mark, and what an HTML page declares.

use encoding_rs::{Encoding, UTF_8};

/// How far into a page its charset may be declared, as the HTML standard has it.
const DECLARED_WITHIN: usize = 1024;

/// The text of a source. The error says why it is none.
pub(super) fn text(bytes: &[u8], html: bool) -> Result<String, String> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return decoded(encoding, &bytes[mark..]);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if text.contains('\0') => Err("it is a binary file".into()),
        Ok(text) => Ok(text.to_owned()),
        Err(_) if bytes.contains(&0) => Err("it is a binary file".into()),
        Err(error) => match html.then(|| declared(bytes)).flatten() {
            Some(encoding) => decoded(encoding, bytes),
            None => Err(format!("it is not UTF-8 (byte {}) and names no other encoding", error.valid_up_to())),
        },
    }
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

/// The encoding in `<meta charset=…>` or `<meta http-equiv … content="…; charset=…">`.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes[..bytes.len().min(DECLARED_WITHIN)].to_ascii_lowercase();
    let at = head.windows(8).position(|window| window == b"charset=")? + 8;
    let label: Vec<u8> = head[at..]
        .iter()
        .copied()
        .skip_while(|byte| matches!(byte, b'"' | b'\'' | b' '))
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':'))
        .collect();
    Encoding::for_label(&label).filter(|encoding| *encoding != UTF_8)
}
