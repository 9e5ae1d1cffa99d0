//! A year of a small team: how long its trace list, searches and spend reports take, on either store.
//!
//! ```sh
//! cargo run --release -p surefoot-store --example year -- [sqlite|postgres] [TRACES] [FOLDER]
//! ```
//!
//! The tables are filled by the database itself, from one trace whose question, names and moment vary; what was said is
//! in the question alone, so that 10 million traces take about 10 GB, in a temporary folder that is removed afterwards.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program to be run by hand")]

use std::{
    path::Path,
    time::{Duration, Instant},
};

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions,
};
use surefoot_store::{Options, PostgresOptions, PostgresStore, SqliteStore};
use surefoot_testkit::{CountingChance, PostgresServer, samples::trace};
use surefoot_types::{
    Chance, Timestamp,
    ids::TraceId,
    ports::{Search, Store, TraceFilter},
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

/// A trace without what was said but for its question, as JSON within quotes.
fn body() -> String {
    let mut body = trace(1);
    (body.user, body.key, body.tenant) = (Some("user-7".into()), Some("key-1".into()), Some("tenant-1".into()));
    (body.prompt, body.answer, body.citations) = Default::default();
    serde_json::to_string(&body).unwrap().replace('\'', "''")
}

/// What varies, by the number `n`. Evenly over the year; a question is asked by one of fifty users, in sessions of five.
fn columns(traces: u64) -> String {
    format!(
        "({FIRST} + n * {SECONDS} / {traces}) * 1000 AS at, 'function-' || (n * 7 % 5) AS asked,
         CASE n * 31 % 97 WHEN 0 THEN 'failed' WHEN 1 THEN 'cancelled' ELSE 'answered' END AS outcome,
         'session-' || (n / 5) AS session, 'user-' || (n / 5 * 13 % 50) AS user_name, 'key-' || (n % 3) AS key_name,
         'tenant-' || (n % 20) AS tenant, 'How do I do thing number ' || n || ' with it?' AS question"
    )
}

async fn fill_sqlite(connection: &mut SqliteConnection, traces: u64) {
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
    let (body, columns) = (body(), columns(traces));
    for from in (0..traces).step_by(usize::try_from(CHUNK).unwrap()) {
        let to = (from + CHUNK).min(traces);
        let all = format!(
            "WITH RECURSIVE n (n) AS (VALUES ({from}) UNION ALL SELECT n + 1 FROM n WHERE n + 1 < {to}),
             one AS (SELECT n, {columns} FROM n)"
        );
        let id = "unhex(printf('%012x%020x', at, n))";
        connection
            .execute(AssertSqlSafe(format!(
                "{all} INSERT INTO trace (id, at, asked, outcome, session, user, key, tenant, question)
                 SELECT {id}, at, asked, outcome, session, user_name, key_name, tenant, question FROM one;
                 {all} INSERT INTO trace_body (id, body) SELECT {id}, replace('{body}', 'question 1', 'thing ' || n) FROM one;"
            )))
            .await
            .unwrap();
    }
    for (_, sql) in indexes {
        connection.execute(AssertSqlSafe(sql)).await.unwrap();
    }
    for statement in spend(
        traces,
        "WITH RECURSIVE t (t) AS (VALUES (FIRST) UNION ALL SELECT t + SPAN FROM t WHERE t + SPAN < LAST),
         name (n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM name WHERE n + 1 < NAMES)",
    ) {
        connection.execute(AssertSqlSafe(statement)).await.unwrap();
    }
}

async fn fill_postgres(connection: &mut PgConnection, traces: u64) {
    let months = "SELECT trace_month(extract(epoch FROM month)::bigint * 1000)
        FROM generate_series(timestamp '2026-01-01', '2026-12-31', '1 month') AS month";
    connection.execute(months).await.unwrap();
    connection.execute("SET synchronous_commit = off; SET maintenance_work_mem = '512MB'").await.unwrap();
    let indexes: Vec<(String, String)> = sqlx::query_as(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'trace' AND indexname LIKE 'trace_by_%'",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    for (name, _) in &indexes {
        connection.execute(AssertSqlSafe(format!("DROP INDEX {name}"))).await.unwrap();
    }
    let (body, columns) = (body(), columns(traces));
    for from in (0..traces).step_by(usize::try_from(CHUNK).unwrap()) {
        let to = (from + CHUNK).min(traces) - 1;
        let all = format!("(SELECT n, {columns} FROM generate_series({from}::bigint, {to}) AS n) AS one");
        let id = "decode(lpad(to_hex(at), 12, '0') || lpad(to_hex(n), 20, '0'), 'hex')";
        let body = format!("replace('{body}', 'question 1', 'thing ' || n)");
        for insert in [
            format!(
                "INSERT INTO trace (id, at, asked, outcome, session, user_name, key_name, tenant, question, summary)
                 SELECT {id}, at, asked, outcome, session, user_name, key_name, tenant, question, '{}' FROM {all}",
                serde_json::to_string(&trace(1).summary()).unwrap().replace('\'', "''")
            ),
            format!("INSERT INTO trace_body (id, body) SELECT {id}, {body} FROM {all}"),
        ] {
            connection.execute(AssertSqlSafe(insert)).await.unwrap();
        }
    }
    for (_, sql) in indexes {
        connection.execute(AssertSqlSafe(sql)).await.unwrap();
    }
    for statement in spend(
        traces,
        "WITH t AS (SELECT t FROM generate_series(FIRST::bigint, LAST - 1, SPAN) AS t),
         name AS (SELECT n FROM generate_series(0, NAMES - 1) AS n)",
    ) {
        connection.execute(AssertSqlSafe(statement)).await.unwrap();
    }
    connection.execute("VACUUM ANALYZE trace").await.unwrap();
    connection.execute("VACUUM ANALYZE spend").await.unwrap();
}

/// The books of that year: in every hour, all that they count by. `moments` makes the moments and the names.
fn spend(traces: u64, moments: &str) -> Vec<String> {
    let mut statements = Vec::new();
    for (kind, names) in
        [("all", 1), ("key", 3), ("tenant", 20), ("user", 50), ("function", 5), ("target", 4), ("tag:team", 4)]
    {
        for span in [3_600, 86_400] {
            let requests = i64::try_from(traces).unwrap() * span / SECONDS / names;
            let moments = moments
                .replace("FIRST", &FIRST.to_string())
                .replace("LAST", &(FIRST + SECONDS).to_string())
                .replace("SPAN", &span.to_string())
                .replace("NAMES", &names.to_string());
            let name = if kind == "all" { "''".to_owned() } else { format!("'{kind}-' || n") };
            statements.push(format!(
                "{moments} INSERT INTO spend SELECT {span}, '{kind}', t, {name}, {requests}, {}, 0,
                     {} + n, {}, {}, {requests}, 0, 0, 0, {}, 0, 0, 0, 0, NULL, 0 FROM t, name",
                requests / 50,
                requests * 1_000,
                requests * 900_000,
                requests * 10,
                requests * 5,
            ));
        }
    }
    statements
}

/// Questions asked one after the other, each a little different.
async fn ask<F: Future<Output = usize>>(what: &str, mut question: impl FnMut() -> F) {
    let mut took: Vec<Duration> = Vec::with_capacity(TIMES);
    let mut rows = 0;
    for _ in 0..TIMES {
        let begun = Instant::now();
        rows = question().await;
        took.push(begun.elapsed());
    }
    took.sort();
    let at = |percent: usize| took[(took.len() * percent).div_ceil(100) - 1].as_secs_f64() * 1e3;
    println!("| {what} | {rows} | {:.1} | {:.1} |", at(50), at(95));
}

async fn lists(store: &dyn Store, traces: u64) {
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
    let key = || TraceFilter { key: Some(format!("key-{}", some(3))), ..all.clone() };
    let tenant = || TraceFilter { tenant: Some(format!("tenant-{}", some(20))), ..all.clone() };
    let user = || TraceFilter { user: Some(format!("user-{}", some(50))), ..all.clone() };
    let search = async |text: &str, filter: TraceFilter| {
        // As the API does.
        let unfiltered = filter == TraceFilter { before: filter.before, ..TraceFilter::default() };
        let search = Search { text: text.into(), filter, most: if unfiltered { 100_000 } else { 20_000 } };
        store.trace_search(&search, 50).await.unwrap().traces.len()
    };
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
    ask("traces: of a key, the newest", || list(key())).await;
    ask("traces: of a key, somewhere", || list(page(key()))).await;
    ask("traces: of a tenant, somewhere", || list(page(tenant()))).await;
    ask("traces: of a key and a tenant, somewhere", || list(page(TraceFilter { tenant: tenant().tenant, ..key() })))
        .await;
    ask("traces: of a user, somewhere", || list(page(user()))).await;
    ask("search: a word that many have", || search("THING number", page(all.clone()))).await;
    ask("search: a word that one in a thousand has", async || {
        search(&format!("{:03} with", some(1_000)), page(all.clone())).await
    })
    .await;
    ask("search: a word that none has, of a session", || search("none", session())).await;
    ask("search: a word that none has, 100,000 traces", || search("none", page(all.clone()))).await;
    ask("search: a word that none has, of a function", || search("none", page(asked()))).await;
    ask("search: a word that none has, failed", || search("none", failed())).await;
    ask("search: a word that none has, of a tenant", || search("none", page(tenant()))).await;
    ask("a whole trace", async || usize::from(store.trace_get(somewhere()).await.unwrap().is_some())).await;
}

async fn reports(store: &dyn Store) {
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

async fn sqlite(traces: u64, folder: &Path) -> SqliteStore {
    let path = folder.join("surefoot.db");
    let options = || Options::new(folder.join("seats"));
    SqliteStore::open(&path, options()).await.unwrap().close().await;
    let mut connection = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    fill_sqlite(&mut connection, traces).await;
    connection.close().await.unwrap();
    println!("{} MiB", std::fs::metadata(&path).unwrap().len() >> 20);
    SqliteStore::open(&path, options()).await.unwrap()
}

async fn postgres(traces: u64, folder: &Path) -> PostgresStore {
    let url = PostgresServer::shared().database();
    let store = PostgresStore::open(&url, &PostgresOptions::new(Options::new(folder.join("seats")))).await.unwrap();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    fill_postgres(&mut connection, traces).await;
    let size: i64 =
        sqlx::query_scalar("SELECT pg_database_size(current_database())").fetch_one(&mut connection).await.unwrap();
    println!("{} MiB", size >> 20);
    store
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let on_postgres = arguments.next().is_some_and(|store| store == "postgres");
    let traces = arguments.next().map_or(10_000_000, |traces| traces.parse().unwrap());
    let folder = tempfile::tempdir_in(arguments.next().unwrap_or_else(|| ".".into())).unwrap();
    let begun = Instant::now();
    let store: Box<dyn Store> = if on_postgres {
        Box::new(postgres(traces, folder.path()).await)
    } else {
        Box::new(sqlite(traces, folder.path()).await)
    };
    println!("{traces} traces, filled in {:.0} s\n", begun.elapsed().as_secs_f64());
    println!("| what | rows | p50 ms | p95 ms |");
    println!("|---|---|---|---|");
    lists(&*store, traces).await;
    reports(&*store).await;
    store.close().await;
}
