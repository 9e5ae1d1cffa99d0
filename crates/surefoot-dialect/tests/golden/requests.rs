//! Requests: each case for each target.

use serde_json::{Value, json};
use surefoot_dialect::{Dialect, request_read, request_write};
use surefoot_types::conversation::ChatRequest;

use crate::{DIALECTS, cases, golden, pretty};

fn read(case: &[u8]) -> ChatRequest {
    let case: Value = serde_json::from_slice(case).unwrap();
    let dialect: Dialect = serde_json::from_value(case["dialect"].clone()).unwrap();
    request_read(dialect, case["request"].to_string().as_bytes()).unwrap()
}

#[test]
fn every_request_for_every_target() {
    for (name, case) in cases("request") {
        let request = read(&case);
        for target in DIALECTS {
            let written = request_write(target, &request, "real-model");
            let body: Value = serde_json::from_slice(&written.body).unwrap();
            golden(
                &format!("request_{name}__{}", target.name()),
                &pretty(&json!({"dropped": written.dropped, "body": body})),
            );
        }
    }
}

#[test]
fn its_own_dialect_loses_nothing() {
    for (name, case) in cases("request") {
        let mut request = read(&case);
        let written = request_write(request.dialect, &request, &request.model);
        assert_eq!(written.dropped, [""; 0], "{name}");
        let again = request_read(request.dialect, &written.body).unwrap();
        // A stream is always asked for its usage.
        request.include_usage = again.include_usage;
        assert_eq!(again, request, "{name}");
    }
}

#[test]
fn what_another_dialect_wrote_can_be_read_there() {
    for (name, case) in cases("request") {
        for target in DIALECTS {
            let written = request_write(target, &read(&case), "m");
            if let Err(fault) = request_read(target, &written.body) {
                panic!("{name} for {}: {fault}", target.name());
            }
        }
    }
}

/// Checks that a body is refused with a fault at `param`.
fn refused(dialect: Dialect, body: &str, param: Option<&str>) {
    let fault = request_read(dialect, body.as_bytes()).unwrap_err();
    assert_eq!(fault.code, surefoot_types::Code::BadRequest, "{body}");
    assert_eq!(fault.param.as_deref(), param, "{body}: {fault}");
    assert!(fault.hint.is_some(), "{body}: {fault}");
}

#[test]
fn malformed_requests_name_the_field() {
    let message = |message: &str| format!(r#"{{"model":"m","max_tokens":1,"messages":[{message}]}}"#);
    let with =
        |field: &str| format!(r#"{{"model":"m","max_tokens":1,"messages":[{{"role":"user","content":"x"}}],{field}}}"#);
    for dialect in [Dialect::OpenaiChat, Dialect::Anthropic] {
        for body in ["", "{", "[]", "null", "7", "{\"model\":\"m\",}", "\u{feff}{}"] {
            refused(dialect, body, None);
        }
        refused(dialect, r#"{"messages":[]}"#, Some("model"));
        refused(dialect, r#"{"model":1,"messages":[]}"#, Some("model"));
        refused(dialect, r#"{"model":"m"}"#, Some("messages"));
        refused(dialect, r#"{"model":"m","messages":[]}"#, Some("messages"));
        refused(dialect, r#"{"model":"m","messages":"hi"}"#, Some("messages"));
        refused(dialect, &message("1"), Some("messages[0]"));
        refused(dialect, &message(r#"{"content":"x"}"#), Some("messages[0].role"));
        refused(dialect, &message(r#"{"role":"robot","content":"x"}"#), Some("messages[0].role"));
        refused(dialect, &message(r#"{"role":"user"}"#), Some("messages[0].content"));
        refused(dialect, &message(r#"{"role":"user","content":7}"#), Some("messages[0].content"));
        refused(dialect, &message(r#"{"role":"user","content":["x"]}"#), Some("messages[0].content[0]"));
        refused(dialect, &message(r#"{"role":"user","content":[{"text":"x"}]}"#), Some("messages[0].content[0].type"));
        refused(
            dialect,
            &message(r#"{"role":"user","content":[{"type":"text"}]}"#),
            Some("messages[0].content[0].text"),
        );
        refused(dialect, &with(r#""max_tokens":-1"#), Some("max_tokens"));
        refused(dialect, &with(r#""temperature":"hot""#), Some("temperature"));
        refused(dialect, &with(r#""stream":"yes""#), Some("stream"));
        refused(dialect, &with(r#""tools":{}"#), Some("tools"));
    }
    refused(Dialect::OpenaiChat, &with(r#""stop":[1]"#), Some("stop[0]"));
    refused(Dialect::OpenaiChat, &with(r#""stream_options":true"#), Some("stream_options"));
    refused(Dialect::OpenaiChat, &with(r#""tools":[{"type":"function"}]"#), Some("tools[0].function"));
    refused(
        Dialect::OpenaiChat,
        &with(r#""tools":[{"type":"function","function":{}}]"#),
        Some("tools[0].function.name"),
    );
    refused(Dialect::OpenaiChat, &message(r#"{"role":"tool","content":"x"}"#), Some("messages[0].tool_call_id"));
    refused(
        Dialect::OpenaiChat,
        &message(r#"{"role":"assistant","tool_calls":[{"id":"a","function":{}}]}"#),
        Some("messages[0].tool_calls[0].function.name"),
    );
    refused(Dialect::Anthropic, r#"{"model":"m","messages":[{"role":"user","content":"x"}]}"#, Some("max_tokens"));
    refused(Dialect::Anthropic, &with(r#""tool_choice":{"type":"some"}"#), Some("tool_choice.type"));
    refused(
        Dialect::Anthropic,
        &message(r#"{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"text"}]}]}"#),
        Some("messages[0].content[0].content[0].text"),
    );
    for dialect in DIALECTS {
        let fault = request_read(dialect, b"{\"model\":\"\xC3\x28\"}").unwrap_err();
        assert!(fault.message.contains("UTF-8") && fault.hint.is_some(), "{fault}");
    }
}

#[test]
fn deep_nesting_is_refused_and_does_not_overflow() {
    let body = format!("{{\"model\":\"m\",\"x\":{}", "[".repeat(200_000));
    refused(Dialect::OpenaiChat, &body, None);
}

#[test]
fn dropped_names_fit_a_header() {
    let mut request = ChatRequest::ask("m", "x");
    request.extra.insert("a\r\nb,é".into(), json!(1));
    for index in 0..100 {
        request.extra.insert(format!("field{index}"), json!(1));
    }
    let dropped = request_write(Dialect::Anthropic, &request, "m").dropped;
    assert_eq!(dropped[0], "a??b??");
    assert_eq!(dropped.len(), 64);
}

#[test]
fn malformed_responses_requests_name_the_field() {
    let input = |item: &str| format!(r#"{{"model":"m","input":[{item}]}}"#);
    for (body, param) in [
        (r#"{"input":"x"}"#.to_owned(), "model"),
        (r#"{"model":"m"}"#.to_owned(), "input"),
        (r#"{"model":"m","input":7}"#.to_owned(), "input"),
        (r#"{"model":"m","input":"x","text":7}"#.to_owned(), "text"),
        (r#"{"model":"m","input":"x","tools":[{"type":"function"}]}"#.to_owned(), "tools[0].name"),
        (input("1"), "input[0]"),
        (input(r#"{"role":"robot","content":"x"}"#), "input[0].role"),
        (input(r#"{"role":"user"}"#), "input[0].content"),
        (input(r#"{"role":"user","content":[{"type":"input_text"}]}"#), "input[0].content[0].text"),
        (input(r#"{"type":"function_call","call_id":"a"}"#), "input[0].name"),
        (input(r#"{"type":"function_call_output","call_id":"a"}"#), "input[0].output"),
    ] {
        refused(Dialect::OpenaiResponses, &body, Some(param));
    }
    let goes_on = br#"{"model":"m","previous_response_id":"r"}"#;
    assert!(request_read(Dialect::OpenaiResponses, goes_on).is_ok());
}

#[test]
fn malformed_gemini_requests_name_the_field() {
    let parts = |part: &str| format!(r#"{{"contents":[{{"parts":[{part}]}}]}}"#);
    let with = |field: &str| format!(r#"{{"contents":[{{"parts":[{{"text":"x"}}]}}],{field}}}"#);
    for (body, param) in [
        ("{}".to_owned(), "contents"),
        (r#"{"contents":[]}"#.to_owned(), "contents"),
        (r#"{"contents":"x"}"#.to_owned(), "contents"),
        (r#"{"contents":[1]}"#.to_owned(), "contents[0]"),
        (r#"{"contents":[{"role":"robot","parts":[]}]}"#.to_owned(), "contents[0].role"),
        (r#"{"contents":[{"role":"user"}]}"#.to_owned(), "contents[0].parts"),
        (parts("1"), "contents[0].parts[0]"),
        (parts(r#"{"text":1}"#), "contents[0].parts[0].text"),
        (parts(r#"{"functionCall":{}}"#), "contents[0].parts[0].functionCall.name"),
        (with(r#""tools":[{"functionDeclarations":[{}]}]"#), "tools[0].functionDeclarations[0].name"),
        (with(r#""generationConfig":{"temperature":"hot"}"#), "generationConfig.temperature"),
        (with(r#""generation_config":7"#), "generationConfig"),
    ] {
        refused(Dialect::Gemini, &body, Some(param));
    }
}

#[test]
fn malformed_bedrock_requests_name_the_field() {
    let content = |block: &str| format!(r#"{{"messages":[{{"role":"user","content":[{block}]}}]}}"#);
    let with = |field: &str| format!(r#"{{"messages":[{{"role":"user","content":[{{"text":"x"}}]}}],{field}}}"#);
    for (body, param) in [
        ("{}".to_owned(), "messages"),
        (r#"{"messages":[]}"#.to_owned(), "messages"),
        (r#"{"messages":[{"content":[]}]}"#.to_owned(), "messages[0].role"),
        (r#"{"messages":[{"role":"robot","content":[]}]}"#.to_owned(), "messages[0].role"),
        (r#"{"messages":[{"role":"user","content":"x"}]}"#.to_owned(), "messages[0].content"),
        (content("1"), "messages[0].content[0]"),
        (content(r#"{"text":1}"#), "messages[0].content[0].text"),
        (content(r#"{"toolUse":{"name":"f"}}"#), "messages[0].content[0].toolUse.toolUseId"),
        (with(r#""toolConfig":{"tools":[{"toolSpec":{}}]}"#), "toolConfig.tools[0].toolSpec.name"),
        (with(r#""toolConfig":{"tools":[],"toolChoice":{"some":{}}}"#), "toolConfig.toolChoice"),
        (with(r#""inferenceConfig":{"maxTokens":-1}"#), "inferenceConfig.maxTokens"),
    ] {
        refused(Dialect::Bedrock, &body, Some(param));
    }
}

#[test]
fn the_limit_is_told_under_the_name_that_the_model_knows() {
    let mut request = ChatRequest::ask("m", "x");
    request.dialect = Dialect::Anthropic;
    request.parameters.max_tokens = Some(9);
    for (model, field) in [
        ("gpt-5-mini", "max_completion_tokens"),
        ("o3", "max_completion_tokens"),
        ("olmo", "max_tokens"),
        ("llama3.2", "max_tokens"),
    ] {
        let body: Value = serde_json::from_slice(&request_write(Dialect::OpenaiChat, &request, model).body).unwrap();
        assert_eq!(body[field], 9, "{model}");
    }
}
