//! Pictures and documents that stand in a request: as data URIs in neutral words.

use std::borrow::Cow;

use base64::{Engine, prelude::BASE64_STANDARD};

/// The media type and the base64 data of a data URI.
pub(crate) fn data_uri(url: &str) -> Option<(&str, &str)> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    let media_type = head.strip_suffix(";base64")?;
    Some((media_type.split(';').next().unwrap_or(media_type), data))
}

/// The data URI of base64 data.
pub(crate) fn to_data_uri(media_type: &str, data: &str) -> String {
    format!("data:{media_type};base64,{data}")
}

/// Whether an address is one that a provider could fetch by itself.
pub(crate) fn is_web(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// The data URI of plain text.
pub(crate) fn text_uri(text: &str) -> String {
    to_data_uri("text/plain", &BASE64_STANDARD.encode(text))
}

/// Base64 in the usual letters, with its padding: Google's SDKs send it in those for addresses.
pub(crate) fn plain_base64(data: &str) -> Cow<'_, str> {
    if !data.contains(['-', '_']) && data.len().is_multiple_of(4) {
        return Cow::Borrowed(data);
    }
    let mut plain = data.replace('-', "+").replace('_', "/");
    plain.extend(std::iter::repeat_n('=', plain.len().next_multiple_of(4) - plain.len()));
    Cow::Owned(plain)
}

/// The text behind base64 data, where it is text.
pub(crate) fn text_of(data: &str) -> Option<String> {
    String::from_utf8(BASE64_STANDARD.decode(data).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_uris() {
        assert_eq!(data_uri("data:image/png;base64,AAA="), Some(("image/png", "AAA=")));
        assert_eq!(data_uri("data:image/png;charset=x;base64,AAA="), Some(("image/png", "AAA=")));
        for other in ["", "data:", "data:text/plain,hi", "https://x/y.png", "gs://b/o"] {
            assert_eq!(data_uri(other), None, "{other}");
        }
        let uri = text_uri("é");
        assert_eq!(data_uri(&uri).and_then(|(_, data)| text_of(data)).as_deref(), Some("é"));
        assert_eq!(text_of("//8="), None);
        assert_eq!(plain_base64("_-8"), "/+8=");
        assert_eq!(plain_base64("AAAA"), "AAAA");
    }
}
