//! Reads JSON as models write it: with comments, commas too many or missing, quotes of other kinds, Python's words,
//! brackets that were never closed.
//!
//! Only what has one meaning is taken. A text that ends inside a word, a number or a quoted text may have lost
//! something, and is refused.

use serde_json::{Map, Number, Value};

/// How deep values may nest.
const DEEPEST: usize = 100;

/// The value at the beginning of `text`, and how many bytes it takes; `None` where there is none to be read.
pub(super) fn read(text: &str) -> Option<(Value, usize)> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    Some((value, reader.at))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn takes(&mut self, wanted: &str) -> bool {
        let there = self.rest().starts_with(wanted);
        self.at += if there { wanted.len() } else { 0 };
        there
    }

    /// Goes past white space and comments.
    fn space(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            let comment = if trimmed.starts_with("//") || trimmed.starts_with('#') {
                trimmed.find('\n').unwrap_or(trimmed.len())
            } else if trimmed.starts_with("/*") {
                trimmed.find("*/").map_or(trimmed.len(), |end| end + 2)
            } else {
                return;
            };
            self.at += comment;
        }
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        self.space();
        if depth > DEEPEST {
            return None;
        }
        match self.peek()? {
            '{' => self.object(depth),
            '[' => self.array(depth),
            quote if closing(quote).is_some() => self.quoted().map(Value::String),
            _ => self.bare(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        self.next();
        let mut object = Map::new();
        loop {
            if self.closes('}', !object.is_empty())? {
                return Some(Value::Object(object));
            }
            let key = self.key()?;
            self.space();
            if !self.takes(":") && !self.takes("=>") {
                return None;
            }
            let value = self.value(depth + 1)?;
            // Of two that differ nobody knows which was meant.
            if object.get(&key).is_some_and(|other| *other != value) {
                return None;
            }
            object.insert(key, value);
        }
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        self.next();
        let mut array = Vec::new();
        loop {
            if self.closes(']', !array.is_empty())? {
                return Some(Value::Array(array));
            }
            array.push(self.value(depth + 1)?);
        }
    }

    /// Goes past commas, and past the closing bracket where it stands; a text that ends here lacks only that.
    /// `None` where another bracket closes, or where two values are not parted by anything.
    fn closes(&mut self, bracket: char, follows: bool) -> Option<bool> {
        let before = self.at;
        self.space();
        while follows && self.takes(",") {
            self.space();
        }
        match self.peek() {
            // After a comma there was more to come.
            None => (follows && !self.text[before..self.at].contains(',')).then_some(true),
            Some(found) if found == bracket => {
                self.next();
                Some(true)
            }
            Some('}' | ']') => None,
            Some(_) => (!follows || self.text[before..self.at].contains([',', '\n'])).then_some(false),
        }
    }

    fn key(&mut self) -> Option<String> {
        if closing(self.peek()?).is_some() {
            return self.quoted();
        }
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '$'))).unwrap_or(rest.len());
        let key = rest[..end].to_owned();
        self.at += end;
        (!key.is_empty()).then_some(key)
    }

    /// A text in quotes. One that stands inside it, not escaped, is told from its end by what follows.
    fn quoted(&mut self) -> Option<String> {
        let close = closing(self.next()?)?;
        let mut text = String::new();
        loop {
            match self.next()? {
                '\\' => self.escape(&mut text)?,
                found if found == close && self.ends_here() => return Some(text),
                other => text.push(other),
            }
        }
    }

    fn ends_here(&self) -> bool {
        matches!(self.rest().trim_start().chars().next(), None | Some(',' | '}' | ']' | ':')) || self.line_ends()
    }

    /// A new line after a quote, with a key or a bracket on it: only the comma is missing.
    fn line_ends(&self) -> bool {
        let rest = self.rest().trim_start_matches([' ', '\t', '\r']);
        rest.strip_prefix('\n').is_some_and(|next| next.trim_start().starts_with(['"', '}', ']']))
            || rest.starts_with("//")
            || rest.starts_with("/*")
    }

    fn escape(&mut self, text: &mut String) -> Option<()> {
        let escaped = self.next()?;
        let meant = match escaped {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => return self.unicode(text),
            '"' | '\'' | '\\' | '/' | '\n' => escaped,
            other => {
                // No escape of JSON's: a path of Windows', a formula. The backslash was meant.
                text.push('\\');
                other
            }
        };
        text.push(meant);
        Some(())
    }

    fn unicode(&mut self, text: &mut String) -> Option<()> {
        let first = self.hex()?;
        let unit = if (0xD800..0xDC00).contains(&first) {
            let second = self.takes("\\u").then(|| self.hex())??;
            0x10000 + ((first - 0xD800) << 10) + second.checked_sub(0xDC00)?
        } else {
            first
        };
        text.push(char::from_u32(unit)?);
        Some(())
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.rest().get(..4)?;
        let value = u32::from_str_radix(digits, 16).ok()?;
        self.at += 4;
        Some(value)
    }

    /// A number or a word. It must be followed by something, or it may have been longer.
    fn bare(&mut self) -> Option<Value> {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '+' | '-' | '_')))?;
        let word = &rest[..end];
        let value = match word {
            "true" | "True" | "TRUE" => Value::Bool(true),
            "false" | "False" | "FALSE" => Value::Bool(false),
            "null" | "None" | "NULL" => Value::Null,
            _ => Value::Number(number(word)?),
        };
        self.at += end;
        Some(value)
    }
}

/// A number as JSON has it, or with a plus before it, or without a digit on one side of its point.
fn number(word: &str) -> Option<Number> {
    let (sign, digits) = match word.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", word.strip_prefix('+').unwrap_or(word)),
    };
    let digits = if digits.starts_with('.') { format!("0{digits}") } else { digits.to_owned() };
    let digits = digits.strip_suffix('.').unwrap_or(&digits);
    serde_json::from_str(&format!("{sign}{digits}")).ok()
}

/// What closes a text that begins with this quote.
fn closing(quote: char) -> Option<char> {
    match quote {
        '"' | '\'' | '`' => Some(quote),
        '“' | '”' => Some('”'),
        '‘' | '’' => Some('’'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_has_one_meaning_is_read() {
        for (text, expected) in [
            (r#"{"a": 1, "b": [true, null]}"#, json!({"a": 1, "b": [true, null]})),
            ("{'a': 'x', b: True,}", json!({"a": "x", "b": true})),
            ("[1, 2, 3,] and more", json!([1, 2, 3])),
            ("{\"a\": 1 // one\n, \"b\": .5 /* half */}", json!({"a": 1, "b": 0.5})),
            ("{\"a\": \"x\"\n \"b\": 2}", json!({"a": "x", "b": 2})),
            (r#"{"a": "she said "yes" to it"}"#, json!({"a": "she said \"yes\" to it"})),
            ("{\"a\": \"two\nlines\"}", json!({"a": "two\nlines"})),
            (r#"{"a": "C:\Users\mia", "b": "\u00e9\ud83d\ude00"}"#, json!({"a": "C:\\Users\\mia", "b": "é😀"})),
            ("{“a”: “b”}", json!({"a": "b"})),
            (r#"{"a": [{"b": "c"}"#, json!({"a": [{"b": "c"}]})),
        ] {
            let read = read(text).map_or(Value::Null, |(value, _)| value);
            assert_eq!(read, expected, "{text}");
        }
    }

    #[test]
    fn what_may_have_lost_something_is_refused() {
        for text in [
            "",
            "{",
            r#"{"a""#,
            r#"{"a": "#,
            r#"{"a": "b"#,
            r#"{"a": "b","#,
            r#"{"a": 12"#,
            r#"{"a": tru"#,
            r#"{"a": [1, 2}"#,
            r#"{"a": 1 "b": 2}"#,
            r#"{"a": 1, "a": 2}"#,
            "{a b: 1}",
            "no JSON",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(&"[".repeat(100_000)), None);
    }
}
