//! Real HTTP between real processes: a caller, Surefoot, and a simulated provider that misbehaves.

use serde_json::{Value, json};

use crate::support::{Project, Served, surefoot};

const KEY: &str = "upstream-key-1234567890";

/// Surefoot in front of a simulator, by an OpenAI and by an Anthropic provider.
struct Rig {
    sim: Served,
    served: Served,
    client: reqwest::Client,
    _project: Project,
}

impl Rig {
    async fn start() -> Self {
        let sim = Served::reachable(surefoot(&["sim", "--bind", "127.0.0.1:0"])).await;
        let settings = format!(
            "[providers.up]\nkind = \"openai\"\nbase_url = \"{0}/v1\"\nkey = \"env:SUREFOOT_TEST_UPSTREAM\"\n\
             [providers.ant]\nkind = \"anthropic\"\nbase_url = \"{0}/v1\"\nkey = \"env:SUREFOOT_TEST_UPSTREAM\"\n\
             [models]\nsafe = [\"up/fail-500\", \"ant/ok\"]\nslow = [\"up/hang\", \"up/ok\"]\n\
             [defaults]\nretries = 1\ntimeouts = {{ first_token = \"1s\", between_tokens = \"1s\", whole = \"1s\" }}\n\
             [prices.\"up/ok\"]\ninput = 1\noutput = 2\n",
            sim.url
        );
        let project = Project::temp(&[("surefoot.toml", &settings)]);
        let mut up = surefoot(&["up", "--bind", "127.0.0.1:0", "--no-watch"]);
        up.arg(project.folder()).arg("--data").arg(project.data()).env("SUREFOOT_TEST_UPSTREAM", KEY);
        let served = Served::reachable(up).await;
        served.until(|_| true, "/readyz").await;
        Self { sim, served, client: reqwest::Client::new(), _project: project }
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, String, String) {
        let sent = self.client.post(format!("{}{path}", self.served.url)).json(body).send().await.unwrap();
        let trace = sent.headers()["x-surefoot-trace"].to_str().unwrap().to_owned();
        (sent.status().as_u16(), trace, sent.text().await.unwrap())
    }

    async fn chat(&self, model: &str, stream: bool) -> (u16, String, String) {
        let body = json!({"model": model, "stream": stream, "messages": [{"role": "user", "content": "hello"}]});
        self.post("/v1/chat/completions", &body).await
    }

    async fn trace(&self, id: &str) -> Value {
        let sent = self.client.get(format!("{}/api/traces/{id}", self.served.url)).send().await.unwrap();
        sent.json().await.unwrap()
    }

    /// What reached the provider last.
    async fn reached(&self) -> Value {
        let sent = self.client.get(format!("{}/sim/requests", self.sim.url)).send().await.unwrap();
        let told: Value = sent.json().await.unwrap();
        told["requests"].as_array().unwrap().last().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_dialect_passes_unknown_fields_on_untouched() {
    let rig = Rig::start().await;
    let body = json!({"model": "up/ok", "messages": [{"role": "user", "content": "hello"}],
        "a_field_of_tomorrow": {"deep": [1, 2.50, 12345678901234567890_u64]}});
    let (status, trace, text) = rig.post("/v1/chat/completions", &body).await;
    assert_eq!(status, 200, "{text}");
    let reached = rig.reached().await.to_string();
    assert!(reached.contains("a_field_of_tomorrow") && reached.contains("12345678901234567890"), "{reached}");
    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(told["surefoot"]["trace_id"], json!(trace));
    assert!(told["surefoot"]["cost_usd"].as_f64().unwrap() > 0.0);
    let kept = rig.trace(&trace).await;
    assert_eq!(kept["attempts"][0]["target"], "up/ok");
    assert!(!kept.to_string().contains(KEY) && !text.contains(KEY), "the provider's key stays where it is");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_dialect_is_translated_and_what_is_lost_is_named() {
    let rig = Rig::start().await;
    let body = json!({"model": "ant/ok", "messages": [{"role": "user", "content": "hello"}], "seed": 7, "logit_bias": {"50256": -100}});
    let sent = rig.client.post(format!("{}/v1/chat/completions", rig.served.url)).json(&body).send().await.unwrap();
    let dropped = sent.headers()["x-surefoot-dropped"].to_str().unwrap().to_owned();
    assert!(dropped.contains("seed") && dropped.contains("logit_bias"), "{dropped}");
    let told: Value = sent.json().await.unwrap();
    assert_eq!(told["object"], "chat.completion");
    assert!(rig.reached().await.to_string().contains("/v1/messages"));

    let body =
        json!({"model": "up/ok", "max_tokens": 50, "stream": true, "messages": [{"role": "user", "content": "hello"}]});
    let (status, _, text) = rig.post("/v1/messages", &body).await;
    assert_eq!(status, 200);
    assert!(text.starts_with("event: message_start") && text.contains("event: message_stop"), "{text}");
    assert!(!text.contains("[DONE]"));
    // The prompt's tokens are told at the start, as clients of this dialect read them there.
    let start = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    let start: Value = serde_json::from_str(start).unwrap();
    assert!(start["message"]["usage"]["input_tokens"].as_u64().unwrap() > 0, "{start}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_providers_bad_day_is_not_the_callers() {
    let rig = Rig::start().await;
    for (model, stream, status, says, attempts) in [
        ("safe", false, 200, "simulated answer", 2),
        ("safe", true, 200, "[DONE]", 2),
        ("slow", true, 200, "[DONE]", 2),
        ("slow", false, 200, "simulated answer", 2),
        ("up/fail-503+times-1", false, 200, "simulated answer", 2),
        ("up/close", false, 502, "error", 2),
        ("up/fail-400", false, 400, "error", 1),
        ("up/html-502", true, 502, "error", 2),
        ("up/bad-json", false, 502, "error", 2),
        ("up/hang", false, 504, "error", 2),
    ] {
        let (got, trace, text) = rig.chat(model, stream).await;
        assert_eq!(got, status, "{model}: {text}");
        assert!(text.contains(says), "{model}: {text}");
        let kept = rig.trace(&trace).await;
        assert_eq!(kept["attempts"].as_array().map(Vec::len), Some(attempts), "{model}: {kept}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_off_is_never_ended_as_if_it_were_whole() {
    let rig = Rig::start().await;
    for (model, expected) in [
        ("up/words-20+cut-5", 200),
        ("up/words-20+stall-5", 200),
        ("up/words-20+error-in-stream", 200),
        ("ant/words-20+cut-5", 200),
    ] {
        let (status, trace, text) = rig.chat(model, true).await;
        assert_eq!(status, expected, "{model}: {text}");
        assert!(text.contains("\"error\"") && !text.contains("[DONE]"), "{model}: {text}");
        let kept = rig.trace(&trace).await;
        assert_eq!(kept["outcome"], "failed", "{model}");
        // What was told of the usage at the beginning says nothing of what came after it.
        let usage = &kept["attempts"][0]["usage"];
        assert!(usage["estimated"] == true && usage["output"].as_u64() > Some(2), "{model}: {usage}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_after_is_kept_to_and_passed_on() {
    let rig = Rig::start().await;
    let (status, trace, _) = rig.chat("up/fail-429+retry-after-1s+times-1", false).await;
    assert_eq!(status, 200);
    let kept = rig.trace(&trace).await;
    assert!(kept["attempts"][1]["waited_us"].as_u64().unwrap() >= 900_000, "{kept}");
    let body = json!({"model": "up/fail-429+retry-after-60s", "messages": [{"role": "user", "content": "hello"}]});
    let sent = rig.client.post(format!("{}/v1/chat/completions", rig.served.url)).json(&body).send().await.unwrap();
    assert_eq!((sent.status().as_u16(), sent.headers()["retry-after"].to_str().unwrap()), (429, "60"));
}
