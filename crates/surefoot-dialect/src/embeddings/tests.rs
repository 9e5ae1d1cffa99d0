//! Vectors in both spellings, and requests that cannot be served.

use serde_json::json;

use super::*;

#[test]
fn inputs_are_texts() {
    for (input, expected) in [(json!("a"), vec!["a"]), (json!(["a", ""]), vec!["a", ""])] {
        let request = request_read(json!({"model": "m", "input": input}).to_string().as_bytes()).unwrap();
        assert_eq!(request.inputs, expected);
    }
    for (input, words) in [
        (json!([1, 2]), "token numbers"),
        (json!([[1], [2]]), "token numbers"),
        (json!([]), "empty"),
        (json!(5), "must be a string"),
        (json!(["a", null]), "input[1]"),
        (Value::Null, "missing"),
    ] {
        let fault = request_read(json!({"model": "m", "input": input}).to_string().as_bytes()).unwrap_err();
        assert!(fault.message.contains(words), "{}", fault.message);
        assert!(fault.hint.is_some() && fault.param.as_deref().unwrap_or_default().starts_with("input"));
    }
    let fault = request_read(br#"{"model":"m","input":"a","encoding_format":"hex"}"#).unwrap_err();
    assert_eq!(fault.param.as_deref(), Some("encoding_format"));
}

#[test]
fn requests_keep_what_they_came_with() {
    let body = br#"{"model":"m","input":"a","dimensions":8,"encoding_format":"base64","user":"u","task":{"x":1}}"#;
    let request = request_read(body).unwrap();
    assert!(request.base64);
    assert_eq!(
        request_write(&request, "real"),
        r#"{"model":"real","input":["a"],"dimensions":8,"user":"u","task":{"x":1}}"#
    );
}

#[test]
fn vectors_come_back_the_same_either_way() {
    let embeddings = Embeddings {
        model: "m".into(),
        vectors: vec![vec![0.1, -2.5e-8, 1.0], vec![f32::MAX, f32::MIN_POSITIVE, 0.0]],
        usage: Usage { input: 7, ..Usage::default() },
    };
    for base64 in [true, false] {
        let body = answer_write(&embeddings, base64, &json!({"trace_id": "tr"}));
        assert_eq!(answer_read(&body).unwrap(), embeddings, "base64: {base64}");
        assert!(body.ends_with(br#""surefoot":{"trace_id":"tr"}}"#));
    }
    assert_eq!(
        answer_write(&Embeddings { vectors: vec![vec![1.0]], ..embeddings }, true, &Value::Null),
        r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":"AACAPw=="}],"model":"m","usage":{"prompt_tokens":7,"total_tokens":7}}"#
    );
}

#[test]
fn odd_answers() {
    let reordered = br#"{"data":[{"index":1,"embedding":[2]},{"index":0,"embedding":[1]}]}"#;
    let read = answer_read(reordered).unwrap();
    assert_eq!(read.vectors, [[1.0], [2.0]]);
    assert!(read.usage.estimated);
    for body in [&b""[..], b"{}", b"<html>", br#"{"data":[{"embedding":"AAA"}]}"#, br#"{"data":[{"embedding":{}}]}"#] {
        assert_eq!(answer_read(body).unwrap_err().code, surefoot_types::Code::Upstream);
    }
    let limited = answer_read(br#"{"error":{"message":"slow down","code":429}}"#).unwrap_err();
    assert_eq!(limited.upstream_status, Some(429));
}
