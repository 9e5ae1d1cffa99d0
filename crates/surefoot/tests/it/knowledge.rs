//! What feeds a knowledge, and how it is searched, as users do it.

use std::{path::Path, process::Command};

use serde_json::Value;

use crate::support::{Project, surefoot};

/// What users copy from the page of knowledge works.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_knowledge_is_right() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/knowledge.md")).unwrap();
    let blocks: Vec<&str> = page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(blocks.len(), 2);
    for block in blocks {
        let project = Project::temp(&[("surefoot.toml", block), ("docs/a.md", "A.")]);
        let mut check = surefoot(&["check"]);
        check
            .arg(project.folder())
            .env("GIT_TOKEN", "t")
            .env("AWS_ACCESS_KEY_ID", "i")
            .env("AWS_SECRET_ACCESS_KEY", "s");
        let told = check.output().await.unwrap();
        assert!(told.status.success(), "{block}\n{}", String::from_utf8(told.stderr).unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_that_cannot_be_are_mistakes() {
    for (settings, says) in [
        ("include = [\"*.md\"]", "'folder' is missing"),
        ("urls = [\"example.com\"]", "no address of a page"),
        ("bucket = \"team/docs\"", "s3://name/prefix"),
        ("git = \"https://example.com/a\"\ngit_token = \"in-clear\"", "in clear"),
        ("urls = [\"https://example.com\"]\nsync = \"soon\"", "soon"),
        ("url = [\"https://example.com\"]", "urls"),
    ] {
        let project = Project::temp(&[("surefoot.toml", &format!("[knowledge.it]\n{settings}\n"))]);
        let told = surefoot(&["check"]).arg(project.folder()).output().await.unwrap();
        let text = String::from_utf8([told.stderr, told.stdout].concat()).unwrap();
        assert!(!told.status.success() && text.contains(says), "{settings}: {text}");
    }
}

fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(["-c", "user.name=a", "-c", "user.email=a@example.com"]).args(arguments);
    assert!(command.output().unwrap().status.success(), "{arguments:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_is_synced_and_search_explains_itself() {
    let repository = tempfile::tempdir().unwrap();
    git(repository.path(), &["init", "--quiet"]);
    let tide = "# Tides\n\nThe tide rises twice a day in this harbour, and falls as often.\n";
    std::fs::write(repository.path().join("tides.md"), tide).unwrap();
    std::fs::write(repository.path().join("copy.md"), tide).unwrap();
    git(repository.path(), &["add", "."]);
    git(repository.path(), &["commit", "--quiet", "-m", "one"]);
    let settings = format!("[knowledge.sea]\ngit = \"file://{}\"\n", repository.path().display());
    let project = Project::temp(&[("surefoot.toml", &settings)]);

    let told = project.surefoot(&["sync", "--knowledge", "sea", "--json"]).output().await.unwrap();
    let report: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!((&report["sea"]["added"], &report["sea"]["failed"]), (&2.into(), &Value::Array(Vec::new())), "{report}");
    let told = project.surefoot(&["search", "--explain", "when does the tide rise"]).output().await.unwrap();
    let text = String::from_utf8(told.stdout).unwrap();
    assert!(text.contains("#tides.md") && text.contains("from words") && text.contains("nearly the same in"), "{text}");
    assert!(!text.contains("\n2. "), "{text}");
}
