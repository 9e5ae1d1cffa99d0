//! Reports, comparison with bills, backup, audit and doctor, over what a server recorded.

use std::fs;

use serde_json::Value;

use crate::support::{Project, Served, output, question, told};

const PRICES: &str = "[prices.\"sim/ok\"]\ninput = 1\noutput = 10\n";

/// A project that was asked so often.
async fn asked(times: usize) -> Project {
    let project = Project::temp(&[("surefoot.toml", PRICES)]);
    let mut served = Served::start(&project).await;
    let client = reqwest::Client::new();
    for _ in 0..times {
        assert_eq!(served.ask(&client, &question("sim/ok")).await.0, 200);
    }
    served.end().await;
    project
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bill_is_compared_with_the_books() {
    let project = asked(3).await;
    let books: Value = told(project.surefoot(&["spend", "--by", "model", "--step", "day", "--json"])).await;
    let (row, day) = (&books[0], &books[0]["at"].as_str().unwrap()[..10]);
    assert_eq!((row["name"].as_str(), row["requests"].as_u64()), (Some("sim/ok"), Some(3)));
    let (input, output_tokens) = (row["usage"]["input"].as_u64().unwrap(), row["usage"]["output"].as_u64().unwrap());
    let bill =
        |output_tokens| format!("date,model,requests,input_tokens,output_tokens\n{day},ok,3,{input},{output_tokens}\n");
    let file = project.folder().join("bill.csv");
    let file = file.to_str().unwrap();
    project.write("bill.csv", &bill(output_tokens));
    let told = output(project.surefoot(&["reconcile", file, "--provider", "sim", "--all"])).await;
    assert!(told.contains("requests") && told.contains(&output_tokens.to_string()), "{told}");
    project.write("bill.csv", &bill(output_tokens * 2));
    let done = project.surefoot(&["reconcile", file, "--provider", "sim", "--json"]).output().await.unwrap();
    assert_eq!(done.status.code(), Some(1));
    let rows: Value = serde_json::from_slice(&done.stdout).unwrap();
    let differing: Vec<&Value> =
        rows[0]["figures"].as_array().unwrap().iter().filter(|figure| figure["differs"] == true).collect();
    assert_eq!(differing.len(), 1);
    assert_eq!((&differing[0]["what"], &differing[0]["books"]), (&"output".into(), &output_tokens.into()));

    let csv = output(project.surefoot(&["spend", "--by", "model", "--csv"])).await;
    assert!(csv.starts_with("time,name,requests") && csv.contains(",sim/ok,3,0,0,"), "{csv}");
    let since = output(project.surefoot(&["spend", "--since", "2026-03-01", "--csv"])).await;
    assert!(since.contains("\n2026-03-01T00:00:00Z,,3,"), "a sum begins where its time does: {since}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_put_back() {
    let project = asked(2).await;
    let served = Served::start(&project).await;
    let client = reqwest::Client::new();
    let copy = project.folder().join("copy.db");
    let copy = copy.to_str().unwrap();
    output(project.surefoot(&["backup", copy])).await;
    assert_eq!(served.ask(&client, &question("sim/ok")).await.0, 200);
    let count = async || told(project.surefoot(&["traces", "--json"])).await.as_array().unwrap().len();
    assert_eq!(count().await, 3);

    let refused = async |words: &[&str], expected: &str| {
        let done = project.surefoot(words).output().await.unwrap();
        let wrong = String::from_utf8(done.stderr).unwrap();
        assert!(done.status.code() == Some(2) && wrong.contains(expected), "{words:?}: {wrong}");
    };
    refused(&["backup", copy], "exists already").await;
    refused(&["restore", copy], "say --force").await;
    refused(&["restore", copy, "--force"], "another process uses").await;
    let mut served = served;
    served.end().await;
    project.write("noise.db", "this is no database, whatever its name says");
    let noise = project.folder().join("noise.db");
    refused(&["restore", noise.to_str().unwrap(), "--force"], "nothing is changed").await;
    assert_eq!(count().await, 3);
    output(project.surefoot(&["restore", copy, "--force"])).await;
    assert_eq!(count().await, 2);
    let events = told(project.surefoot(&["audit", "list", "--json"])).await;
    assert_eq!(events[0]["action"], "store.restore");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_the_audit_log_is_found() {
    let project = Project::temp(&[("surefoot.toml", "")]);
    for name in ["one", "two", "three"] {
        output(project.surefoot(&["keys", "create", name])).await;
    }
    let verified = told(project.surefoot(&["audit", "verify", "--json"])).await;
    assert_eq!((&verified["ok"], &verified["events"]), (&true.into(), &3.into()));
    let hash = verified["hash"].as_str().unwrap();
    output(project.surefoot(&["audit", "verify", "--expect", hash])).await;
    let lost = project.surefoot(&["audit", "verify", "--expect", "0000"]).output().await.unwrap();
    assert_eq!(lost.status.code(), Some(1));

    let file = project.data().join("surefoot.db");
    let mut bytes = fs::read(&file).unwrap();
    let edits: Vec<usize> =
        bytes.windows(10).enumerate().filter(|(_, window)| *window == b"key.create").map(|(at, _)| at).collect();
    assert!(!edits.is_empty());
    for at in edits {
        bytes[at + 4..at + 10].copy_from_slice(b"delete");
    }
    fs::write(&file, bytes).unwrap();
    let done = project.surefoot(&["audit", "verify", "--json"]).output().await.unwrap();
    assert_eq!(done.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert!(told["wrong"].as_str().unwrap().contains("was changed at or before event 1"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_tells_what_is_well_and_what_is_not() {
    let project = Project::temp(&[("surefoot.toml", PRICES)]);
    let (one, other) = tokio::join!(Served::start(&project), Served::start(&project));
    let found = told(project.surefoot(&["doctor", "--json"])).await;
    let of = |what: &str| found.as_array().unwrap().iter().find(|one| one["what"] == what).cloned().unwrap();
    for what in ["project", "data", "store", "keys", "prices", "replicas"] {
        assert_ne!(of(what)["state"], "bad", "{found}");
    }
    let replicas = of("replicas")["told"].as_str().unwrap().to_owned();
    assert!(replicas.contains(&one.url) && replicas.contains(&other.url), "{replicas}");

    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let broken = format!(
        "[providers.far]\nkind = \"openai\"\nbase_url = \"http://{closed}/v1\"\n[models]\nm = \"far/x\"\n
        [budgets.all]\nevery = \"day\"\nusd = 1\n"
    );
    let project = Project::temp(&[("surefoot.toml", &broken)]);
    let done = project.surefoot(&["doctor"]).output().await.unwrap();
    assert_eq!(done.status.code(), Some(1));
    let told = String::from_utf8(done.stdout).unwrap();
    assert!(
        told.contains("BAD   provider") && told.contains("BAD   prices") && told.contains("not known for far/x"),
        "{told}"
    );

    let project = Project::temp(&[("surefoot.toml", "[serve]\n")]);
    let done = project.surefoot(&["doctor", "--offline"]).output().await.unwrap();
    assert!(done.status.code() == Some(1) && String::from_utf8(done.stdout).unwrap().contains("1 mistakes"));
}
