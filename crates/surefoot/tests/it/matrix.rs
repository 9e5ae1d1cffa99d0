//! Every dialect that callers speak, before every dialect that providers speak: real processes, real HTTP, whole and
//! streamed. What a caller's own SDK would read is read by the dialect's reader.

use serde_json::{Value, json};
use surefoot_dialect::{self as dialect, Dialect, StreamReader};
use surefoot_types::conversation::{Answer, ChatRequest, Event, Finish, Gathered, Part, Tool, words};

use crate::support::{Project, Served, surefoot};

/// The doors, with the dialect that each speaks.
const DOORS: [(&str, Dialect); 4] = [
    ("/v1/chat/completions", Dialect::OpenaiChat),
    ("/v1/messages", Dialect::Anthropic),
    ("/v1/responses", Dialect::OpenaiResponses),
    ("/v1beta/models/", Dialect::Gemini),
];
/// A provider of each dialect.
const PROVIDERS: &str = r#"
[providers.chat]
kind = "openai"
base_url = "SIM/v1"
[providers.responses]
kind = "openai"
api = "responses"
base_url = "SIM/v1"
[providers.messages]
kind = "anthropic"
base_url = "SIM/v1"
[providers.gemini]
kind = "gemini"
base_url = "SIM/v1beta"
[providers.bedrock]
kind = "bedrock"
base_url = "SIM"
key = "env:SUREFOOT_TEST_KEY"
[providers.claude]
kind = "vertex"
api = "messages"
base_url = "SIM/v1/projects/p/locations/l"
key = "env:SUREFOOT_TEST_KEY"
[defaults]
retries = 0
timeouts = { first_token = "2s", between_tokens = "1s", whole = "2s" }
"#;
const SPOKEN: [&str; 6] = ["chat", "responses", "messages", "gemini", "bedrock", "claude"];

struct Rig {
    served: Served,
    client: reqwest::Client,
    _sim: Served,
    _project: Project,
}

impl Rig {
    async fn start() -> Self {
        let sim = Served::reachable(surefoot(&["sim", "--bind", "127.0.0.1:0"])).await;
        let project = Project::temp(&[("surefoot.toml", &PROVIDERS.replace("SIM", &sim.url))]);
        let mut up = surefoot(&["up", "--bind", "127.0.0.1:0", "--no-watch"]);
        up.arg(project.folder()).arg("--data").arg(project.data()).env("SUREFOOT_TEST_KEY", "a-key");
        let served = Served::started(up).await;
        Self { served, client: reqwest::Client::new(), _sim: sim, _project: project }
    }

    /// Asks at a door, and gives what is understood of the answer, with the trace. A fault is what the caller is told.
    async fn ask(&self, (door, spoken): (&str, Dialect), model: &str, stream: bool) -> (Result<Answer, String>, Value) {
        let mut request = ChatRequest::ask(model, "Wie heißt der Fluß? 川の名前は?");
        (request.stream, request.include_usage, request.parameters.max_tokens) = (stream, true, Some(500));
        request.tools.push(Tool {
            name: "weather".into(),
            description: None,
            schema: json!({"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}}),
            strict: None,
            extra: serde_json::Map::new(),
        });
        let body = dialect::request_write(spoken, &request, model).body;
        // Gemini's address names the model, and says whether it is streamed.
        let path = match (spoken, stream) {
            (Dialect::Gemini, false) => format!("{door}{model}:generateContent"),
            (Dialect::Gemini, true) => format!("{door}{model}:streamGenerateContent?alt=sse"),
            _ => door.to_owned(),
        };
        let sent = self.client.post(format!("{}{path}", self.served.url)).body(body).send().await.unwrap();
        let trace = sent.headers()["x-surefoot-trace"].to_str().unwrap().to_owned();
        let (status, bytes) = (sent.status(), sent.bytes().await.unwrap());
        let answer = if !status.is_success() {
            let told: Value = serde_json::from_slice(&bytes).unwrap();
            assert!(told["error"]["message"].is_string(), "{door} {model}: {told}");
            Err(told.to_string())
        } else if stream {
            streamed(spoken, &bytes)
        } else {
            dialect::answer_read(spoken, &bytes).map_err(|fault| fault.told())
        };
        let sent = self.client.get(format!("{}/api/traces/{trace}", self.served.url)).send().await.unwrap();
        (answer, sent.json().await.unwrap())
    }
}

fn streamed(spoken: Dialect, bytes: &[u8]) -> Result<Answer, String> {
    let (mut reader, mut gathered) = (StreamReader::new(spoken), Gathered::default());
    let mut frames = reader.push(bytes).map_err(|fault| fault.told())?;
    frames.extend(reader.close());
    for event in frames.iter().flat_map(|frame| &frame.events) {
        if let Event::Fault { fault } = event {
            return Err(fault.told());
        }
        gathered.take(event);
    }
    if gathered.ended { Ok(gathered.into_answer()) } else { Err("cut off without a word".into()) }
}

/// Several of Google's clients put `models/` only before names without a slash.
#[tokio::test(flavor = "multi_thread")]
async fn a_model_with_a_slash_is_found_below_googles_version_too() {
    let rig = Rig::start().await;
    let asked = |path: &str, body: Option<Value>| {
        let url = format!("{}{path}", rig.served.url);
        let request = match body {
            Some(body) => rig.client.post(url).body(body.to_string()),
            None => rig.client.get(url),
        };
        async move {
            let sent = request.send().await.unwrap();
            (sent.status().as_u16(), sent.json::<Value>().await.unwrap())
        }
    };
    let question = json!({"contents": [{"role": "user", "parts": [{"text": "hello there"}]}]});
    for path in ["/v1beta/models/chat/echo:generateContent", "/v1beta/chat/echo:generateContent"] {
        let (status, answer) = asked(path, Some(question.clone())).await;
        assert_eq!((status, &answer["candidates"][0]["content"]["parts"][0]["text"]), (200, &json!("hello there")));
    }
    for (path, body) in [("/v1beta/chat/echo:sing", Some(question)), ("/v1beta/chat/nothing", None)] {
        let (status, told) = asked(path, body).await;
        assert_eq!((status, &told["error"]["status"]), (404, &json!("NOT_FOUND")), "{path}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_caller_understands_every_provider() {
    let rig = Rig::start().await;
    for door in DOORS {
        for provider in SPOKEN {
            for (model, finish) in [
                ("think+echo", Finish::Stop),
                ("echo+drip-1", Finish::Stop),
                ("tool", Finish::ToolCalls),
                ("length", Finish::Length),
                ("filter", Finish::Refusal),
            ] {
                for stream in [false, true] {
                    let case = format!("{} {provider}/{model} {stream}", door.0);
                    let (answer, trace) = rig.ask(door, &format!("{provider}/{model}"), stream).await;
                    let answer = answer.unwrap_or_else(|told| panic!("{case}: {told}"));
                    assert_eq!(answer.finish, finish, "{case}");
                    assert!(!answer.id.is_empty() && answer.model.ends_with(model), "{case}: {answer:?}");
                    if model.contains("echo") {
                        assert_eq!(words(&answer.parts), "Wie heißt der Fluß? 川の名前は?", "{case}");
                    }
                    let thought = answer.parts.iter().any(|part| matches!(part, Part::Thinking { .. }));
                    assert_eq!(thought, model.starts_with("think"), "{case}: {answer:?}");
                    let called = answer.parts.iter().find_map(|part| match part {
                        Part::ToolCall { name, arguments, .. } => Some((name.as_str(), arguments.replace(' ', ""))),
                        _ => None,
                    });
                    let expected = (model == "tool").then(|| ("weather", r#"{"city":"simulated"}"#.to_owned()));
                    assert_eq!(called, expected, "{case}");
                    let usage = answer.usage.unwrap_or_else(|| panic!("{case}: no usage"));
                    let kept = &trace["attempts"][0]["usage"];
                    assert_eq!(kept["output"].as_u64(), Some(usage.output), "{case}: {kept}");
                    assert!(kept["estimated"] == false && usage.output > 0, "{case}: {kept}");
                    // Where the caller's dialect tells the prompt's tokens first, they may have been an estimate then.
                    assert!(usage.input > 0 && kept["input"].as_u64() > Some(0), "{case}: {kept}");
                    assert_eq!(trace["outcome"], "answered", "{case}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_providers_failure_is_told_in_the_callers_words_whichever_it_speaks() {
    let rig = &Rig::start().await;
    // Side by side: most of the time is spent waiting for silence to be long enough.
    futures_util::future::join_all(SPOKEN.map(|provider| async move { fails(rig, provider).await })).await;
}

async fn fails(rig: &Rig, provider: &str) {
    for (model, code) in [
        ("fail-429", "rate_limited"),
        ("fail-500", "upstream"),
        ("fail-529", "upstream"),
        ("close", "upstream"),
        ("html-502", "upstream"),
        ("bad-json", "upstream"),
        ("error-200", "upstream"),
        ("empty", "upstream"),
        ("error-in-stream", "upstream"),
        ("cut-3", "upstream"),
        ("cut-event-2", "upstream"),
        ("stall-3", "upstream_timeout"),
        ("hang", "upstream_timeout"),
    ] {
        for (at, stream) in [(0, false), (1, true), (2, true), (3, true)] {
            let case = format!("{provider}/{model} {stream}");
            let (answer, trace) = rig.ask(DOORS[at], &format!("{provider}/{model}"), stream).await;
            let told = answer.err().unwrap_or_else(|| panic!("{case}: taken for an answer"));
            assert_ne!(told, "cut off without a word", "{case}");
            assert_eq!(
                (&trace["outcome"], &trace["fault"]["code"]),
                (&json!("failed"), &json!(code)),
                "{case}: {told}"
            );
        }
    }
}

/// What no server can do on demand, because there is none.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_where_nobody_answers_says_why() {
    let sim = Served::reachable(surefoot(&["sim", "--bind", "127.0.0.1:0"])).await;
    let settings = format!(
        "[providers.refused]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:1/v1\"\n\
         [providers.name]\nkind = \"openai\"\nbase_url = \"http://no-such-host.invalid/v1\"\n\
         [providers.tls]\nkind = \"openai\"\nbase_url = \"{}/v1\"\n[defaults]\nretries = 0\n",
        sim.url.replace("http://", "https://")
    );
    let served = Served::temp(&[("surefoot.toml", &settings)]).await;
    let client = reqwest::Client::new();
    for (provider, says) in
        [("refused", "cannot be reached"), ("name", "name cannot be resolved"), ("tls", "no TLS with the provider")]
    {
        let body = json!({"model": format!("{provider}/m"), "messages": [{"role": "user", "content": "?"}]});
        let (status, told) = served.ask(&client, &body).await;
        let message = told["error"]["message"].as_str().unwrap();
        assert!(status == 502 && message.contains(says), "{provider}: {status} {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_model_surely_cannot_do_is_not_sent() {
    let sim = Served::reachable(surefoot(&["sim", "--bind", "127.0.0.1:0"])).await;
    let settings = format!(
        "[providers.up]\nkind = \"openai\"\nbase_url = \"{}/v1\"\n\
         [capabilities.\"up/echo\"]\ncontext = 50\nvision = false\n\
         [models]\neither = [\"up/echo\", \"up/ok\"]\nblind = \"up/echo\"\n",
        sim.url
    );
    let served = Served::temp(&[("surefoot.toml", &settings)]).await;
    let client = reqwest::Client::new();
    let picture = json!([{"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]);
    let long = json!("word ".repeat(60));
    for (model, content, status, says) in [
        ("blind", &picture, 400, "sees no pictures"),
        ("blind", &long, 400, "at least 60 tokens"),
        ("either", &picture, 200, "simulated answer"),
        ("either", &long, 200, "simulated answer"),
    ] {
        let body = json!({"model": model, "messages": [{"role": "user", "content": content}]});
        let (got, told) = served.ask(&client, &body).await;
        assert!(got == status && told.to_string().contains(says), "{model}: {got} {told}");
    }
    let seen: Value = client.get(format!("{}/sim/requests", sim.url)).send().await.unwrap().json().await.unwrap();
    assert_eq!(seen["count"], 2, "only what can be answered is sent");
    let listed: Value =
        client.get(format!("{}/v1/models/blind", served.url)).send().await.unwrap().json().await.unwrap();
    assert_eq!(listed["surefoot"], json!({"context": 50, "vision": false}), "{listed}");
}
