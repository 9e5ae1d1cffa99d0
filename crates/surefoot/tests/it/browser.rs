//! The console in a real Chromium, on a laptop's and a phone's window, light and dark.

use crate::{
    clients::node,
    support::{Project, Served},
};

#[tokio::test(flavor = "multi_thread")]
async fn browser_console() {
    let project = copied("docs-assistant");
    let eval = project.surefoot(&["eval", "answer"]).output().await.unwrap();
    assert!(eval.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8(eval.stderr).unwrap());
    let served = Served::start(&project).await;
    let chromium = std::env::var("SUREFOOT_TEST_CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".into());
    let mut command = node("console.mjs");
    command.arg(&served.url).arg(chromium);
    // Set to a folder to keep pictures of every page.
    command.args(std::env::var("SUREFOOT_TEST_SHOTS"));
    let output = command.output().await.unwrap();
    let (told, wrong) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success() && told.trim_end().ends_with("ok"), "{told}\n{wrong}");
}

/// An example in a folder of its own, since the console writes into it.
fn copied(name: &str) -> Project {
    let example = Project::example(name);
    let read = |path: &str| std::fs::read_to_string(example.folder().join(path)).unwrap();
    let settings = read("surefoot.toml");
    let documents = example.folder().join("../../docs").canonicalize().unwrap();
    let settings = settings.replace("../../docs", documents.to_str().unwrap());
    let files =
        ["functions/answer/function.toml", "functions/answer/quote.md", "evals/answer.toml", "evals/answer.jsonl"];
    let copied = files.map(|path| (path, read(path)));
    let mut all = vec![("surefoot.toml", settings.as_str())];
    all.extend(copied.iter().map(|(path, text)| (*path, text.as_str())));
    Project::temp(&all)
}
