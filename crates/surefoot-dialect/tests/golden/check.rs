//! What a strict client of each dialect insists on.

use std::collections::BTreeMap;

use serde_json::Value;

/// Frames of a written stream: event name and data.
fn frames(stream: &str) -> Vec<(Option<&str>, &str)> {
    stream
        .split_terminator("\n\n")
        .map(|block| match block.split_once('\n') {
            Some((name, data)) => (name.strip_prefix("event: "), data.strip_prefix("data: ").unwrap()),
            None => (None, block.strip_prefix("data: ").unwrap()),
        })
        .collect()
}

/// A whole Anthropic stream: one `message_start`, blocks in order, one `message_delta` at least,
/// one `message_stop`, and event names that say the same as the data.
pub(crate) fn anthropic(stream: &str) {
    let mut open: Option<(u64, String)> = None;
    let mut blocks = 0;
    let mut kinds = Vec::new();
    for (name, data) in frames(stream) {
        let data: Value = serde_json::from_str(data).unwrap();
        let kind = data["type"].as_str().unwrap().to_owned();
        assert_eq!(name, Some(kind.as_str()), "{stream}");
        match kind.as_str() {
            "content_block_start" => {
                assert_eq!(data["index"], blocks, "{stream}");
                assert!(open.is_none(), "{stream}");
                blocks += 1;
                open = Some((blocks - 1, data["content_block"]["type"].as_str().unwrap().to_owned()));
            }
            "content_block_delta" => {
                let (index, block) = open.as_ref().expect(stream);
                assert_eq!(data["index"], *index, "{stream}");
                let delta = data["delta"]["type"].as_str().unwrap();
                let fits = match delta {
                    "text_delta" | "citations_delta" => block == "text",
                    "thinking_delta" | "signature_delta" => block == "thinking",
                    "input_json_delta" => block.ends_with("tool_use"),
                    _ => false,
                };
                assert!(fits, "{delta} in {block}: {stream}");
            }
            "content_block_stop" => {
                assert_eq!(data["index"], open.take().expect(stream).0, "{stream}");
            }
            "ping" => {}
            _ => {
                assert!(open.is_none(), "{stream}");
                kinds.push(kind);
            }
        }
    }
    kinds.dedup();
    assert_eq!(kinds, ["message_start", "message_delta", "message_stop"], "{stream}");
}

/// A whole OpenAI stream of one answer: the role first and once, one finish reason, tool calls
/// numbered from 0 whose arguments parse unless they were cut, and `[DONE]` last and once.
pub(crate) fn openai(stream: &str) {
    let frames = frames(stream);
    let (done, chunks) = frames.split_last().unwrap();
    assert_eq!(done.1, "[DONE]", "{stream}");
    let mut calls: BTreeMap<u64, String> = BTreeMap::new();
    let mut reasons = Vec::new();
    let mut roles = Vec::new();
    let mut said = 0;
    for (_, data) in chunks {
        let chunk: Value = serde_json::from_str(data).unwrap();
        let Some(choice) = chunk["choices"].get(0).filter(|choice| choice["index"] == 0) else { continue };
        if choice["delta"]["role"].is_string() {
            roles.push(said);
        }
        said += 1;
        reasons.extend(choice["finish_reason"].as_str().map(str::to_owned));
        for call in choice["delta"]["tool_calls"].as_array().into_iter().flatten() {
            let index = call["index"].as_u64().unwrap();
            assert!(index <= calls.len() as u64, "{stream}");
            calls.entry(index).or_default().push_str(call["function"]["arguments"].as_str().unwrap_or_default());
        }
    }
    assert_eq!(roles, [0], "{stream}");
    assert_eq!(reasons.len(), 1, "{stream}");
    let cut = reasons[0] == "length";
    let last = calls.keys().last().copied();
    for (index, arguments) in calls {
        let parses = serde_json::from_str::<Value>(&arguments).is_ok();
        assert!(parses || (cut && Some(index) == last), "{arguments:?}: {stream}");
    }
}
