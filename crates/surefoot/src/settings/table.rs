//! Reads a TOML table field by field. Knows the fields that may stand there, so that an unknown
//! one is a mistake and the reference is written from the same list.

use std::sync::Arc;

use toml_span::{
    Value,
    value::{Key, Table, ValueInner},
};

use super::{
    mistake::{Mistakes, suggest},
    source::{At, Place, Source},
};

/// A table of a settings file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Section {
    /// The file it stands in.
    pub(crate) file: &'static str,
    /// Its header, as written; empty for a file's top level.
    pub(crate) header: &'static str,
    /// What it is for.
    pub(crate) about: &'static str,
    /// What may stand in it.
    pub(crate) fields: &'static [Field],
}

/// A field of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    /// Its name; `<name>` where the author chooses it.
    pub(crate) name: &'static str,
    /// A value, as it is written.
    pub(crate) example: &'static str,
    /// What holds when it is left out: `required`, or a value, or nothing.
    pub(crate) default: &'static str,
    /// What it is for.
    pub(crate) about: &'static str,
}

/// Shorthand for the tables of fields.
pub(crate) const fn field(
    name: &'static str,
    example: &'static str,
    default: &'static str,
    about: &'static str,
) -> Field {
    Field { name, example, default, about }
}

/// A piece of TOML inside a file: the whole of it, or the front matter of a prompt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Toml<'a> {
    pub(crate) source: &'a Arc<Source>,
    /// Where the TOML begins in the file.
    pub(crate) offset: usize,
    pub(crate) mistakes: &'a Mistakes,
}

impl<'a> Toml<'a> {
    /// Parses the text. A mistake of syntax ends the reading of this file, but not of the others.
    pub(crate) fn parse(&self, text: &'a str) -> Option<Value<'a>> {
        match toml_span::parse(text) {
            Ok(value) => Some(value),
            Err(error) => {
                let (message, suggestion) = syntax(&error, self);
                self.mistakes.add(&self.place(error.span), message, suggestion);
                None
            }
        }
    }

    /// The place of a span of the parser's.
    pub(crate) fn place(&self, span: toml_span::Span) -> Place {
        Place::new(self.source, self.offset + span.start, self.offset + span.end)
    }

    /// A key with its place.
    pub(crate) fn key(&self, key: &Key<'_>) -> At<String> {
        At::new(key.name.to_string(), self.place(key.span))
    }

    /// The fields of a table that `section` describes; `None`, with a mistake, where it is no table.
    pub(crate) fn table(&self, mut value: Value<'a>, name: &Place, section: &'static Section) -> Option<Reader<'a>> {
        match value.take() {
            ValueInner::Table(table) => Some(Reader { toml: *self, table, section, place: name.clone() }),
            other => {
                let example = section.fields.first().map_or("", |field| field.example);
                let message = format!("'{}' is {}, not a table", name.text(), kind(&other));
                let suggestion = format!(
                    "Write `{}` on a line of its own, and its fields below it, like `{example}`.",
                    section.header
                );
                self.mistakes.add(&self.place(value.span), message, suggestion);
                None
            }
        }
    }

    /// One text, or several in an array.
    pub(crate) fn one_or_more(&self, mut value: Value<'_>, name: &str, example: &str) -> Option<Vec<At<String>>> {
        match value.take() {
            ValueInner::Array(array) => {
                Some(array.into_iter().filter_map(|item| self.text(item, name, "an array of texts", example)).collect())
            }
            ValueInner::String(text) => Some(vec![At::new(text.into_owned(), self.place(value.span))]),
            other => {
                self.wrong(&value, &other, name, "a text or an array of texts", example);
                None
            }
        }
    }

    fn text(&self, mut value: Value<'_>, name: &str, wanted: &str, example: &str) -> Option<At<String>> {
        match value.take() {
            ValueInner::String(text) => Some(At::new(text.into_owned(), self.place(value.span))),
            other => {
                self.wrong(&value, &other, name, wanted, example);
                None
            }
        }
    }

    fn wrong(&self, value: &Value<'_>, found: &ValueInner<'_>, name: &str, wanted: &str, example: &str) {
        let message = format!("'{name}' is {}, not {wanted}", kind(found));
        self.mistakes.add(&self.place(value.span), message, format!("Write it like this: `{example}`."));
    }
}

/// A table whose keys are somebody else's to know: its place and its fields.
pub(crate) type Open<'a> = (Place, Vec<(At<String>, Value<'a>)>);

/// A table being read.
pub(crate) struct Reader<'a> {
    toml: Toml<'a>,
    table: Table<'a>,
    section: &'static Section,
    /// Where the table's name stands.
    pub(crate) place: Place,
}

impl<'a> Reader<'a> {
    /// Takes a field out as it is.
    pub(crate) fn raw(&mut self, name: &str) -> Option<(At<String>, Value<'a>)> {
        debug_assert!(self.field(name).is_some(), "{name} stands in the section's list");
        self.table.remove_entry(name).map(|(key, value)| (self.toml.key(&key), value))
    }

    /// A text.
    pub(crate) fn string(&mut self, name: &str) -> Option<At<String>> {
        let (_, value) = self.raw(name)?;
        self.text_of(value, name, "a text")
    }

    /// A text that must be there.
    pub(crate) fn required(&mut self, name: &str) -> Option<At<String>> {
        if !self.table.contains_key(name) {
            self.missing(name);
            return None;
        }
        self.string(name)
    }

    /// Whether a field was written.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.table.contains_key(name)
    }

    /// Says that a field is missing.
    pub(crate) fn missing(&self, name: &str) {
        let example = self.field(name).map_or("", |field| field.example);
        let suggestion = format!("Add it: `{example}`.");
        self.toml.mistakes.add(&self.place, format!("'{name}' is missing"), suggestion);
    }

    /// One text, or several in an array.
    pub(crate) fn one_or_more(&mut self, name: &str) -> Option<Vec<At<String>>> {
        let (_, value) = self.raw(name)?;
        self.toml.one_or_more(value, name, self.field(name).map_or("", |field| field.example))
    }

    /// One text, or several in an array, that must be there.
    pub(crate) fn required_one_or_more(&mut self, name: &str) -> Option<Vec<At<String>>> {
        if !self.table.contains_key(name) {
            self.missing(name);
        }
        self.one_or_more(name)
    }

    /// A table of texts whose keys the author chooses.
    pub(crate) fn texts(&mut self, name: &str) -> Vec<(At<String>, At<String>)> {
        let entries = self.named(name);
        entries
            .into_iter()
            .filter_map(|(key, value)| Some((key, self.text_of(value, name, "a table of texts")?)))
            .collect()
    }

    /// A whole number.
    pub(crate) fn integer(&mut self, name: &str) -> Option<At<i64>> {
        let (_, value) = self.raw(name)?;
        self.integer_of(value, name, "a whole number")
    }

    /// Whole numbers in an array.
    pub(crate) fn integers(&mut self, name: &str) -> Option<Vec<At<i64>>> {
        let (_, mut value) = self.raw(name)?;
        match value.take() {
            ValueInner::Array(items) => Some(
                items.into_iter().filter_map(|item| self.integer_of(item, name, "an array of whole numbers")).collect(),
            ),
            other => self.refuse(&value, &other, name, "an array of whole numbers"),
        }
    }

    /// A table of whole numbers whose keys the author chooses.
    pub(crate) fn named_integers(&mut self, name: &str) -> Vec<(At<String>, At<i64>)> {
        let entries = self.named(name).into_iter();
        entries
            .filter_map(|(key, value)| Some((key, self.integer_of(value, name, "a table of whole numbers")?)))
            .collect()
    }

    fn integer_of(&self, mut value: Value<'_>, name: &str, wanted: &str) -> Option<At<i64>> {
        match value.take() {
            ValueInner::Integer(number) => Some(At::new(number, self.toml.place(value.span))),
            other => self.refuse(&value, &other, name, wanted),
        }
    }

    /// A number.
    pub(crate) fn number(&mut self, name: &str) -> Option<At<f64>> {
        let (_, mut value) = self.raw(name)?;
        match value.take() {
            ValueInner::Integer(number) => Some(At::new(number as f64, self.toml.place(value.span))),
            ValueInner::Float(number) => Some(At::new(number, self.toml.place(value.span))),
            other => self.refuse(&value, &other, name, "a number"),
        }
    }

    /// A number or a text, as the digits that were written: money must not go through a float.
    pub(crate) fn digits(&mut self, name: &str) -> Option<At<String>> {
        let (_, mut value) = self.raw(name)?;
        let place = self.toml.place(value.span);
        match value.take() {
            ValueInner::Integer(_) | ValueInner::Float(_) => Some(At::new(place.text().replace('_', ""), place)),
            ValueInner::String(text) => Some(At::new(text.into_owned(), place)),
            other => self.refuse(&value, &other, name, "a number"),
        }
    }

    /// Digits that must be there.
    pub(crate) fn required_digits(&mut self, name: &str) -> Option<At<String>> {
        if !self.table.contains_key(name) {
            self.missing(name);
        }
        self.digits(name)
    }

    /// A table whose keys the author chooses, in the order in which they were written.
    pub(crate) fn named(&mut self, name: &str) -> Vec<(At<String>, Value<'a>)> {
        let Some((_, mut value)) = self.raw(name) else { return Vec::new() };
        match value.take() {
            ValueInner::Table(table) => self.entries(table),
            other => {
                let _: Option<()> = self.refuse(&value, &other, name, "a table");
                Vec::new()
            }
        }
    }

    fn entries(&self, table: Table<'a>) -> Vec<(At<String>, Value<'a>)> {
        let mut entries: Vec<_> = table.into_iter().collect();
        entries.sort_by_key(|(key, _)| key.span.start);
        entries.into_iter().map(|(key, value)| (self.toml.key(&key), value)).collect()
    }

    /// A table inside this one.
    pub(crate) fn table(&mut self, name: &str, section: &'static Section) -> Option<Reader<'a>> {
        let (key, value) = self.raw(name)?;
        self.toml.table(value, &key.place, section)
    }

    /// Tables in an array: `[[name]]`.
    pub(crate) fn tables(&mut self, name: &str, section: &'static Section) -> Vec<Reader<'a>> {
        let items = self.items(name);
        items.into_iter().filter_map(|(place, item)| self.toml.table(item, &place, section)).collect()
    }

    /// The fields of a table whose keys are somebody else's to know.
    pub(crate) fn open_table(&mut self, name: &str) -> Option<Open<'a>> {
        self.table.contains_key(name).then(|| {
            let place =
                self.table.get_key_value(name).map_or_else(|| self.place.clone(), |(key, _)| self.toml.place(key.span));
            (place, self.named(name))
        })
    }

    /// Such tables in an array.
    pub(crate) fn open_tables(&mut self, name: &str) -> Vec<Open<'a>> {
        let mut tables = Vec::new();
        for (place, mut item) in self.items(name) {
            match item.take() {
                ValueInner::Table(table) => tables.push((place, self.entries(table))),
                other => {
                    let _: Option<()> = self.refuse(&item, &other, name, "an array of tables");
                }
            }
        }
        tables
    }

    fn items(&mut self, name: &str) -> Vec<(Place, Value<'a>)> {
        let Some((_, mut value)) = self.raw(name) else { return Vec::new() };
        match value.take() {
            ValueInner::Array(array) => array.into_iter().map(|item| (self.header(item.span), item)).collect(),
            other => {
                let _: Option<()> = self.refuse(&value, &other, name, "an array of tables");
                Vec::new()
            }
        }
    }

    /// The first line of a table in an array: its header, or its brace.
    fn header(&self, span: toml_span::Span) -> Place {
        let whole = self.toml.place(span);
        let line = whole.text().lines().next().map_or(0, str::len);
        self.toml.place(toml_span::Span::new(span.start, span.start + line))
    }

    /// A field that an earlier version had: a mistake that says what to write now.
    pub(crate) fn gone(&mut self, name: &str, message: &str, suggestion: &str) {
        if let Some((key, _)) = self.table.remove_entry(name) {
            self.toml.mistakes.add(&self.toml.place(key.span), message, suggestion.to_owned());
        }
    }

    /// Every field that nobody asked for is a mistake.
    pub(crate) fn done(self) {
        for key in self.table.keys() {
            let known = self.section.fields.iter().map(|field| field.name);
            let among =
                if self.section.header.is_empty() { String::new() } else { format!(" in {}", self.section.header) };
            let message = format!("unknown key '{}'{among}", key.name);
            self.toml.mistakes.add(&self.toml.place(key.span), message, suggest(&key.name, known, "The keys are"));
        }
    }

    fn text_of(&self, value: Value<'a>, name: &str, wanted: &str) -> Option<At<String>> {
        self.toml.text(value, name, wanted, self.field(name).map_or("", |field| field.example))
    }

    fn refuse<T>(&self, value: &Value<'_>, found: &ValueInner<'_>, name: &str, wanted: &str) -> Option<T> {
        let example = self.field(name).map_or("", |field| field.example);
        self.toml.wrong(value, found, name, wanted, example);
        None
    }

    fn field(&self, name: &str) -> Option<&'static Field> {
        self.section.fields.iter().find(|field| field.name == name)
    }
}

/// A value of TOML as JSON, for schemas.
pub(crate) fn json(value: &Value<'_>) -> serde_json::Value {
    match value.as_ref() {
        ValueInner::String(text) => text.as_ref().into(),
        ValueInner::Integer(number) => (*number).into(),
        ValueInner::Float(number) => (*number).into(),
        ValueInner::Boolean(boolean) => (*boolean).into(),
        ValueInner::Array(array) => array.iter().map(json).collect(),
        ValueInner::Table(table) => table.iter().map(|(key, value)| (key.name.to_string(), json(value))).collect(),
    }
}

/// What a value is, with its article.
pub(crate) fn kind(value: &ValueInner<'_>) -> &'static str {
    match value {
        ValueInner::String(_) => "a text",
        ValueInner::Integer(_) => "a whole number",
        ValueInner::Float(_) => "a number",
        ValueInner::Boolean(_) => "true or false",
        ValueInner::Array(_) => "an array",
        ValueInner::Table(_) => "a table",
    }
}

fn syntax(error: &toml_span::Error, toml: &Toml<'_>) -> (String, Option<String>) {
    use toml_span::ErrorKind as Kind;
    let first = |span: &toml_span::Span| format!("It was first set on line {}.", toml.place(*span).line());
    match &error.kind {
        Kind::DuplicateKey { key, first: at } => (format!("'{key}' is set twice"), Some(first(at))),
        Kind::DuplicateTable { name, first: at } => (format!("the table '{name}' stands here twice"), Some(first(at))),
        Kind::UnquotedString => ("a text is not in quotes".into(), Some("Put it in double quotes: `\"…\"`.".into())),
        Kind::UnterminatedString => ("a text has no closing quote".into(), Some("Close it with `\"`.".into())),
        Kind::UnexpectedEof => ("the file ends too early".into(), Some("Something is left open above.".into())),
        Kind::InvalidNumber => {
            let hint = "Numbers look like 3 or 0.5; dates and times go in quotes.";
            ("this is not a number".into(), Some(hint.into()))
        }
        _ => (format!("this is not TOML: {error}"), None),
    }
}
