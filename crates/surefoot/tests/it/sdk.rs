//! The official SDKs, unmodified but for the base URL, against the example that users copy.

use std::process::Stdio;

use crate::{
    clients::{node, python, script},
    support::{Project, Served},
};

#[tokio::test(flavor = "multi_thread")]
async fn sdk_openai_python() {
    run(python("openai_sdk.py")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sdk_anthropic_python() {
    run(python("anthropic_sdk.py")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sdk_openai_typescript() {
    run(node("openai_sdk.mjs")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sdk_anthropic_typescript() {
    run(node("anthropic_sdk.mjs")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sdk_responses_python() {
    run(python("responses_sdk.py")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sdk_responses_typescript() {
    run(node("responses_sdk.mjs")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sdk_files_python() {
    run(python("files_sdk.py")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sdk_files_typescript() {
    run(node("files_sdk.mjs")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sdk_google_python() {
    run(python("google_sdk.py")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sdk_google_typescript() {
    run(node("google_sdk.mjs")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sdk_mcp_python() {
    run(python("mcp_sdk.py")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sdk_mcp_typescript() {
    run(node("mcp_sdk.mjs")).await;
}

/// The README's two programs, as they stand there.
#[tokio::test(flavor = "multi_thread")]
async fn sdk_examples_of_the_readme() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    let project = Project::example("docs-assistant");
    let served = Served::start(&project).await;
    for (language, file, command) in
        [("python", "readme.py", python as fn(&str) -> _), ("typescript", "readme.mjs", node)]
    {
        let program = readme
            .split_once(&format!("```{language}\n"))
            .and_then(|(_, rest)| rest.split_once("```"))
            .unwrap_or_else(|| panic!("README.md has a program in {language}"))
            .0
            .replace("http://127.0.0.1:4141", &served.url);
        let path = script(file, &program);
        let output = command(&path).output().await.unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{language}: {}", String::from_utf8(output.stderr).unwrap());
        assert!(told.contains("passage"), "{language}: {told}");
    }
}

async fn run(mut command: tokio::process::Command) {
    let project = Project::example("docs-assistant");
    let served = Served::start(&project).await;
    command.env("SUREFOOT", env!("CARGO_BIN_EXE_surefoot"));
    command.env("SUREFOOT_PROJECT", project.folder()).env("SUREFOOT_DATA", project.data());
    let output = command.arg(&served.url).stdin(Stdio::null()).output().await.unwrap();
    let (told, wrong) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success() && told.trim_end().ends_with("ok"), "{told}\n{wrong}");
}
