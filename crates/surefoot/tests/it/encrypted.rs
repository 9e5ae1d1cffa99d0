//! Encryption at rest, as the manual shows it: nothing that was said is in any file, and the key changes.

use serde_json::{Value, json};
use tokio::process::Command;

use crate::{
    erase::holding,
    support::{Project, Served, surefoot, told},
};

const FIRST: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const SECOND: &str = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
/// Stands nowhere but in a question.
const SAID: &str = "zebrafinch";

/// The settings that the manual shows.
fn shown() -> Vec<&'static str> {
    let text = include_str!("../../../../docs/security.md").split("## Encryption at rest").nth(1).unwrap();
    let text = text.split("\n## ").next().unwrap();
    text.split("```toml\n").skip(1).filter_map(|rest| rest.split_once("```").map(|(block, _)| block)).collect()
}

fn keyed(mut command: Command) -> Command {
    command.env("SUREFOOT_KEY", FIRST).env("SUREFOOT_KEY_2027", SECOND);
    command
}

async fn served(project: &Project) -> Served {
    let mut up = keyed(surefoot(&["up", "--bind", "127.0.0.1:0"]));
    up.arg(project.folder()).arg("--data").arg(project.data());
    Served::started(up).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_is_in_no_file_and_the_key_changes() {
    let shown = shown();
    let project = Project::temp(&[("surefoot.toml", shown[0])]);
    let mut up = served(&project).await;
    let client = reqwest::Client::new();
    let body = json!({"model": "sim/echo", "messages": [{"role": "user", "content": format!("My {SAID} sings")}]});
    assert_eq!(up.ask(&client, &body).await.0, 200);
    let kept = json!({"model": "sim/echo", "input": format!("My {SAID} sleeps"), "store": true});
    let sent = client.post(format!("{}/v1/responses", up.url)).json(&kept).send().await.unwrap();
    assert_eq!(sent.status(), 200);
    assert_eq!(holding(&project.data(), SAID), Vec::<String>::new(), "while it runs");
    up.end().await;
    assert_eq!(holding(&project.data(), SAID), Vec::<String>::new());
    let questions = async || {
        let traces: Value = told(keyed(project.surefoot(&["traces", "--json"]))).await;
        let question = |trace: &Value| trace["question"].as_str().unwrap_or_default().to_owned();
        traces.as_array().unwrap().iter().map(question).collect::<Vec<_>>()
    };
    let asked = [format!("My {SAID} sleeps"), format!("My {SAID} sings")];
    assert_eq!(questions().await, asked);

    project.write("surefoot.toml", shown[1]);
    assert_eq!(questions().await, asked, "the old key decrypts");
    let done = told(keyed(project.surefoot(&["rekey", "--json"]))).await;
    assert_eq!((&done["traces"], &done["responses"]), (&2.into(), &1.into()), "{done}");
    project.write("surefoot.toml", "[store]\nencryption_key = \"env:SUREFOOT_KEY_2027\"\n");
    assert_eq!(questions().await, asked, "the new one alone");
    let events = told(keyed(project.surefoot(&["audit", "list", "--json"]))).await;
    assert_eq!(events[0]["action"], "store.rekey");

    project.write("surefoot.toml", shown[0]);
    let refused = keyed(project.surefoot(&["traces"])).output().await.unwrap();
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && told.contains("which `encryption_key` does not name"), "{told}");
}

#[tokio::test]
async fn what_is_no_key_is_told_without_it() {
    let project = Project::temp(&[("surefoot.toml", shown()[0])]);
    let mut check = surefoot(&["check"]);
    check.arg(project.folder()).env("SUREFOOT_KEY", "hush-hush");
    let done = check.output().await.unwrap();
    let told = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(1), "{told}");
    assert!(told.contains("no key of 32 bytes") && told.contains("openssl rand") && !told.contains("hush"), "{told}");
    let none = Project::temp(&[("surefoot.toml", "")]);
    let refused = none.surefoot(&["rekey"]).output().await.unwrap();
    assert!(String::from_utf8(refused.stderr).unwrap().contains("names no key"));
}
