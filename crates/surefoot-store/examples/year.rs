//! A year of a small team: how long its trace list and spend report take.
//!
//! ```sh
//! cargo run --release -p surefoot-store --example year -- [TRACES] [FOLDER]
//! ```
//!
//! The tables are filled by SQLite itself, from one trace whose question, names and moment vary; 10 million traces need
//! about 20 GB, in a temporary folder that is removed afterwards.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program to be run by hand")]

use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, SqliteConnection, sqlite::SqliteConnectOptions};
use surefoot_store::{Options, SqliteStore};
use surefoot_testkit::{CountingChance, samples::trace};
use surefoot_types::{
    Chance, Timestamp,
    ids::TraceId,
    ports::{Books, Journal, Store, TraceFilter},
    spend::{By, SpendQuery, Step},
    trace::Outcome,
};

/// The year's first second, and how many it has.
const FIRST: i64 = 1_767_225_600;
const SECONDS: i64 = 365 * 86_400;
/// Traces in one statement.
const CHUNK: u64 = 250_000;
/// How often each question is asked.
const TIMES: usize = 40;

async fn fill(connection: &mut SqliteConnection, traces: u64) {
    connection.execute("PRAGMA synchronous = OFF; PRAGMA cache_size = -500000;").await.unwrap();
    let indexes: Vec<(String, String)> = sqlx::query_as(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'trace' AND sql IS NOT NULL",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    for (name, _) in &indexes {
        connection.execute(AssertSqlSafe(format!("DROP INDEX {name}"))).await.unwrap();
    }
    let mut body = trace(1);
    body.user = Some("user-7".into());
    body.key = Some("app-1".into());
    let body = serde_json::to_string(&body).unwrap().replace('\'', "''");
    for from in (0..traces).step_by(usize::try_from(CHUNK).unwrap()) {
        let to = (from + CHUNK).min(traces);
        let number =
            format!("WITH RECURSIVE n (n) AS (VALUES ({from}) UNION ALL SELECT n + 1 FROM n WHERE n + 1 < {to})");
        // Evenly over the year; a question is asked by one of fifty users, in sessions of five.
        let at = format!("({FIRST} + n * {SECONDS} / {traces})");
        let id = format!("unhex(printf('%012x%020x', {at} * 1000, n))");
        connection
            .execute(AssertSqlSafe(format!(
                "{number} INSERT INTO trace (id, at, asked, outcome, session, user, question)
                 SELECT {id}, {at} * 1000, 'function-' || (n * 7 % 5),
                     CASE n * 31 % 97 WHEN 0 THEN 'failed' WHEN 1 THEN 'cancelled' ELSE 'answered' END,
                     'session-' || (n / 5), 'user-' || (n / 5 * 13 % 50), 'How do I do thing number ' || n || ' with it?'
                 FROM n;
                 {number} INSERT INTO trace_body (id, body) SELECT {id}, replace('{body}', 'question 1', 'thing ' || n) FROM n;"
            )))
            .await
            .unwrap();
    }
    for (_, sql) in indexes {
        connection.execute(AssertSqlSafe(sql)).await.unwrap();
    }
    spend(connection, traces).await;
}

/// The books of that year: in every hour, all that they count by.
async fn spend(connection: &mut SqliteConnection, traces: u64) {
    for (kind, names) in
        [("all", 1), ("key", 3), ("tenant", 1), ("user", 50), ("function", 5), ("target", 4), ("tag:team", 4)]
    {
        for span in [3_600, 86_400] {
            let requests = i64::try_from(traces).unwrap() * span / SECONDS / names;
            connection
                .execute(AssertSqlSafe(format!(
                    "WITH RECURSIVE t (t) AS (VALUES ({FIRST}) UNION ALL SELECT t + {span} FROM t WHERE t + {span} < {FIRST} + {SECONDS}),
                     name (n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM name WHERE n + 1 < {names})
                     INSERT INTO spend SELECT {span}, '{kind}', t, iif('{kind}' = 'all', '', '{kind}-' || n),
                         {requests}, {requests} / 50, 0, {requests} * 1000 + n, {requests} * 900000,
                         {requests} * 10, {requests}, 0, 0, 0, {requests} * 5, 0, 0, 0, 0, NULL, 0 FROM t, name;"
                )))
                .await
                .unwrap();
        }
    }
}

/// Questions asked one after the other, each a little different.
async fn ask<F: Future<Output = usize>>(what: &str, question: impl FnMut() -> F) {
    ask_times(TIMES, what, question).await;
}

async fn ask_times<F: Future<Output = usize>>(times: usize, what: &str, mut question: impl FnMut() -> F) {
    let mut took: Vec<Duration> = Vec::with_capacity(times);
    let mut rows = 0;
    for _ in 0..times {
        let begun = Instant::now();
        rows = question().await;
        took.push(begun.elapsed());
    }
    took.sort();
    let at = |percent: usize| took[(took.len() * percent).div_ceil(100) - 1].as_secs_f64() * 1e3;
    println!("| {what} | {rows} | {:.1} | {:.1} |", at(50), at(95));
}

async fn lists(store: &SqliteStore, traces: u64) {
    let chance = CountingChance::default();
    let some = |below: u64| u64::try_from(chance.bits() % u128::from(below)).unwrap();
    // The id of a trace somewhere in the year.
    let somewhere = || {
        let n = some(traces);
        let at = FIRST + i64::try_from(n).unwrap() * SECONDS / i64::try_from(traces).unwrap();
        TraceId::from_bits((u128::from(at.unsigned_abs() * 1_000) << 80) | u128::from(n))
    };
    let all = TraceFilter::default();
    let list = async |filter: TraceFilter| store.trace_list(&filter, 50).await.unwrap().len();
    let page = |filter: TraceFilter| TraceFilter { before: Some(somewhere()), ..filter };
    let asked = || TraceFilter { asked: Some(format!("function-{}", some(5))), ..all.clone() };
    let failed = || TraceFilter { outcome: Some(Outcome::Failed), ..all.clone() };
    let session = || TraceFilter { session: Some(format!("session-{}", some(traces / 5))), ..all.clone() };
    let text = |text: String| TraceFilter { text: Some(text), ..all.clone() };
    let since = || TraceFilter { since: Timestamp::from_second(FIRST + SECONDS - 7_200).ok(), ..failed() };
    ask("traces: the newest", || list(all.clone())).await;
    ask("traces: a page somewhere in the year", || list(page(all.clone()))).await;
    ask("traces: of a function, somewhere", || list(page(asked()))).await;
    ask("traces: failed, the newest", || list(failed())).await;
    ask("traces: failed, somewhere", || list(page(failed()))).await;
    ask("traces: failed, of a function, somewhere", || {
        list(page(TraceFilter { outcome: Some(Outcome::Failed), ..asked() }))
    })
    .await;
    ask("traces: failed, in the last two hours", || list(since())).await;
    ask("traces: of a session", || list(session())).await;
    ask("traces: with a word that many have", || list(page(text("THING number".into())))).await;
    ask("traces: with a word that one in a thousand has", || list(page(text(format!("{:03} with", some(1_000))))))
        .await;
    ask("traces: with a word that none has, of a session", || {
        list(TraceFilter { text: Some("none".into()), ..session() })
    })
    .await;
    ask_times(2, "traces: with a word that none has, anywhere", || list(text("none".into()))).await;
    ask("a whole trace", async || usize::from(store.trace_get(somewhere()).await.unwrap().is_some())).await;
}

async fn reports(store: &SqliteStore) {
    let end = FIRST + SECONDS;
    let report = async |by: By, days: i64, step: Step| {
        // From the middle of a day on, so that it is made of days and hours.
        let since = Timestamp::from_second(end - days * 86_400 + 40_000).unwrap();
        let query = SpendQuery { by, name: None, since, until: None, step };
        store.spend_list(&query).await.unwrap().len()
    };
    ask("spend: the year by user, in one sum", || report(By::User, 365, Step::Whole)).await;
    ask("spend: the year by user and day", || report(By::User, 365, Step::Day)).await;
    ask("spend: the year by model and day", || report(By::Target, 365, Step::Day)).await;
    ask("spend: the year by tag, in one sum", || report(By::Tag("team".into()), 365, Step::Whole)).await;
    ask("spend: 30 days by key and day", || report(By::Key, 30, Step::Day)).await;
    ask("spend: 7 days by hour", || report(By::All, 7, Step::Hour)).await;
    ask("spend: 7 days by user and hour", || report(By::User, 7, Step::Hour)).await;
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let traces = arguments.next().map_or(10_000_000, |traces| traces.parse().unwrap());
    let folder = tempfile::tempdir_in(arguments.next().unwrap_or_else(|| ".".into())).unwrap();
    let path = folder.path().join("surefoot.db");
    let options = || Options::new(folder.path().join("seats"));
    SqliteStore::open(&path, options()).await.unwrap().close().await;

    let begun = Instant::now();
    let file = SqliteConnectOptions::new().filename(&path);
    let mut connection = file.connect().await.unwrap();
    fill(&mut connection, traces).await;
    connection.close().await.unwrap();
    let size = std::fs::metadata(&path).unwrap().len() >> 20;
    println!("{traces} traces, {size} MiB, filled in {:.0} s\n", begun.elapsed().as_secs_f64());

    let begun = Instant::now();
    let store = SqliteStore::open(&path, options()).await.unwrap();
    println!("opened in {:.1} ms\n", begun.elapsed().as_secs_f64() * 1e3);
    println!("| what | rows | p50 ms | p95 ms |");
    println!("|---|---|---|---|");
    lists(&store, traces).await;
    reports(&store).await;
    store.close().await;
}
