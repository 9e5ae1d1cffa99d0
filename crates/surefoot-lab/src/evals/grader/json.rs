//! Graders of an answer's shape: is-json, contains-json, json_schema, valid-json-container.

use jsonschema::Validator;
use serde_json::{Deserializer, Value};

use super::{Finding, Found, Given, brief};

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

/// Whether the whole answer is JSON, or (`within`) an object in it is; of this shape, if one is given.
pub(super) fn holds(schema: Option<&Validator>, said: &str, within: bool) -> Finding {
    let whole = serde_json::from_str(said);
    let found = match whole {
        Ok(json) => vec![json],
        Err(error) if !within => return Finding::of(false, format!("the answer is not JSON: {error}")),
        Err(_) => objects(said),
    };
    let Some(first) = found.first() else { return Finding::of(false, "the answer holds no JSON object") };
    match schema {
        None => Finding::of(true, if within { "the answer holds JSON" } else { "the answer is JSON" }),
        Some(schema) if found.iter().any(|json| schema.is_valid(json)) => {
            Finding::of(true, "the answer fits the schema")
        }
        Some(schema) => Finding::of(false, format!("the answer does not fit the schema: {}", faults(schema, first))),
    }
}

/// What keeps `json` from fitting.
pub(super) fn faults(schema: &Validator, json: &Value) -> String {
    let told = schema.iter_errors(json).take(TOLD).map(|error| match error.instance_path().to_string() {
        top if top.is_empty() => brief(&error.to_string()),
        place => format!("{place}: {}", brief(&error.to_string())),
    });
    told.collect::<Vec<_>>().join("; ")
}

/// The JSON objects in a text, in order, none inside another.
pub(super) fn objects(text: &str) -> Vec<Value> {
    let (mut found, mut from) = (Vec::new(), 0);
    while let Some(at) = text[from..].find('{') {
        let start = from + at;
        let mut stream = Deserializer::from_str(&text[start..]).into_iter();
        match stream.next() {
            Some(Ok(object)) => {
                found.push(object);
                from = start + stream.byte_offset();
            }
            _ => from = start + 1,
        }
    }
    found
}

/// An object or a list, as autoevals has it: a bare number is none.
pub(super) fn container(given: Given<'_>) -> Found {
    Ok(match serde_json::from_str(given.said()) {
        Ok(Value::Object(_) | Value::Array(_)) => Finding::of(true, "the answer is a JSON object or list"),
        Ok(_) => Finding::of(false, "the answer is JSON, but no object or list"),
        Err(error) => Finding::of(false, format!("the answer is not JSON: {error}")),
    })
}
