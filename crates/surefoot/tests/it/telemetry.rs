//! A project that names a collector, and what the collector gets.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::support::Served;

/// Takes every request, and keeps its bytes.
async fn collector() -> (String, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let got: Arc<Mutex<Vec<u8>>> = Arc::default();
    let kept = Arc::clone(&got);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let kept = Arc::clone(&kept);
            tokio::spawn(async move {
                let mut bytes = [0u8; 16 * 1024];
                while let Ok(many @ 1..) = stream.read(&mut bytes).await {
                    kept.lock().unwrap().extend_from_slice(&bytes[..many]);
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
                }
            });
        }
    });
    (url, got)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_gets_the_requests_and_not_what_was_said() {
    let (url, got) = collector().await;
    let settings = format!("[telemetry]\nendpoint = \"{url}\"\nservice = \"shop\"\n");
    let served = Served::temp(&[("surefoot.toml", &settings)]).await;
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let body = json!({"model": "sim/ok", "messages": [{"role": "user", "content": "a word that stays here"}]});
    let client = reqwest::Client::new();
    let ask = client.post(format!("{}/v1/chat/completions", served.url)).header("traceparent", parent);
    assert_eq!(ask.json(&body).send().await.unwrap().status(), 200);
    let holds = |wanted: &[u8]| got.lock().unwrap().windows(wanted.len()).any(|window| window == wanted);
    let arrived = async {
        while !holds(b"POST /v1/traces") || !holds(b"chat sim/ok") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), arrived).await.expect("the spans arrive");
    assert!(holds(b"shop") && holds(b"gen_ai.usage.output_tokens"));
    assert!(holds(&[0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6]), "the caller's own trace");
    assert!(!holds(b"stays here"));
}
