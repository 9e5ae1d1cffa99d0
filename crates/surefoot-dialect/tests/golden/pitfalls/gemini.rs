//! Pitfalls of Gemini.

use serde_json::{Value, json};
use surefoot_dialect::{Dialect, answer_read, passthrough};

use super::{answers, holds, requests::check};

const CHAT: Dialect = Dialect::OpenaiChat;
const ANTHROPIC: Dialect = Dialect::Anthropic;
const GEMINI: Dialect = Dialect::Gemini;

fn to_gemini(from: Dialect, request: Value, expected: Value, dropped: &[&str]) {
    check(from, request, GEMINI, "gemini-3-pro", &expected, dropped);
}

fn call(id: &str, name: &str) -> Value {
    json!({"id": id, "type": "function", "function": {"name": name, "arguments": "[1]"}})
}

/// A loop of tools in OpenAI's words, with this reasoning before the calls.
fn loop_of(blocks: Value) -> Value {
    json!({"messages": [{"role": "user", "content": "x"},
        {"role": "assistant", "content": "So", "thinking_blocks": blocks, "tool_calls": [call("a", "f"), call("b", "g")]},
        {"role": "tool", "tool_call_id": "b", "content": "{\"n\":1}"},
        {"role": "tool", "tool_call_id": "a", "content": "one"},
        {"role": "user", "content": "y"}]})
}

#[test]
fn contents() {
    // 2: instructions alone are no conversation.
    let alone = json!({"messages": [{"role": "system", "content": "A"}]});
    let opened =
        json!({"systemInstruction": {"parts": [{"text": "A"}]}, "contents": [{"role": "user", "parts": [{}]}]});
    to_gemini(CHAT, alone, opened, &[]);
    // 3, 12, 13: results alone in their content, by the order of their calls, each with its function's
    // name and an object. 10: arguments are an object. 45: calls that no Gemini made say so, the first
    // of them.
    let expected = json!({"contents": [
        {"role": "user"},
        {"role": "model", "parts": [{"text": "So", "thoughtSignature": null},
            {"functionCall": {"name": "f", "id": null, "args": {"value": [1]}},
                "thoughtSignature": "skip_thought_signature_validator"},
            {"functionCall": {"name": "g"}, "thoughtSignature": null}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"result": "one"}}},
            {"functionResponse": {"name": "g", "response": {"n": 1}}}]},
        {"role": "user", "parts": [{"text": "y"}]},
    ]});
    to_gemini(CHAT, loop_of(json!([])), expected, &[]);
    // 4: no empty parts.
    let empty = json!({"messages": [{"role": "user", "content": [{"type": "text", "text": ""},
        {"type": "text", "text": "x"}]}]});
    to_gemini(CHAT, empty, json!({"contents": [{"parts": [{"text": "x"}]}]}), &[]);
}

#[test]
fn signatures() {
    // 45: a signature that Gemini gave goes back to the call, wherever a client kept it.
    let kept = json!([{"type": "thinking", "thinking": "", "signature": "surefoot:gemini:c2ln"}]);
    let signed = json!({"contents": [{}, {"parts": [{"text": "So", "thoughtSignature": null},
        {"functionCall": {"name": "f"}, "thoughtSignature": "c2ln"}, {}]}, {}, {}]});
    to_gemini(CHAT, loop_of(kept), signed, &[]);
    // 44: and another's does not reach Gemini.
    let foreign = json!([{"type": "thinking", "thinking": "Hm", "signature": "surefoot:anthropic:s"}]);
    to_gemini(CHAT, loop_of(foreign), json!({}), &["messages[].content[].thinking"]);
    // Gemini's clients keep another's in base64, beside its reasoning, and it finds its way back.
    let sealed = "c3VyZWZvb3Q6YW50aHJvcGljOnNpZw==";
    let said = json!({"messages": null, "max_tokens": null, "model": null, "contents": [{"parts": [{"text": "x"}]},
        {"role": "model", "parts": [{"text": "H", "thought": true}, {"text": "m", "thought": true},
            {"text": "", "thought": true, "thoughtSignature": sealed}, {"functionCall": {"name": "f", "args": {}}}]},
        {"parts": [{"functionResponse": {"name": "f", "response": {"error": "no"}}}]}]});
    let theirs = json!({"messages": [{}, {"content": [{"type": "thinking", "thinking": "Hm", "signature": "sig"},
        {"type": "tool_use", "id": "gemini_1_1"}]}, {"content": [{"tool_use_id": "gemini_1_1", "is_error": true}]}]});
    check(GEMINI, said.clone(), ANTHROPIC, "m", &theirs, &[]);
    let body = said.to_string();
    let sent = passthrough::request(GEMINI, body.as_bytes(), "m", None).unwrap();
    assert!(!std::str::from_utf8(&sent).unwrap().contains(sealed));
    // An answer of Gemini's, to clients of the others: the signature stands before its call.
    let answer = json!({"responseId": "r", "candidates": [{"finishReason": "STOP", "content": {"parts": [
        {"functionCall": {"name": "f"}, "thoughtSignature": "c2ln"}, {"functionCall": {"name": "f"}}]}}]});
    let blocks = json!({"content": [{"type": "thinking", "thinking": "", "signature": "surefoot:gemini:c2ln"},
        {"type": "tool_use", "id": "gemini_r_0", "input": {}}, {"id": "gemini_r_1"}], "stop_reason": "tool_use"});
    answers::check(GEMINI, &answer, ANTHROPIC, &blocks);
}

#[test]
fn parameters() {
    // 15: choices of tools.
    let tools = json!([{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]);
    for (choice, expected) in [
        (json!("auto"), json!({"mode": "AUTO"})),
        (json!("none"), json!({"mode": "NONE"})),
        (json!("required"), json!({"mode": "ANY", "allowedFunctionNames": null})),
        (json!({"type": "function", "function": {"name": "f"}}), json!({"mode": "ANY", "allowedFunctionNames": ["f"]})),
    ] {
        let request = json!({"tools": tools, "tool_choice": choice});
        // 20: several functions stand in one entry. 48: schemas go as they are.
        let expected = json!({"toolConfig": {"functionCallingConfig": expected},
            "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": {"type": "object"}}]}]});
        to_gemini(CHAT, request, expected, &[]);
    }
    // 46: a budget for one generation, a level for the next.
    for (model, expected) in [
        ("gemini-2.5-pro", json!({"thinkingBudget": 8192, "thinkingLevel": null})),
        ("gemini-3-pro", json!({"thinkingBudget": null, "thinkingLevel": "MEDIUM"})),
    ] {
        let expected = json!({"generationConfig": {"thinkingConfig": expected}});
        check(CHAT, json!({"reasoning_effort": "medium"}), GEMINI, model, &expected, &[]);
    }
    let old = json!({"generationConfig": {"thinkingConfig": null}});
    check(CHAT, json!({"reasoning_effort": "low"}), GEMINI, "gemini-2.0-flash", &old, &["reasoning"]);
    // 51, 52: several answers are not asked for across; probabilities are.
    to_gemini(
        CHAT,
        json!({"n": 2, "logprobs": true, "top_logprobs": 3, "logit_bias": {"1": 1}}),
        json!({"generationConfig": {"candidateCount": null, "responseLogprobs": true, "logprobs": 3}}),
        &["logit_bias", "n"],
    );
    // 49: any JSON, and JSON by schema.
    let any = json!({"response_format": {"type": "json_object"}});
    to_gemini(CHAT, any, json!({"generationConfig": {"responseMimeType": "application/json"}}), &[]);
}

#[test]
fn ends() {
    let candidate = |reason: &str, parts: Value| json!({"responseId": "r", "candidates": [{"finishReason": reason, "content": {"parts": parts}}]});
    let call = json!([{"functionCall": {"name": "f", "args": {}}}]);
    // 37: a stop with a call is a call; a refusal has no content at all; what is no end is a failure.
    for (reason, parts, expected) in [
        ("STOP", json!([{"text": "x"}]), "stop"),
        ("STOP", call.clone(), "tool_calls"),
        ("MAX_TOKENS", call, "length"),
        ("SAFETY", json!(null), "content_filter"),
        ("PROHIBITED_CONTENT", json!([]), "content_filter"),
        ("BRAND_NEW", json!([]), "stop"),
    ] {
        answers::check(GEMINI, &candidate(reason, parts), CHAT, &json!({"choices": [{"finish_reason": expected}]}));
    }
    for reason in ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL"] {
        let fault = answer_read(GEMINI, candidate(reason, json!([])).to_string().as_bytes()).unwrap_err();
        assert!(fault.message.contains(reason), "{fault}");
    }
    let blocked = json!({"promptFeedback": {"blockReason": "SAFETY"}, "responseId": "r"});
    let refused = json!({"choices": [{"message": {"refusal": "The prompt was blocked: SAFETY."},
        "finish_reason": "content_filter"}]});
    answers::check(GEMINI, &blocked, CHAT, &refused);
    // 33, 53: errors come alone or in a list.
    for body in [r#"{"error":{"code":429,"message":"x"}}"#, r#"[{"error":{"code":429,"message":"x"}}]"#] {
        assert_eq!(answer_read(GEMINI, body.as_bytes()).unwrap_err().upstream_status, Some(429));
    }
    // 40, 41: thoughts are beside the candidates' tokens, a tool's prompt beside the prompt.
    let mut answer = candidate("STOP", json!([]));
    answer["usageMetadata"] = json!({"promptTokenCount": 10, "cachedContentTokenCount": 4, "candidatesTokenCount": 5,
        "thoughtsTokenCount": 3, "toolUsePromptTokenCount": 2});
    let usage = json!({"usage": {"input_tokens": 8, "cache_read_input_tokens": 4, "output_tokens": 8,
        "output_tokens_details": {"thinking_tokens": 3}}});
    answers::check(GEMINI, &answer, ANTHROPIC, &usage);
    let found: Value = json!(answer_read(GEMINI, answer.to_string().as_bytes()).unwrap().usage);
    holds(&found, &json!({"input": 8, "cache_read": 4, "output": 8, "reasoning": 3}), "usage");
}
