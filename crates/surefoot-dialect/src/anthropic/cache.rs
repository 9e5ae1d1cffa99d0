//! Marks by which Anthropic keeps the beginning of a prompt.

use serde_json::{Value, json};

/// Puts marks into a request's body: behind what stays the same from request to request (tools and system), and
/// behind the conversation so far, which the next turn begins with. A body with marks of its own stays as it is.
pub(crate) fn marked(body: &[u8]) -> Option<Vec<u8>> {
    if memchr::memmem::find(body, b"\"cache_control\"").is_some() {
        return None;
    }
    let mut request: Value = serde_json::from_slice(body).ok()?;
    let system = request.get_mut("system").is_some_and(mark_last);
    // The system stands behind the tools: its mark holds for both.
    if !system && let Some(tool) = request.get_mut("tools").and_then(Value::as_array_mut).and_then(|all| all.last_mut())
    {
        mark(tool);
    }
    let last = request.get_mut("messages").and_then(Value::as_array_mut).and_then(|all| all.last_mut());
    if let Some(content) = last.and_then(|message| message.get_mut("content")) {
        mark_last(content);
    }
    serde_json::to_vec(&request).ok()
}

/// Marks the last block of a text or of blocks. Empty texts and reasoning take no mark.
fn mark_last(content: &mut Value) -> bool {
    if let Value::String(text) = content {
        if text.is_empty() {
            return false;
        }
        *content = json!([{"type": "text", "text": text}]);
    }
    let Some(block) = content.as_array_mut().and_then(|blocks| blocks.last_mut()) else { return false };
    let kind = block.get("type").and_then(Value::as_str).unwrap_or_default();
    if matches!(kind, "thinking" | "redacted_thinking") || block.get("text").is_some_and(|text| text == "") {
        return false;
    }
    mark(block);
    true
}

fn mark(block: &mut Value) {
    if let Value::Object(fields) = block {
        fields.insert("cache_control".into(), json!({"type": "ephemeral"}));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_stand_behind_what_stays_the_same() {
        let marked = |body: Value| marked(body.to_string().as_bytes()).map(|body| String::from_utf8(body).unwrap());
        let ephemeral = json!({"type": "ephemeral"});
        for (body, expected) in [
            (
                json!({"system": "Be brief.", "tools": [{"name": "a"}], "messages": [{"role": "user", "content": "hi"}]}),
                json!({
                    "system": [{"type": "text", "text": "Be brief.", "cache_control": ephemeral}],
                    "tools": [{"name": "a"}],
                    "messages": [{"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": ephemeral}]}],
                }),
            ),
            (
                json!({"tools": [{"name": "a"}, {"name": "b"}], "messages": []}),
                json!({"tools": [{"name": "a"}, {"name": "b", "cache_control": ephemeral}], "messages": []}),
            ),
            (
                json!({"messages": [{"role": "assistant", "content": [{"type": "thinking", "thinking": "…"}]}]}),
                json!({"messages": [{"role": "assistant", "content": [{"type": "thinking", "thinking": "…"}]}]}),
            ),
        ] {
            assert_eq!(marked(body), Some(expected.to_string()));
        }
        let own =
            json!({"system": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]});
        assert_eq!(marked(own), None);
    }
}
