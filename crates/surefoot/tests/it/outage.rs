//! Postgres goes away under load, and the program starts while it is away: what is known goes on, what cannot be known is
//! refused and says when to come back, nothing is lost and no budget is overspent.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use surefoot_testkit::PostgresServer;
use tempfile::TempDir;

use crate::support::{Project, Served, output, question, surefoot, told, until};

const VARIABLE: &str = "SUREFOOT_TEST_DATABASE";
const STORE: &str = "[store]\nurl = \"env:SUREFOOT_TEST_DATABASE\"\nlease = \"10s\"\n";
const PRICE: &str = "[prices.\"sim/ok\"]\ninput = 0\noutput = 1000\n";

/// A project in a database of a server that can be stopped.
struct World {
    server: PostgresServer,
    project: Project,
    url: String,
    data: TempDir,
}

impl World {
    fn new(budget: &str) -> Self {
        let server = PostgresServer::start();
        let url = server.database();
        let files = format!("{PRICE}{budget}{STORE}");
        Self { server, project: Project::temp(&[("surefoot.toml", &files)]), url, data: tempfile::tempdir().unwrap() }
    }

    fn up(&self, bind: &str) -> tokio::process::Command {
        let mut up = surefoot(&["up", "--bind", bind]);
        up.arg(self.project.folder()).arg("--data").arg(self.data.path()).env(VARIABLE, &self.url);
        up
    }

    async fn told(&self, words: &[&str]) -> Value {
        let mut command = self.project.surefoot(words);
        command.env(VARIABLE, &self.url);
        told(command).await
    }
}

/// What a server answers: its status, when to come back, and the body.
async fn asked(served: &Served, secret: &str, body: &Value) -> (u16, Option<String>, Value) {
    let client = reqwest::Client::new();
    let request = client.post(format!("{}/v1/chat/completions", served.url)).bearer_auth(secret).json(body);
    let answer = request.send().await.unwrap();
    let retry = answer.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    (answer.status().as_u16(), retry, answer.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_starts_while_postgres_is_away() {
    // Only what names a team is counted by the budget.
    let mut world = World::new("[budgets.teams]\nper = \"tag:team\"\nevery = \"total\"\nusd = 2.00\n");
    let made = world.told(&["keys", "create", "app", "--json"]).await;
    let secret = made["secret"].as_str().unwrap().to_owned();
    let mut first = Served::reachable(world.up("0.0.0.0:0")).await;
    let (free, mut counted) = (question("sim/ok"), question("sim/ok"));
    counted["surefoot"] = json!({"tags": {"team": "docs"}});
    for body in [&free, &counted] {
        assert_eq!(asked(&first, &secret, body).await.0, 200);
    }
    first.kill_dead().await;
    world.server.stop();

    let mut served = Served::reachable(world.up("0.0.0.0:0")).await;
    let ready = async || {
        reqwest::Client::new().get(format!("{}/readyz", served.url)).bearer_auth(&secret).send().await.unwrap()
    };
    let told = ready().await;
    assert_eq!(told.status(), 503);
    assert!(told.text().await.unwrap().contains("store was not reached"));
    assert_eq!(asked(&served, &secret, &free).await.0, 200, "a key that was known, and nothing to count");
    let (status, retry, body) = asked(&served, &secret, &counted).await;
    assert_eq!((status, retry.is_some()), (503, true), "nobody knows what is left of the budget: {body}");
    let (status, retry, body) = asked(&served, "sf-never-seen", &free).await;
    assert_eq!((status, retry.is_some()), (503, true), "it may be a new key: {body}");
    let keyless = reqwest::Client::new().post(format!("{}/v1/chat/completions", served.url)).json(&free).send().await;
    assert_eq!(keyless.unwrap().status(), 401, "without any key nobody comes in");

    world.server.resume();
    until("the server is ready", || async { (ready().await.status() == 200).then_some(()) }).await;
    until("the budget is known", || async { (asked(&served, &secret, &counted).await.0 == 200).then_some(()) }).await;
    assert_eq!(asked(&served, "sf-never-seen", &free).await.0, 401);
    served.end().await;
    let books = world.told(&["spend", "--json"]).await;
    let traces = world.told(&["traces", "--limit", "1000", "--json"]).await;
    let answered = traces.as_array().unwrap().iter().filter(|trace| trace["outcome"] == "answered").count();
    assert!(answered >= 4, "before, during and after: {answered}");
    let cost: i64 = traces.as_array().unwrap().iter().filter_map(|trace| trace["cost"].as_i64()).sum();
    assert_eq!(books[0]["cost"].as_i64(), Some(cost));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_beyond_this_machine_waits_for_postgres_to_keep_its_key() {
    let mut world = World::new("");
    world.server.stop();
    let mut served = Served::reachable(world.up("0.0.0.0:0")).await;
    assert_eq!(asked(&served, "sf-any", &question("sim/ok")).await.0, 503);
    world.server.resume();
    until("a key was made", || async {
        let mut list = world.project.surefoot(&["keys", "list", "--json"]);
        output({
            list.env(VARIABLE, &world.url);
            list
        })
        .await
        .contains("\"admin\"")
        .then_some(())
    })
    .await;
    served.end().await;
}

/// Twelve seconds and more without Postgres, with leases of limits that live for ten.
#[tokio::test(flavor = "multi_thread")]
async fn an_outage_under_load_blocks_nothing_and_loses_nothing() {
    const AWAY: Duration = Duration::from_secs(13);
    let limits = "[budgets.all]\nevery = \"total\"\nusd = 1000.00\n[limits.all]\nrequests = 100000\n";
    let mut world = World::new(limits);
    let mut served = Served::started(world.up("127.0.0.1:0")).await;
    let (stop, answered, refused) =
        (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let client = reqwest::Client::new();
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let (client, url) = (client.clone(), format!("{}/v1/chat/completions", served.url));
            let (stop, answered, refused) = (Arc::clone(&stop), Arc::clone(&answered), Arc::clone(&refused));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let status = client.post(&url).json(&question("sim/ok")).send().await.unwrap().status();
                    (if status == 200 { &answered } else { &refused }).fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            })
        })
        .collect();
    let count = |of: &Arc<AtomicUsize>| of.load(Ordering::Relaxed);
    until("the pace is known", || async { (count(&answered) > 200).then_some(()) }).await;
    world.server.crash();
    let away = Instant::now();
    until("a time longer than a lease has passed", || async { (away.elapsed() > AWAY).then_some(()) }).await;
    let during = count(&answered);
    world.server.resume();
    until("it goes on", || async { (count(&answered) > during + 40).then_some(()) }).await;
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.unwrap();
    }
    assert_eq!(count(&refused), 0, "of {} requests", count(&answered));
    served.end().await;
    let books = world.told(&["spend", "--json"]).await;
    assert_eq!(books[0]["requests"].as_u64(), Some(count(&answered) as u64));
    let budgets = world.told(&["budgets", "--json"]).await;
    assert_eq!(budgets[0]["spent"], books[0]["cost"]);
    assert_eq!(budgets[0]["held"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_from_documents_go_on_while_postgres_is_away() {
    let mut world = World::new("[knowledge.docs]\nfolder = \"docs\"\n");
    world.project.write("functions/answer/function.toml", "knowledge = \"docs\"\nvariant = \"quote\"\n");
    world
        .project
        .write("functions/answer/quote.md", "+++\nmodel = \"local/extract\"\n+++\n{{ passages() }}{{ history() }}\n");
    let sentence = "The ferry to Skagen leaves at 7.30 every morning.";
    world.project.write("docs/harbour.md", &format!("# Harbour\n\n{sentence} It carries 120 cars.\n"));
    let body =
        json!({"model": "answer", "messages": [{"role": "user", "content": "When does the ferry to Skagen leave?"}]});
    let answered = async |served: &Served, when: &str| {
        let (status, _, told) = asked(served, "none", &body).await;
        assert_eq!(status, 200, "{when}: {told}");
        let citation = &told["surefoot"]["citations"][0];
        assert_eq!((&citation["quote"], &citation["support"]), (&sentence.into(), &"quoted".into()), "{when}: {told}");
    };
    let mut first = Served::started(world.up("127.0.0.1:0")).await;
    answered(&first, "before").await;
    world.server.stop();
    answered(&first, "while it is away").await;
    first.kill_dead().await;
    let mut second = Served::reachable(world.up("127.0.0.1:0")).await;
    until("what is kept here is known to be all there is", || async {
        (asked(&second, "none", &body).await.0 == 200).then_some(())
    })
    .await;
    answered(&second, "begun while it was away").await;
    world.server.resume();
    world.project.write("docs/harbour.md", "# Harbour\n\nThe ferry to Skagen leaves at noon on Sundays.\n");
    until("the new document is quoted", || async {
        asked(&second, "none", &body).await.2.to_string().contains("at noon").then_some(())
    })
    .await;
    second.end().await;
}
