//! Budgets under many requests at once, with several processes and kills: never overspent by one nano-dollar,
//! and nothing held by whoever is dead.

use futures_util::future::join_all;
use serde_json::Value;
use surefoot_types::{Money, ports::TraceFilter};

use crate::support::{Project, Served, question, told};

/// A token of the answer costs a tenth of a cent. The simulator's usual answer has 82, and 100 are asked for.
const PRICED: &str = "[prices.\"sim/ok\"]\ninput = 0\noutput = 1000\n
    [prices.\"sim/words-40+gap-10ms\"]\ninput = 0\noutput = 1000\n";
/// The most that one request may cost.
const WORST: i64 = 100_000_000;

fn project(limit: &str) -> Project {
    Project::temp(&[("surefoot.toml", &format!("{PRICED}\n[budgets.all]\nevery = \"total\"\nusd = {limit}\n"))])
}

/// What the store says of the only budget: spent, held, left.
async fn budget(project: &Project) -> (i64, i64, i64) {
    let all = told(project.surefoot(&["budgets", "--json"])).await;
    let number = |name: &str| all[0][name].as_i64().unwrap();
    (number("spent"), number("held"), number("left"))
}

/// What all traces say that they cost together.
async fn of_traces(project: &Project) -> i64 {
    let store = project.store().await;
    let all = store.trace_list(&TraceFilter::default(), 100_000).await.unwrap();
    store.close().await;
    all.iter().filter_map(|trace| trace.cost).sum::<Money>().as_nanos()
}

/// Asks so often at once, of each of the servers in turn. How many were answered.
async fn at_once(served: &[&Served], client: &reqwest::Client, requests: usize) -> usize {
    let body = question("sim/ok");
    let all = (0..requests).map(|n| served[n % served.len()].ask(client, &body));
    let all: Vec<(u16, Value)> = join_all(all).await;
    let refused: Vec<&Value> = all.iter().filter(|(status, _)| *status != 200).map(|(_, told)| told).collect();
    assert!(refused.iter().all(|told| told.to_string().contains("budget")), "{refused:?}");
    all.len() - refused.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_at_once_spend_no_more_than_the_budget() {
    let project = project("1.00");
    let mut served = Served::start(&project).await;
    let client = reqwest::Client::new();
    let mut answered = at_once(&[&served], &client, 200).await;
    // Whoever was refused while others held the rest may be answered now that they are done.
    while at_once(&[&served], &client, 1).await == 1 {
        answered += 1;
    }
    served.end().await;
    let (spent, held, left) = budget(&project).await;
    assert_eq!(spent, of_traces(&project).await);
    assert_eq!((held, spent + left), (0, 1_000_000_000));
    assert!(left < WORST, "so much is left that another request would fit: {left}");
    let books = told(project.surefoot(&["spend", "--json"])).await;
    assert_eq!(books[0]["cost"].as_i64(), Some(spent));
    println!("{answered} of more than 200 answered; $1.00 to spend, {} spent", Money::nanos(spent));
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_share_a_file_share_its_budget_and_the_dead_hold_nothing() {
    let project = project("3.00");
    let client = reqwest::Client::new();
    for round in 0..3 {
        let (mut one, mut other) = tokio::join!(Served::start(&project), Served::start(&project));
        at_once(&[&one, &other], &client, 20).await;
        // Killed with requests under way, whose reservations nobody gives back.
        let body = question("sim/words-40+gap-10ms");
        let under_way = (0..8).map(|_| {
            let request = client.post(format!("{}/v1/chat/completions", one.url)).json(&body).send();
            tokio::spawn(request)
        });
        let under_way: Vec<_> = under_way.collect();
        one.until(|metrics| metrics.contains("surefoot_requests_total"), "/metrics").await;
        one.kill_dead().await;
        other.kill_dead().await;
        for request in under_way {
            // It was cut off, or answered just before: the books know which.
            let _ = request.await.unwrap();
        }
        let spent = of_traces(&project).await;
        assert!(spent <= 3_000_000_000, "overspent in round {round}: {spent}");
    }
    let (mut one, mut other) = tokio::join!(Served::start(&project), Served::start(&project));
    while at_once(&[&one, &other], &client, 10).await > 0 {}
    // Of many that wait at both, each may hold a part of the rest that is too small: one alone gets it.
    while at_once(&[&one], &client, 1).await > 0 {}
    one.end().await;
    other.end().await;
    let (spent, held, left) = budget(&project).await;
    assert_eq!(spent, of_traces(&project).await);
    assert_eq!(held, 0, "nobody is there to hold anything");
    assert!(spent + left == 3_000_000_000 && left < WORST, "{spent} spent, {left} left");
}
