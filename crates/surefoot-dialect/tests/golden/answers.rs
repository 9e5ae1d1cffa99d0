//! Whole answers: each case for each target.

use serde_json::{Value, json};
use surefoot_dialect::{Dialect, answer_read, answer_write};
use surefoot_types::{
    Code, Retry,
    conversation::{Answer, Part},
};

use crate::{DIALECTS, cases, golden, pretty};

fn read(case: &[u8]) -> (Dialect, Answer) {
    // Through text, not through `Value`, which would change big integers.
    let text = std::str::from_utf8(case).unwrap();
    let case: Value = serde_json::from_str(text).unwrap();
    let dialect: Dialect = serde_json::from_value(case["dialect"].clone()).unwrap();
    let start = text.find("\"answer\": ").unwrap() + "\"answer\": ".len();
    let body = text[start..].trim_end().strip_suffix('}').unwrap();
    (dialect, answer_read(dialect, body.as_bytes()).unwrap())
}

#[test]
fn every_answer_for_every_target() {
    for (name, case) in cases("answer") {
        let (_, answer) = read(&case);
        for target in DIALECTS {
            let written = answer_write(target, &answer, 1_700_000_000, &json!({"trace_id": "tr_1"}));
            let text = String::from_utf8(written.to_vec()).unwrap();
            golden(&format!("answer_{name}__{}", target.name()), &text.replace(",\"", ",\n\""));
        }
        golden(&format!("answer_{name}"), &pretty(&answer));
    }
}

/// What an answer comes back as from either dialect: all that both can say.
fn comparable(mut answer: Answer) -> Answer {
    answer.parts.retain(|part| !matches!(part, Part::Other { .. }));
    answer
}

#[test]
fn its_own_dialect_loses_nothing() {
    for (name, case) in cases("answer") {
        let (dialect, answer) = read(&case);
        let again = answer_read(dialect, &answer_write(dialect, &answer, 1, &Value::Null)).unwrap();
        if name.starts_with("openai_cut") || name == "openai_tools" || name == "openai_odd_server" {
            // Calls without arguments get an empty object, unknown reasons become a stop.
            assert_eq!(again.usage, answer.usage);
        } else if name == "gemini_blocked" {
            assert_eq!(again.finish, answer.finish);
        } else if name == "anthropic_stop_compaction" {
            assert_eq!(again.parts, answer.parts);
        } else {
            assert_eq!(comparable(again), comparable(answer), "{name}");
        }
    }
}

#[test]
fn what_is_no_answer_may_be_tried_again() {
    for dialect in DIALECTS {
        for body in
            ["", "<html>", "{}", "[]", "null", "{\"choices\":[]}", "{\"content\":1}", "{\"choices\":[{\"message\":7}]}"]
        {
            let fault = answer_read(dialect, body.as_bytes()).unwrap_err();
            assert_eq!((fault.code, fault.retry), (Code::Upstream, Retry::Later(None)), "{body}: {fault}");
        }
        let fault = answer_read(dialect, b"{\"id\":\"\xFF\"}").unwrap_err();
        assert_eq!(fault.code, Code::Upstream);
    }
}

#[test]
fn errors_inside_a_successful_response() {
    for (dialect, body, status) in [
        (Dialect::OpenaiChat, r#"{"error":{"message":"busy","type":"server_error"},"choices":[]}"#, 500),
        (Dialect::OpenaiChat, r#"{"error":{"message":"busy","code":429}}"#, 429),
        (Dialect::Anthropic, r#"{"type":"error","error":{"type":"overloaded_error","message":"busy"}}"#, 529),
    ] {
        assert_eq!(answer_read(dialect, body.as_bytes()).unwrap_err().upstream_status, Some(status));
    }
    let fine = r#"{"error":null,"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}"#;
    assert!(answer_read(Dialect::OpenaiChat, fine.as_bytes()).is_ok());
}

#[test]
fn doubled_keys_do_not_spoil_an_answer() {
    let body = r#"{"id":"a","id":"b","choices":[{"message":{"content":"x","content":"y"}}]}"#;
    let answer = answer_read(Dialect::OpenaiChat, body.as_bytes()).unwrap();
    assert_eq!((answer.id.as_str(), answer.parts), ("b", vec![Part::text("y")]));
}

#[test]
fn the_tier_that_served_it() {
    let tier = |dialect, body: &str| {
        let usage = answer_read(dialect, body.as_bytes()).unwrap().usage.unwrap();
        usage.tier.map(|tier| tier.as_str().to_owned())
    };
    for (dialect, body) in [
        (
            Dialect::OpenaiChat,
            r#"{"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":1},"service_tier":"flex"}"#,
        ),
        (
            Dialect::OpenaiResponses,
            r#"{"output":[],"usage":{"input_tokens":1,"output_tokens":1},"service_tier":"flex"}"#,
        ),
        (Dialect::Anthropic, r#"{"content":[],"usage":{"input_tokens":1,"service_tier":"flex"}}"#),
        (
            Dialect::Gemini,
            r#"{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1,"trafficType":"ON_DEMAND_FLEX"}}"#,
        ),
        (
            Dialect::Bedrock,
            r#"{"output":{"message":{"content":[]}},"usage":{"inputTokens":1,"outputTokens":1},"serviceTier":{"type":"flex"}}"#,
        ),
    ] {
        assert_eq!(tier(dialect, body).as_deref(), Some("flex"), "{dialect:?}");
        for odd in ["null", "7", r#""""#, "{}"] {
            let body = body.replace(r#""flex""#, odd).replace(r#""ON_DEMAND_FLEX""#, odd);
            assert_eq!(tier(dialect, &body), None, "{dialect:?}: {odd}");
        }
    }
}
