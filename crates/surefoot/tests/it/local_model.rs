//! A real language model: SmolLM2-135M behind llama.cpp's own server, both from PyPI, through Surefoot.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::{
    clients,
    support::{Project, Served},
};

/// The server, and its address. It ends when it is dropped.
async fn llama() -> (Child, String) {
    let mut command = Command::new(clients::local_model());
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/clients/local_model.py")).kill_on_drop(true);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let url = lines.next_line().await.unwrap().expect("the server says where it is");
    (child, url)
}

fn question(text: &str, most: u64) -> Value {
    json!({"model": "small", "max_tokens": most, "temperature": 0, "messages": [{"role": "user", "content": text}]})
}

#[tokio::test(flavor = "multi_thread")]
async fn local_model_answers_whole_streamed_and_by_a_schema() {
    let (_llama, url) = llama().await;
    let settings = format!(
        "[providers.llama]\nkind = \"llamacpp\"\nbase_url = \"{url}/v1\"\n[models]\nsmall = \"llama/smollm2\"\n\
         [defaults]\nretries = 0\n"
    );
    let project = Project::temp(&[("surefoot.toml", &settings)]);
    let served = Served::start(&project).await;
    let client = reqwest::Client::new();

    let (status, whole) = served.ask(&client, &question("What is the capital of France?", 12)).await;
    assert_eq!(status, 200, "{whole}");
    let words = whole["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(!words.trim().is_empty(), "{whole}");
    let usage = &whole["usage"];
    assert!(usage["prompt_tokens"].as_u64() > Some(5) && usage["completion_tokens"] == 12, "{usage}");
    assert_eq!(whole["choices"][0]["finish_reason"], "length");

    // The same model for a caller of the other dialect, streamed.
    let mut body = question("What is the capital of France?", 12);
    body["stream"] = true.into();
    let sent = client.post(format!("{}/v1/messages", served.url)).json(&body).send().await.unwrap();
    let trace = sent.headers()["x-surefoot-trace"].to_str().unwrap().to_owned();
    let text = sent.text().await.unwrap();
    let events = text.lines().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok());
    let pieces: Vec<String> = events.filter_map(|event| Some(event["delta"]["text"].as_str()?.to_owned())).collect();
    assert!(pieces.len() > 3 && text.contains("event: message_stop"), "it comes piece by piece: {text}");
    assert_eq!(pieces.concat(), words, "greedy: the same question, the same words");
    let kept: Value =
        client.get(format!("{}/api/traces/{trace}", served.url)).send().await.unwrap().json().await.unwrap();
    assert_eq!((&kept["attempts"][0]["usage"]["output"], &kept["outcome"]), (&json!(12), &json!("answered")), "{kept}");

    let schema = json!({"type": "object", "required": ["name", "age"], "additionalProperties": false,
        "properties": {"name": {"type": "string", "maxLength": 20}, "age": {"type": "integer"}}});
    let mut body = question("Anna is 31 years old. Give her name and age.", 60);
    body["response_format"] = json!({"type": "json_schema", "json_schema": {"name": "person", "schema": schema}});
    let (status, told) = served.ask(&client, &body).await;
    let person: Value = serde_json::from_str(told["choices"][0]["message"]["content"].as_str().unwrap()).unwrap();
    assert!(status == 200 && person["name"].is_string() && person["age"].is_i64(), "{told}");
}
