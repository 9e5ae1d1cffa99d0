//! A store that is full, and what its levels promise.

use std::collections::BTreeSet;

use serde_json::Value;
use surefoot_types::ports::TraceFilter;

use crate::support::{Project, Served, question, until};

/// Asks until a request is not answered, or so often. Those that were answered, and the status of the last.
async fn answered(served: &Served, at_most: usize) -> (BTreeSet<String>, u16, Value) {
    let client = reqwest::Client::new();
    let mut ids = BTreeSet::new();
    let mut last = (0, Value::Null);
    for _ in 0..at_most {
        last = served.ask(&client, &question("sim/words-200")).await;
        if last.0 != 200 {
            break;
        }
        ids.insert(last.1["surefoot"]["trace_id"].as_str().unwrap().to_owned());
    }
    (ids, last.0, last.1)
}

/// What `/readyz` says, where it is not ready.
async fn not_ready(served: &Served) -> Option<String> {
    let answer = reqwest::get(format!("{}/readyz", served.url)).await.ok()?;
    if answer.status() != 503 {
        return None;
    }
    answer.text().await.ok()
}

async fn kept(project: &Project) -> BTreeSet<String> {
    let store = project.store().await;
    let traces = store.trace_list(&TraceFilter::default(), 100_000).await.unwrap();
    store.close().await;
    traces.iter().map(|trace| trace.id.to_string()).collect()
}

/// Few enough that a hundred requests or two fill them.
const FULL: [&str; 4] = ["--bind", "127.0.0.1:0", "--most-pages", "200"];

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_serving_stops_and_nothing_answered_is_lost() {
    let project = Project::temp(&[("surefoot.toml", "")]);
    let mut served = Served::start_with(&project, &FULL).await;
    let (ids, status, told) = answered(&served, 5_000).await;
    assert_eq!(status, 503, "{told}");
    assert!(ids.len() > 10 && told.to_string().contains("full"), "{} answered, then {told}", ids.len());
    let told = until("readiness tells of it", || not_ready(&served)).await;
    assert!(told.contains("the store cannot be written"), "{told}");
    served.end().await;
    assert_eq!(kept(&project).await, ids);
    // With room again it goes on.
    let served = Served::start(&project).await;
    assert_eq!(answered(&served, 1).await.1, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_serving_goes_on_where_the_project_says_so() {
    let project = Project::temp(&[("surefoot.toml", "[records]\nwhen_full = \"serve\"\n")]);
    let mut served = Served::start_with(&project, &FULL).await;
    let (ids, status, told) = answered(&served, 300).await;
    assert_eq!((ids.len(), status), (300, 200), "{told}");
    let metrics = served.until(|_| true, "/metrics").await;
    assert!(metrics.contains("surefoot_records_lost_total"), "it is told loudly: {metrics}");
    served.until(|told| told.contains("ready"), "/readyz").await;
    served.end().await;
    let kept = kept(&project).await;
    assert!(kept.len() < ids.len() && kept.is_subset(&ids), "{} kept of {}", kept.len(), ids.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn at_every_level_a_clean_end_keeps_all() {
    for level in ["crash", "power", "relaxed"] {
        let project = Project::temp(&[("surefoot.toml", &format!("[records]\nlevel = \"{level}\"\n"))]);
        let mut served = Served::start(&project).await;
        let (ids, ..) = answered(&served, 20).await;
        served.end().await;
        assert_eq!((ids.len(), kept(&project).await), (20, ids), "{level}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_to_be_kept_is_not_and_costs_are_counted_all_the_same() {
    let files = [("surefoot.toml", "[records]\nkeep = \"nothing\"\n[prices.\"sim/ok\"]\ninput = 1\noutput = 1\n")];
    let project = Project::temp(&files);
    let mut served = Served::start(&project).await;
    let client = reqwest::Client::new();
    assert_eq!(served.ask(&client, &question("sim/ok")).await.0, 200);
    served.end().await;
    assert_eq!(kept(&project).await, BTreeSet::new());
    let books = crate::support::told(project.surefoot(&["spend", "--json"])).await;
    assert!(books[0]["requests"] == 1 && books[0]["cost"].as_i64() > Some(0), "{books}");
}
