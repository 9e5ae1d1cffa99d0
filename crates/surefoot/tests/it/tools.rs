//! Tools that are run here: the search of knowledge for any provider, and the tools of MCP servers made with the
//! official SDKs.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::{
    clients::{node, python},
    support::{Project, Served, surefoot},
};

const DOCUMENT: &str = "# Harbour\n\nThe ferry to Skagen leaves at 7.30 every morning. It carries 120 cars.\n";

async fn sent(served: &Served, path: &str, body: &Value) -> Value {
    let client = reqwest::Client::new();
    let response = client.post(format!("{}{path}", served.url)).json(body).send().await.unwrap();
    let text = response.text().await.unwrap();
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{path}: {text}"))
}

async fn trace(served: &Served, answer: &Value) -> Value {
    let id = answer["surefoot"]["trace_id"].as_str().unwrap_or_else(|| panic!("{answer}"));
    let response = reqwest::get(format!("{}/api/traces/{id}", served.url)).await.unwrap();
    let told: Value = response.json().await.unwrap();
    if told.get("trace").is_some() { told["trace"].clone() } else { told }
}

fn steps(trace: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let spans = trace["spans"].as_array().unwrap_or_else(|| panic!("{trace}"));
    let steps = spans.iter().map(|span| (text(&span["step"]), text(&span["note"])));
    steps.filter(|(step, _)| step.starts_with("tool ")).collect()
}

fn search(model: &str, include: &[&str]) -> Value {
    json!({
        "model": model, "input": "When does the ferry to Skagen leave?", "include": include,
        "tools": [{"type": "file_search", "vector_store_ids": ["docs"], "max_num_results": 3}],
    })
}

async fn with_documents() -> Served {
    Served::temp(&[("surefoot.toml", "[knowledge.docs]\nfolder = \"docs\"\n"), ("docs/harbour.md", DOCUMENT)]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_calls_tools_searches_and_goes_on() {
    let served = with_documents().await;
    let told = sent(&served, "/v1/responses", &search("sim/tool", &["file_search_call.results"])).await;
    let kinds: Vec<&str> = told["output"].as_array().unwrap().iter().filter_map(|item| item["type"].as_str()).collect();
    assert_eq!(kinds, ["file_search_call", "message"], "{told}");
    let call = &told["output"][0];
    assert!(call["queries"][0].is_string() && call["id"].as_str().unwrap().starts_with("fs_resp_"), "{call}");
    let trace = trace(&served, &told).await;
    assert_eq!(steps(&trace).len(), 1, "{trace}");
    assert_eq!(trace["attempts"].as_array().unwrap().len(), 2);
    assert_eq!(told["usage"]["input_tokens"], trace["usage"]["input"], "both turns are counted");

    // The same, streamed.
    let mut body = search("sim/tool", &[]);
    body["stream"] = true.into();
    let response =
        reqwest::Client::new().post(format!("{}/v1/responses", served.url)).json(&body).send().await.unwrap();
    let text = response.text().await.unwrap();
    let kinds: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    let expected = [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.file_search_call.in_progress",
        "response.file_search_call.searching",
        "response.file_search_call.completed",
        "response.output_item.done",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
    ];
    assert_eq!(kinds[..expected.len()], expected, "{text}");
    assert_eq!(kinds.last(), Some(&"response.completed"));
    assert_eq!(kinds.iter().filter(|kind| **kind == "response.completed").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_model_that_calls_none_is_given_what_was_found_and_cites_it() {
    let served = with_documents().await;
    let told = sent(&served, "/v1/responses", &search("local/extract", &["file_search_call.results"])).await;
    assert_eq!(told["output"][0]["results"][0]["filename"], "harbour.md", "{told}");
    let text = &told["output"][1]["content"][0];
    assert!(text["text"].as_str().unwrap().contains("7.30"), "{told}");
    assert_eq!(text["annotations"][0]["filename"], "harbour.md", "{told}");
    assert_eq!(told["surefoot"]["citations"][0]["support"], "quoted", "{told}");
    let mut body = search("local/extract", &[]);
    body["stream"] = true.into();
    let response =
        reqwest::Client::new().post(format!("{}/v1/responses", served.url)).json(&body).send().await.unwrap();
    let text = response.text().await.unwrap();
    let last = text.lines().rfind(|line| line.starts_with("data: ")).unwrap();
    let last: Value = serde_json::from_str(&last["data: ".len()..]).unwrap();
    assert_eq!((&last["type"], &last["response"]["model"]), (&json!("response.completed"), &told["model"]), "{last}");
    assert_eq!(last["response"]["output"][0]["type"], "file_search_call", "{last}");
    // What it went on from is the caller's to go on from again.
    let next = json!({"model": "sim/echo", "input": "and back?", "previous_response_id": told["id"]});
    assert_eq!(sent(&served, "/v1/responses", &next).await["status"], "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_searched_is_refused() {
    let served = with_documents().await;
    let mut nowhere = search("sim/tool", &[]);
    nowhere["tools"][0]["vector_store_ids"] = json!([]);
    let mut filtered = search("sim/tool", &[]);
    filtered["tools"][0]["filters"] = json!({"type": "eq", "key": "a", "value": "b"});
    for (body, param) in [(nowhere, "tools[].vector_store_ids"), (filtered, "tools[].filters")] {
        let told = sent(&served, "/v1/responses", &body).await;
        assert_eq!(told["error"]["param"], param, "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sdk_mcp_servers_give_tools_to_functions() {
    let server = python("mcp_server.py");
    let server = server.as_std();
    let program = server.get_program().to_str().unwrap();
    let script = server.get_args().next().unwrap().to_str().unwrap();
    let mut http = node("mcp_server.mjs").stdout(Stdio::piped()).spawn().unwrap();
    let port = BufReader::new(http.stdout.take().unwrap()).lines().next_line().await.unwrap().unwrap();
    let settings = format!(
        "[mcp.sums]\ncommand = [{program:?}, {script:?}]\n\n\
         [mcp.words]\nurl = \"http://127.0.0.1:{port}/mcp\"\nheaders = {{ x-team = \"tests\" }}\n"
    );
    let variant = "+++\nmodel = \"sim/tool\"\n+++\nUse your tools.\n{{ history() }}\n";
    let project = Project::temp(&[
        ("surefoot.toml", &settings),
        ("functions/add/function.toml", "tools = [\"mcp:sums/add\"]\n"),
        ("functions/add/one.md", variant),
        ("functions/shout/function.toml", "tools = [\"mcp:words/u*\"]\ntool_turns = 1\n"),
        ("functions/shout/one.md", variant),
        ("functions/fail/function.toml", "tools = [\"mcp:words/fail\"]\n"),
        ("functions/fail/one.md", variant),
    ]);
    let served = Served::start(&project).await;
    for (function, tool, gave) in [
        ("add", "sums__add", "the sum of "),
        ("shout", "words__upper", "in capitals: "),
        ("fail", "words__fail", "it failed on purpose"),
    ] {
        let body = json!({"model": function, "messages": [{"role": "user", "content": "go on"}]});
        let told = sent(&served, "/v1/chat/completions", &body).await;
        assert_eq!(told["choices"][0]["finish_reason"], "stop", "{told}");
        assert!(told["choices"][0]["message"].get("tool_calls").is_none(), "{told}");
        let trace = trace(&served, &told).await;
        let steps = steps(&trace);
        assert_eq!(
            steps.iter().map(|(step, _)| step.as_str()).collect::<Vec<_>>(),
            [format!("tool {tool}")],
            "{trace}"
        );
        let note = if function == "fail" { "failed after" } else { "answered after" };
        assert!(steps[0].1.starts_with(note), "{steps:?}");
        let shown = trace["prompt"].to_string();
        assert!(shown.contains(gave) && shown.contains("⟦data "), "{shown}");
        assert_eq!(trace["attempts"].as_array().unwrap().len(), 2, "{trace}");
    }
    http.start_kill().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_tools_that_is_not_there_is_told_by_name() {
    let served = Served::temp(&[
        ("surefoot.toml", "[mcp.gone]\ncommand = [\"/nowhere/to-be-found\"]\n"),
        ("functions/f/function.toml", "tools = [\"mcp:gone/*\"]\n"),
        ("functions/f/one.md", "+++\nmodel = \"sim/tool\"\n+++\n{{ history() }}\n"),
    ])
    .await;
    let body = json!({"model": "f", "messages": [{"role": "user", "content": "go on"}]});
    let told = sent(&served, "/v1/chat/completions", &body).await;
    assert!(told["error"]["message"].as_str().unwrap().contains("the MCP server 'gone' cannot be used"), "{told}");
}

/// The settings of the documentation, as they stand there.
#[tokio::test(flavor = "multi_thread")]
async fn the_example_of_the_documents_is_a_project() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/tools.md")).unwrap();
    let blocks = page.split("```toml\n# ").skip(1).map(|rest| rest.split("```").next().unwrap());
    let mut files: Vec<(&str, &str)> = blocks.filter_map(|block| block.split_once('\n')).collect();
    assert_eq!(
        files.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        ["surefoot.toml", "functions/help/function.toml"]
    );
    files.push(("functions/help/one.md", "+++\nmodel = \"sim/tool\"\n+++\n{{ history() }}\n"));
    let project = Project::temp(&files);
    let told = surefoot(&["check"]).arg(project.folder()).output().await.unwrap();
    assert!(told.status.success(), "{}", String::from_utf8(told.stderr).unwrap());
}
