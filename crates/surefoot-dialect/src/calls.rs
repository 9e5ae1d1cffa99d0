//! Arguments of tool calls. Those of a call that a limit cut in the middle must never look whole, or a
//! client runs them.

use serde::Serialize;
use serde_json::{
    json,
    value::{RawValue, to_raw_value},
};
use surefoot_types::conversation::Finish;

/// The number, among `calls` tool calls, of the one that may have been cut, given why the answer
/// ended. Only the last can be, and not when the model says that it was done.
pub(crate) fn cut(finish: &Finish, calls: usize) -> Option<usize> {
    match finish {
        Finish::Stop | Finish::ToolCalls => None,
        Finish::Length | Finish::Refusal | Finish::Other(_) => calls.checked_sub(1),
    }
}

/// A call's arguments as the object that all dialects but OpenAI's ask for, its members as the model wrote them.
/// What is no object is wrapped in one, so that nothing is lost and nothing looks whole that is not.
pub(crate) fn object_of(arguments: &str, cut: bool) -> Box<RawValue> {
    let text = arguments.trim();
    if text.is_empty() && !cut {
        return raw(&json!({}));
    }
    match serde_json::from_str::<&RawValue>(text) {
        Ok(object) if text.starts_with('{') => object.to_owned(),
        Ok(value) => raw(&Wrapped { value }),
        Err(_) => raw(&json!({"INVALID_JSON": arguments})),
    }
}

#[derive(Serialize)]
struct Wrapped<'a> {
    value: &'a RawValue,
}

fn raw(data: &impl Serialize) -> Box<RawValue> {
    to_raw_value(data).expect("data with string keys can always be written as JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_always_an_object() {
        for (arguments, cut, expected) in [
            ("", false, "{}"),
            ("", true, r#"{"INVALID_JSON":""}"#),
            (" {\"n\": 123456789012345678901234567890}", false, r#"{"n": 123456789012345678901234567890}"#),
            ("[1]", false, r#"{"value":[1]}"#),
            ("null", false, r#"{"value":null}"#),
            ("{\"a\": ", true, r#"{"INVALID_JSON":"{\"a\": "}"#),
        ] {
            assert_eq!(object_of(arguments, cut).get(), expected);
        }
    }
}
