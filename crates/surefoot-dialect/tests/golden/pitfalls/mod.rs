//! What gateways get wrong, one by one: each pitfall is a row.

#![allow(clippy::needless_pass_by_value, reason = "rows read better without ampersands")]

mod answers;
mod bedrock;
mod gemini;
mod requests;

use serde_json::Value;

/// Checks that `found` has all that `expected` has. What is expected to be null must be absent or
/// null; arrays have the same length.
pub(crate) fn holds(found: &Value, expected: &Value, whole: &str) {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            for (name, expected) in expected {
                holds(found.get(name).unwrap_or(&Value::Null), expected, whole);
            }
        }
        (Value::Array(found), Value::Array(expected)) if found.len() == expected.len() => {
            found.iter().zip(expected).for_each(|(found, expected)| holds(found, expected, whole));
        }
        _ => assert_eq!(found, expected, "{whole}"),
    }
}
