//! A conversation with tools that is answered by another provider at every turn.

use serde_json::{Value, json};

use crate::support::{Project, Served, surefoot};

async fn started() -> (Served, Served, Project) {
    let sim = Served::reachable(surefoot(&["sim", "--bind", "127.0.0.1:0"])).await;
    let settings = format!(
        "[providers.up]\nkind = \"openai\"\nbase_url = \"{0}/v1\"\nkey = \"env:SUREFOOT_TEST_UPSTREAM\"\n\
         [providers.ant]\nkind = \"anthropic\"\nbase_url = \"{0}/v1\"\nkey = \"env:SUREFOOT_TEST_UPSTREAM\"\n",
        sim.url
    );
    let project = Project::temp(&[("surefoot.toml", &settings)]);
    let mut up = surefoot(&["up", "--bind", "127.0.0.1:0", "--no-watch"]);
    up.arg(project.folder())
        .arg("--data")
        .arg(project.data())
        .env("SUREFOOT_TEST_UPSTREAM", "key-of-the-provider-1234");
    (sim, Served::started(up).await, project)
}

/// Bodies that reached the provider, oldest first.
async fn reached(sim: &Served, client: &reqwest::Client) -> Vec<Value> {
    let told: Value = client.get(format!("{}/sim/requests", sim.url)).send().await.unwrap().json().await.unwrap();
    told["requests"].as_array().unwrap().iter().map(|one| one["body"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn six_turns_of_a_tool_loop_each_at_another_provider() {
    let (sim, served, _project) = started().await;
    let client = reqwest::Client::new();
    let tools = json!([{"type": "function", "function": {"name": "look_up_weather", "parameters":
        {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}]);
    let mut messages = vec![json!({"role": "user", "content": "What is the weather?"})];
    let models = ["up/tool", "ant/tool"];
    for turn in 0..6 {
        let body = json!({"model": models[turn % 2], "messages": messages, "tools": tools, "max_tokens": 200});
        let sent = client.post(format!("{}/v1/chat/completions", served.url)).json(&body).send().await.unwrap();
        let status = sent.status().as_u16();
        let told: Value = sent.json().await.unwrap();
        assert_eq!(status, 200, "turn {turn}: {told}");
        let message = told["choices"][0]["message"].clone();
        let calls = message["tool_calls"].as_array().cloned().unwrap_or_default();
        messages.push(message);
        for call in &calls {
            assert_eq!(call["function"]["name"], "look_up_weather");
            messages.push(json!({"role": "tool", "tool_call_id": call["id"], "content": "It rains."}));
        }
        if calls.is_empty() {
            messages.push(json!({"role": "user", "content": format!("And on day {turn}?")}));
        }
    }
    let called = messages.iter().filter(|message| message["role"] == "tool").count();
    assert!(called >= 3, "{messages:#?}");
    // What Anthropic got: ids and names that it takes, and a result for every call.
    let bodies = reached(&sim, &client).await;
    let (mut seen, mut answered) = (Vec::new(), Vec::new());
    let last = bodies.iter().rfind(|body| body["messages"][0]["content"].is_array() || body["system"].is_array());
    let last = last.or_else(|| bodies.last()).unwrap();
    for part in last["messages"].as_array().unwrap().iter().filter_map(|one| one["content"].as_array()).flatten() {
        match part["type"].as_str() {
            Some("tool_use") => seen.push(part["id"].as_str().unwrap().to_owned()),
            Some("tool_result") => answered.push(part["tool_use_id"].as_str().unwrap().to_owned()),
            _ => {}
        }
    }
    assert!(!seen.is_empty(), "{last:#}");
    assert_eq!(seen, answered);
    let plain = |id: &String| id.len() <= 64 && id.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    assert!(seen.iter().all(plain), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn signatures_go_back_only_to_who_gave_them() {
    let (sim, served, _project) = started().await;
    let client = reqwest::Client::new();
    for (model, expected) in [("up/ok", false), ("ant/ok", true)] {
        let body = json!({"model": model, "max_tokens": 2_000, "thinking": {"type": "enabled", "budget_tokens": 1_024},
        "messages": [
            {"role": "user", "content": "Is it so?"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "Let me see.", "signature": "c2lnbmVkLWJ5LWFudGhyb3BpYw=="},
                {"type": "text", "text": "It is."},
            ]},
            {"role": "user", "content": "And now?"},
        ]});
        let sent = client.post(format!("{}/v1/messages", served.url)).json(&body).send().await.unwrap();
        let (status, text) = (sent.status().as_u16(), sent.text().await.unwrap());
        assert_eq!(status, 200, "{model}: {text}");
        let last = reached(&sim, &client).await.pop().unwrap().to_string();
        assert_eq!(last.contains("c2lnbmVkLWJ5LWFudGhyb3BpYw"), expected, "{model}: {last}");
    }
}
