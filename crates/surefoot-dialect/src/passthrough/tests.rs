//! Only what must change may change.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn chat(body: &str) -> String {
    let bytes = request(Dialect::OpenaiChat, body.as_bytes(), "real/model", None).unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn only_the_model_changes() {
    for (body, expected) in [
        (r#"{"model":"x"}"#, r#"{"model":"real/model"}"#),
        (
            " { \"z\" : 123456789012345678901234567890,\n\"model\"\t: \"x\" , \"a\":1.10,\"a\":2}\n",
            " { \"z\" : 123456789012345678901234567890,\n\"model\"\t: \"real/model\" , \"a\":1.10,\"a\":2}\n",
        ),
        (r#"{"model":"x","model":"y"}"#, r#"{"model":"real/model","model":"real/model"}"#),
        (r#"{"\u006dodel":"x","deep":{"model":"kept"}}"#, r#"{"\u006dodel":"real/model","deep":{"model":"kept"}}"#),
        (r#"{"model":"x","stream":false}"#, r#"{"model":"real/model","stream":false}"#),
    ] {
        assert_eq!(chat(body), expected);
    }
}

#[test]
fn a_stream_is_asked_for_its_usage() {
    for (body, expected) in [
        (
            r#"{"model":"x","stream":true} "#,
            r#"{"model":"real/model","stream":true,"stream_options":{"include_usage":true}} "#,
        ),
        (
            r#"{"stream_options":{},"stream":true,"model":"x"}"#,
            r#"{"stream_options":{"include_usage":true},"stream":true,"model":"real/model"}"#,
        ),
        (
            r#"{"stream_options":{"a":1},"stream":true,"model":"x"}"#,
            r#"{"stream_options":{"a":1,"include_usage":true},"stream":true,"model":"real/model"}"#,
        ),
        (
            r#"{"stream_options":{"include_usage": false ,"a":1},"stream":true,"model":"x"}"#,
            r#"{"stream_options":{"include_usage": true ,"a":1},"stream":true,"model":"real/model"}"#,
        ),
        (
            r#"{"stream_options":null,"stream":true,"model":"x"}"#,
            r#"{"stream_options":{"include_usage":true},"stream":true,"model":"real/model"}"#,
        ),
    ] {
        assert_eq!(chat(body), expected);
    }
    let anthropic = request(Dialect::Anthropic, br#"{"model":"x","stream":true}"#, "m", None).unwrap();
    assert_eq!(anthropic, r#"{"model":"m","stream":true}"#);
}

#[test]
fn an_answer_that_is_not_limited_gets_a_limit() {
    use Dialect::{Anthropic, OpenaiChat};
    for (dialect, body, model, expected) in [
        (OpenaiChat, r#"{"model":"x"}"#, "llama", r#"{"model":"llama","max_tokens":9}"#),
        (OpenaiChat, r#"{"model":"x"} "#, "gpt-5", r#"{"model":"gpt-5","max_completion_tokens":9} "#),
        (OpenaiChat, r#"{"max_tokens":null,"model":"x"}"#, "llama", r#"{"max_tokens":9,"model":"llama"}"#),
        (Anthropic, r#"{"model":"x"}"#, "claude", r#"{"model":"claude","max_tokens":9}"#),
        (
            OpenaiChat,
            r#"{"model":"x","stream":true}"#,
            "llama",
            r#"{"model":"llama","stream":true,"stream_options":{"include_usage":true},"max_tokens":9}"#,
        ),
    ] {
        let bytes = request(dialect, body.as_bytes(), model, Some(9)).unwrap();
        assert_eq!(std::str::from_utf8(&bytes).unwrap(), expected, "{body}");
    }
}

#[test]
fn what_is_no_request_is_refused() {
    for body in
        [&b"[]"[..], b"", b"{", b"{\"model\":\"x\"", b"{}", b"null", b"{\"model\":\"\xFF\"}", b"{\"model\":\"x\"} x"]
    {
        let fault = request(Dialect::OpenaiChat, body, "m", None).unwrap_err();
        assert!(fault.hint.is_some(), "{fault:?}");
    }
}

#[test]
fn one_member_is_taken_out() {
    for (body, expected) in [
        (r#"{"surefoot":{"a":[1,{}]}}"#, "{}"),
        (r#"{"surefoot":{},"n":12345678901234567890123}"#, r#"{"n":12345678901234567890123}"#),
        ("{ \"surefoot\" : {} ,\n \"n\": 1.10 }\n", "{\n \"n\": 1.10 }\n"),
        (r#"{"n":1e400, "surefoot" : {"b":","} , "a":[ 1 ]}"#, r#"{"n":1e400 , "a":[ 1 ]}"#),
        (r#"{"n":1,"surefoot":{}}"#, r#"{"n":1}"#),
        (r#"{"surefoot":1,"surefoot":2,"n":1,"surefoot":3}"#, r#"{"n":1}"#),
        (r#"{"\u0073urefoot":1,"n":",","deep":{"surefoot":1}}"#, r#"{"n":",","deep":{"surefoot":1}}"#),
        (r#" {"n":1,"n":2} "#, r#" {"n":1,"n":2} "#),
        ("{}", "{}"),
    ] {
        assert_eq!(request_without(body.as_bytes(), "surefoot").unwrap(), expected, "{body}");
    }
    assert!(request_without(b"[]", "surefoot").unwrap_err().hint.is_some());
}

#[test]
fn an_answer_gets_one_more_member() {
    let surefoot = json!({"trace_id": "tr_1"});
    for (body, expected) in [
        ("{}", r#"{"surefoot":{"trace_id":"tr_1"}}"#),
        (" { \"a\" : 1e400 }\n", " { \"a\" : 1e400 ,\"surefoot\":{\"trace_id\":\"tr_1\"}}\n"),
        ("[1]", "[1]"),
        ("", ""),
    ] {
        assert_eq!(answer(body.as_bytes(), &surefoot), expected);
        assert_eq!(answer(body.as_bytes(), &Value::Null), body);
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(".{0,6}", inner, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn everything_else_stays_byte_for_byte(
        fields in prop::collection::vec(("[a-z\"\\\\\u{e9}]{0,6}", json_value()), 0..6),
        at in 0usize..6,
        model in ".{0,12}",
        new in ".{0,12}",
        gap in "[ \t\r\n]{0,3}",
    ) {
        let member = |name: &str, value: &Value| format!("{gap}{}{gap}:{gap}{value}{gap}", Value::from(name));
        let mut members: Vec<String> =
            fields.iter().filter(|(name, _)| name != "model").map(|(name, value)| member(name, value)).collect();
        let at = at.min(members.len());
        members.insert(at, member("model", &Value::from(model)));
        let body = format!("{gap}{{{}}}{gap}", members.join(","));
        members[at] = member("model", &Value::from(new.as_str()));
        let expected = format!("{gap}{{{}}}{gap}", members.join(","));
        prop_assert_eq!(request(Dialect::Anthropic, body.as_bytes(), &new, None).unwrap(), expected);
        let without = request_without(body.as_bytes(), "model").unwrap();
        members.remove(at);
        let left = |json: &str| serde_json::from_str::<serde_json::Map<String, Value>>(json).unwrap();
        prop_assert_eq!(left(std::str::from_utf8(&without).unwrap()), left(&format!("{{{}}}", members.join(","))));
    }
}
