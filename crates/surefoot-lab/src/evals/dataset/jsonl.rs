//! Cases as JSON, one object a line.

use serde_json::Value;

use super::{
    Problem,
    read::{Record, on},
};

pub(super) fn records(text: &str) -> (Vec<Record>, Vec<Problem>) {
    let (mut records, mut problems) = (Vec::new(), Vec::new());
    for (at, line) in text.lines().enumerate() {
        let number = at as u64 + 1;
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str(line) {
            Ok(Value::Object(fields)) => records.push((number, fields)),
            Ok(_) => problems.push(on(number, "is not a JSON object")),
            Err(error) => problems.push(on(number, not_json(&error))),
        }
    }
    (records, problems)
}

/// The parser counts lines within what it was given, which is always one: only the column is of use.
fn not_json(error: &serde_json::Error) -> String {
    let told = error.to_string();
    let what = told.split(" at line ").next().unwrap_or(&told);
    format!("is not JSON: {what} (column {})", error.column())
}
