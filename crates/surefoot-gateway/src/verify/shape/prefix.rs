//! Reads JSON while it streams: every prefix that it lets through is the beginning of a JSON document.

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Nothing of the document has come: what stands before it is left out.
    Document,
    Value,
    /// A value, or the end of the array.
    ValueOrEnd,
    /// A key, or the end of the object.
    KeyOrEnd,
    Key,
    Colon,
    /// A comma, or an end.
    CommaOrEnd,
    /// More of a text; whether it is a key.
    Text {
        key: bool,
    },
    /// What a backslash escapes.
    Escape {
        key: bool,
    },
    /// So many more digits of a character's number.
    Hex {
        key: bool,
        left: u8,
    },
    /// More of a number.
    Number,
    /// More of `true`, `false` or `null`.
    Word(&'static str),
    /// The document is complete: what follows is left out.
    Nothing,
}

/// The state between two pieces.
#[derive(Debug, Clone)]
pub(super) struct Prefix {
    next: Next,
    /// The brackets that are open, with what closes each.
    open: Vec<char>,
    number: String,
    /// What the document begins with; `None`: anything.
    begins: Option<&'static [char]>,
}

/// The text is no JSON any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotJson;

impl Prefix {
    /// Before the first piece of a document that begins with one of these.
    pub(super) fn new(begins: Option<&'static [char]>) -> Self {
        Self { next: Next::Document, open: Vec::new(), number: String::new(), begins }
    }

    /// The part of a piece that belongs to the document.
    pub(super) fn push<'a>(&mut self, piece: &'a str) -> Result<&'a str, NotJson> {
        let mut begin = None;
        let mut end = 0;
        for (at, c) in piece.char_indices() {
            if self.next == Next::Nothing {
                break;
            }
            if self.next == Next::Document {
                if !self.begins_with(c) {
                    continue;
                }
                self.next = Next::Value;
            }
            let alone = self.next == Next::Number && self.open.is_empty();
            self.take(c)?;
            // What ends a number that stands alone is not of the document.
            if alone && self.next == Next::Nothing {
                break;
            }
            begin.get_or_insert(at);
            end = at + c.len_utf8();
        }
        Ok(begin.map_or("", |begin| &piece[begin..end]))
    }

    /// Whether the document is complete. A number alone is, once nothing more comes.
    pub(super) fn complete(&self) -> bool {
        self.next == Next::Nothing || (self.open.is_empty() && self.next == Next::Number && self.is_number())
    }

    fn begins_with(&self, c: char) -> bool {
        self.begins.map_or(!c.is_whitespace(), |begins| begins.contains(&c))
    }

    fn take(&mut self, c: char) -> Result<(), NotJson> {
        self.next = match (self.next, c) {
            (Next::Number, '0'..='9' | '.' | 'e' | 'E' | '+' | '-') => {
                self.number.push(c);
                Next::Number
            }
            (Next::Number, _) => {
                if !self.is_number() {
                    return Err(NotJson);
                }
                self.next = self.after_value();
                return if self.next == Next::Nothing { Ok(()) } else { self.take(c) };
            }
            (Next::Text { .. } | Next::Escape { .. } | Next::Hex { .. }, _) => self.in_text(c)?,
            (Next::Word(word), _) => match word.strip_prefix(c).ok_or(NotJson)? {
                "" => self.after_value(),
                rest => Next::Word(rest),
            },
            (next, ' ' | '\n' | '\r' | '\t') => next,
            (Next::Value | Next::ValueOrEnd, _) if c != ']' => self.begin(c)?,
            (Next::KeyOrEnd | Next::Key, '"') => Next::Text { key: true },
            (Next::Colon, ':') => Next::Value,
            (Next::CommaOrEnd, ',') => {
                if self.open.last() == Some(&'}') {
                    Next::Key
                } else {
                    Next::Value
                }
            }
            (Next::CommaOrEnd | Next::KeyOrEnd | Next::ValueOrEnd, '}' | ']') => {
                if self.open.pop() != Some(c) {
                    return Err(NotJson);
                }
                self.after_value()
            }
            _ => return Err(NotJson),
        };
        Ok(())
    }

    fn begin(&mut self, c: char) -> Result<Next, NotJson> {
        Ok(match c {
            '{' => {
                self.open.push('}');
                Next::KeyOrEnd
            }
            '[' => {
                self.open.push(']');
                Next::ValueOrEnd
            }
            '"' => Next::Text { key: false },
            't' => Next::Word("rue"),
            'f' => Next::Word("alse"),
            'n' => Next::Word("ull"),
            '-' | '0'..='9' => {
                self.number = c.to_string();
                Next::Number
            }
            _ => return Err(NotJson),
        })
    }

    fn in_text(&self, c: char) -> Result<Next, NotJson> {
        Ok(match (self.next, c) {
            (Next::Text { key: true }, '"') => Next::Colon,
            (Next::Text { key: false }, '"') => self.after_value(),
            (Next::Text { key }, '\\') => Next::Escape { key },
            (Next::Text { .. }, '\0'..='\u{1f}') => return Err(NotJson),
            (Next::Escape { key }, 'u') => Next::Hex { key, left: 4 },
            (Next::Escape { key }, '"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => Next::Text { key },
            (Next::Hex { key, left: 1 }, _) if c.is_ascii_hexdigit() => Next::Text { key },
            (Next::Hex { key, left }, _) if c.is_ascii_hexdigit() => Next::Hex { key, left: left - 1 },
            (next @ Next::Text { .. }, _) => next,
            _ => return Err(NotJson),
        })
    }

    fn after_value(&self) -> Next {
        if self.open.is_empty() { Next::Nothing } else { Next::CommaOrEnd }
    }

    fn is_number(&self) -> bool {
        serde_json::from_str::<serde_json::Number>(&self.number).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const OBJECT: Option<&[char]> = Some(&['{']);

    /// What of a text is let through, cut into pieces at every character.
    fn through(begins: Option<&'static [char]>, text: &str) -> Result<(String, bool), NotJson> {
        let mut prefix = Prefix::new(begins);
        let mut out = String::new();
        for c in text.chars() {
            out.push_str(prefix.push(c.encode_utf8(&mut [0; 4]))?);
        }
        Ok((out, prefix.complete()))
    }

    #[test]
    fn what_is_let_through() {
        for (begins, text, expected) in [
            (
                OBJECT,
                r#"{"a": [1, -2.5e3, "x\n\u00e9"], "b": {}}"#,
                Ok((r#"{"a": [1, -2.5e3, "x\n\u00e9"], "b": {}}"#, true)),
            ),
            (OBJECT, "Here it is:\n```json\n{\"a\": []}\n```\nDone {not}.", Ok(("{\"a\": []}", true))),
            (OBJECT, r#"{"a": "half"#, Ok((r#"{"a": "half"#, false))),
            (None, " 12", Ok(("12", true))),
            (None, "true", Ok(("true", true))),
            (None, "\"a\" b", Ok(("\"a\"", true))),
            (OBJECT, "none at all", Ok(("", false))),
            (OBJECT, "{a: 1}", Err(NotJson)),
            (OBJECT, r#"{"a": 1,}"#, Err(NotJson)),
            (OBJECT, r#"{"a": [1}"#, Err(NotJson)),
            (OBJECT, "{\"a\": \"\n\"}", Err(NotJson)),
            (OBJECT, r#"{"a": 01}"#, Err(NotJson)),
            (OBJECT, r#"{"a": tree}"#, Err(NotJson)),
            (OBJECT, r#"{"a": "\x"}"#, Err(NotJson)),
        ] {
            let expected = expected.map(|(text, complete): (&str, bool)| (text.to_owned(), complete));
            assert_eq!(through(begins, text), expected, "{text}");
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(|number| json!(number)),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(".*", inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_document_passes_whole_however_it_is_cut(value in values(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            prop_assert_eq!(through(None, &text), Ok((text.clone(), true)));
            let mut whole = Prefix::new(None);
            prop_assert_eq!(whole.push(&text), Ok(text.as_str()));
        }
    }
}
