//! `kill -9` at random moments under load: every answer that reached its caller is in the store.

use std::{
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use surefoot_store::{Options, PostgresOptions, PostgresStore};
use surefoot_testkit::PostgresServer;
use surefoot_types::{
    Chance, SystemChance, Timestamp,
    ids::TraceId,
    ports::{Store, TraceFilter},
    spend::{By, SpendQuery, Step},
    trace::Outcome,
};

use crate::support::{Project, Served, output, surefoot, until};

/// How often the server is killed, on each store.
const KILLS: usize = 50;
/// How many callers ask at once.
const CALLERS: usize = 8;
/// Short answers, and longer ones that a kill cuts.
const MODELS: [&str; 2] = ["sim/ok", "sim/words-20+gap-1ms"];

/// Asks servers that are killed one after the other: what they answered.
async fn killed(start: impl AsyncFn() -> Served) -> Vec<TraceId> {
    let answered: Arc<Mutex<Vec<TraceId>>> = Arc::default();
    // Made once: to make one takes longer than most of the servers live.
    let client = reqwest::Client::new();
    for _ in 0..KILLS {
        let mut served = start().await;
        let callers: Vec<_> = (0..CALLERS)
            .map(|n| {
                let (client, url) = (client.clone(), served.url.clone());
                tokio::spawn(call_on(client, url, MODELS[n % 2], n % 4 < 2, Arc::clone(&answered)))
            })
            .collect();
        // The moment of the kill is what is random here, not something that is waited for.
        tokio::time::sleep(Duration::from_millis(20).mul_f64(1.0 + 10.0 * SystemChance.unit())).await;
        served.kill();
        for caller in callers {
            caller.await.unwrap();
        }
        // Until it is dead its seat is taken, and whoever looks for free seats looks again only after a minute.
        served.kill_dead().await;
    }
    let answered = std::mem::take(&mut *answered.lock().unwrap());
    assert!(answered.len() > KILLS, "the server was killed before it answered anything: {}", answered.len());
    answered
}

/// Everything that was answered is there, and nothing is counted twice.
async fn all_there(store: &dyn Store, answered: &[TraceId]) {
    for id in answered {
        let trace = store.trace_get(*id).await.unwrap().unwrap_or_else(|| panic!("{id} was answered and is lost"));
        assert_eq!(trace.outcome, Outcome::Answered);
    }
    let traces = store.trace_list(&TraceFilter::default(), 1_000_000).await.unwrap().len();
    let query = SpendQuery { by: By::All, name: None, since: Timestamp::UNIX_EPOCH, until: None, step: Step::Whole };
    let counted = store.spend_list(&query).await.unwrap()[0].sums.requests;
    assert_eq!(traces as u64, counted, "each trace is in the books once");
    println!("{} answers over {KILLS} kills, none lost; {traces} traces, {counted} in the books", answered.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_at_any_moment_loses_no_answered_request() {
    let project = Project::temp(&[("surefoot.toml", "")]);
    let answered = killed(async || Served::start(&project).await).await;
    all_there(&*project.store().await, &answered).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_at_any_moment_loses_no_answered_request_on_its_way_to_postgres() {
    const VARIABLE: &str = "SUREFOOT_TEST_DATABASE";
    let project = Project::temp(&[("surefoot.toml", "[store]\nurl = \"env:SUREFOOT_TEST_DATABASE\"\n")]);
    let url = PostgresServer::shared().database();
    let answered = killed(async || {
        let mut up = surefoot(&["up", "--bind", "127.0.0.1:0"]);
        up.arg(project.folder()).arg("--data").arg(project.data()).env(VARIABLE, &url);
        Served::started(up).await
    })
    .await;
    // Whoever comes next takes the seat of the dead, and moves what they left.
    let options = PostgresOptions::new(Options::new(project.data().join("seats")));
    let store = PostgresStore::open(&url, &options).await.unwrap();
    until("every spool is moved", || async { (store.waiting_here().await == Ok((0, 0))).then_some(()) }).await;
    all_there(&store, &answered).await;
    store.close().await;
}

/// Documents of the knowledge whose ingest is killed.
const DOCUMENTS: usize = 300;

#[tokio::test(flavor = "multi_thread")]
async fn kill_during_an_ingest_leaves_nothing_half_read() {
    let project = Project::temp(&[("surefoot.toml", "[knowledge.docs]\nfolder = \"docs\"\n")]);
    for n in 0..DOCUMENTS {
        let text =
            format!("# Ship {n}\n\nThe ship number{n} sails on Monday.\n\n## Crew\n\nIts crew counts {n} sailors.\n");
        project.write(&format!("docs/ship-{n}.md"), &text);
    }
    let mut cut = 0;
    for _ in 0..12 {
        let mut ingest = project.surefoot(&["ingest"]).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        // The moment of the kill is what is random here, not something that is waited for.
        tokio::time::sleep(Duration::from_millis(20).mul_f64(1.0 + 20.0 * SystemChance.unit())).await;
        ingest.start_kill().unwrap();
        cut += usize::from(!ingest.wait().await.unwrap().success());
    }
    assert!(cut > 0, "no ingest was cut");
    output(project.surefoot(&["ingest"])).await;
    let store = project.store().await;
    let stamps = store.document_stamps("docs").await.unwrap();
    assert_eq!(stamps.len(), DOCUMENTS);
    for stamp in &stamps {
        assert_eq!(store.passage_list(stamp.document_id).await.unwrap().len(), 2, "{}", stamp.path);
    }
    store.close().await;
    for n in [0, DOCUMENTS / 2, DOCUMENTS - 1] {
        let found = output(project.surefoot(&["search", "--json", &format!("number{n}")])).await;
        assert!(found.contains(&format!("ship-{n}.md")), "{found}");
    }
    println!("{cut} of 12 ingests were cut");
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
