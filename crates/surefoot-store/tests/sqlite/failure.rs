//! What goes wrong with files: full, read-only, newer, cut off.

use std::{fs, time::Duration};

use sqlx::{Connection, Executor};
use surefoot_store::{Options, SqliteStore};
use surefoot_testkit::samples::{document, moment, record, trace, trace_id};
use surefoot_types::{
    ports::{Archive, Books, Journal, Library, Store, StoreError, TraceFilter},
    spend::{By, SpendQuery, Step},
};

use super::Place;

/// How many traces there are, and how many the books count.
async fn counted(store: &SqliteStore) -> (u64, u64) {
    let traces = store.trace_list(&TraceFilter::default(), 10_000).await.unwrap();
    let query = SpendQuery { by: By::All, name: None, since: moment(0), until: None, step: Step::Whole };
    let rows = store.spend_list(&query).await.unwrap();
    for one in &traces {
        assert!(store.trace_get(one.id).await.unwrap().is_some(), "a trace is whole");
    }
    (traces.len() as u64, rows.first().map_or(0, |row| row.sums.requests))
}

#[tokio::test]
async fn a_full_disk_refuses_and_harms_nothing() {
    let place = Place::new();
    // A page limit stands in for a disk that is full: SQLite answers both the same way.
    let store = place.try_open(Options { pages: Some(200), ..place.options() }).await.unwrap();
    store.record_add(record(1, None)).await.unwrap();
    let (_, passages, vectors) = document(1, "docs", "a.md", "word");
    let huge = document(1, "docs", "a.md", &"word ".repeat(2_000_000)).0;
    let refused = store.document_put(&huge, &passages, &vectors).await;
    assert!(matches!(&refused, Err(StoreError::Unavailable(why)) if why.contains("full")), "{refused:?}");
    assert_eq!(store.document_get(huge.id).await, Ok(None));
    assert_eq!(store.trace_get(trace_id(1)).await, Ok(Some(trace(1))));
    store.record_add(record(2, None)).await.unwrap();

    // Until it is full to the brim: what was taken is whole, what was refused is nowhere.
    let mut taken = 2;
    while store.record_add(record(taken + 1, None)).await.is_ok() {
        taken += 1;
    }
    assert_eq!(counted(&store).await, (taken, taken));
    store.close().await;
    let roomy = place.open().await;
    roomy.document_put(&huge, &passages, &vectors).await.unwrap();
    roomy.record_add(record(taken + 1, None)).await.unwrap();
    assert_eq!(counted(&roomy).await, (taken + 1, taken + 1));
}

#[tokio::test]
async fn an_erasure_that_finds_no_room_to_rewrite_the_file_says_so() {
    let place = Place::new();
    let busy = Duration::from_millis(50);
    let store = place.try_open(Options { busy, ..place.options() }).await.unwrap();
    for n in 1..=3 {
        store.record_add(record(n, Some("ann"))).await.unwrap();
    }
    // Another process reads an old state of the file, so that the log cannot be emptied.
    let mut reader = place.raw().await;
    reader.execute("PRAGMA busy_timeout = 0; BEGIN; SELECT count(*) FROM trace").await.unwrap();
    let refused = store.user_erase("ann", moment(9)).await;
    assert!(
        matches!(&refused, Err(StoreError::Unavailable(why)) if why.contains("erase the user again")),
        "{refused:?}"
    );
    assert_eq!(store.trace_get(trace_id(1)).await, Ok(None), "the rows are gone all the same");
    reader.execute("COMMIT").await.unwrap();
    store.user_erase("ann", moment(9)).await.unwrap();
    assert_eq!(store.erasure_list(0).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_left_alone() {
    let place = Place::new();
    place.open().await.close().await;
    let mut raw = place.raw().await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (9999, 'from the future', 1, x'00', 0)";
    raw.execute(newer).await.unwrap();
    raw.close().await.unwrap();
    assert!(matches!(place.try_open(place.options()).await, Err(StoreError::Newer(_))));
}

/// A copy of the file with its log as a dead process leaves them, the log's last `cut` bytes gone or made noise.
async fn as_after_a_crash(place: &Place, spoil: impl FnOnce(&mut Vec<u8>)) -> Place {
    let copy = Place::new();
    fs::create_dir_all(copy.path.parent().unwrap()).unwrap();
    fs::copy(&place.path, &copy.path).unwrap();
    let mut log = fs::read(place.path.with_extension("db-wal")).unwrap();
    spoil(&mut log);
    fs::write(copy.path.with_extension("db-wal"), log).unwrap();
    copy
}

#[tokio::test]
async fn a_log_with_a_spoiled_tail_loses_its_last_commits_and_no_others() {
    let place = Place::new();
    let store = place.open().await;
    for n in 1..=40 {
        store.record_add(record(n, Some("ann"))).await.unwrap();
    }
    let whole = as_after_a_crash(&place, |_| {}).await;
    assert_eq!(counted(&whole.open().await).await, (40, 40), "a dead process's commits are there");
    let cut = as_after_a_crash(&place, |log| log.truncate(log.len() - 20_000)).await;
    let noise = as_after_a_crash(&place, |log| {
        let tail = log.len() - 20_000;
        log[tail..].iter_mut().for_each(|byte| *byte ^= 0x55);
    })
    .await;
    for place in [cut, noise] {
        let store = place.open().await;
        let (traces, requests) = counted(&store).await;
        assert!((1..40).contains(&traces) && requests == traces, "{traces} traces, {requests} in the books");
        for n in 1..=traces {
            assert!(store.trace_get(trace_id(n)).await.unwrap().is_some(), "the first {traces} and no others: {n}");
        }
        store.record_add(record(99, None)).await.unwrap();
        assert_eq!(counted(&store).await, (traces + 1, requests + 1));
    }
}

#[tokio::test]
async fn another_process_that_writes_is_waited_for_and_not_for_ever() {
    let place = Place::new();
    let busy = Duration::from_millis(50);
    let store = place.try_open(Options { busy, ..place.options() }).await.unwrap();
    let mut other = place.raw().await;
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let refused = store.record_add(record(1, Some("ann"))).await;
    assert!(matches!(&refused, Err(StoreError::Unavailable(why)) if why.contains("locked")), "{refused:?}");
    assert!(matches!(store.check().await, Err(StoreError::Unavailable(_))));
    assert_eq!(counted(&store).await, (0, 0), "reads go on");
    other.execute("ROLLBACK").await.unwrap();
    store.record_add(record(1, Some("ann"))).await.unwrap();
    store.check().await.unwrap();
    assert_eq!(counted(&store).await, (1, 1));
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_refused_with_its_reason() {
    let place = Place::new();
    let refused = SqliteStore::open("/proc/none/surefoot.db".as_ref(), place.options()).await;
    assert!(matches!(&refused, Err(StoreError::Unavailable(why)) if why.contains("/proc/none")), "{refused:?}");
    // Where the log belongs there is a folder.
    fs::create_dir_all(place.path.with_extension("db-wal")).unwrap();
    let refused = place.try_open(place.options()).await;
    assert!(matches!(&refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    fs::remove_dir(place.path.with_extension("db-wal")).unwrap();
    place.open().await.record_add(record(1, None)).await.unwrap();
}

#[tokio::test]
async fn noise_is_no_store() {
    let place = Place::new();
    fs::create_dir_all(place.path.parent().unwrap()).unwrap();
    let noise = "no database ".repeat(1_000);
    fs::write(&place.path, &noise).unwrap();
    let refused = place.try_open(place.options()).await;
    assert!(matches!(&refused, Err(StoreError::Unavailable(why)) if why.contains("not a database")), "{refused:?}");
    assert_eq!(fs::read_to_string(&place.path).unwrap(), noise, "whatever it is, it is left as it was");
}
