//! The tools that an answer calls, from its own calls or from JSON that describes them.

use serde_json::{Map, Value};

use super::json;
use crate::evals::Asked;

/// A call with its arguments, if those are JSON.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub(super) name: String,
    /// The arguments; as a text where they are not JSON.
    pub(super) arguments: Value,
}

impl Call {
    fn new(name: &str, arguments: Option<&Value>) -> Self {
        let arguments = match arguments {
            Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str())),
            Some(json) => json.clone(),
            None => Value::Object(Map::new()),
        };
        Self { name: name.to_owned(), arguments }
    }
}

/// The calls of an answer, in order. Where it makes none itself, those that its text describes, in the
/// forms of the OpenAI, Anthropic and Gemini APIs.
pub(super) fn of(asked: &Asked) -> Vec<Call> {
    if !asked.tools.is_empty() {
        let call = |tool: &crate::evals::ToolCalled| Call::new(&tool.name, Some(&Value::from(tool.arguments.as_str())));
        return asked.tools.iter().map(call).collect();
    }
    let mut calls = Vec::new();
    match serde_json::from_str(&asked.text) {
        Ok(whole) => described(&whole, &mut calls),
        Err(_) => json::objects(&asked.text).iter().for_each(|object| described(object, &mut calls)),
    }
    calls
}

fn described(value: &Value, calls: &mut Vec<Call>) {
    let object = match value {
        Value::Array(list) => return list.iter().for_each(|one| described(one, calls)),
        Value::Object(object) => object,
        _ => return,
    };
    if let Some(list @ Value::Array(_)) = object.get("tool_calls") {
        return described(list, calls);
    }
    let kind = object.get("type").and_then(Value::as_str);
    let wrapped = ["function", "functionCall"].iter().find_map(|name| object.get(*name)?.as_object());
    match (wrapped, kind) {
        (Some(function), _) => calls.extend(call(function)),
        (None, Some("function_call" | "tool_use" | "tool_call")) | (None, None) => calls.extend(call(object)),
        (None, Some(_)) => {}
    }
}

/// `{name, arguments}`, where the arguments have one of three names.
fn call(object: &Map<String, Value>) -> Option<Call> {
    let arguments = ["arguments", "args", "input"].iter().find_map(|name| object.get(*name));
    let name = object.get("name")?.as_str()?;
    // A name alone may be anything's; a call has arguments, or stands where calls stand.
    (arguments.is_some() || object.contains_key("type") || object.len() == 1).then(|| Call::new(name, arguments))
}
