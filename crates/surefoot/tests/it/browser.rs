//! The console in a real Chromium, on a laptop's and a phone's window, light and dark.

use crate::{
    clients::node,
    support::{Project, Served},
};

#[tokio::test(flavor = "multi_thread")]
async fn browser_console() {
    let project = Project::example("docs-assistant");
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
