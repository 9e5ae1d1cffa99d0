//! A JSON schema in the part of JSON schema that Anthropic's structured output knows.

use serde_json::{Map, Value};

use crate::extras::Dropped;

/// Constraints that Anthropic refuses. They are left out and named; whoever checks the answer
/// holds it against the schema as it was.
const REFUSED: [&str; 11] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
];

/// Keywords whose value is a map from names to schemas.
const MAPS: [&str; 4] = ["properties", "$defs", "definitions", "patternProperties"];

/// The schema as Anthropic takes it. Depth is bounded, since the JSON reader bounds it.
pub(crate) fn adapted(schema: &Value, dropped: &mut Dropped) -> Value {
    match schema {
        Value::Object(fields) => Value::Object(object(fields, dropped)),
        Value::Array(items) => items.iter().map(|item| adapted(item, dropped)).collect(),
        other => other.clone(),
    }
}

fn object(fields: &Map<String, Value>, dropped: &mut Dropped) -> Map<String, Value> {
    let mut out = Map::new();
    for (name, value) in fields {
        let too_many = name == "minItems" && value.as_u64().is_some_and(|least| least > 1);
        if too_many || REFUSED.contains(&name.as_str()) {
            dropped.name(format!("response_format.{name}"));
            continue;
        }
        out.insert(name.clone(), keyword(name, value, dropped));
    }
    if out.get("type").is_some_and(|kind| kind == "object") {
        out.insert("additionalProperties".into(), Value::Bool(false));
    }
    out
}

fn keyword(name: &str, value: &Value, dropped: &mut Dropped) -> Value {
    match value {
        // Here the keys are the user's names, not keywords.
        Value::Object(map) if MAPS.contains(&name) => {
            Value::Object(map.iter().map(|(name, schema)| (name.clone(), adapted(schema, dropped))).collect())
        }
        // Here the values are data, not schemas.
        _ if matches!(name, "enum" | "const" | "default" | "examples" | "required") => value.clone(),
        _ => adapted(value, dropped),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn refused_constraints_go_and_properties_of_the_same_name_stay() {
        let schema = json!({
            "type": "object",
            "properties": {
                "minimum": {"type": "integer", "minimum": 1, "enum": [{"maximum": 1}]},
                "list": {"type": "array", "minItems": 1, "items": {"type": "object", "properties": {}, "maxProperties": 2}},
                "pair": {"anyOf": [{"type": "array", "minItems": 2}, {"$ref": "#/$defs/x"}]},
            },
            "required": ["minimum"],
            "additionalProperties": true,
            "$defs": {"x": {"type": "string", "maxLength": 5}},
        });
        let mut dropped = Dropped::default();
        assert_eq!(
            adapted(&schema, &mut dropped),
            json!({
                "type": "object",
                "properties": {
                    "minimum": {"type": "integer", "enum": [{"maximum": 1}]},
                    "list": {
                        "type": "array",
                        "minItems": 1,
                        "items": {"type": "object", "properties": {}, "additionalProperties": false},
                    },
                    "pair": {"anyOf": [{"type": "array"}, {"$ref": "#/$defs/x"}]},
                },
                "required": ["minimum"],
                "additionalProperties": false,
                "$defs": {"x": {"type": "string"}},
            })
        );
        let names = ["minimum", "maxProperties", "minItems", "maxLength"].map(|name| format!("response_format.{name}"));
        assert_eq!(dropped.into_names(), names);
    }
}
