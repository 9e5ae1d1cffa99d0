//! What a strict client of each dialect insists on.

use std::collections::BTreeMap;

use serde_json::Value;
use surefoot_dialect::Dialect;

/// What a strict client of this dialect insists on of a whole stream.
pub(crate) fn whole(dialect: Dialect, stream: &str) {
    match dialect {
        Dialect::OpenaiChat => openai(stream),
        Dialect::OpenaiResponses => responses(stream),
        Dialect::Anthropic => anthropic(stream),
        Dialect::Gemini => gemini(stream),
        Dialect::Bedrock => bedrock(stream),
    }
}

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
fn anthropic(stream: &str) {
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
fn openai(stream: &str) {
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

/// A whole stream of OpenAI's responses: numbered from 0 without a gap, every item and part begun
/// before it is told and ended once, deltas that add up, and all of it once more at the end.
fn responses(stream: &str) {
    let mut items: BTreeMap<u64, Item> = BTreeMap::new();
    let frames = frames(stream);
    for (number, (name, data)) in frames.iter().enumerate() {
        let data: Value = serde_json::from_str(data).unwrap();
        let kind = data["type"].as_str().unwrap();
        assert_eq!((*name, &data["sequence_number"]), (Some(kind), &Value::from(number)), "{stream}");
        match number {
            0 => assert_eq!(kind, "response.created", "{stream}"),
            1 => assert_eq!(kind, "response.in_progress", "{stream}"),
            last if last + 1 == frames.len() => return responses_end(kind, &data["response"], &items, stream),
            _ => responses_step(kind, &data, &mut items, stream),
        }
    }
    panic!("no end: {stream}");
}

/// An item as far as it has been told.
#[derive(Default)]
struct Item {
    id: Value,
    told: BTreeMap<u64, String>,
    done: Option<Value>,
}

fn responses_step(kind: &str, data: &Value, items: &mut BTreeMap<u64, Item>, stream: &str) {
    let index = data["output_index"].as_u64().expect(stream);
    let part = ["content_index", "summary_index"].iter().find_map(|name| data[name].as_u64());
    if kind == "response.output_item.added" {
        assert_eq!(index, items.len() as u64, "{stream}");
        let id = data["item"]["id"].clone();
        items.insert(index, Item { id, ..Item::default() });
        return;
    }
    let item = items.get_mut(&index).expect(stream);
    assert!(item.done.is_none(), "{kind} after its end: {stream}");
    if kind == "response.output_item.done" {
        assert_eq!(data["item"]["id"], item.id, "{stream}");
        item.done = Some(data["item"].clone());
        return;
    }
    assert_eq!(data["item_id"], item.id, "{stream}");
    let part = part.unwrap_or(0);
    match kind.rsplit('.').next().unwrap() {
        "added" if kind.ends_with("part.added") => assert!(item.told.insert(part, String::new()).is_none(), "{stream}"),
        "delta" if kind == "response.function_call_arguments.delta" => {
            item.told.entry(part).or_default().push_str(data["delta"].as_str().unwrap());
        }
        "delta" => item.told.get_mut(&part).expect(stream).push_str(data["delta"].as_str().unwrap()),
        "done" if !kind.ends_with("part.done") => {
            let whole = ["text", "refusal", "arguments"].iter().find_map(|name| data[name].as_str()).unwrap();
            assert_eq!(whole, item.told[&part], "{stream}");
        }
        _ => {}
    }
}

fn responses_end(kind: &str, response: &Value, items: &BTreeMap<u64, Item>, stream: &str) {
    assert_eq!(kind.strip_prefix("response."), response["status"].as_str(), "{stream}");
    let done: Vec<Value> = items.values().map(|item| item.done.clone().expect(stream)).collect();
    assert_eq!(response["output"], Value::from(done), "{stream}");
    for item in response["output"].as_array().unwrap() {
        if item["type"] == "function_call" && item["status"] == "completed" {
            assert!(serde_json::from_str::<Value>(item["arguments"].as_str().unwrap()).is_ok(), "{stream}");
        }
    }
}

/// A whole Gemini stream: chunks of one answer, whole calls with objects, and a reason at the end.
fn gemini(stream: &str) {
    let frames = frames(stream);
    let mut id = None;
    for (number, (name, data)) in frames.iter().enumerate() {
        assert_eq!(*name, None, "{stream}");
        let chunk: Value = serde_json::from_str(data).unwrap();
        let candidate = &chunk["candidates"][0];
        assert_eq!(*id.get_or_insert_with(|| chunk["responseId"].clone()), chunk["responseId"], "{stream}");
        for part in candidate["content"]["parts"].as_array().into_iter().flatten() {
            if let Some(call) = part.get("functionCall") {
                assert!(call["name"].is_string() && call["args"].is_object(), "{stream}");
            }
        }
        if number + 1 == frames.len() {
            let blocked = chunk["promptFeedback"]["blockReason"].is_string();
            assert!(candidate["finishReason"].is_string() || blocked, "{stream}");
        }
    }
}

/// A whole Bedrock stream: the start first, blocks told before they are ended and ended once, one
/// reason for the end, and the usage last.
fn bedrock(stream: &str) {
    let frames = frames(stream);
    let mut open: BTreeMap<u64, bool> = BTreeMap::new();
    for (number, (name, data)) in frames.iter().enumerate() {
        let data: Value = serde_json::from_str(data).unwrap();
        let index = data["contentBlockIndex"].as_u64();
        match (name.expect(stream), frames.len() - number) {
            ("messageStart", _) => assert_eq!(number, 0, "{stream}"),
            ("messageStop", 2) => assert!(data["stopReason"].is_string(), "{stream}"),
            ("metadata", 1) => assert!(data["usage"].is_object(), "{stream}"),
            ("contentBlockStart", _) => assert!(open.insert(index.unwrap(), true).is_none(), "{stream}"),
            ("contentBlockDelta", _) => assert!(*open.entry(index.unwrap()).or_insert(true), "{stream}"),
            ("contentBlockStop", _) => assert_eq!(open.insert(index.unwrap(), false), Some(true), "{stream}"),
            (name, _) => panic!("{name}: {stream}"),
        }
    }
    assert!(open.values().all(|open| !open), "{stream}");
}
