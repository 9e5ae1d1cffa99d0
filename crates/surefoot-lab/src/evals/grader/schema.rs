//! The grader of an answer's shape: json_schema.

use jsonschema::Validator;
use serde_json::Value;

use super::{Finding, brief};

/// Mistakes of an answer that are told; the first ones explain the rest.
const TOLD: usize = 3;

/// A schema, of draft 2020-12 where it does not name another. Formats count. It may be JSON text, as
/// it is in a CSV cell; what it refers to must stand inside it.
pub(super) fn validator(expected: &Value) -> Result<Validator, String> {
    let parsed;
    let schema = match expected {
        Value::String(text) => {
            parsed = serde_json::from_str(text).map_err(|error| format!("the schema is not JSON: {error}"))?;
            &parsed
        }
        schema => schema,
    };
    jsonschema::options()
        .should_validate_formats(true)
        .build(schema)
        .map_err(|error| format!("the schema cannot be used: {}", brief(&error.to_string())))
}

/// Whether the whole answer is JSON of this shape.
pub(super) fn fits(validator: &Validator, said: &str) -> Finding {
    let json: Value = match serde_json::from_str(said) {
        Ok(json) => json,
        Err(error) => return Finding::of(false, format!("the answer is not JSON: {error}")),
    };
    let told: Vec<_> = validator
        .iter_errors(&json)
        .take(TOLD)
        .map(|error| match error.instance_path().to_string() {
            top if top.is_empty() => brief(&error.to_string()),
            place => format!("{place}: {}", brief(&error.to_string())),
        })
        .collect();
    if told.is_empty() {
        Finding::of(true, "the answer fits the schema")
    } else {
        Finding::of(false, format!("the answer does not fit the schema: {}", told.join("; ")))
    }
}
