//! Pitfalls of whole answers and of streams.

use serde_json::{Value, json};
use surefoot_dialect::{Dialect, answer_read, answer_write};

use super::holds;
use crate::streams::{OPTIONS, read, written};

const CHAT: Dialect = Dialect::OpenaiChat;
const ANTHROPIC: Dialect = Dialect::Anthropic;

/// Checks what becomes of a whole answer.
pub(super) fn check(from: Dialect, answer: &Value, target: Dialect, expected: &Value) {
    let read = answer_read(from, answer.to_string().as_bytes()).unwrap();
    let found: Value = serde_json::from_slice(&answer_write(target, &read, 1, &Value::Null)).unwrap();
    holds(&found, expected, &format!("{answer} became {found}"));
}

fn from_anthropic(content: Value, reason: &str, usage: Value, expected: Value) {
    let answer = json!({"id": "msg", "model": "c", "content": content, "stop_reason": reason, "usage": usage});
    check(ANTHROPIC, &answer, CHAT, &expected);
}

fn from_chat(message: Value, reason: &str, usage: Value, expected: Value) {
    let choices = json!([{"index": 0, "message": message, "finish_reason": reason}]);
    check(CHAT, &json!({"id": "c", "model": "g", "choices": choices, "usage": usage}), ANTHROPIC, &expected);
}

#[test]
fn texts_and_calls() {
    let message = |expected: Value| json!({"choices": [{"message": expected}]});
    // 5: texts that citations split are put together with nothing between.
    let texts = json!([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]);
    from_anthropic(texts, "end_turn", json!({}), message(json!({"content": "ab"})));
    // 10, 11: a call without arguments has an empty object; one that was cut never looks whole.
    let call = json!([{"type": "tool_use", "id": "t", "name": "f", "input": {}}]);
    let none = message(json!({"content": null, "tool_calls": [{"id": "t", "function": {"arguments": "{}"}}]}));
    from_anthropic(call, "tool_use", json!({}), none);
    let cut = json!({"tool_calls": [{"id": "t", "function": {"name": "f", "arguments": "{\"a\":"}}]});
    let kept = json!({"content": [{"input": {"INVALID_JSON": "{\"a\":"}}], "stop_reason": "max_tokens"});
    from_chat(cut, "length", json!(null), kept);
    // 14: ids in letters that Anthropic's clients may send back to it.
    let odd = json!({"tool_calls": [{"id": "functions.f:0", "function": {"name": "f", "arguments": "{}"}}]});
    from_chat(odd, "tool_calls", json!(null), json!({"content": [{"id": "sf_functions_2ef_3a0"}]}));
    // 44: reasoning with its signature has a field of its own.
    let thinking = json!([{"type": "thinking", "thinking": "Hm", "signature": "s"}, {"type": "text", "text": "x"}]);
    let blocks = json!([{"type": "thinking", "thinking": "Hm", "signature": "surefoot:anthropic:s"}]);
    let carried = message(json!({"reasoning_content": "Hm", "thinking_blocks": blocks}));
    from_anthropic(thinking, "end_turn", json!({}), carried);
}

#[test]
fn stop_reasons() {
    // 36: every reason there is one here, and an unknown one degrades.
    for (reason, expected) in [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
        ("pause_turn", "stop"),
        ("brand_new", "stop"),
    ] {
        from_anthropic(json!([]), reason, json!({}), json!({"choices": [{"finish_reason": expected}]}));
    }
    for (reason, expected) in [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("tool_calls", "tool_use"),
        ("function_call", "tool_use"),
        ("content_filter", "refusal"),
        ("brand_new", "end_turn"),
    ] {
        from_chat(json!({"content": "x"}), reason, json!(null), json!({"stop_reason": expected}));
    }
    // 39: a refusal never becomes an empty success.
    let refused = json!({"content": [{"text": "No."}], "stop_reason": "refusal"});
    from_chat(json!({"content": null, "refusal": "No."}), "stop", json!(null), refused);
}

#[test]
fn responses_statuses() {
    // 38: what a status means, and that a completed answer with a call is a call.
    let call = json!({"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"});
    for (status, reason, output, expected) in [
        ("completed", json!(null), json!([]), "stop"),
        ("completed", json!(null), json!([call]), "tool_calls"),
        ("incomplete", json!("max_output_tokens"), json!([call]), "length"),
        ("incomplete", json!("content_filter"), json!([]), "content_filter"),
        ("incomplete", json!("brand_new"), json!([]), "stop"),
    ] {
        let answer = json!({"id": "r", "status": status, "incomplete_details": {"reason": reason}, "output": output});
        let expected = json!({"choices": [{"finish_reason": expected}]});
        check(Dialect::OpenaiResponses, &answer, CHAT, &expected);
    }
    for (reason, status, expected) in [
        ("max_tokens", "incomplete", json!({"reason": "max_output_tokens"})),
        ("refusal", "incomplete", json!({"reason": "content_filter"})),
        ("end_turn", "completed", json!(null)),
    ] {
        let answer = json!({"id": "m", "model": "c", "content": [], "stop_reason": reason});
        let expected = json!({"status": status, "incomplete_details": expected});
        check(ANTHROPIC, &answer, Dialect::OpenaiResponses, &expected);
    }
    // 39: a refusal is a part of its own there.
    let refused = json!({"id": "c", "choices": [{"message": {"refusal": "No."}, "finish_reason": "stop"}]});
    let part = json!({"output": [{"content": [{"type": "refusal", "refusal": "No."}]}]});
    check(CHAT, &refused, Dialect::OpenaiResponses, &part);
    // 31: a failure inside a success.
    let failed = json!({"id": "r", "status": "failed", "error": {"code": "rate_limit_exceeded", "message": "x"}});
    let fault = answer_read(Dialect::OpenaiResponses, failed.to_string().as_bytes()).unwrap_err();
    assert_eq!(fault.upstream_status, Some(429));
}

#[test]
fn usage() {
    // 40, 41: totals here include what the cache read and wrote; there they do not.
    let anthropic = json!({"input_tokens": 10, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 3,
        "cache_creation": {"ephemeral_5m_input_tokens": 1, "ephemeral_1h_input_tokens": 2},
        "output_tokens": 5, "output_tokens_details": {"thinking_tokens": 2}});
    let chat = json!({"prompt_tokens": 17, "completion_tokens": 5, "total_tokens": 22,
        "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 3},
        "completion_tokens_details": {"reasoning_tokens": 2}});
    from_anthropic(json!([]), "end_turn", anthropic.clone(), json!({"usage": chat}));
    let mut back = anthropic;
    back["cache_creation"] = Value::Null;
    from_chat(json!({"content": "x"}), "stop", chat, json!({"usage": back}));
    // 43: nothing told is not zero.
    from_anthropic(json!([]), "end_turn", json!(null), json!({"usage": null}));
    let zero = json!({"input_tokens": 0, "output_tokens": 0});
    from_anthropic(json!([]), "end_turn", zero, json!({"usage": {"prompt_tokens": 0, "completion_tokens": 0}}));
}

/// A stream in one dialect, written in another.
fn streamed(from: Dialect, stream: &str, target: Dialect) -> String {
    let (frames, fault) = read(from, [stream.as_bytes()]);
    written(target, OPTIONS, &frames, fault.as_ref())
}

fn chunks(deltas: &[&str]) -> String {
    let chunk =
        |delta: &&str| format!("data: {{\"id\":\"c\",\"model\":\"g\",\"choices\":[{{\"index\":0,{delta}}}]}}\n\n");
    deltas.iter().map(chunk).chain(["data: [DONE]\n\n".to_owned()]).collect()
}

#[test]
fn streams() {
    // 11: what a call begins with is no argument, and a call of nothing gets an empty object.
    let call = r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}"#;
    let end = r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":1}}"#;
    let frames = |middle: &str| {
        let start =
            r#"{"type":"message_start","message":{"id":"m","model":"c","usage":{"input_tokens":1,"output_tokens":0}}}"#;
        let stop = r#"{"type":"content_block_stop","index":0}"#;
        let all = [start, call, middle, stop, end, r#"{"type":"message_stop"}"#];
        all.iter().filter(|data| !data.is_empty()).fold(String::new(), |all, data| format!("{all}data: {data}\n\n"))
    };
    assert_eq!(streamed(ANTHROPIC, &frames(""), CHAT).matches(r#""arguments":"{}""#).count(), 1);
    let more =
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1}"}}"#;
    let text = streamed(ANTHROPIC, &frames(more), CHAT);
    assert!(text.contains(r#""arguments":"{\"a\":1}""#) && !text.contains(r#""arguments":"{}""#), "{text}");
    // 24: the role once and first; 25: one dialect's end is not the other's.
    assert_eq!(text.matches("\"role\"").count(), 1, "{text}");
    assert!(text.ends_with("data: [DONE]\n\n") && !text.contains("message_stop"), "{text}");
    // 22: a name that comes late, and a number that is left out.
    let late = chunks(&[
        r#""delta":{"tool_calls":[{"index":0,"id":"t","function":{"arguments":"{"}}]}"#,
        r#""delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"}"}}]}"#,
        r#""delta":{"tool_calls":[{"id":"u","function":{"name":"g","arguments":"{}"}}]}"#,
        r#""delta":{},"finish_reason":"tool_calls""#,
    ]);
    let text = streamed(CHAT, &late, ANTHROPIC);
    assert_eq!(text.matches("content_block_start").count() / 2, 2, "{text}");
    assert_eq!(text.matches("content_block_stop").count() / 2, 2, "{text}");
    // 31, 32: an error, or nothing more, is never a good end.
    for broken in ["data: {\"error\":{\"message\":\"busy\"}}\n\n", ""] {
        let stream = format!("{}{broken}", chunks(&[r#""delta":{"content":"Hal"}"#]).replace("data: [DONE]\n\n", ""));
        let text = streamed(CHAT, &stream, ANTHROPIC);
        assert!(text.contains("event: error") && !text.contains("end_turn"), "{text}");
    }
}
