//! Feedback: by key and by token, from this site and from others, about what is there and what is not.

use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::{Value, json};
use surefoot_server::FeedbackOptions;
use surefoot_types::{key::Admin, ports::Journal, trace::Keep};

use crate::support::{Served, Setting, chat, guarded, key, serve};

const APP: &str = "https://app.example";

/// Beyond this machine, with tokens for a minute and a site whose pages may use them.
async fn with_tokens(per_minute: u32) -> Served {
    let feedback = FeedbackOptions { tokens: Some(Duration::from_secs(60)), origins: vec![APP.into()], per_minute };
    let keys =
        [key("app", Admin::None, None), key("acme", Admin::None, Some("acme")), key("reader", Admin::Read, None)];
    serve(Setting { loopback: false, feedback, ..Setting::default() }, &keys).await
}

/// An answer of a session: its trace and its token.
async fn answered(served: &Served, key: &str, session: &str) -> (String, String) {
    let asked = served.ask(Method::POST, "/v1/messages", Some(key)).header("x-surefoot-session", session);
    let answer = asked.json(&chat("sim/ok", false)).send().await.unwrap();
    let header = |name| answer.headers()[name].to_str().unwrap().to_owned();
    let (trace, token) = (header("x-surefoot-trace"), header("x-surefoot-feedback"));
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["surefoot"]["feedback_token"], token.as_str());
    (trace, token)
}

async fn send(served: &Served, key: Option<&str>, origin: Option<&str>, body: &Value) -> Response {
    let request = served.ask(Method::POST, "/api/feedback", key).body(body.to_string());
    let request = if let Some(origin) = origin { request.header("origin", origin) } else { request };
    request.send().await.unwrap()
}

/// What stands about a trace: the metric, the value and who said it.
async fn stands(served: &Served, trace: &str) -> Vec<(String, Value, Value)> {
    let (_, told) = served.get(&format!("/api/traces/{trace}"), Some("reader")).await;
    let all = told["feedback"].as_array().unwrap().iter().filter(|one| one["stands"] == true);
    all.map(|one| (one["metric"].as_str().unwrap().to_owned(), one["value"].clone(), one["user"].clone())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_word_stands_and_all_words_are_kept() {
    let served = guarded().await;
    let asked = served.ask(Method::POST, "/v1/messages", Some("app")).json(&chat("sim/ok", false));
    let answer = asked.send().await.unwrap();
    assert!(!answer.headers().contains_key("x-surefoot-feedback"), "no tokens unless the settings say so");
    let trace = served.trace_of(&answer).await.id.to_string();
    let secret = format!("sk-proj-{}", "A2b3C4d5E6f7".repeat(4));
    for (user, metric, value, status) in [
        ("ann", "thumbs", json!(true), 201),
        ("bob", "thumbs", json!(true), 201),
        ("ann", "thumbs", json!(false), 201),
        ("bob", "thumbs", json!(null), 201),
        ("ann", "stars", json!(4), 201),
        ("ann", "comment", json!(format!("my key is {secret}")), 201),
        ("ann", "comment", json!(4), 400),
        ("ann", "thumbs", json!([1]), 400),
        ("ann", "two words", json!(1), 400),
    ] {
        let body = json!({"trace_id": trace, "user": user, "metric": metric, "value": value});
        let sent = send(&served, Some("app"), None, &body).await;
        assert_eq!(sent.status(), status, "{body}: {}", sent.text().await.unwrap());
    }
    let stood = stands(&served, &trace).await;
    assert_eq!(stood[..2], [("thumbs".into(), json!(false), json!("ann")), ("stars".into(), json!(4.0), json!("ann"))]);
    assert!(stood[2].1 == "my key is [secret]", "no secret is kept: {stood:?}");
    let (_, told) = served.get(&format!("/api/traces/{trace}"), Some("reader")).await;
    assert_eq!(told["feedback"].as_array().unwrap().len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn feedback_is_about_what_is_there() {
    let served = with_tokens(1_000).await;
    let (first, _) = answered(&served, "acme", "s-1").await;
    let (second, _) = answered(&served, "acme", "s-1").await;
    let (other, _) = answered(&served, "app", "s-2").await;
    let choice = |over: &str| json!({"chosen": first, "over": [over]});
    for (body, status, told) in [
        (json!({"session": "s-1", "metric": "solved", "value": true}), 201, second.as_str()),
        (json!({"trace_id": first, "span": "resolve", "metric": "thumbs", "value": true}), 201, &first),
        (json!({"trace_id": first, "metric": "preference", "value": choice(&second)}), 201, &first),
        (json!({"trace_id": first, "span": "fly", "metric": "thumbs", "value": true}), 400, "resolve"),
        (json!({"trace_id": first, "session": "s-2", "metric": "thumbs", "value": true}), 400, "not of that session"),
        (json!({"trace_id": first, "metric": "preference", "value": choice(&other)}), 404, "no trace"),
        (json!({"trace_id": other, "metric": "thumbs", "value": true}), 404, "no trace"),
        (json!({"session": "s-2", "metric": "solved", "value": true}), 404, "no session"),
        (json!({"metric": "solved", "value": true}), 400, "name the trace"),
        (json!({"trace_id": first, "metric": "solved", "value": true, "extra": 1}), 400, "extra"),
    ] {
        let sent = send(&served, Some("acme"), None, &body).await;
        let (got, text) = (sent.status().as_u16(), sent.text().await.unwrap());
        assert!(got == status && text.contains(told), "{body}: {got} {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_leave_for_its_own_answer_and_nothing_else() {
    let served = with_tokens(1_000).await;
    let (trace, token) = answered(&served, "app", "s-1").await;
    let (sibling, _) = answered(&served, "app", "s-1").await;
    let (other, others) = answered(&served, "app", "s-2").await;
    let thumbs = |more: Value| {
        let mut body = json!({"token": token, "metric": "thumbs", "value": true});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let choice =
        |over: &str| json!({"token": token, "metric": "preference", "value": {"chosen": trace, "over": [over]}});
    for (body, status) in [
        (thumbs(json!({})), 201),
        (thumbs(json!({"trace_id": trace})), 201),
        (thumbs(json!({"session": "s-1"})), 201),
        (choice(&sibling), 201),
        (choice(&other), 404),
        (thumbs(json!({"trace_id": other})), 403),
        (thumbs(json!({"session": "s-2"})), 400),
        (thumbs(json!({"user": "somebody"})), 400),
        (thumbs(json!({"token": format!("{}x", others)})), 401),
        (thumbs(json!({"token": "sf-nonsense"})), 401),
        (json!({"metric": "thumbs", "value": true}), 401),
    ] {
        assert_eq!(send(&served, None, None, &body).await.status(), status, "{body}");
    }
    let by_header = served.ask(Method::POST, "/api/feedback", None).header("x-surefoot-feedback", &others);
    let by_header = by_header.body(r#"{"metric": "comment", "value": "fine"}"#).send().await.unwrap();
    assert_eq!(by_header.status(), 201);
    assert_eq!(stands(&served, &other).await.len(), 1);
    for path in ["/api/traces", "/v1/models", "/api/keys"] {
        assert_eq!(served.ask(Method::GET, path, Some(&token)).send().await.unwrap().status(), 401, "{path}");
    }

    // A stream carries its token on its last event.
    let asked = served.ask(Method::POST, "/v1/messages", Some("app")).json(&chat("sim/ok", true));
    let answer = asked.send().await.unwrap();
    let header = answer.headers()["x-surefoot-feedback"].to_str().unwrap().to_owned();
    let stream = answer.text().await.unwrap();
    assert!(stream.contains(&format!("\"feedback_token\":\"{header}\"")), "{stream}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_named_sites_may_send_by_token_and_others_may_not() {
    let served = with_tokens(1_000).await;
    let (_, token) = answered(&served, "app", "s-1").await;
    let body = json!({"token": token, "metric": "thumbs", "value": true});
    let sent = send(&served, None, Some(APP), &body).await;
    assert_eq!((sent.status().as_u16(), sent.headers()["access-control-allow-origin"].to_str().unwrap()), (201, APP));
    assert_eq!(send(&served, None, Some("https://evil.example"), &body).await.status(), 403);
    // Whatever its browser has for this site, a page of another one needs a token; and it hears why.
    let keyed = send(&served, Some("app"), Some(APP), &json!({"metric": "thumbs", "value": true})).await;
    assert_eq!((keyed.status().as_u16(), keyed.headers().contains_key("access-control-allow-origin")), (401, true));
    assert_eq!(
        served.ask(Method::POST, "/v1/messages", Some("app")).header("origin", APP).send().await.unwrap().status(),
        403
    );

    for (origin, allowed) in [(APP, true), ("https://evil.example", false)] {
        let asked = served.ask(Method::OPTIONS, "/api/feedback", None).header("origin", origin);
        let told = asked.header("access-control-request-method", "POST").send().await.unwrap();
        assert_eq!(told.status().is_success(), allowed, "{origin}");
        assert_eq!(told.headers().contains_key("access-control-allow-origin"), allowed, "{origin}");
    }
    let script = served.ask(Method::GET, "/feedback.js", None).send().await.unwrap();
    assert!(script.status().is_success() && script.headers()["content-type"].to_str().unwrap().contains("javascript"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_refused() {
    let served = with_tokens(5).await;
    let (first, token) = answered(&served, "app", "s-1").await;
    let (second, _) = answered(&served, "app", "s-2").await;
    let (mut taken, mut refused) = (0, None);
    // The clock may pass into the next minute once.
    for _ in 0..20 {
        let sent = send(&served, None, None, &json!({"token": token, "metric": "thumbs", "value": true})).await;
        match sent.status().as_u16() {
            201 => taken += 1,
            429 => refused = Some(sent),
            other => panic!("{other}"),
        }
    }
    assert!((5..=10).contains(&taken), "{taken}");
    let refused = refused.unwrap();
    assert!(refused.headers().contains_key("retry-after"));
    let sent = send(&served, Some("app"), None, &json!({"trace_id": second, "metric": "thumbs", "value": true})).await;
    assert_eq!(sent.status(), 201, "who has a key is not stopped by whoever has none");
    assert_eq!(served.store.feedback_list(first.parse().unwrap()).await.unwrap().len(), taken);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_words_are_kept_where_the_request_s_are_not() {
    let mut setting = Setting::default();
    setting.project.records.keep = Keep::Metadata;
    let served = serve(setting, &[]).await;
    let answer = served.ask(Method::POST, "/v1/messages", None).json(&chat("sim/ok", false)).send().await.unwrap();
    let trace = served.trace_of(&answer).await.id.to_string();
    for (metric, value, status) in [("comment", json!("words"), 403), ("thumbs", json!(true), 201)] {
        let body = json!({"trace_id": trace, "metric": metric, "value": value});
        assert_eq!(send(&served, None, None, &body).await.status(), status, "{metric}");
    }
}
