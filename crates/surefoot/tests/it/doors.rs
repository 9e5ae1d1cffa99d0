//! Bad input at the doors: the dialect's own error shape and status, a trace, nothing half-written.

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::Served;

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";

async fn served() -> Served {
    Served::temp(&[("surefoot.toml", "[models]\nm = \"sim/ok\"\n")]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_bodies_get_the_dialects_own_error_and_a_trace() {
    let served = served().await;
    let client = reqwest::Client::new();
    let user = json!([{"role": "user", "content": "hi"}]);
    for (name, body, status) in [
        ("not JSON", b"{\"model\": ".to_vec(), 400),
        ("invalid UTF-8", b"{\"model\": \"\xff\xfe\"}".to_vec(), 400),
        ("empty", Vec::new(), 400),
        ("not an object", b"[1, 2]".to_vec(), 400),
        ("no model", json!({"messages": user, "max_tokens": 5}).to_string().into_bytes(), 400),
        ("no messages", json!({"model": "m", "max_tokens": 5}).to_string().into_bytes(), 400),
        ("an unknown model", json!({"model": "nope", "messages": user, "max_tokens": 5}).to_string().into_bytes(), 404),
    ] {
        for door in [CHAT, MESSAGES] {
            let response = client.post(format!("{}{door}", served.url)).body(body.clone()).send().await.unwrap();
            assert_eq!(response.status(), status, "{name} at {door}");
            let trace = response.headers()["x-surefoot-trace"].to_str().unwrap().to_owned();
            let told: Value = response.json().await.unwrap();
            assert_shape(door, &told, name);
            let kept: Value = get(&client, &format!("{}/api/traces/{trace}", served.url)).await;
            assert_eq!(kept["outcome"], "failed", "{name} at {door}");
            assert_eq!(kept["cost"], 0, "{name} at {door}: nothing was sent");
        }
    }
}

fn assert_shape(door: &str, told: &Value, name: &str) {
    let error = &told["error"];
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{name}: {told}");
    assert!(error["type"].is_string(), "{name}: {told}");
    if door == MESSAGES {
        assert_eq!(told["type"], "error", "{name}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_50_mb_is_refused() {
    let served = served().await;
    for door in [CHAT, MESSAGES] {
        let body = vec![b' '; 50 * 1024 * 1024];
        let response = reqwest::Client::new().post(format!("{}{door}", served.url)).body(body).send().await.unwrap();
        assert_eq!(response.status(), 413);
        assert!(response.headers().contains_key("x-surefoot-trace"));
        assert_shape(door, &response.json().await.unwrap(), "50 MB");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_connections_leave_the_server_well() {
    let served = served().await;
    let address = served.url.trim_start_matches("http://").to_owned();
    for sent in [
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n{\"model\":",
        "POST /v1/chat/completions HTTP/1.1\r\n",
        "\0\0\0\0",
    ] {
        let mut connection = TcpStream::connect(&address).await.unwrap();
        connection.write_all(sent.as_bytes()).await.unwrap();
        drop(connection);
    }
    // A caller who leaves in the middle of a stream is recorded as one.
    let body =
        json!({"model": "sim/words-500+gap-20ms", "stream": true, "messages": [{"role": "user", "content": "hi"}]});
    let body = body.to_string();
    let mut connection = TcpStream::connect(&address).await.unwrap();
    let head = format!("POST {CHAT} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut begun = [0; 512];
    assert!(connection.read(&mut begun).await.unwrap() > 0);
    drop(connection);
    let client = reqwest::Client::new();
    let found = async {
        loop {
            let all: Value = get(&client, &format!("{}/api/traces?outcome=cancelled", served.url)).await;
            if all.to_string().contains("sim/words-500") {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), found)
        .await
        .expect("the request is recorded as cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn feedback_needs_a_trace_that_exists() {
    let served = served().await;
    let client = reqwest::Client::new();
    let post = |body: Value| client.post(format!("{}/api/feedback", served.url)).json(&body).send();
    let chat = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    let answer = client.post(format!("{}{CHAT}", served.url)).json(&chat).send().await.unwrap();
    let trace = answer.headers()["x-surefoot-trace"].to_str().unwrap().to_owned();
    for (body, status) in [
        (json!({"trace_id": trace, "metric": "thumbs", "value": true}), 201),
        (json!({"trace_id": trace, "metric": "comment", "value": "good"}), 201),
        (json!({"trace_id": "tr_00000000000000000000000000", "metric": "thumbs", "value": true}), 404),
        (json!({"trace_id": "nonsense", "metric": "thumbs", "value": true}), 400),
        (json!({"trace_id": trace, "metric": "thumbs"}), 400),
        (json!({"trace_id": trace, "metric": "thumbs", "value": [1]}), 400),
    ] {
        let response = post(body.clone()).await.unwrap();
        assert_eq!(response.status(), status, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_that_lead_nowhere_answer_in_the_callers_shape() {
    let served = served().await;
    let client = reqwest::Client::new();
    for (path, method, status, shape) in [
        ("/v1/nothing", "GET", 404, Some(CHAT)),
        ("/v1/messages/nothing", "POST", 404, Some(MESSAGES)),
        (CHAT, "GET", 405, Some(CHAT)),
        (MESSAGES, "GET", 405, Some(MESSAGES)),
        ("/api/nothing", "GET", 404, None),
        ("/nothing", "GET", 404, None),
    ] {
        let response = client.request(method.parse().unwrap(), format!("{}{path}", served.url)).send().await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        if let Some(shape) = shape {
            assert!(response.headers().contains_key("x-surefoot-trace"), "{path}");
            assert_shape(shape, &response.json().await.unwrap(), path);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn typed_inputs_are_checked_before_anything_is_asked() {
    let function = "[input.product]\ntype = \"string\"\nenum = [\"basic\", \"pro\"]\n";
    let variant =
        "+++\nmodel = \"sim/echo\"\n+++\nA bot.{{ history() }}{{ role(\"user\") }}About {{ input.product }}.\n";
    let files = [("surefoot.toml", ""), ("functions/f/function.toml", function), ("functions/f/v.md", variant)];
    let served = Served::temp(&files).await;
    let client = reqwest::Client::new();
    for (input, status, says) in [
        (json!({"product": "pro"}), 200, "About pro."),
        (json!({"product": "gold"}), 400, "does not fit"),
        (json!({"produkt": "pro"}), 400, "no input 'produkt'"),
        (json!({}), 400, "cannot be filled"),
    ] {
        let body =
            json!({"model": "f", "messages": [{"role": "user", "content": "Go."}], "surefoot": {"input": input}});
        let sent = client.post(format!("{}{CHAT}", served.url)).json(&body).send().await.unwrap();
        let (got, text) = (sent.status(), sent.text().await.unwrap());
        assert!(got == status && text.contains(says), "{input}: {got} {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_surefoot_adds_reaches_the_trace_and_no_provider() {
    let served = served().await;
    let client = reqwest::Client::new();
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}],
        "surefoot": {"session": "s-17", "tags": {"plan": "pro"}}});
    let answer = client.post(format!("{}{CHAT}", served.url)).json(&body).send().await.unwrap();
    let trace = answer.headers()["x-surefoot-trace"].to_str().unwrap().to_owned();
    let kept: Value = get(&client, &format!("{}/api/traces/{trace}", served.url)).await;
    assert_eq!((&kept["session"], &kept["tags"]["plan"]), (&json!("s-17"), &json!("pro")));
    let listed: Value = get(&client, &format!("{}/api/traces?session=s-17", served.url)).await;
    assert_eq!(listed["traces"].as_array().map(Vec::len), Some(1));
    let metrics = client.get(format!("{}/metrics", served.url)).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("surefoot_requests_total"), "{metrics}");
}

async fn get(client: &reqwest::Client, url: &str) -> Value {
    client.get(url).send().await.unwrap().json().await.unwrap()
}
