//! Whoever comes without a known key: slowed down by address, recorded only so often; and what a proxy in front tells.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};
use surefoot_testkit::HandClock;
use surefoot_types::{
    key::Admin,
    ports::{Journal, TraceFilter},
};

use crate::support::{Served, Setting, chat, key, serve};

/// A minute that does not end.
fn standing_still() -> Setting {
    Setting { clock: Arc::new(HandClock::default()), ..Setting::default() }
}

async fn guarded(proxied: bool) -> Served {
    let keys = [key("app", Admin::None, None), key("reader", Admin::Read, None)];
    serve(Setting { loopback: false, strangers: Some(5), proxied, ..standing_still() }, &keys).await
}

async fn ask(served: &Served, path: &str, key: Option<&str>, from: &str) -> (u16, bool, Value) {
    let request = served.ask(Method::POST, path, key).header("x-forwarded-for", from).json(&chat("sim/ok", false));
    let answer = request.send().await.unwrap();
    let (status, when) = (answer.status().as_u16(), answer.headers().contains_key("retry-after"));
    (status, when, answer.json().await.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_keys_is_slowed_down_in_the_dialect_of_the_door() {
    let served = guarded(true).await;
    for n in 0..5 {
        let (status, ..) = ask(&served, "/v1/messages", Some(&format!("guess-{n}")), "203.0.113.9").await;
        assert_eq!(status, 401);
    }
    let (status, when, told) = ask(&served, "/v1/messages", Some("guess-6"), "203.0.113.9").await;
    assert_eq!((status, when, &told["error"]["type"]), (429, true, &json!("rate_limit_error")), "{told}");
    let (status, when, told) = ask(&served, "/v1/chat/completions", None, "203.0.113.9").await;
    assert_eq!((status, when, told["error"]["message"].is_string()), (429, true, true), "{told}");
    let (status, when, told) = ask(&served, "/api/traces", None, "203.0.113.9").await;
    assert_eq!((status, when, &told["error"]["code"]), (429, true, &json!("rate_limited")));
    // A known key counts from everywhere; who is elsewhere is not meant; what is open stays open.
    assert_eq!(ask(&served, "/v1/messages", Some("app"), "203.0.113.9").await.0, 200);
    assert_eq!(ask(&served, "/v1/messages", None, "203.0.113.8").await.0, 401);
    assert_eq!(served.ask(Method::GET, "/healthz", None).send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_proxy_in_front_nobody_chooses_an_address() {
    let served = guarded(false).await;
    for n in 0..5 {
        assert_eq!(ask(&served, "/v1/messages", None, &format!("203.0.113.{n}")).await.0, 401);
    }
    assert_eq!(ask(&served, "/v1/messages", None, "203.0.113.99").await.0, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn entering_keys_in_the_console_is_slowed_down_too() {
    let served = guarded(false).await;
    for _ in 0..5 {
        assert_eq!(served.form("/login", None, &[("key", "guess")]).await.status(), 401);
    }
    assert_eq!(served.form("/login", None, &[("key", "guess")]).await.status(), 429);
    assert_eq!(served.page("/login", None).await.0, 200);
    assert_eq!(served.page("/", Some("reader")).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_without_a_key_fills_the_store() {
    let keys = [key("app", Admin::None, None)];
    let served = serve(Setting { loopback: false, ..standing_still() }, &keys).await;
    for n in 0..150 {
        let path = if n % 2 == 0 { "/v1/messages" } else { "/v1/nowhere" };
        served.ask(Method::POST, path, None).body("{").send().await.unwrap();
    }
    let kept = served.store.trace_list(&TraceFilter::default(), 1_000).await.unwrap().len();
    assert_eq!(kept, 60);
    // Whoever has a key is recorded, however much others were refused.
    let mine = served.ask(Method::POST, "/v1/messages", Some("app")).body("{").send().await.unwrap();
    assert_eq!(mine.status(), 400);
    assert_eq!(served.trace_of(&mine).await.key.as_deref(), Some("app"));
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_https_the_cookie_stays_there() {
    for (proxied, scheme, secure) in [(true, "https", true), (true, "http", false), (false, "https", false)] {
        let served = guarded(proxied).await;
        let request = served.ask(Method::POST, "/login", None).header("x-forwarded-proto", scheme);
        let answer = request
            .header("content-type", "application/x-www-form-urlencoded")
            .body("key=reader")
            .send()
            .await
            .unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        assert_eq!(cookie.contains("; Secure"), secure, "{proxied} {scheme}: {cookie}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_comes_as_every_sdk_sends_it() {
    let served = guarded(false).await;
    for header in ["authorization", "x-api-key", "x-goog-api-key"] {
        let value = if header == "authorization" { "Bearer app" } else { "app" };
        let answer = served.ask(Method::GET, "/v1/models", None).header(header, value).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{header}");
    }
}
