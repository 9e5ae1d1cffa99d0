//! JSON as text: its strings without their escapes, and where each byte stood.

use std::{borrow::Cow, fmt::Write as _, ops::Range};

/// JSON with the escapes in its strings replaced by what they mean, as far as it is JSON.
pub(super) struct View<'a> {
    pub(super) text: Cow<'a, str>,
    /// Where pieces of the view begin: in the view, and in the source. Within a piece both go on in step.
    pieces: Vec<(usize, usize)>,
    source: usize,
}

impl<'a> View<'a> {
    pub(super) fn new(json: &'a str) -> Self {
        let mut view = Self { text: Cow::Borrowed(json), pieces: vec![(0, 0)], source: json.len() };
        if !json.contains('\\') {
            return view;
        }
        let mut text = String::with_capacity(json.len());
        let mut at = 0;
        while let Some(escape) = memchr::memchr(b'\\', &json.as_bytes()[at..]) {
            text.push_str(&json[at..at + escape]);
            at += escape;
            let (char, length) = unescape(&json[at..]);
            view.pieces.push((text.len(), at));
            text.push(char);
            at += length;
            view.pieces.push((text.len(), at));
        }
        text.push_str(&json[at..]);
        view.text = Cow::Owned(text);
        view
    }

    /// Where a range of the view stands in the source. An escape is taken whole.
    pub(super) fn source(&self, range: &Range<usize>) -> Range<usize> {
        self.place(range.start, false)..self.place(range.end, true)
    }

    fn place(&self, at: usize, is_end: bool) -> usize {
        let next = self.pieces.partition_point(|(view, _)| *view <= at);
        let (view, source) = self.pieces[next - 1];
        let (until_view, until_source) = self.pieces.get(next).copied().unwrap_or((self.text.len(), self.source));
        // Inside a character that an escape stands for there is no place: its start or its end.
        let in_step = until_view - view == until_source - source;
        match (in_step, at == view, is_end) {
            (true, ..) | (false, true, _) => source + (at - view) * usize::from(in_step),
            (false, false, true) => until_source,
            (false, false, false) => source,
        }
    }
}

/// The character that an escape means, and the escape's length. What is no escape means its backslash.
fn unescape(text: &str) -> (char, usize) {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u32::from_str_radix(digits, 16).ok().filter(|_| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
    };
    let simple = match text.as_bytes().get(1) {
        Some(b'n') => '\n',
        Some(b't') => '\t',
        Some(b'r') => '\r',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(&byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
        Some(b'u') => {
            let pair = |high: u32| {
                let low = unit(6).filter(|low| (0xDC00..0xE000).contains(low))?;
                char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00))
            };
            return match unit(0) {
                Some(high) if (0xD800..0xDC00).contains(&high) => pair(high).map_or(('\\', 1), |char| (char, 12)),
                Some(one) => char::from_u32(one).map_or(('\\', 1), |char| (char, 6)),
                None => ('\\', 1),
            };
        }
        _ => return ('\\', 1),
    };
    (simple, 2)
}

/// A value as it stands within a JSON string.
pub(super) fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len() + 8);
    for char in value.chars() {
        match char {
            '"' | '\\' => escaped.extend(['\\', char]),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            control if control < ' ' => {
                let _ = write!(escaped, "\\u{:04x}", u32::from(control));
            }
            char => escaped.push(char),
        }
    }
    escaped
}

/// Whether each of the places, which are in order, stands inside a string.
pub(super) fn inside_strings(json: &str, places: impl Iterator<Item = usize>) -> Vec<bool> {
    let bytes = json.as_bytes();
    let (mut at, mut inside) = (0, false);
    let mut told = Vec::new();
    for place in places {
        while at < place {
            match bytes[at] {
                b'"' => inside = !inside,
                b'\\' if inside => at += 1,
                _ => {}
            }
            at += 1;
        }
        told.push(inside);
    }
    told
}
