//! Live edits while the server runs, and who may reach it.

use serde_json::{Value, json};

use crate::support::{Project, Served, surefoot};

async fn ask(served: &Served, model: &str) -> (u16, Value) {
    let body = json!({"model": model, "messages": [{"role": "user", "content": "What colour is the sky?"}]});
    let sent =
        reqwest::Client::new().post(format!("{}/v1/chat/completions", served.url)).json(&body).send().await.unwrap();
    (sent.status().as_u16(), sent.json().await.unwrap())
}

/// Asks until the answer's text fits.
async fn until_said(served: &Served, model: &str, fits: impl Fn(&str) -> bool) {
    let asked = async {
        loop {
            let (_, answer) = ask(served, model).await;
            if answer["choices"][0]["message"]["content"].as_str().is_some_and(&fits) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), asked).await.expect("the edit took effect");
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_take_effect_and_broken_ones_are_refused() {
    let variant = |model: &str| format!("+++\nmodel = \"{model}\"\n+++\n{{{{ passages() }}}}\n");
    let project = Project::temp(&[
        ("surefoot.toml", "[knowledge.docs]\nfolder = \"docs\"\n"),
        ("functions/answer/function.toml", "knowledge = \"docs\"\n"),
        ("functions/answer/v.md", &variant("local/extract")),
        ("docs/sky.md", "# The sky\n\nThe colour of the sky is blue.\n"),
    ]);
    let served = Served::start(&project).await;
    until_said(&served, "answer", |text| text.contains("blue")).await;

    // A document: the passage is replaced.
    project.write("docs/sky.md", "# The sky\n\nThe colour of the sky is green.\n");
    until_said(&served, "answer", |text| text.contains("green") && !text.contains("blue")).await;

    // A broken prompt: refused with its reason, and the last good version goes on serving.
    project.write("functions/answer/v.md", &variant("locl/extract"));
    served.until(|page| page.contains("edit was refused") && page.contains("locl"), "/").await;
    assert!(ask(&served, "answer").await.1.to_string().contains("green"));

    // A good one again.
    project.write("functions/answer/v.md", &variant("sim/echo"));
    until_said(&served, "answer", |text| text == "What colour is the sky?").await;
    served.until(|page| !page.contains("edit was refused"), "/").await;

    // A document that is gone leaves no passage.
    std::fs::remove_file(project.folder().join("docs/sky.md")).unwrap();
    project.write("functions/answer/v.md", &variant("local/extract"));
    until_said(&served, "answer", |text| text.contains("do not answer")).await;
}

/// The state lies in the project's folder, which is a knowledge itself, and requests come all the time.
#[tokio::test(flavor = "multi_thread")]
async fn edits_take_effect_under_traffic_and_beside_documents() {
    let variant = |model: &str| format!("+++\nmodel = \"{model}\"\n+++\nBe brief.\n");
    let project = Project::temp(&[
        ("surefoot.toml", "[knowledge.docs]\nfolder = \".\"\ninclude = [\"**/*.txt\"]\n"),
        ("functions/answer/function.toml", ""),
        ("functions/answer/v.md", &variant("sim/echo")),
    ]);
    let mut up = surefoot(&["up", "--bind", "127.0.0.1:0"]);
    up.arg(project.folder());
    let served = Served::reachable(up).await;
    until_said(&served, "answer", |text| text == "What colour is the sky?").await;
    let url = served.url.clone();
    let traffic = tokio::spawn(async move {
        let client = reqwest::Client::new();
        let body = json!({"model": "sim/ok", "messages": [{"role": "user", "content": "?"}]});
        while client.post(format!("{url}/v1/chat/completions")).json(&body).send().await.is_ok() {}
    });
    project.write("functions/answer/v.md", &variant("sim/ok"));
    until_said(&served, "answer", |text| text.contains("simulated")).await;
    assert!(!traffic.is_finished(), "requests came all the while");
    traffic.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_loopback_every_door_needs_the_key_that_is_shown_once() {
    let project =
        Project::temp(&[("surefoot.toml", "[[server.keys]]\nname = \"app\"\nkey = \"env:SUREFOOT_TEST_KEY\"\n")]);
    let mut up = surefoot(&["up", "--bind", "0.0.0.0:0"]);
    up.arg(project.folder()).arg("--data").arg(project.data()).env("SUREFOOT_TEST_KEY", "right");
    let served = Served::reachable(up).await;
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    for (path, key, status) in [
        ("/healthz", None, 200),
        ("/readyz", None, 401),
        ("/metrics", None, 401),
        ("/openapi.json", None, 401),
        ("/v1/models", None, 401),
        ("/v1/models", Some("wrong"), 401),
        ("/v1/models", Some("right"), 200),
        ("/api/traces", None, 401),
        ("/api/traces", Some("right"), 200),
        ("/api/evals", None, 401),
        ("/", None, 303),
        ("/traces", None, 303),
        ("/evals", None, 303),
        ("/", Some("right"), 200),
    ] {
        let mut request = client.get(format!("{}{path}", served.url));
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        assert_eq!(request.send().await.unwrap().status(), status, "{path} {key:?}");
    }
    let chat = json!({"model": "sim/ok", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 5});
    let feedback = json!({"trace_id": "tr_01jd8n6y4vq0t2x5w9zk3m7c1f", "metric": "thumbs", "value": true});
    for (path, body) in [
        ("/v1/chat/completions", &chat),
        ("/v1/messages", &chat),
        ("/v1/embeddings", &json!({"model": "local/static", "input": "hi"})),
        ("/api/feedback", &feedback),
    ] {
        let sent = client.post(format!("{}{path}", served.url)).json(body).send().await.unwrap();
        assert_eq!(sent.status(), 401, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn web_pages_of_strangers_cannot_reach_a_server_on_loopback() {
    let served = Served::temp(&[("surefoot.toml", "")]).await;
    let client = reqwest::Client::new();
    let rebound = client.get(format!("{}/api/traces", served.url)).header("host", "evil.example").send().await.unwrap();
    assert_eq!(rebound.status(), 403);
    let feedback = client.post(format!("{}/api/feedback", served.url)).header("origin", "http://evil.example");
    assert_eq!(feedback.body("{}").send().await.unwrap().status(), 403);
}
