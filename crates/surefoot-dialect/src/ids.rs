//! Ids of tool calls, made fit for a provider that is stricter than the one that gave them. A call
//! and its result go through the same function, so that they still meet.

use std::borrow::Cow;

/// What an id begins with that was respelled.
const MARK: &str = "sf_";

/// The id in letters, digits, `-` and `_`, which Anthropic and Bedrock insist on. Different ids
/// stay different.
pub(crate) fn plain(id: &str) -> Cow<'_, str> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    if !id.is_empty() && !id.starts_with(MARK) && id.bytes().all(|b| is_plain(b) || b == b'_') {
        return Cow::Borrowed(id);
    }
    let letter = |b: u8| if is_plain(b) { char::from(b).to_string() } else { format!("_{b:02x}") };
    Cow::Owned(std::iter::once(MARK.to_owned()).chain(id.bytes().map(letter)).collect())
}

/// The id that [`plain`] respelled, where it was.
pub(crate) fn restored(id: String) -> String {
    match id.strip_prefix(MARK).and_then(unspelled) {
        Some(first) if plain(&first) == id => first,
        _ => id,
    }
}

fn unspelled(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'_' => u8::from_str_radix(std::str::from_utf8(&[rest.next()?, rest.next()?]).ok()?, 16).ok()?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// The id in at most `most` bytes: OpenAI takes 40 in chats, 64 in responses.
pub(crate) fn short(id: &str, most: usize) -> Cow<'_, str> {
    if id.len() <= most {
        return Cow::Borrowed(id);
    }
    Cow::Owned(format!("call_{}", &blake3::hash(id.as_bytes()).to_hex()[..32]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_become_plain_and_stay_different() {
        for (id, expected) in [
            ("toolu_01A-b", "toolu_01A-b"),
            ("functions.get_x:0", "sf_functions_2eget_5fx_3a0"),
            ("functions_2eget_5fx_3a0", "functions_2eget_5fx_3a0"),
            ("sf_x", "sf_sf_5fx"),
            ("", "sf_"),
            ("é", "sf__c3_a9"),
        ] {
            assert_eq!(plain(id), expected);
            assert_eq!(restored(expected.to_owned()), id);
        }
        for own in ["sf_x", "sf__zz", "sf__c3", "sf_a_", "call_1"] {
            assert_eq!(restored(own.to_owned()), own, "not respelled by us");
        }
    }

    #[test]
    fn long_ids_become_short_and_stay_different() {
        let [a, b] = ["a", "b"].map(|end| format!("{}{end}", "x".repeat(60)));
        assert_eq!(short(&a, 64), a);
        assert_ne!(short(&a, 40), short(&b, 40));
        assert_eq!((short(&a, 40).len(), short(&a, 40)), (37, short(&a, 40)));
    }
}
