//! Providers that answer in ways which no simulator's list foresees: raw bytes over a real connection.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::support::Served;

const HELLO: &str =
    "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hello\"}}]}\n\n";
const STOP: &str = "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\
                    \"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}\n\ndata: [DONE]\n\n";

/// An answer: its content type, its pieces with the wait before each, and whether it ends after them or stays open.
#[derive(Clone, Copy)]
struct Odd {
    kind: &'static str,
    pieces: &'static [(u64, &'static str)],
    ends: bool,
}

impl Odd {
    /// A project whose provider `odd` answers so, being served.
    async fn served(self) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(self.answer(stream));
            }
        });
        let settings = format!(
            "[providers.odd]\nkind = \"openai\"\nbase_url = \"http://{address}/v1\"\n\
             [defaults]\nretries = 0\ntimeouts = {{ first_token = \"1s\", between_tokens = \"1s\" }}\n"
        );
        Served::temp(&[("surefoot.toml", &settings)]).await
    }

    async fn answer(self, mut stream: TcpStream) {
        let mut request = [0u8; 16 * 1024];
        let _ = stream.read(&mut request).await;
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {}\r\ntransfer-encoding: chunked\r\n\r\n", self.kind);
        let _ = stream.write_all(head.as_bytes()).await;
        for (wait, piece) in self.pieces {
            tokio::time::sleep(Duration::from_millis(*wait)).await;
            let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
            if stream.write_all(chunk.as_bytes()).await.is_err() {
                return;
            }
        }
        if self.ends {
            let _ = stream.write_all(b"0\r\n\r\n").await;
        }
        // Held open until the other side closes it.
        while stream.read(&mut request).await.is_ok_and(|many| many > 0) {}
    }
}

/// What a caller is told of a streamed question, and its trace.
async fn asked(served: &Served) -> (String, Value) {
    let client = reqwest::Client::new();
    let body = json!({"model": "odd/m", "stream": true, "messages": [{"role": "user", "content": "?"}]});
    let sent = client.post(format!("{}/v1/chat/completions", served.url)).json(&body).send().await.unwrap();
    let trace = sent.headers()["x-surefoot-trace"].to_str().unwrap().to_owned();
    let text = sent.text().await.unwrap();
    let trace = client.get(format!("{}/api/traces/{trace}", served.url)).send().await.unwrap();
    (text, trace.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_over_at_its_end_though_the_connection_stays_open() {
    let odd = Odd { kind: "text/event-stream", pieces: &[(0, HELLO), (0, STOP)], ends: false };
    let (text, trace) = asked(&odd.served().await).await;
    assert!(text.contains("hello") && text.trim_end().ends_with("data: [DONE]"), "{text}");
    assert_eq!((&trace["outcome"], &trace["usage"]["output"]), (&json!("answered"), &json!(1)), "{trace}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_answer_to_a_streamed_question_is_streamed() {
    let whole = "{\"id\":\"c\",\"object\":\"chat.completion\",\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":\
                 {\"role\":\"assistant\",\"content\":\"hello\"},\"finish_reason\":\"stop\"}],\
                 \"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}";
    let pieces: &'static [(u64, &'static str)] = Box::leak(Box::new([(0, whole)]));
    let odd = Odd { kind: "application/json; charset=utf-8", pieces, ends: true };
    let (text, trace) = asked(&odd.served().await).await;
    assert!(text.contains("hello") && text.trim_end().ends_with("data: [DONE]"), "{text}");
    assert_eq!(trace["answer"][0]["text"], "hello", "{trace}");
}

#[tokio::test(flavor = "multi_thread")]
async fn signs_of_life_do_not_put_off_the_first_token() {
    const LIFE: (u64, &str) = (
        300,
        "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"}}]}\n\n",
    );
    // Twelve seconds of them, where the first token has one.
    let odd = Odd { kind: "text/event-stream", pieces: &[LIFE; 40], ends: true };
    let (text, trace) = asked(&odd.served().await).await;
    assert_eq!(trace["fault"]["code"], "upstream_timeout", "{text} {trace}");
}
