//! Orders of several vendors, and requests that cannot be served.

use serde_json::json;

use super::*;

fn read(body: &Value) -> Result<RerankRequest, Fault> {
    request_read(body.to_string().as_bytes())
}

#[test]
fn documents_are_texts() {
    let body = json!({"model": "m", "query": "q", "documents": ["a", {"text": "b", "title": "B"}], "top_n": 1,
        "return_documents": true, "max_tokens_per_doc": 9});
    let request = read(&body).unwrap();
    assert_eq!((request.documents.as_slice(), request.return_documents), (["a".into(), "b".into()].as_slice(), true));
    assert_eq!(
        request_write(&request, "real"),
        r#"{"model":"real","query":"q","documents":["a","b"],"top_n":1,"max_tokens_per_doc":9}"#
    );
    for (field, value, param) in [
        ("documents", json!([]), "documents"),
        ("documents", json!("a"), "documents"),
        ("documents", json!(["a", 1]), "documents[1]"),
        ("documents", json!([{"title": "B"}]), "documents[0].text"),
        ("query", json!(null), "query"),
        ("top_n", json!(-1), "top_n"),
    ] {
        let mut body = body.clone();
        body[field] = value;
        let fault = read(&body).unwrap_err();
        assert_eq!(fault.param.as_deref(), Some(param), "{fault}");
        assert!(fault.hint.is_some());
    }
}

#[test]
fn every_vendor_s_order_is_read() {
    let results =
        json!([{"index": 0, "relevance_score": 0.25}, {"index": 2, "relevance_score": 0.5, "document": {"text": "c"}}]);
    for (body, tokens) in [
        (json!({"id": "r", "results": results, "meta": {"billed_units": {"search_units": 1}}}), None),
        (json!({"id": "r", "results": results, "meta": {"tokens": {"input_tokens": 7.0}}}), Some(7)),
        (json!({"id": "r", "model": "j", "results": results, "usage": {"total_tokens": 7}}), Some(7)),
        (json!({"id": "r", "object": "list", "data": results, "usage": {"total_tokens": 7}}), Some(7)),
    ] {
        let rerank = answer_read(body.to_string().as_bytes(), 3).unwrap();
        assert_eq!(rerank.results, [Ranked { index: 2, score: 0.5 }, Ranked { index: 0, score: 0.25 }]);
        assert_eq!((rerank.usage.input, rerank.usage.estimated), (tokens.unwrap_or(0), tokens.is_none()), "{body}");
    }
    for body in ["", "{}", "[]", r#"{"results":[{"index":3,"relevance_score":1}]}"#, r#"{"message":"no such model"}"#] {
        assert!(answer_read(body.as_bytes(), 3).is_err(), "{body}");
    }
}

#[test]
fn an_order_is_written_for_all() {
    let usage = Usage { input: 7, ..Usage::default() };
    let results = vec![Ranked { index: 1, score: 0.5 }];
    let rerank = Rerank { id: "r".into(), model: "m".into(), results, usage };
    let documents = ["a".to_owned(), "b".to_owned()];
    assert_eq!(
        answer_write(&rerank, Some(&documents), &json!({"trace_id": "t"})),
        r#"{"id":"r","object":"list","model":"m","results":[{"index":1,"relevance_score":0.5,"document":{"text":"b"}}],"usage":{"prompt_tokens":7,"total_tokens":7},"meta":{"tokens":{"input_tokens":7}},"surefoot":{"trace_id":"t"}}"#
    );
    let bare = answer_write(&rerank, None, &Value::Null);
    assert_eq!(answer_read(&bare, 2).unwrap(), rerank);
}
