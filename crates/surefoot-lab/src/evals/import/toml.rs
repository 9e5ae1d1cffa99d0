//! An eval's file, written.

use std::fmt::Write;

use serde_json::{Map, Value};

/// The file of an eval: its plain options, then its graders.
pub(super) fn eval(eval: &Map<String, Value>) -> String {
    let mut text = String::new();
    for (name, value) in eval.iter().filter(|(name, _)| *name != "graders") {
        let _ = writeln!(text, "{name} = {}", inline(value));
    }
    for grader in eval.get("graders").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object) {
        text.push_str("\n[[graders]]\n");
        for (name, value) in grader {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name} = {}", inline(value));
        }
    }
    text
}

/// A value on one line. A JSON string is a TOML string, too.
pub(super) fn inline(value: &Value) -> String {
    match value {
        Value::Array(list) => format!("[{}]", list.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(_, value)| !value.is_null());
            let told = fields.map(|(name, value)| format!("{} = {}", Value::from(name.as_str()), inline(value)));
            format!("{{ {} }}", told.collect::<Vec<_>>().join(", "))
        }
        // TOML has no null: an empty text says as little.
        Value::Null => "\"\"".into(),
        Value::String(text) => Value::from(text.replace('\u{7f}', "")).to_string(),
        other => other.to_string(),
    }
}
