//! The smallest JSON that fits a schema, and JSON that does not.
//!
//! Knows types, `required`, `enum`, `const`, `$ref` within the schema, `anyOf`, `oneOf`, `allOf`,
//! lengths and bounds. It does not make texts that fit a `pattern`.

use serde_json::{Map, Value, json};

/// How deep a value may nest: a schema that requires itself has no value at all.
const DEEPEST: usize = 12;
/// Most values in one answer, and most characters in one text.
const MOST: u64 = 2_000;

/// The smallest value that fits; null for a schema that has none.
pub(super) fn fitting(schema: &Value) -> Value {
    Maker { root: schema, left: MOST }.make(schema, 0).unwrap_or(Value::Null)
}

/// The smallest object that fits, for arguments, which are always an object.
pub(super) fn fitting_object(schema: &Value) -> Value {
    match fitting(schema) {
        object @ Value::Object(_) => object,
        _ => json!({}),
    }
}

/// A value that does not fit, as close to one that does as can be.
pub(super) fn unfitting(schema: &Value) -> Value {
    match fitting(schema) {
        Value::Object(mut object) => match object.values_mut().next() {
            Some(first) => {
                *first = other_type(first);
                Value::Object(object)
            }
            None => json!(["simulated"]),
        },
        value => other_type(&value),
    }
}

fn other_type(value: &Value) -> Value {
    match value {
        Value::Object(_) => json!(["simulated"]),
        Value::Array(_) => json!({"simulated": true}),
        _ => json!({"simulated": [value]}),
    }
}

struct Maker<'a> {
    root: &'a Value,
    left: u64,
}

impl<'a> Maker<'a> {
    fn make(&mut self, schema: &'a Value, depth: usize) -> Option<Value> {
        self.left = self.left.checked_sub(1)?;
        if depth > DEEPEST {
            return None;
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let pointer = target.strip_prefix('#')?;
            return self.make(self.root.pointer(pointer)?, depth + 1);
        }
        if let Some(only) = schema.get("const") {
            return Some(only.clone());
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return values.first().cloned();
        }
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            return self.all_of(schema, parts, depth);
        }
        for choice in ["anyOf", "oneOf"] {
            if let Some(branches) = schema.get(choice).and_then(Value::as_array) {
                return self.one_of(branches, depth);
            }
        }
        self.typed(schema, depth)
    }

    /// Objects are joined; of anything else the first part has to do.
    fn all_of(&mut self, schema: &'a Value, parts: &'a [Value], depth: usize) -> Option<Value> {
        let mut joined = Map::new();
        if schema.get("properties").is_some() {
            joined.extend(self.object(schema, depth)?);
        }
        for part in parts {
            match self.make(part, depth + 1)? {
                Value::Object(object) => joined.extend(object),
                value => return Some(value),
            }
        }
        Some(Value::Object(joined))
    }

    /// The first branch that nests no further, so that a list or a tree ends; else the first.
    fn one_of(&mut self, branches: &'a [Value], depth: usize) -> Option<Value> {
        let nests =
            |branch: &Value| branch.get("$ref").is_some() || matches!(type_of(branch), Some("object" | "array"));
        let (flat, nested): (Vec<_>, Vec<_>) = branches.iter().partition(|branch| !nests(branch));
        flat.into_iter().chain(nested).find_map(|branch| self.make(branch, depth + 1))
    }

    fn typed(&mut self, schema: &'a Value, depth: usize) -> Option<Value> {
        Some(match type_of(schema) {
            Some("object") => Value::Object(self.object(schema, depth)?),
            Some("array") => Value::Array(self.array(schema, depth)?),
            Some("integer") => number(schema, true),
            Some("number") => number(schema, false),
            Some("boolean") => json!(false),
            Some("null") => Value::Null,
            _ => Value::String(text(schema)),
        })
    }

    fn object(&mut self, schema: &'a Value, depth: usize) -> Option<Map<String, Value>> {
        static ANY: Value = Value::Null;
        let required = schema.get("required").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let mut object = Map::new();
        for name in required.iter().filter_map(Value::as_str) {
            let property = schema.get("properties").and_then(|properties| properties.get(name)).unwrap_or(&ANY);
            object.insert(name.to_owned(), self.make(property, depth + 1)?);
        }
        Some(object)
    }

    fn array(&mut self, schema: &'a Value, depth: usize) -> Option<Vec<Value>> {
        static ANY: Value = Value::Null;
        let fixed = schema.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0);
        let count = usize::try_from(least.min(MOST)).unwrap_or(0);
        let others = schema.get("items").unwrap_or(&ANY);
        (0..count).map(|at| self.make(fixed.get(at).unwrap_or(others), depth + 1)).collect()
    }
}

fn type_of(schema: &Value) -> Option<&str> {
    match schema.get("type") {
        Some(Value::String(name)) => Some(name),
        Some(Value::Array(names)) => names.first().and_then(Value::as_str),
        _ if schema.get("properties").is_some() => Some("object"),
        _ if schema.get("items").is_some() => Some("array"),
        _ => None,
    }
}

/// Zero, or else what lies nearest to a bound, or between the two.
fn number(schema: &Value, whole: bool) -> Value {
    let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
    let (least, above) = (bound("minimum"), bound("exclusiveMinimum"));
    let (most, below) = (bound("maximum"), bound("exclusiveMaximum"));
    let step = bound("multipleOf").filter(|step| *step > 0.0).or(whole.then_some(1.0));
    let fits = |value: f64| {
        least.is_none_or(|least| value >= least)
            && above.is_none_or(|above| value > above)
            && most.is_none_or(|most| value <= most)
            && below.is_none_or(|below| value < below)
    };
    let (low, high) = (least.or(above).unwrap_or(0.0), most.or(below).unwrap_or(0.0));
    let by = step.unwrap_or(1.0);
    let (up, down) = ((low / by).ceil() * by, (high / by).floor() * by);
    let candidates = [0.0, up, up + by, down, down - by, low.midpoint(high)];
    let value = candidates.into_iter().find(|value| fits(*value)).unwrap_or(0.0);
    if value.fract() == 0.0 { json!(value as i64) } else { json!(value) }
}

fn text(schema: &Value) -> String {
    let made = match schema.get("format").and_then(Value::as_str) {
        Some("date") => "2024-01-01",
        Some("time") => "00:00:00Z",
        Some("date-time") => "2024-01-01T00:00:00Z",
        Some("duration") => "PT1S",
        Some("email") => "someone@example.com",
        Some("uuid") => "00000000-0000-4000-8000-000000000000",
        Some("uri") => "https://example.com/",
        Some("hostname") => "example.com",
        Some("ipv4") => "127.0.0.1",
        Some("ipv6") => "::1",
        _ => return plain_text(schema),
    };
    made.to_owned()
}

fn plain_text(schema: &Value) -> String {
    let length = |name: &str| schema.get(name).and_then(Value::as_u64).map(|length| length.min(MOST) as usize);
    let least = length("minLength").unwrap_or(0);
    let mut made = "simulated".to_owned();
    while made.len() < least {
        made.push('.');
    }
    made.truncate(length("maxLength").unwrap_or(made.len()).max(least));
    made
}
