//! Gemini's own way to write a schema (types in capitals, `nullable`), as JSON schema.

use serde_json::{Value, json};

/// A `Schema` of Gemini's as JSON schema. Depth is bounded, since the JSON reader bounds it.
pub(super) fn to_json_schema(schema: &Value) -> Value {
    let Value::Object(fields) = schema else { return schema.clone() };
    let mut out = crate::json::Object::new();
    for (name, value) in fields {
        let value = match (name.as_str(), value) {
            ("type", Value::String(kind)) => kind.to_ascii_lowercase().into(),
            ("properties", Value::Object(properties)) => {
                properties.iter().map(|(name, schema)| (name.clone(), to_json_schema(schema))).collect()
            }
            ("items", schema) => to_json_schema(schema),
            ("anyOf", Value::Array(schemas)) => schemas.iter().map(to_json_schema).collect(),
            // Counts are strings in Google's JSON.
            ("minItems" | "maxItems" | "minLength" | "maxLength" | "minProperties" | "maxProperties", value) => {
                value.as_str().and_then(|count| count.parse::<u64>().ok()).map_or_else(|| value.clone(), Value::from)
            }
            ("nullable" | "propertyOrdering" | "example", _) => continue,
            (_, value) => value.clone(),
        };
        out.insert(name.clone(), value);
    }
    if let (Some(Value::Bool(true)), Some(kind)) = (fields.get("nullable"), out.get("type").cloned()) {
        out.insert("type".into(), json!([kind, "null"]));
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_spelled_as_json_schema_has_them() {
        let gemini = json!({
            "type": "OBJECT", "propertyOrdering": ["a"],
            "properties": {
                "a": {"type": "STRING", "nullable": true, "enum": ["OBJECT"], "maxLength": "3"},
                "type": {"type": "ARRAY", "items": {"anyOf": [{"type": "INTEGER"}, {"type": "NULL"}]}, "minItems": 1},
            },
        });
        assert_eq!(
            to_json_schema(&gemini),
            json!({
                "type": "object",
                "properties": {
                    "a": {"type": ["string", "null"], "enum": ["OBJECT"], "maxLength": 3},
                    "type": {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "null"}]}, "minItems": 1},
                },
            })
        );
    }
}
