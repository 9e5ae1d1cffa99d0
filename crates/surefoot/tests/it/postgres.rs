//! A project moves from its file to Postgres, and replicas share it there.

use futures_util::future::join_all;
use serde_json::Value;
use surefoot_testkit::PostgresServer;
use tempfile::TempDir;
use tokio::process::Command;

use crate::support::{Project, Served, output, question, surefoot, told, until};

const FILES: &str = "[prices.\"sim/ok\"]\ninput = 0\noutput = 1000\n[budgets.all]\nevery = \"total\"\nusd = 2.00\n";
const STORE: &str = "[store]\nurl = \"env:SUREFOOT_TEST_DATABASE\"\n";
const VARIABLE: &str = "SUREFOOT_TEST_DATABASE";

/// A project in a database.
struct Shared {
    project: Project,
    url: String,
}

impl Shared {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.project.surefoot(words);
        command.env(VARIABLE, &self.url);
        command
    }

    /// A replica with a data folder of its own, as on another machine.
    async fn replica(&self, data: &TempDir) -> Served {
        let mut up = surefoot(&["up", "--bind", "127.0.0.1:0"]);
        up.arg(self.project.folder()).arg("--data").arg(data.path()).env(VARIABLE, &self.url);
        Served::started(up).await
    }
}

/// The sum and the number of requests in the books.
async fn books(command: Command) -> (i64, u64) {
    let rows: Value = told(command).await;
    (rows[0]["cost"].as_i64().unwrap_or(0), rows[0]["requests"].as_u64().unwrap_or(0))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_moves_to_postgres_and_replicas_share_it() {
    let project = Project::temp(&[("surefoot.toml", FILES)]);
    output(project.surefoot(&["keys", "create", "app"])).await;
    let mut served = Served::start(&project).await;
    let client = reqwest::Client::new();
    for _ in 0..3 {
        assert_eq!(served.ask(&client, &question("sim/ok")).await.0, 200);
    }
    served.end().await;
    let before = books(project.surefoot(&["spend", "--json"])).await;
    assert_eq!(before.1, 3);

    project.write("surefoot.toml", &format!("{FILES}{STORE}"));
    let shared = Shared { project, url: PostgresServer::shared().database() };
    let moved = told(shared.command(&["migrate", "--from", "sqlite", "--to", "postgres", "--json"])).await;
    assert_eq!((&moved["traces"]["from"], &moved["traces"]["to"]), (&3.into(), &3.into()), "{moved}");
    assert_eq!(books(shared.command(&["spend", "--json"])).await, before);
    let keys = told(shared.command(&["keys", "list", "--json"])).await;
    assert_eq!(keys[0]["name"], "app");
    let verified = told(shared.command(&["audit", "verify", "--json"])).await;
    assert_eq!((&verified["ok"], &verified["events"]), (&true.into(), &2.into()), "made and moved");

    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let (mut one, mut other) = tokio::join!(shared.replica(&folders[0]), shared.replica(&folders[1]));
    until("the replicas know of each other", || async {
        let found = told(shared.command(&["doctor", "--offline", "--json"])).await.to_string();
        (found.contains(&one.url) && found.contains(&other.url)).then_some(())
    })
    .await;
    let body = question("sim/ok");
    loop {
        let asked = (0..20).map(|n| if n % 2 == 0 { &one } else { &other }.ask(&client, &body));
        let answered = join_all(asked).await.iter().filter(|(status, _)| *status == 200).count();
        if answered == 0 {
            break;
        }
    }
    one.end().await;
    other.end().await;
    let (spent, requests) = books(shared.command(&["spend", "--json"])).await;
    assert!(spent <= 2_000_000_000 && requests > 3, "{spent} spent in {requests} requests");
    let budgets = told(shared.command(&["budgets", "--json"])).await;
    assert_eq!((budgets[0]["spent"].as_i64(), budgets[0]["held"].as_i64()), (Some(spent), Some(0)));
    assert!(budgets[0]["left"].as_i64() < Some(100_000_000), "another request would fit: {budgets}");
    let traces = told(shared.command(&["traces", "--limit", "1000", "--json"])).await;
    let of_traces: i64 = traces.as_array().unwrap().iter().filter_map(|trace| trace["cost"].as_i64()).sum();
    assert_eq!(of_traces, spent);

    let refused = shared.command(&["backup", "copy.db"]).output().await.unwrap();
    assert!(String::from_utf8(refused.stderr).unwrap().contains("pg_dump"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_revoked_on_one_machine_is_on_all() {
    let project = Project::temp(&[("surefoot.toml", STORE)]);
    let shared = Shared { project, url: PostgresServer::shared().database() };
    let made = told(shared.command(&["keys", "create", "app", "--json"])).await;
    let secret = made["secret"].as_str().unwrap();
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let (one, other) = tokio::join!(shared.replica(&folders[0]), shared.replica(&folders[1]));
    let client = reqwest::Client::new();
    let status = async |served: &Served| {
        let sent = client.get(format!("{}/v1/models", served.url)).bearer_auth(secret).send().await.unwrap();
        sent.status().as_u16()
    };
    assert_eq!((status(&one).await, status(&other).await), (200, 200));
    output(shared.command(&["keys", "revoke", "app"])).await;
    for served in [&one, &other] {
        until("the key is refused", || async { (status(served).await == 401).then_some(()) }).await;
    }
}
