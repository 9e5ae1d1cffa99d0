//! What was said is encrypted in the file: the suite passes, a search of the raw file finds nothing, and keys change.

use std::{fs, path::Path, sync::Arc};

use surefoot_store::{Cipher, Options, SqliteStore};
use surefoot_testkit::{
    samples::{record, response, trace, trace_id},
    suite,
};
use surefoot_types::{
    SystemChance,
    ports::{Journal, Responses, Search, Store, StoreError, TraceFilter},
};

use super::Place;

async fn open(place: &Place, keys: &[u8]) -> SqliteStore {
    let keys: Vec<_> = keys.iter().map(|byte| [*byte; 32]).collect();
    let cipher = Cipher::new(&keys, Arc::new(SystemChance));
    place.try_open(Options { cipher, ..place.options() }).await.unwrap()
}

/// How many of the files of a folder hold a text.
fn holding(folder: &Path, text: &str) -> usize {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    files.filter(|path| fs::read(path).unwrap().windows(text.len()).any(|window| window == text.as_bytes())).count()
}

#[tokio::test]
async fn the_suite_passes_encrypted() {
    suite::journal(&open(&Place::new(), &[1]).await).await;
    suite::responses(&open(&Place::new(), &[1]).await).await;
    suite::archive(&open(&Place::new(), &[1]).await).await;
}

async fn all_there(store: &SqliteStore, many: u64) {
    assert_eq!(store.trace_list(&TraceFilter::default(), 1_000).await.unwrap().len() as u64, many);
    for n in 1..=many {
        assert_eq!(store.trace_get(trace_id(n)).await, Ok(Some(trace(n))), "{n}");
    }
    let search = Search { text: "QUESTION 17?".into(), filter: TraceFilter::default(), most: 100_000 };
    assert_eq!(store.trace_search(&search, 10).await.unwrap().traces[0].id, trace_id(17));
    let first = response(1, None, Some("ann"));
    assert_eq!(store.response_get(first.id).await, Ok(Some(first)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_comes_and_changes_and_nothing_stays_in_clear() {
    let place = Place::new();
    let folder = place.path.parent().unwrap();
    let said = "answer to question";
    let store = place.open().await;
    for n in 1..=300 {
        store.record_add(record(n, None)).await.unwrap();
    }
    store.response_put(&response(1, None, Some("ann"))).await.unwrap();
    store.close().await;
    assert!(holding(folder, said) > 0, "without a key it stands in clear");

    // Old texts are read beside new ones, and are encrypted when it is asked for.
    let store = open(&place, &[1]).await;
    store.record_add(record(301, None)).await.unwrap();
    all_there(&store, 301).await;
    let counts = store.reseal(&|_, _| ()).await.unwrap();
    assert_eq!(counts, [("traces", 300), ("responses", 1)]);
    assert_eq!(holding(folder, said), 0, "in the file, its log included");
    all_there(&store, 301).await;
    store.close().await;

    let without = place.open().await;
    let refused = without.trace_get(trace_id(5)).await;
    assert!(matches!(&refused, Err(StoreError::Corrupt(why)) if why.contains("encryption_key")), "{refused:?}");
    without.close().await;

    let store = open(&place, &[2, 1]).await;
    all_there(&store, 301).await;
    assert_eq!(store.reseal(&|_, _| ()).await.unwrap(), [("traces", 301), ("responses", 1)]);
    assert_eq!(store.reseal(&|_, _| ()).await.unwrap(), [("traces", 0), ("responses", 0)], "once is enough");
    store.close().await;
    let store = open(&place, &[2]).await;
    all_there(&store, 301).await;
    assert_eq!(holding(folder, said), 0);
}
