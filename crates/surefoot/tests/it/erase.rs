//! Erasure while a server runs, and the search of every file that proves it.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::support::{Project, Served, told, until};

/// Words that stand nowhere but in what is of the user, and those of somebody else.
const HERS: [&str; 5] = ["ann-4711", "zebrafinch", "quartzlamp", "Plumtreeville", "mothballed"];
const OTHERS: [&str; 3] = ["bob-0815", "teakettle", "Pearorchard"];

/// The files under a folder that hold a text.
pub(crate) fn holding(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, text));
        } else if fs::read(&path).unwrap().windows(text.len()).any(|window| window == text.as_bytes()) {
            found.push(path.display().to_string());
        }
    }
    found
}

async fn asked(served: &Served, user: &str, words: &str) -> String {
    let client = reqwest::Client::new();
    let body = json!({"model": "sim/echo", "user": user, "messages": [{"role": "user", "content": words}]});
    let sent = client.post(format!("{}/v1/chat/completions", served.url)).json(&body).send().await.unwrap();
    let trace = sent.headers()["x-surefoot-trace"].to_str().unwrap().to_owned();
    assert!(sent.text().await.unwrap().contains(words));
    trace
}

async fn found(project: &Project, query: &str) -> bool {
    let found: Value = told(project.surefoot(&["search", "--json", query])).await;
    found.to_string().contains(query)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_an_erased_user_is_left_in_any_file() {
    let project = Project::temp(&[
        ("surefoot.toml", "[knowledge.docs]\nfolder = \"docs\"\nowners = \"users\"\n"),
        ("docs/users/ann-4711/home.md", "# Home\n\nI live in Plumtreeville.\n"),
        ("docs/users/bob-0815/home.md", "# Home\n\nI live in Pearorchard.\n"),
    ]);
    let mut served = Served::start(&project).await;
    let trace = asked(&served, "ann-4711", "My zebrafinch sings").await;
    asked(&served, "ann-4711", "My quartzlamp shines").await;
    asked(&served, "bob-0815", "My teakettle whistles").await;
    let client = reqwest::Client::new();
    let feedback = json!({"trace_id": trace, "metric": "comment", "value": "mothballed"});
    let sent = client.post(format!("{}/api/feedback", served.url)).json(&feedback).send().await.unwrap();
    assert_eq!(sent.status(), 201);
    assert!(found(&project, "Plumtreeville").await && found(&project, "Pearorchard").await);
    for text in HERS.iter().chain(&OTHERS) {
        assert!(!holding(&project.data(), text).is_empty(), "{text} is there, so that not finding it says something");
    }

    let certificate = told(project.surefoot(&["erase", "--user", "ann-4711", "--yes", "--json"])).await;
    let counts = &certificate["counts"];
    assert_eq!((&counts["traces"], &counts["feedback"], &counts["documents"]), (&2.into(), &1.into(), &1.into()));
    assert_eq!(certificate["documents"], json!(["docs/users/ann-4711/home.md"]));
    assert!(!certificate.to_string().contains("\"ann-4711\""));
    let left = || async { HERS.iter().all(|text| holding(&project.data(), text).is_empty()).then_some(()) };
    until("no file of the data folder holds anything of hers", left).await;

    // Her file lies there still, and is not read again; what is of others stays.
    assert!(!told_found(&project, "Plumtreeville").await);
    assert!(found(&project, "Pearorchard").await);
    served.end().await;
    for text in HERS {
        assert_eq!(holding(&project.data(), text), Vec::<String>::new(), "{text}");
    }
    for text in OTHERS {
        assert!(!holding(&project.data(), text).is_empty(), "{text}");
    }
    let events = told(project.surefoot(&["audit", "list", "--json"])).await;
    assert_eq!(events[0]["action"], "user.erase");
    assert_eq!(events[0]["hash"], certificate["audit"]["hash"]);
}

/// As [`found`], for an ingest that tells of a file that it leaves out.
async fn told_found(project: &Project, query: &str) -> bool {
    let mut search = project.surefoot(&["search", "--json", query]);
    let done = search.output().await.unwrap();
    String::from_utf8(done.stdout).unwrap().contains(query)
}

#[tokio::test]
async fn nobody_is_erased_by_mistake() {
    let project = Project::temp(&[("surefoot.toml", "")]);
    for (words, expected) in [
        (&["erase", "--user", "u"][..], "say --yes to erase without asking"),
        (&["erase", "--user", " ", "--yes"], "--user is empty"),
        (&["erase", "--user", "u", "--yes"], "nothing was asked here yet"),
    ] {
        let done = project.surefoot(words).output().await.unwrap();
        let wrong = String::from_utf8(done.stderr).unwrap();
        assert!(done.status.code() == Some(2) && wrong.contains(expected), "{words:?}: {wrong}");
    }
}
