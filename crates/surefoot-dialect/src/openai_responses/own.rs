//! What Surefoot itself says in a response, whoever answered: the id by which it is kept, what the request asked,
//! and the citations as annotations.

use bytes::Bytes;
use serde_json::{Value, json};
use surefoot_types::{Citation, conversation::Answer, document::Hit};

use super::Writer;
use crate::json::{Object, bytes_of};

/// Fields of a response that repeat the request's.
const REPEATED: [&str; 16] = [
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "parallel_tool_calls",
    "prompt_cache_key",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
];

/// The fields of a request's body that its response repeats.
pub fn repeated(request: &Value) -> Object {
    let told = |name: &&str| {
        request.get(*name).filter(|value| !value.is_null()).map(|value| (name.to_string(), value.clone()))
    };
    REPEATED.iter().filter_map(told).collect()
}

/// A whole answer as a response: the provider's own where it gave one (`raw`), else written from `answer`. `own` are
/// fields that stand in it whatever the provider said.
pub fn response_write(
    answer: &Answer,
    raw: Option<&Bytes>,
    created: i64,
    own: &Object,
    citations: &[Citation],
    surefoot: &Value,
) -> Value {
    let told = raw.and_then(|raw| serde_json::from_slice::<Value>(raw).ok()).filter(Value::is_object);
    let mut response = told.unwrap_or_else(|| {
        let mut writer = Writer::silent(created);
        writer.own(own.clone());
        for event in answer.clone().into_events() {
            writer.event(&event, &mut Vec::new());
        }
        writer.conclude(&Value::Null, &mut Vec::new())
    });
    put(&mut response, own, citations, surefoot);
    response
}

/// As bytes.
pub fn response_bytes(response: &Value) -> Bytes {
    bytes_of(response)
}

/// Puts into a finished response what is Surefoot's own.
pub(super) fn put(response: &mut Value, own: &Object, citations: &[Citation], surefoot: &Value) {
    own_put(response, own);
    annotations_put(response, citations);
    if let (Value::Object(response), false) = (response, surefoot.is_null()) {
        response.insert("surefoot".into(), surefoot.clone());
    }
}

pub(super) fn own_put(response: &mut Value, own: &Object) {
    if let Value::Object(response) = response {
        response.extend(own.clone());
    }
}

/// Adds the citations to the texts of a response that has none yet.
fn annotations_put(response: &mut Value, citations: &[Citation]) {
    if citations.is_empty() {
        return;
    }
    let items = response.get_mut("output").and_then(Value::as_array_mut).into_iter().flatten();
    let contents = items.filter_map(|item| item.get_mut("content")?.as_array_mut()).flatten();
    for content in contents {
        let Some(text) = content.get("text").and_then(Value::as_str) else { continue };
        let made = annotations(text, citations);
        let is_bare = content.get("annotations").is_none_or(|told| told.as_array().is_some_and(Vec::is_empty));
        if is_bare && content["type"] == "output_text" {
            content["annotations"] = made.into();
        }
    }
}

/// The citations that hold, each at its mark in the text; `index` counts characters.
pub(super) fn annotations(text: &str, citations: &[Citation]) -> Vec<Value> {
    let mut from = 0;
    let mut made = Vec::new();
    for citation in citations {
        let mark = format!("[{}]", citation.mark);
        let Some(at) = text[from..].find(&mark).map(|at| from + at) else { continue };
        from = at + mark.len();
        if !citation.holds() {
            continue;
        }
        let file = citation.document_id.map_or_else(|| citation.document.clone(), |id| id.to_string());
        made.push(json!({
            "type": "file_citation",
            "index": text[..at].chars().count(),
            "file_id": file,
            "filename": citation.document,
        }));
    }
    made
}

/// The items of a request's input, each with an id: as it came, or made from the response's.
pub fn input_items(input: Option<&Value>, response: &str) -> Vec<Value> {
    let items = match input {
        Some(Value::String(text)) => vec![json!({"type": "message", "role": "user", "content": text})],
        Some(Value::Array(items)) => items.clone(),
        _ => Vec::new(),
    };
    let numbered = items.into_iter().filter(Value::is_object).enumerate();
    numbered.map(|(number, item)| input_item(item, response, number)).collect()
}

fn input_item(mut item: Value, response: &str, number: usize) -> Value {
    if item.get("id").is_none_or(Value::is_null) {
        item["id"] = format!("in_{response}_{number}").into();
    }
    if item.get("type").is_none() {
        item["type"] = "message".into();
    }
    if item["type"] != "message" {
        return item;
    }
    item["status"] = "completed".into();
    if let Some(text) = item.get("content").and_then(Value::as_str).map(str::to_owned) {
        item["content"] = match item["role"].as_str() {
            Some("assistant") => json!([{"type": "output_text", "text": text, "annotations": []}]),
            _ => json!([{"type": "input_text", "text": text}]),
        };
    }
    item
}

/// The item that tells of a search: what was asked, and what was found where that is wanted.
pub fn file_search_call(id: &str, queries: &[&str], found: Option<&[Hit]>) -> Value {
    let result = |hit: &Hit| {
        json!({
            "file_id": hit.found.document_id, "filename": hit.found.path, "score": hit.score,
            "text": hit.found.passage.text, "attributes": {},
        })
    };
    let results: Option<Vec<Value>> = found.map(|hits| hits.iter().map(result).collect());
    json!({"id": id, "type": "file_search_call", "status": "completed", "queries": queries, "results": results})
}

/// A page of items, as the list doors tell it.
pub fn list_write(items: &[Value], has_more: bool) -> Bytes {
    let id = |item: Option<&Value>| item.and_then(|item| item.get("id")).cloned().unwrap_or_default();
    bytes_of(&json!({
        "object": "list", "data": items, "first_id": id(items.first()), "last_id": id(items.last()),
        "has_more": has_more,
    }))
}

#[cfg(test)]
mod tests {
    use surefoot_types::Support;

    use super::*;

    fn citation(mark: u32, support: Support) -> Citation {
        Citation {
            mark,
            document: format!("{mark}.md"),
            document_id: None,
            title: String::new(),
            heading_path: Vec::new(),
            start: 0,
            end: 1,
            page: None,
            quote: String::new(),
            sentence: String::new(),
            support,
            score: 1.0,
        }
    }

    #[test]
    fn citations_that_hold_stand_at_their_marks() {
        let citations =
            [citation(2, Support::Quoted), citation(1, Support::Unsupported), citation(2, Support::Supported)];
        let made = annotations("Für [2]. Not [1]. And [2].", &citations);
        let places: Vec<(u64, &str)> =
            made.iter().filter_map(|one| Some((one["index"].as_u64()?, one["filename"].as_str()?))).collect();
        assert_eq!(places, [(4, "2.md"), (22, "2.md")]);
        let same =
            annotations("No [1]. Yes [1].", &[citation(1, Support::Unsupported), citation(1, Support::Supported)]);
        assert_eq!((same.len(), &same[0]["index"]), (1, &json!(12)));
    }

    #[test]
    fn every_input_item_has_an_id_and_a_type() {
        let items = input_items(Some(&json!("hi")), "resp_1");
        assert_eq!(items[0]["id"], "in_resp_1_0");
        assert_eq!(items[0]["content"], json!([{"type": "input_text", "text": "hi"}]));
        let sent = json!([{"role": "assistant", "content": "yes", "id": "msg_7"}, {"type": "function_call_output"}]);
        let items = input_items(Some(&sent), "resp_1");
        assert_eq!((&items[0]["id"], &items[0]["type"]), (&json!("msg_7"), &json!("message")));
        assert_eq!(items[1]["id"], "in_resp_1_1");
        assert_eq!(input_items(None, "resp_1"), Vec::<Value>::new());
    }
}
