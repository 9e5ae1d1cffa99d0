//! The end on SIGTERM: what can finish in time does, what cannot is told so, and all of it is recorded.

use std::time::Duration;

use serde_json::json;
use surefoot_types::{ports::TraceFilter, trace::Outcome};

use crate::support::{Project, Served};

/// Begins a stream, and gives what is left of it once its first piece came.
async fn begun(served: &Served, model: &str) -> reqwest::Response {
    let body = json!({"model": model, "stream": true, "messages": [{"role": "user", "content": "?"}]});
    let client = reqwest::Client::new();
    let sent = client.post(format!("{}/v1/chat/completions", served.url)).json(&body).send();
    let mut response = sent.await.unwrap();
    assert!(response.chunk().await.unwrap().is_some());
    response
}

async fn outcomes(project: &Project) -> Vec<(Outcome, bool)> {
    let store = project.store().await;
    let traces = store.trace_list(&TraceFilter::default(), 10).await.unwrap();
    store.close().await;
    traces.iter().map(|trace| (trace.outcome, trace.cost.is_some())).collect()
}

const PRICES: &str = "[prices.\"sim/words-30+gap-20ms\"]\ninput = 1\noutput = 1\n
    [prices.\"sim/words-400+gap-50ms\"]\ninput = 1\noutput = 1\n
    [budgets.all]\nevery = \"day\"\nusd = 1\n";

#[tokio::test(flavor = "multi_thread")]
async fn what_can_finish_in_time_does() {
    let project = Project::temp(&[("surefoot.toml", PRICES)]);
    let mut served = Served::start(&project).await;
    let response = begun(&served, "sim/words-30+gap-20ms").await;
    let (text, ()) = tokio::join!(response.text(), served.end());
    assert!(text.unwrap().contains("data: [DONE]"));
    assert_eq!(outcomes(&project).await, [(Outcome::Answered, true)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_is_told_so_and_recorded() {
    let project = Project::temp(&[("surefoot.toml", &format!("{PRICES}\n[server]\ndrain = \"200ms\"\n"))]);
    let mut served = Served::start(&project).await;
    let response = begun(&served, "sim/words-400+gap-50ms").await;
    let text = async { tokio::time::timeout(Duration::from_secs(60), response.text()).await.unwrap() };
    let (text, ()) = tokio::join!(text, served.end());
    let text = text.unwrap();
    assert!(text.contains("Surefoot is stopping") && !text.contains("[DONE]"), "{text}");
    assert_eq!(outcomes(&project).await, [(Outcome::Failed, true)], "it is charged what was generated");
    let budgets = crate::support::told(project.surefoot(&["budgets", "--json"])).await;
    assert!(budgets[0]["held"] == 0 && budgets[0]["spent"].as_i64() > Some(0), "{budgets}");
}
