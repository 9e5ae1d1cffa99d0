//! A copy is made while writes go on, and opens like any store.

use surefoot_testkit::samples::{key, record, trace, trace_id};
use surefoot_types::{
    Money,
    ports::{Books, Journal, Ledger, Store, StoreError, TraceFilter},
    spend::{By, SpendQuery, Step},
};

use super::Place;

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_whole_while_writes_go_on() {
    let place = Place::new();
    let store = place.open().await;
    store.key_add(&key(1, "app")).await.unwrap();
    for n in 1..=50 {
        store.record_add(record(n, None)).await.unwrap();
    }
    let (writer, writes) = (store.clone(), 400);
    let writing = tokio::spawn(async move {
        for n in 51..=50 + writes {
            writer.record_add(record(n, None)).await.unwrap();
        }
    });
    let copy = Place::new();
    std::fs::create_dir_all(copy.path.parent().unwrap()).unwrap();
    // What a backup that was cut off left behind is in nobody's way.
    std::fs::write(copy.path.with_extension("db.part"), "half a copy").unwrap();
    store.backup(&copy.path).await.unwrap();
    assert!(!copy.path.with_extension("db.part").exists());
    assert!(matches!(store.backup(&copy.path).await, Err(StoreError::Exists(_))), "a backup takes no other's place");
    writing.await.unwrap();
    assert_eq!(store.trace_list(&TraceFilter::default(), 1_000).await.unwrap().len(), 450, "nothing was held up");

    let restored = copy.open().await;
    let traces = restored.trace_list(&TraceFilter::default(), 1_000).await.unwrap();
    assert!((50..=450).contains(&traces.len()));
    assert_eq!(restored.trace_get(trace_id(50)).await, Ok(Some(trace(50))));
    assert_eq!(restored.key_list().await, Ok(vec![key(1, "app")]));
    let query = SpendQuery { by: By::All, name: None, since: traces[0].at, until: None, step: Step::Whole };
    let rows = restored.spend_list(&query).await.unwrap();
    let counted = i64::try_from(traces.len()).unwrap();
    assert_eq!(rows[0].sums.cost, Money::nanos(1_000 * counted), "the books of one moment");
    restored.record_add(record(999, None)).await.unwrap();
    restored.check().await.unwrap();
}

#[tokio::test]
async fn a_backup_that_cannot_be_written_says_so_and_leaves_nothing() {
    let place = Place::new();
    let store = place.open().await;
    store.record_add(record(1, None)).await.unwrap();
    let nowhere = place.path.parent().unwrap().join("none/copy.db");
    assert!(matches!(store.backup(&nowhere).await, Err(StoreError::Unavailable(_))));
    store.record_add(record(2, None)).await.unwrap();
    assert_eq!(store.trace_get(trace_id(2)).await, Ok(Some(trace(2))));
}
