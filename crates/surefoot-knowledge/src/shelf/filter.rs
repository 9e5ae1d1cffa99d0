//! What a search is confined to: conditions on what documents say of themselves and what is said of them.

use serde_json::Value;
use surefoot_types::{
    Fault,
    document::{Attribute, Stamp},
};

/// Conditions in conditions.
const DEEPEST: usize = 16;

/// A condition on a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// One of its values compared.
    Is {
        /// The name of the value: an attribute, a field of its own metadata, or `path`, `title`, `format`, `source`.
        key: String,
        /// How.
        how: How,
        /// With what; several for `in` and `nin`.
        with: Vec<Attribute>,
    },
    /// All of them hold.
    All(Vec<Self>),
    /// One of them holds.
    Any(Vec<Self>),
}

/// How values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Equal to one of them.
    In,
    /// Equal to none of them: a document without the value is not equal.
    NotIn,
    /// Greater.
    Above,
    /// Greater or equal.
    AtLeast,
    /// Less.
    Below,
    /// Less or equal.
    AtMost,
}

impl Filter {
    /// Reads a filter as OpenAI's vector stores write it: `{"type": "eq", "key": …, "value": …}`, or `and` and `or`
    /// with `filters`.
    pub fn read(written: &Value) -> Result<Self, Fault> {
        Self::read_at(written, 0)
    }

    /// One condition: `key=value`, `key!=value`, `key>value`, `key>=value`, `key<value`, `key<=value`.
    pub fn told(text: &str) -> Result<Self, Fault> {
        let signs = [
            ("!=", How::NotIn),
            (">=", How::AtLeast),
            ("<=", How::AtMost),
            ("=", How::In),
            (">", How::Above),
            ("<", How::Below),
        ];
        let first = signs.iter().filter_map(|(sign, how)| Some((text.find(sign)?, sign.len(), *how)));
        // The first sign, and of two there the longer one.
        let Some((at, length, how)) = first.min_by_key(|(at, length, _)| (*at, usize::MAX - length)) else {
            return Err(
                wrong(format!("'{text}' is no condition")).hint("Conditions look like `year>=2024` or `format=pdf`.")
            );
        };
        let (key, value) = (text[..at].trim(), text[at + length..].trim());
        Ok(Self::Is { key: key.to_owned(), how, with: vec![attribute_of(value)] })
    }

    fn read_at(written: &Value, depth: usize) -> Result<Self, Fault> {
        let kind = written.get("type").and_then(Value::as_str).unwrap_or_default();
        let how = match kind {
            "and" | "or" => {
                let inner = written.get("filters").and_then(Value::as_array);
                let inner = inner.ok_or_else(|| wrong(format!("`{kind}` needs a list of `filters`")))?;
                if depth >= DEEPEST {
                    return Err(wrong(format!("filters lie more than {DEEPEST} deep in one another")));
                }
                let inner = inner.iter().map(|one| Self::read_at(one, depth + 1)).collect::<Result<_, _>>()?;
                return Ok(if kind == "and" { Self::All(inner) } else { Self::Any(inner) });
            }
            "eq" | "in" => How::In,
            "ne" | "nin" => How::NotIn,
            "gt" => How::Above,
            "gte" => How::AtLeast,
            "lt" => How::Below,
            "lte" => How::AtMost,
            other => {
                let told = format!("there is no filter of the type '{other}'");
                return Err(wrong(told).hint("There are eq, ne, gt, gte, lt, lte, in, nin, and, or."));
            }
        };
        let key = written.get("key").and_then(Value::as_str).ok_or_else(|| wrong("a filter needs a `key`".into()))?;
        let value = written.get("value").unwrap_or(&Value::Null);
        let with = match (kind, value) {
            ("in" | "nin", Value::Array(values)) => values.iter().map(attribute).collect(),
            ("in" | "nin", _) => None,
            _ => attribute(value).map(|one| vec![one]),
        };
        let with = with.ok_or_else(|| wrong(format!("the `value` for '{key}' does not suit `{kind}`")))?;
        Ok(Self::Is { key: key.to_owned(), how, with })
    }

    /// Whether a document meets it.
    pub fn takes(&self, stamp: &Stamp) -> bool {
        match self {
            Self::All(inner) => inner.iter().all(|one| one.takes(stamp)),
            Self::Any(inner) => inner.iter().any(|one| one.takes(stamp)),
            Self::Is { key, how, with } => {
                let Some(own) = value(stamp, key) else { return *how == How::NotIn };
                let order = || with.first().and_then(|with| compare(&own, with));
                match how {
                    How::In => with.iter().any(|with| is_same(&own, with)),
                    How::NotIn => !with.iter().any(|with| is_same(&own, with)),
                    How::Above => order().is_some_and(|order| order.is_gt()),
                    How::AtLeast => order().is_some_and(|order| order.is_ge()),
                    How::Below => order().is_some_and(|order| order.is_lt()),
                    How::AtMost => order().is_some_and(|order| order.is_le()),
                }
            }
        }
    }
}

/// A value by which documents are searched; none for another kind of JSON.
pub fn attribute(value: &Value) -> Option<Attribute> {
    match value {
        Value::Bool(flag) => Some(Attribute::Flag(*flag)),
        Value::Number(number) => number.as_f64().map(Attribute::Number),
        Value::String(text) => Some(Attribute::Text(text.clone())),
        _ => None,
    }
}

/// A value as it is written where it cannot be told from a text.
fn attribute_of(text: &str) -> Attribute {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Attribute::Number(number),
        _ => Attribute::Text(text.to_owned()),
    }
}

/// What a document has under a name: its attributes go before what it says itself.
fn value(stamp: &Stamp, key: &str) -> Option<Attribute> {
    if let Some(own) = stamp.attributes.get(key) {
        return Some(own.clone());
    }
    let text = match (stamp.metadata.get(key), key) {
        (Some(own), _) => own.clone(),
        (None, "path") => stamp.path.clone(),
        (None, "title") => stamp.title.clone(),
        (None, "format") => stamp.format.clone(),
        (None, "source") => source(&stamp.path).to_owned(),
        _ => return None,
    };
    Some(Attribute::Text(text))
}

/// Which kind of source a path is of.
fn source(path: &str) -> &'static str {
    let kinds = [
        ("http://", "web"),
        ("https://", "web"),
        ("git+", "git"),
        ("s3://", "bucket"),
        (crate::ingest::UPLOADED, "upload"),
    ];
    kinds.iter().find(|(begins, _)| path.starts_with(begins)).map_or("folder", |(_, kind)| kind)
}

fn is_same(own: &Attribute, with: &Attribute) -> bool {
    compare(own, with).is_some_and(std::cmp::Ordering::is_eq)
}

/// Numbers as numbers, also where one of them is written as a text, as front matter has them; texts by their letters.
fn compare(own: &Attribute, with: &Attribute) -> Option<std::cmp::Ordering> {
    match (own, with) {
        (Attribute::Text(own), Attribute::Text(with)) => Some(own.cmp(with)),
        (Attribute::Flag(own), Attribute::Flag(with)) => Some(own.cmp(with)),
        (Attribute::Text(own), Attribute::Flag(with)) => Some(own.cmp(&with.to_string())),
        _ => number(own)?.partial_cmp(&number(with)?),
    }
}

fn number(value: &Attribute) -> Option<f64> {
    match value {
        Attribute::Number(number) => Some(*number),
        Attribute::Text(text) => text.trim().parse().ok(),
        Attribute::Flag(_) => None,
    }
}

fn wrong(told: String) -> Fault {
    Fault::bad_request("filters", told)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;
    use surefoot_types::ids::DocumentId;

    use super::*;

    fn stamp() -> Stamp {
        Stamp {
            path: "git+https://example.com/a#guide/b.md".into(),
            document_id: DocumentId::from_bits(1),
            hash: String::new(),
            embedder: String::new(),
            etag: None,
            reader: 0,
            format: "markdown".into(),
            title: "Guide".into(),
            metadata: BTreeMap::from([("year".into(), "2024".into()), ("team".into(), "sea".into())]),
            attributes: BTreeMap::from([
                ("region".into(), Attribute::Text("eu".into())),
                ("priority".into(), Attribute::Number(3.0)),
                ("draft".into(), Attribute::Flag(false)),
                ("team".into(), Attribute::Text("land".into())),
            ]),
        }
    }

    #[test]
    fn filters_by_example() {
        let is = |kind: &str, key: &str, value: Value| json!({"type": kind, "key": key, "value": value});
        let cases = [
            (is("eq", "region", json!("eu")), true),
            (is("eq", "region", json!("us")), false),
            (is("eq", "nothing", json!("eu")), false),
            (is("ne", "region", json!("us")), true),
            (is("ne", "nothing", json!("us")), true),
            (is("gt", "priority", json!(2)), true),
            (is("gt", "priority", json!(3)), false),
            (is("gte", "priority", json!(3)), true),
            (is("lt", "priority", json!(3.5)), true),
            (is("lte", "priority", json!(2)), false),
            (is("lte", "nothing", json!(2)), false),
            (is("eq", "priority", json!(3)), true),
            (is("gte", "year", json!(2024)), true),
            (is("gte", "year", json!("2025")), false),
            (is("eq", "draft", json!(false)), true),
            (is("eq", "draft", json!("false")), false),
            (is("in", "region", json!(["us", "eu"])), true),
            (is("nin", "region", json!(["us", "eu"])), false),
            (is("eq", "team", json!("land")), true),
            (is("eq", "format", json!("markdown")), true),
            (is("eq", "source", json!("git")), true),
            (
                json!({"type": "and", "filters": [is("eq", "region", json!("eu")), is("eq", "priority", json!(9))]}),
                false,
            ),
            (json!({"type": "or", "filters": [is("eq", "region", json!("eu")), is("eq", "priority", json!(9))]}), true),
            (json!({"type": "and", "filters": []}), true),
            (json!({"type": "or", "filters": []}), false),
        ];
        for (written, expected) in cases {
            assert_eq!(Filter::read(&written).unwrap().takes(&stamp()), expected, "{written}");
        }
        for (text, expected) in [
            ("region=eu", true),
            ("region != eu", false),
            ("year>=2024", true),
            ("year>2024", false),
            ("priority<4", true),
            ("team=land", true),
        ] {
            assert_eq!(Filter::told(text).unwrap().takes(&stamp()), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_filter() {
        let mut deep = json!({"type": "eq", "key": "a", "value": 1});
        for _ in 0..40 {
            deep = json!({"type": "and", "filters": [deep]});
        }
        for written in [
            json!({}),
            json!({"type": "like", "key": "a", "value": "b"}),
            json!({"type": "eq", "value": "b"}),
            json!({"type": "eq", "key": "a"}),
            json!({"type": "eq", "key": "a", "value": ["b"]}),
            json!({"type": "in", "key": "a", "value": "b"}),
            json!({"type": "and"}),
            deep,
        ] {
            assert!(Filter::read(&written).is_err(), "{written}");
        }
        assert!(Filter::told("nothing to compare").is_err());
    }
}
