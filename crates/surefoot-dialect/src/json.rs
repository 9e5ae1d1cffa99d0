//! Reading JSON bodies field by field, with faults that name the field by its path.

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use surefoot_types::{Fault, usage::Tier};

pub(crate) type Object = Map<String, Value>;

/// A service tier: a name, or Amazon's object around it. What is neither says nothing, and spoils nothing.
pub(crate) fn tier<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Tier>, D::Error> {
    let told = Option::<Value>::deserialize(from)?;
    let name = told.as_ref().and_then(|told| told.as_str().or_else(|| told.get("type")?.as_str()));
    Ok(name.and_then(Tier::named))
}

/// Where a value stands in the body. It lives on the stack and becomes text only when a fault
/// needs it, since most requests are well-formed.
#[derive(Clone, Copy)]
pub(crate) enum Path<'a> {
    Root,
    Field(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Field(Path::Root, name) => f.write_str(name),
            Self::Field(parent, name) => write!(f, "{parent}.{name}"),
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

impl Path<'_> {
    /// The fault of a value of the wrong type; `expected` completes "must be …".
    pub(crate) fn mistyped(&self, found: &Value, expected: &str) -> Fault {
        let path = self.to_string();
        let message = format!("`{path}` must be {expected}, not {}.", kind(found));
        Fault::bad_request(&path, message).hint(format!("Send `{path}` as {expected}."))
    }

    /// The fault of a field that is not there.
    pub(crate) fn missing(&self, expected: &str) -> Fault {
        let path = self.to_string();
        Fault::bad_request(&path, format!("`{path}` is missing.")).hint(format!("Add `{path}`: {expected}."))
    }

    pub(crate) fn string(&self, value: Value) -> Result<String, Fault> {
        match value {
            Value::String(text) => Ok(text),
            other => Err(self.mistyped(&other, "a string")),
        }
    }

    pub(crate) fn list(&self, value: Value) -> Result<Vec<Value>, Fault> {
        match value {
            Value::Array(items) => Ok(items),
            other => Err(self.mistyped(&other, "an array")),
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// The body as text.
pub(crate) fn body_text(body: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(body).map_err(|error| {
        Fault::bad_request("", format!("The body is not valid UTF-8 (at byte {}).", error.valid_up_to()))
            .hint("Send JSON encoded as UTF-8.")
    })
}

/// The fault of a body that is not JSON.
pub(crate) fn not_json(error: &serde_json::Error) -> Fault {
    Fault::bad_request("", format!("The body is not valid JSON: {error}."))
        .hint("Send one JSON object with `content-type: application/json`.")
}

/// An object being read. Fields are taken out by name; what is left is what nobody knew. A field
/// that is null counts as absent, which is how clients spell "not set".
pub(crate) struct Fields<'p> {
    object: Object,
    path: Path<'p>,
}

impl<'p> Fields<'p> {
    /// A whole body.
    pub(crate) fn body(body: &[u8]) -> Result<Fields<'static>, Fault> {
        match serde_json::from_str(body_text(body)?).map_err(|error| not_json(&error))? {
            Value::Object(object) => Ok(Fields { object, path: Path::Root }),
            other => Err(Fault::bad_request("", format!("The body must be a JSON object, not {}.", kind(&other)))
                .hint("Send one JSON object.")),
        }
    }

    pub(crate) fn of(value: Value, path: Path<'p>) -> Result<Self, Fault> {
        match value {
            Value::Object(object) => Ok(Self { object, path }),
            other => Err(path.mistyped(&other, "an object")),
        }
    }

    /// Takes a field out, keeping the order of the others.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.object.shift_remove(name).filter(|value| !value.is_null())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.object.get(name)
    }

    pub(crate) fn get_str(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    /// Puts a field back for the dialect's own writer.
    pub(crate) fn put(&mut self, name: &str, value: Value) {
        self.object.insert(name.to_owned(), value);
    }

    /// The same fields under other names.
    pub(crate) fn renamed(self, name: impl Fn(&str) -> String) -> Self {
        let object = self.object.into_iter().map(|(key, value)| (name(&key), value)).collect();
        Self { object, path: self.path }
    }

    pub(crate) fn rest(self) -> Object {
        self.object
    }

    pub(crate) fn required(&mut self, name: &str, expected: &str) -> Result<Value, Fault> {
        self.take(name).ok_or_else(|| Path::Field(&self.path, name).missing(expected))
    }

    pub(crate) fn string(&mut self, name: &str) -> Result<Option<String>, Fault> {
        self.take(name).map(|value| Path::Field(&self.path, name).string(value)).transpose()
    }

    pub(crate) fn string_required(&mut self, name: &str) -> Result<String, Fault> {
        let value = self.required(name, "a string")?;
        Path::Field(&self.path, name).string(value)
    }

    pub(crate) fn list(&mut self, name: &str) -> Result<Option<Vec<Value>>, Fault> {
        self.take(name).map(|value| Path::Field(&self.path, name).list(value)).transpose()
    }

    pub(crate) fn boolean(&mut self, name: &str) -> Result<Option<bool>, Fault> {
        self.scalar(name, "true or false", Value::as_bool)
    }

    pub(crate) fn float(&mut self, name: &str) -> Result<Option<f64>, Fault> {
        self.scalar(name, "a number", Value::as_f64)
    }

    pub(crate) fn whole(&mut self, name: &str) -> Result<Option<u64>, Fault> {
        self.scalar(name, "a whole number, 0 or more", Value::as_u64)
    }

    pub(crate) fn integer(&mut self, name: &str) -> Result<Option<i64>, Fault> {
        self.scalar(name, "a whole number", Value::as_i64)
    }

    fn scalar<T>(&mut self, name: &str, expected: &str, read: fn(&Value) -> Option<T>) -> Result<Option<T>, Fault> {
        match self.take(name) {
            None => Ok(None),
            Some(value) => {
                read(&value).map(Some).ok_or_else(|| Path::Field(&self.path, name).mistyped(&value, expected))
            }
        }
    }
}

/// A string or an array of strings, as both dialects' stop fields are in the wild.
pub(crate) fn strings(path: Path<'_>, value: Value) -> Result<Vec<String>, Fault> {
    match value {
        Value::String(text) => Ok(vec![text]),
        Value::Array(items) => {
            items.into_iter().enumerate().map(|(i, item)| Path::Item(&path, i).string(item)).collect()
        }
        other => Err(path.mistyped(&other, "a string or an array of strings")),
    }
}

/// Plain data as JSON.
pub(crate) fn bytes_of(data: &impl Serialize) -> Bytes {
    vec_of(data).into()
}

/// Plain data as JSON.
pub(crate) fn vec_of(data: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(data).expect("data with string keys can always be written as JSON")
}
