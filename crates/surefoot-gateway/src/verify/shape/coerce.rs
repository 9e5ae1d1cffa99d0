//! Puts a value's types right, where the other type says the same.

use serde_json::{Map, Number, Value};

/// How deep a schema is followed.
const DEEPEST: usize = 50;
/// The largest whole number that an f64 holds exactly.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The value as the schema has it. What cannot be put right stays as it is.
pub(super) fn coerced(schema: &Value, value: &Value) -> Value {
    let coercer = Coercer { root: schema };
    let top = coercer.value(schema, value, 0);
    if fits(schema, &top) {
        return top;
    }
    // An object in a list of one, or under a name of its own, is still that object.
    let inner = match value {
        Value::Array(items) if items.len() == 1 => items.first(),
        Value::Object(fields) if fields.len() == 1 => fields.values().next(),
        _ => None,
    };
    let unwrapped = inner.map(|inner| coercer.value(schema, inner, 0)).filter(|inner| fits(schema, inner));
    unwrapped.unwrap_or(top)
}

fn fits(schema: &Value, value: &Value) -> bool {
    jsonschema::is_valid(schema, value)
}

struct Coercer<'a> {
    root: &'a Value,
}

impl<'a> Coercer<'a> {
    fn value(&self, schema: &'a Value, value: &Value, depth: usize) -> Value {
        if depth > DEEPEST {
            return value.clone();
        }
        let schema = self.followed(schema);
        for choice in ["anyOf", "oneOf"] {
            if let Some(branches) = schema.get(choice).and_then(Value::as_array) {
                return self.one_of(branches, value, depth);
            }
        }
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            return parts.iter().fold(value.clone(), |value, part| self.value(part, &value, depth + 1));
        }
        if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
            return chosen(choices, value);
        }
        let types = types(schema);
        let value = if types.is_empty() || types.iter().any(|kind| is(kind, value)) {
            value.clone()
        } else {
            types.iter().find_map(|kind| self.as_type(kind, schema, value, depth)).unwrap_or_else(|| value.clone())
        };
        match value {
            Value::Object(fields) => Value::Object(self.fields(schema, fields, depth)),
            Value::Array(items) => match schema.get("items") {
                Some(inner) => items.iter().map(|item| self.value(inner, item, depth + 1)).collect(),
                None => Value::Array(items),
            },
            other => other,
        }
    }

    /// The schema that a reference within the document leads to.
    fn followed(&self, mut schema: &'a Value) -> &'a Value {
        for _ in 0..DEEPEST {
            let target = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
            match target.and_then(|pointer| self.root.pointer(pointer)) {
                Some(target) => schema = target,
                None => break,
            }
        }
        schema
    }

    /// As the first branch has it that it fits as it is, then as the first that it can be made to fit.
    fn one_of(&self, branches: &'a [Value], value: &Value, depth: usize) -> Value {
        let standing = |branch: &Value| {
            let mut schema = branch.clone();
            if let (Some(schema), Some(root)) = (schema.as_object_mut(), self.root.as_object()) {
                for name in ["$defs", "definitions"] {
                    if let Some(defined) = root.get(name) {
                        schema.insert(name.to_owned(), defined.clone());
                    }
                }
            }
            schema
        };
        if branches.iter().any(|branch| fits(&standing(branch), value)) {
            return value.clone();
        }
        let made = branches.iter().map(|branch| (branch, self.value(branch, value, depth + 1)));
        let made = made.into_iter().find(|(branch, made)| fits(&standing(branch), made));
        made.map_or_else(|| value.clone(), |(_, made)| made)
    }

    fn as_type(&self, kind: &str, schema: &'a Value, value: &Value, depth: usize) -> Option<Value> {
        match (kind, value) {
            ("integer", Value::Number(number)) => whole(number.as_f64()?).map(Value::Number),
            ("integer" | "number", Value::String(text)) => {
                let number: Number = serde_json::from_str(text.trim()).ok()?;
                let number = if kind == "integer" && number.is_f64() { whole(number.as_f64()?)? } else { number };
                Some(Value::Number(number))
            }
            ("boolean", Value::String(text)) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "yes" => Some(Value::Bool(true)),
                "false" | "no" => Some(Value::Bool(false)),
                _ => None,
            },
            ("string", Value::Number(_) | Value::Bool(_)) => Some(Value::String(value.to_string())),
            ("null", Value::String(text)) => {
                matches!(text.trim().to_ascii_lowercase().as_str(), "null" | "none" | "").then_some(Value::Null)
            }
            ("object" | "array", Value::String(text)) => {
                let inner: Value = serde_json::from_str(text).ok()?;
                is(kind, &inner).then_some(inner)
            }
            ("array", _) if !value.is_null() => {
                let items = self.followed(schema.get("items")?);
                let item = self.value(items, value, depth + 1);
                let types = types(items);
                (types.is_empty() || types.iter().any(|kind| is(kind, &item))).then(|| Value::Array(vec![item]))
            }
            _ => None,
        }
    }

    fn fields(&self, schema: &'a Value, mut fields: Map<String, Value>, depth: usize) -> Map<String, Value> {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            let Some(others) = schema.get("additionalProperties").filter(|others| others.is_object()) else {
                return fields;
            };
            return fields.iter().map(|(name, value)| (name.clone(), self.value(others, value, depth + 1))).collect();
        };
        named(properties, &mut fields);
        let required: Vec<&str> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        for (name, property) in properties {
            let needed = required.contains(&name.as_str());
            match fields.get(name) {
                // Absent and null say the same.
                None if needed && self.may_be_null(property) => {
                    fields.insert(name.clone(), Value::Null);
                }
                Some(Value::Null) if !needed && !self.may_be_null(property) => {
                    fields.shift_remove(name);
                }
                Some(value) => {
                    let value = self.value(property, value, depth + 1);
                    fields.insert(name.clone(), value);
                }
                None => {}
            }
        }
        fields
    }

    fn may_be_null(&self, schema: &'a Value) -> bool {
        let schema = self.followed(schema);
        let branches = ["anyOf", "oneOf"].into_iter().filter_map(|choice| schema.get(choice)?.as_array()).flatten();
        types(schema).contains(&"null") || branches.into_iter().any(|branch| types(branch).contains(&"null"))
    }
}

/// Gives fields the names that the schema has for them, where only case and separators differ.
fn named(properties: &Map<String, Value>, fields: &mut Map<String, Value>) {
    let plain = |name: &str| name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    for name in properties.keys() {
        if fields.contains_key(name) {
            continue;
        }
        let alike: Vec<String> = fields
            .keys()
            .filter(|other| !properties.contains_key(*other) && plain(other) == plain(name))
            .cloned()
            .collect();
        if let [only] = &alike[..]
            && let Some(value) = fields.shift_remove(only)
        {
            fields.insert(name.clone(), value);
        }
    }
}

/// The one of the choices that the value differs from in case, space or type only.
fn chosen(choices: &[Value], value: &Value) -> Value {
    if choices.contains(value) {
        return value.clone();
    }
    let plain = |value: &Value| match value {
        Value::String(text) => text.trim().replace([' ', '-'], "_").to_lowercase(),
        other => other.to_string(),
    };
    let mut alike = choices.iter().filter(|choice| plain(choice) == plain(value));
    match (alike.next(), alike.next()) {
        (Some(only), None) => only.clone(),
        _ => value.clone(),
    }
}

fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ if schema.get("properties").is_some() => vec!["object"],
        _ => Vec::new(),
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        _ => false,
    }
}

/// A whole number without a fraction, as JSON writes whole numbers.
fn whole(number: f64) -> Option<Number> {
    let exact = number.fract() == 0.0 && number.abs() <= EXACT;
    exact.then(|| Number::from(number as i64))
}
