//! What a provider's error means, and what a caller is told.

use surefoot_types::clock::{SystemChance, SystemClock};

use super::*;

const WAIT: Option<Duration> = Some(Duration::from_secs(7));

/// Checks code and retry advice of a response.
fn check(dialect: Dialect, status: u16, body: &str, code: Code, retry: Retry) -> Fault {
    let fault = fault_read(dialect, status, WAIT, body.as_bytes());
    assert_eq!((fault.code, fault.retry), (code, retry), "{status} {body}");
    assert_eq!(fault.upstream_status, Some(status));
    assert!(fault.hint.is_some());
    fault
}

#[test]
fn status_decides_on_trying_again() {
    use Code::*;
    let later = Retry::Later(WAIT);
    for (status, code, retry) in [
        (400, BadRequest, Retry::Never),
        (401, Upstream, Retry::Elsewhere),
        (402, Upstream, Retry::Elsewhere),
        (403, Upstream, Retry::Elsewhere),
        (404, Upstream, Retry::Elsewhere),
        (405, Upstream, Retry::Elsewhere),
        (408, UpstreamTimeout, later),
        (409, Upstream, later),
        (413, BadRequest, Retry::Never),
        (422, BadRequest, Retry::Never),
        (429, RateLimited, later),
        (500, Upstream, later),
        (502, Upstream, later),
        (503, Upstream, later),
        (504, UpstreamTimeout, later),
        (529, Upstream, later),
    ] {
        for dialect in Dialect::ALL {
            for body in ["", "<html><body>Bad gateway</body></html>", "{}", "[]", "null", "{\"error\":null}", "\u{0}"] {
                let fault = check(dialect, status, body, code, retry);
                assert!(!fault.message.contains('<'), "{}", fault.message);
            }
        }
    }
}

#[test]
fn money_does_not_come_back_by_waiting() {
    let quota = r#"{"error":{"message":"You exceeded your current quota.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#;
    check(Dialect::OpenaiChat, 429, quota, Code::Upstream, Retry::Elsewhere);
    let credit = r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API."}}"#;
    check(Dialect::Anthropic, 400, credit, Code::Upstream, Retry::Elsewhere);
}

#[test]
fn the_provider_s_words_are_carried() {
    let body = r#"{"error":{"message":"Unsupported value:\n'x'.","type":"invalid_request_error","param":"temperature","code":null}}"#;
    let fault = check(Dialect::OpenaiChat, 400, body, Code::BadRequest, Retry::Never);
    assert_eq!(fault.message, "The provider answered 400: Unsupported value: 'x'.");
    assert_eq!(fault.param.as_deref(), Some("temperature"));

    let gone = r#"{"error":{"message":"No model gpt-9","code":"model_not_found"}}"#;
    check(Dialect::OpenaiChat, 400, gone, Code::Upstream, Retry::Elsewhere);
    let wrapped = r#"[{"error":{"message":"Quota","code":429}}]"#;
    let fault = check(Dialect::OpenaiChat, 429, wrapped, Code::RateLimited, Retry::Later(WAIT));
    assert_eq!(fault.message, "The provider answered 429: Quota.");
    let google = r#"{"error":{"code":429,"message":"Quota","status":"RESOURCE_EXHAUSTED","details":[]}}"#;
    check(Dialect::Gemini, 429, google, Code::RateLimited, Retry::Later(WAIT));
    let aws = check(Dialect::Bedrock, 400, r#"{"message":"Too long"}"#, Code::BadRequest, Retry::Never);
    assert_eq!(aws.message, "The provider answered 400: Too long.");
    let ollama = fault_read(Dialect::OpenaiChat, 500, None, br#"{"error":"out of memory"}"#);
    assert_eq!(ollama.message, "The provider answered 500: out of memory.");
}

#[test]
fn keys_are_never_shown() {
    let keys = [
        "sk-proj-abcdEFGH1234",
        "sk-ant-api03-AAAAbbbbCCCCddddEEEE1111",
        "AIzaSyA1234567890abcdefghijk",
        "sk-abc***************wxyz",
        "0123456789abcdef0123456789abcdef",
        "gsk_abcdefgh12345678",
    ];
    for key in keys {
        for (status, words) in [
            (401, format!("Incorrect API key provided: {key}. See https://example.com.")),
            (400, format!("Bad header 'Authorization: Bearer {key}'")),
            (403, format!("key={key} may not")),
            (500, format!("({key})")),
        ] {
            let body = json!({"error": {"message": words}}).to_string();
            for body in [body.as_bytes(), words.as_bytes()] {
                let fault = fault_read(Dialect::OpenaiChat, status, None, body);
                assert!(!fault.told().contains(&key[4..]), "{}", fault.told());
            }
        }
    }
    for kept in ["claude-3-5-sonnet-20241022", "gpt-4o-mini-2024-07-18", "messages.0.content: too long", "128000"] {
        assert_eq!(redact::shown(kept), kept);
    }
    assert_eq!(redact::shown("token: bearer hunter2 x"), "token: bearer [redacted] x");
    assert!(redact::shown(&"word ".repeat(1000)).len() < 600);
}

#[test]
fn errors_inside_an_answer_have_the_status_they_name() {
    for (dialect, error, status) in [
        (Dialect::Anthropic, json!({"type": "overloaded_error", "message": "Overloaded"}), 529),
        (Dialect::Anthropic, json!({"type": "rate_limit_error", "message": "x"}), 429),
        (Dialect::OpenaiChat, json!({"message": "x", "code": 503}), 503),
        (Dialect::OpenaiChat, json!({"message": "x", "type": "server_error"}), 500),
        (Dialect::OpenaiChat, json!({"message": "x", "code": "rate_limit_exceeded"}), 429),
        (Dialect::OpenaiChat, json!("broken"), 500),
        (Dialect::OpenaiChat, json!(true), 500),
    ] {
        assert_eq!(in_band(dialect, &error).upstream_status, Some(status), "{error}");
    }
}

#[test]
fn errors_are_written_in_the_dialect() {
    let trace = TraceId::mint(&SystemClock, &SystemChance);
    let fault = Fault::bad_request("model", "No model is named `x`.").hint("Use `answer`.");
    assert_eq!(
        fault_write(Dialect::OpenaiChat, &fault, trace),
        format!(
            r#"{{"error":{{"message":"No model is named `x`. Use `answer`.","type":"invalid_request_error","param":"model","code":"bad_request","trace_id":"{trace}"}},"surefoot":{{"trace_id":"{trace}"}}}}"#
        )
    );
    assert_eq!(fault_write(Dialect::OpenaiResponses, &fault, trace), fault_write(Dialect::OpenaiChat, &fault, trace));
    assert_eq!(
        fault_write(Dialect::Gemini, &fault, trace),
        format!(
            r#"{{"error":{{"code":400,"message":"No model is named `x`. Use `answer`.","status":"INVALID_ARGUMENT"}},"surefoot":{{"trace_id":"{trace}"}}}}"#
        )
    );
    assert_eq!(
        fault_write(Dialect::Bedrock, &fault, trace),
        format!(r#"{{"message":"No model is named `x`. Use `answer`.","surefoot":{{"trace_id":"{trace}"}}}}"#)
    );
    assert_eq!(
        fault_write(Dialect::Anthropic, &fault, trace),
        format!(
            r#"{{"type":"error","error":{{"type":"invalid_request_error","message":"No model is named `x`. Use `answer`."}},"request_id":"{trace}","surefoot":{{"trace_id":"{trace}"}}}}"#
        )
    );
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let now: Timestamp = "2015-10-21T07:28:00Z".parse().unwrap();
    for (value, expected) in [
        ("0", Some(Duration::ZERO)),
        (" 20 ", Some(Duration::from_secs(20))),
        ("1.5", Some(Duration::from_millis(1500))),
        ("Wed, 21 Oct 2015 07:28:30 GMT", Some(Duration::from_secs(30))),
        ("Wed, 21 Oct 2015 07:27:30 GMT", Some(Duration::ZERO)),
        ("-1", None),
        ("NaN", None),
        ("inf", None),
        ("soon", None),
        ("", None),
    ] {
        assert_eq!(retry_after(value, now), expected, "{value:?}");
    }
}
