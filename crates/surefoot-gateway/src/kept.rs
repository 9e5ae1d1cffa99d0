//! What is kept of a response, beside its trace.

use serde_json::Value;
use surefoot_guard::secrets;
use surefoot_types::{ids::ResponseId, ports::StoreError, response::Response};

use crate::{events, screen::mask};

/// Where words stand in a response's JSON.
const WORDS: [&str; 8] = ["text", "arguments", "output", "content", "instructions", "refusal", "queries", "delta"];

/// Masks the secrets in what is kept of a response, as they are masked in its trace.
pub fn without_secrets(response: &mut Response) {
    response.asked.iter_mut().chain(&mut response.said).for_each(mask);
    response.items.iter_mut().chain([&mut response.body]).for_each(|value| masked(value, false));
}

/// Notes that a response that was to be kept could not be.
pub fn response_lost(id: ResponseId, error: &StoreError) {
    events::response_lost(id, error);
}

/// Masks the texts under the names of words: an id or a signature is none.
fn masked(value: &mut Value, words: bool) {
    match value {
        Value::String(text) if words => secrets::mask_in_place(text),
        Value::Array(items) => items.iter_mut().for_each(|item| masked(item, words)),
        Value::Object(fields) => {
            fields.iter_mut().for_each(|(name, value)| masked(value, WORDS.contains(&name.as_str())));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_are_masked_and_ids_are_not() {
        let secret = "sk-proj-abcdEFGH1234ijklMNOP5678qrstUVWX9012yzAB3456";
        let mut value =
            json!({"id": secret, "content": [{"text": format!("my key is {secret}"), "encrypted_content": secret}]});
        masked(&mut value, false);
        assert_eq!((&value["id"], &value["content"][0]["encrypted_content"]), (&json!(secret), &json!(secret)));
        assert!(!value["content"][0]["text"].as_str().unwrap().contains(secret), "{value}");
    }
}
