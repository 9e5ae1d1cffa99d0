//! Keys made and revoked by one process, and used at another that is running.

use serde_json::Value;

use crate::support::{Project, Served, question, surefoot, told, until};

/// The status of a request with a key.
async fn status(client: &reqwest::Client, served: &Served, key: &str, model: &str) -> u16 {
    let sent = client.post(format!("{}/v1/chat/completions", served.url)).bearer_auth(key).json(&question(model));
    sent.send().await.unwrap().status().as_u16()
}

/// Waits until a request with a key has this status.
async fn until_status(served: &Served, key: &str, wanted: u16) {
    let client = reqwest::Client::new();
    let ask = || async { (status(&client, served, key, "m").await == wanted).then_some(()) };
    until(&format!("the key gives {wanted}"), ask).await;
}

async fn made(project: &Project, words: &[&str]) -> String {
    let made: Value = told(project.surefoot(words)).await;
    assert!(!made.to_string().contains("hash"), "{made}");
    made["secret"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_follows_what_becomes_of_keys() {
    let project = Project::temp(&[("surefoot.toml", "[models]\nm = \"sim/ok\"\nother = \"sim/ok\"\n")]);
    let admin = made(&project, &["keys", "create", "ops", "--admin", "all", "--json"]).await;
    let mut up = surefoot(&["up", "--bind", "0.0.0.0:0"]);
    up.arg(project.folder()).arg("--data").arg(project.data());
    let served = Served::reachable(up).await;
    let client = reqwest::Client::new();
    assert_eq!(status(&client, &served, &admin, "m").await, 200);

    let create = ["keys", "create", "app", "--model", "m", "--tenant", "acme", "--tag", "team=docs", "--json"];
    let first = made(&project, &create).await;
    until_status(&served, &first, 200).await;
    assert_eq!(status(&client, &served, &first, "other").await, 403, "it may use m alone");
    let traces = |key: &str| client.get(format!("{}/api/traces", served.url)).bearer_auth(key.to_owned()).send();
    assert_eq!(traces(&first).await.unwrap().status(), 403);
    assert_eq!(traces(&admin).await.unwrap().status(), 200);

    // Both secrets open it during the overlap; then only the newest.
    let second = made(&project, &["keys", "rotate", "app", "--overlap", "1h", "--json"]).await;
    until_status(&served, &second, 200).await;
    assert_eq!(status(&client, &served, &first, "m").await, 200);
    let third = made(&project, &["keys", "rotate", "app", "--overlap", "0s", "--json"]).await;
    until_status(&served, &third, 200).await;
    until_status(&served, &first, 401).await;
    until_status(&served, &second, 401).await;

    let revoked: Value = told(project.surefoot(&["keys", "revoke", "app", "--json"])).await;
    assert!(revoked["revoked"].is_string());
    until_status(&served, &third, 401).await;

    let spent = told(project.surefoot(&["spend", "--by", "tag:team", "--json"])).await;
    assert_eq!(spent[0]["name"], "docs");
    let events: Value = told(project.surefoot(&["audit", "list", "--json"])).await;
    let actions: Vec<&str> = events.as_array().unwrap().iter().map(|one| one["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["key.create", "key.create", "key.rotate", "key.rotate", "key.revoke"]);
    for secret in [&admin, &first, &second, &third] {
        assert!(!events.to_string().contains(secret.as_str()));
    }
}

#[tokio::test]
async fn bad_input_makes_no_key() {
    let project =
        Project::temp(&[("surefoot.toml", "[[server.keys]]\nname = \"app\"\nkey = \"env:SUREFOOT_TEST_UNSET\"\n")]);
    for (words, expected) in [
        (&["keys", "create", "app"][..], "the project names a key 'app' already"),
        (&["keys", "create", "two words"], "is not a name for a key"),
        (&["keys", "create", "a", "--expires", "2020-01-01"], "would have ended already"),
        (&["keys", "create", "a", "--usd", "5"], "--every"),
        (&["keys", "create", "a", "--usd", "much", "--every", "day"], "is not an amount of dollars"),
        (&["keys", "create", "a", "--admin", "some"], "[possible values: none, read, all]"),
        (&["keys", "create", "a", "--requests", "0"], "0 is not in 1.."),
        (&["keys", "revoke", "a"], "there is no key 'a'"),
        (&["keys", "rotate", "a"], "there is no key 'a'"),
    ] {
        let done = project.surefoot(words).output().await.unwrap();
        let wrong = String::from_utf8(done.stderr).unwrap();
        assert!(done.status.code() == Some(2) && wrong.contains(expected), "{words:?}: {wrong}");
    }
    assert_eq!(told(project.surefoot(&["keys", "list", "--all", "--json"])).await, Value::Array(Vec::new()));
}
