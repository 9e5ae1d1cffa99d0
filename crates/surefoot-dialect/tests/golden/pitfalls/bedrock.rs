//! Pitfalls of Bedrock.

use serde_json::{Value, json};
use surefoot_dialect::{Dialect, answer_read};

use super::{answers, requests::check};

const CHAT: Dialect = Dialect::OpenaiChat;
const ANTHROPIC: Dialect = Dialect::Anthropic;
const BEDROCK: Dialect = Dialect::Bedrock;
const CLAUDE: &str = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0";

fn to_bedrock(from: Dialect, request: Value, model: &str, expected: Value, dropped: &[&str]) {
    check(from, request, BEDROCK, model, &expected, dropped);
}

#[test]
fn messages_and_tools() {
    let call = json!({"id": "functions.f:0", "type": "function", "function": {"name": "f", "arguments": ""}});
    let turns = json!([{"role": "user", "content": ""}, {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "functions.f:0", "content": "1"}, {"role": "user", "content": "y"}]);
    // 4, 12, 14, 16: no empty blocks, the user first, results first in their turn, ids in plain letters, and
    // the tools of the history.
    to_bedrock(
        CHAT,
        json!({"messages": turns}),
        "m",
        json!({
            "messages": [
                {"role": "user", "content": [{}]},
                {"content": [{"toolUse": {"toolUseId": "sf_functions_2ef_3a0", "input": {}}}]},
                {"content": [{"toolResult": {"toolUseId": "sf_functions_2ef_3a0"}}, {"text": "y"}]},
            ],
            "toolConfig": {"tools": [{"toolSpec": {"name": "f"}}], "toolChoice": null},
        }),
        &[],
    );
    // 15: there is no word for none, nor for one call at a time.
    let tools = json!([{"type": "function", "function": {"name": "f"}}]);
    let none = json!({"tools": tools, "tool_choice": "none", "parallel_tool_calls": false});
    to_bedrock(CHAT, none, "m", json!({"toolConfig": null}), &["parallel_tool_calls"]);
    let any = json!({"tools": tools, "tool_choice": "required"});
    to_bedrock(CHAT, any, "m", json!({"toolConfig": {"toolChoice": {"any": {}}}}), &[]);
    // 50: nothing is fetched; what stands in the request has a format and a name.
    let shown = json!({"messages": [{"role": "user", "content": [{"type": "text", "text": "x"},
        {"type": "image_url", "image_url": {"url": "https://x/a.png"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
        {"type": "file", "file": {"filename": "a_b.pdf", "file_data": "data:application/pdf;base64,AA=="}}]}]});
    let kept = json!({"messages": [{"content": [{}, {"image": {"format": "png", "source": {"bytes": "AA=="}}},
        {"document": {"format": "pdf", "name": "a-b-pdf"}}]}]});
    to_bedrock(CHAT, shown, "m", kept, &["messages[].content[].image_url"]);
    // Marks for the cache stand behind what they mark.
    let marked =
        json!({"system": [{"type": "text", "text": "A", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]});
    let points = json!({"system": [{"text": "A"}, {"cachePoint": {"type": "default", "ttl": "1h"}}]});
    to_bedrock(ANTHROPIC, marked, "m", points, &[]);
}

#[test]
fn reasoning() {
    // 46: in the words of the model's vendor, where they are known.
    let asked = json!({"reasoning_effort": "low", "temperature": 0.5});
    let thinking = json!({"additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 2048}},
        "inferenceConfig": {"temperature": null, "maxTokens": 9000}});
    to_bedrock(CHAT, asked.clone(), CLAUDE, thinking, &["temperature"]);
    let without = json!({"additionalModelRequestFields": null, "inferenceConfig": {"temperature": 0.5}});
    to_bedrock(CHAT, asked, "amazon.nova-pro-v1:0", without, &["reasoning"]);
    // 44: Anthropic's signatures hold on Bedrock, Gemini's do not.
    let said = |signature: &str| {
        json!({"messages": [{"role": "user", "content": "x"},
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm", "signature": signature},
                {"type": "text", "text": "y"}]}, {"role": "user", "content": "z"}]})
    };
    let block = json!({"reasoningContent": {"reasoningText": {"text": "Hm", "signature": "s"}}});
    to_bedrock(ANTHROPIC, said("s"), CLAUDE, json!({"messages": [{}, {"content": [block, {}]}, {}]}), &[]);
    let left = json!({"messages": [{}, {"content": [{"text": "y"}]}, {}]});
    to_bedrock(ANTHROPIC, said("surefoot:gemini:s"), CLAUDE, left, &["messages[].content[].thinking"]);
}

#[test]
fn ends_and_usage() {
    let answer = |reason: &str| {
        json!({"output": {"message": {"role": "assistant", "content": []}}, "stopReason": reason,
            "usage": {"inputTokens": 10, "outputTokens": 5, "totalTokens": 22, "cacheReadInputTokens": 4,
                "cacheWriteInputTokens": 3}})
    };
    // 36: every reason there is one here; what is no end is a failure.
    for (reason, expected) in [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("tool_use", "tool_calls"),
        ("guardrail_intervened", "content_filter"),
        ("content_filtered", "content_filter"),
        ("model_context_window_exceeded", "length"),
        ("brand_new", "stop"),
    ] {
        // 40: the input leaves out what the cache read and wrote.
        let expected = json!({"choices": [{"finish_reason": expected}], "usage": {"prompt_tokens": 17,
            "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 3}}});
        answers::check(BEDROCK, &answer(reason), CHAT, &expected);
    }
    let fault = answer_read(BEDROCK, answer("malformed_tool_use").to_string().as_bytes()).unwrap_err();
    assert!(fault.message.contains("malformed_tool_use"), "{fault}");
}
