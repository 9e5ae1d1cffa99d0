//! `kill -9` at random moments under load: every answer that reached its caller is in the store.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use surefoot_types::{Chance, SystemChance, ids::TraceId, trace::Outcome};

use crate::support::{Project, Served};

/// How often the server is killed.
const KILLS: usize = 50;
/// How many callers ask at once.
const CALLERS: usize = 8;
/// Short answers, and longer ones that a kill cuts.
const MODELS: [&str; 2] = ["sim/ok", "sim/words-20+gap-1ms"];

#[tokio::test(flavor = "multi_thread")]
async fn kill_at_any_moment_loses_no_answered_request() {
    let project = Project::temp(&[("surefoot.toml", "")]);
    let answered: Arc<Mutex<Vec<TraceId>>> = Arc::default();
    // Made once: to make one takes longer than most of the servers live.
    let client = reqwest::Client::new();
    for _ in 0..KILLS {
        let mut served = Served::start(&project).await;
        let callers: Vec<_> = (0..CALLERS)
            .map(|n| {
                tokio::spawn(call_on(
                    client.clone(),
                    served.url.clone(),
                    MODELS[n % 2],
                    n % 4 < 2,
                    Arc::clone(&answered),
                ))
            })
            .collect();
        // The moment of the kill is what is random here, not something that is waited for.
        tokio::time::sleep(Duration::from_millis(20).mul_f64(1.0 + 10.0 * SystemChance.unit())).await;
        served.kill();
        for caller in callers {
            caller.await.unwrap();
        }
    }
    let answered = std::mem::take(&mut *answered.lock().unwrap());
    assert!(answered.len() > KILLS, "the server was killed before it answered anything: {}", answered.len());
    let store = project.store().await;
    for id in &answered {
        let trace = store.trace_get(*id).await.unwrap().unwrap_or_else(|| panic!("{id} was answered and is lost"));
        assert_eq!(trace.outcome, Outcome::Answered);
    }
    println!("{} answers over {KILLS} kills, none lost", answered.len());
}

/// Asks until the server is gone, noting each answer that came whole.
async fn call_on(client: reqwest::Client, url: String, model: &str, stream: bool, answered: Arc<Mutex<Vec<TraceId>>>) {
    let body = serde_json::json!({"model": model, "stream": stream, "messages": [{"role": "user", "content": "?"}]});
    loop {
        let sent = client.post(format!("{url}/v1/chat/completions")).json(&body).send().await;
        let Ok(response) = sent else { return };
        let id = response.headers()["x-surefoot-trace"].to_str().unwrap().parse().unwrap();
        let Ok(text) = response.text().await else { return };
        let whole = if stream { text.contains("data: [DONE]") } else { text.ends_with('}') };
        if !whole {
            return;
        }
        answered.lock().unwrap().push(id);
    }
}
