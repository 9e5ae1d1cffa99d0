//! What was said is encrypted in the spool and in Postgres: the suite passes, a search of the raw files finds nothing, and
//! keys change.

use std::{fs, path::Path, sync::Arc};

use surefoot_store::{Cipher, PostgresOptions, PostgresStore, SqliteStore, migrate};
use surefoot_testkit::{
    PostgresServer,
    samples::{record, response, trace, trace_id},
    suite,
};
use surefoot_types::{
    SystemChance,
    ports::{Archive, Journal, Responses, Search, Store, TraceFilter},
};

use crate::{Place, add, drained};

const SAID: &str = "question";

fn options(place: &Place, keys: &[u8]) -> PostgresOptions {
    let keys: Vec<_> = keys.iter().map(|byte| [*byte; 32]).collect();
    let mut options = place.options();
    options.common.cipher = Cipher::new(&keys, Arc::new(SystemChance));
    options
}

async fn open(place: &Place, keys: &[u8]) -> PostgresStore {
    PostgresStore::open(&place.url, &options(place, keys)).await.unwrap()
}

/// How many of the files below a folder hold a text.
fn holding(folder: &Path, text: &str) -> usize {
    let mut found = 0;
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found += holding(&path, text);
        } else if let Ok(bytes) = fs::read(&path) {
            found += usize::from(memchr::memmem::find(&bytes, text.as_bytes()).is_some());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_passes_encrypted() {
    suite::journal(&open(&Place::new(PostgresServer::shared()), &[1]).await).await;
    suite::responses(&open(&Place::new(PostgresServer::shared()), &[1]).await).await;
    suite::archive(&open(&Place::new(PostgresServer::shared()), &[1]).await).await;
}

async fn all_there(store: &PostgresStore, many: u64) {
    assert_eq!(store.trace_list(&TraceFilter::default(), 1_000).await.unwrap().len() as u64, many);
    for n in 1..=many {
        assert_eq!(store.trace_get(trace_id(n)).await, Ok(Some(trace(n))), "{n}");
    }
    let search = Search { text: "QUESTION 17?".into(), filter: TraceFilter::default(), most: 100_000 };
    assert_eq!(store.trace_search(&search, 10).await.unwrap().traces[0].id, trace_id(17));
    let first = response(1, None, Some("ann"));
    assert_eq!(store.response_get(first.id).await, Ok(Some(first)));
}

/// Words of a trace in the tables, in clear.
async fn in_clear(place: &Place) -> i64 {
    let traces = "SELECT count(*) FROM trace JOIN trace_body USING (id)
                  WHERE question <> '' OR summary LIKE '{%' OR body LIKE '{%'";
    place.number(traces).await + place.number("SELECT count(*) FROM response WHERE body LIKE '{%'").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_comes_and_changes_and_nothing_stays_in_clear() {
    let mut server = PostgresServer::start();
    let place = Place::new(&server);
    let store = place.open().await;
    add(&store, 1..301).await;
    store.response_put(&response(1, None, Some("ann"))).await.unwrap();
    drained(&store).await;
    store.close().await;
    drop(store);
    assert_eq!(in_clear(&place).await, 301);

    let store = open(&place, &[1]).await;
    server.stop();
    add(&store, 301..321).await;
    assert_eq!(store.trace_get(trace_id(310)).await, Ok(Some(trace(310))), "out of the spool");
    assert_eq!(holding(place.seats(), SAID), 0, "the spool says nothing");
    server.resume();
    drained(&store).await;
    assert_eq!(in_clear(&place).await, 301, "what came since is encrypted");
    all_there(&store, 320).await;
    let counts = store.reseal(&|_, _| ()).await.unwrap();
    assert_eq!(counts, [("traces", 300), ("summaries", 300), ("responses", 1)]);
    assert_eq!(in_clear(&place).await, 0);
    all_there(&store, 320).await;
    store.close().await;
    drop(store);
    sqlx::query("CHECKPOINT").execute(&mut place.connection().await).await.unwrap();
    assert_eq!(holding(&server.data().join("base"), "question 17?"), 0, "in the files of the tables");

    let store = open(&place, &[2, 1]).await;
    assert_eq!(store.reseal(&|_, _| ()).await.unwrap(), [("traces", 320), ("summaries", 320), ("responses", 1)]);
    store.close().await;
    drop(store);
    let store = open(&place, &[2]).await;
    all_there(&store, 320).await;
    assert_eq!(store.reseal(&|_, _| ()).await.unwrap(), [("traces", 0), ("summaries", 0), ("responses", 0)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_encrypted_in_a_file_is_in_postgres_after_the_move() {
    let place = Place::new(PostgresServer::shared());
    let from = options(&place.beside(), &[1]).common;
    let file = place.seats().join("surefoot.db");
    let from = SqliteStore::open(&file, surefoot_store::Options { seats: place.seats().join("from"), ..from }).await;
    let from = from.unwrap();
    for n in 1..=30 {
        from.record_add(record(n, None)).await.unwrap();
    }
    from.response_put(&response(1, None, Some("ann"))).await.unwrap();
    let to = open(&place, &[1]).await;
    migrate(&from, &to, &|_, _, _| {}).await.unwrap();
    assert_eq!(in_clear(&place).await, 0);
    all_there(&to, 30).await;
    assert_eq!(to.audit_list(0, 10).await, Ok(vec![]));
}
