//! The suite on SQLite, and what only a file can do: be opened again, be shared, fill up.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{path::PathBuf, sync::Arc};

use sqlx::{ConnectOptions, Connection, Executor, sqlite::SqliteConnectOptions};
use surefoot_store::SqliteStore;
use surefoot_testkit::{
    samples::{document, trace, trace_id},
    suite,
};
use surefoot_types::ports::{Journal, Library, StoreError, TraceFilter};
use tempfile::TempDir;

struct File {
    _folder: TempDir,
    path: PathBuf,
}

fn file() -> File {
    let folder = tempfile::tempdir().unwrap();
    File { path: folder.path().join("deep/surefoot.db"), _folder: folder }
}

async fn open(file: &File) -> SqliteStore {
    SqliteStore::open(&file.path).await.unwrap()
}

#[tokio::test]
async fn journal() {
    suite::journal(&open(&file()).await).await;
}

#[tokio::test]
async fn ledger() {
    suite::ledger(&open(&file()).await).await;
}

#[tokio::test]
async fn library() {
    suite::library(&open(&file()).await).await;
}

#[tokio::test]
async fn notebook() {
    suite::notebook(&open(&file()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_are_all_kept_and_still_there_after_reopening() {
    let file = file();
    let store = open(&file).await;
    let tasks: Vec<_> = (1..=500)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move { store.trace_add(Arc::new(trace(n))).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    store.close().await;
    assert!(matches!(store.trace_add(Arc::new(trace(1))).await, Err(StoreError::Unavailable(_))));
    let again = open(&file).await;
    assert_eq!(again.trace_list(&TraceFilter::default(), 1_000).await.unwrap().len(), 500);
    assert_eq!(again.trace_get(trace_id(77)).await, Ok(Some(trace(77))));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_owners_of_one_file_write_at_once() {
    let file = file();
    let (one, other) = (open(&file).await, open(&file).await);
    let write = |store: SqliteStore, from: u64| {
        tokio::spawn(async move {
            for n in from..from + 50 {
                store.trace_add(Arc::new(trace(n))).await.unwrap();
            }
        })
    };
    let (first, second) = (write(one.clone(), 100), write(other, 200));
    first.await.unwrap();
    second.await.unwrap();
    assert_eq!(one.trace_list(&TraceFilter::default(), 1_000).await.unwrap().len(), 100);
}

#[tokio::test]
async fn a_full_disk_refuses_and_harms_nothing() {
    let file = file();
    // A page limit stands in for a disk that is full: SQLite answers both the same way.
    let store = SqliteStore::open_at_most(&file.path, Some(200)).await.unwrap();
    store.trace_add(Arc::new(trace(1))).await.unwrap();
    let (_, passages, vectors) = document(1, "docs", "a.md", "word");
    let huge = document(1, "docs", "a.md", &"word ".repeat(2_000_000)).0;
    let refused = store.document_put(&huge, &passages, &vectors).await;
    assert!(matches!(&refused, Err(StoreError::Unavailable(why)) if why.contains("full")), "{refused:?}");
    assert_eq!(store.document_get(huge.id).await, Ok(None));
    assert_eq!(store.trace_get(trace_id(1)).await, Ok(Some(trace(1))));
    store.trace_add(Arc::new(trace(2))).await.unwrap();
    store.close().await;
    let roomy = open(&file).await;
    roomy.document_put(&huge, &passages, &vectors).await.unwrap();
    assert_eq!(roomy.trace_get(trace_id(2)).await, Ok(Some(trace(2))));
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_left_alone() {
    let file = file();
    open(&file).await.close().await;
    let mut connection = SqliteConnectOptions::new().filename(&file.path).connect().await.unwrap();
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (9999, 'from the future', 1, x'00', 0)";
    connection.execute(newer).await.unwrap();
    connection.close().await.unwrap();
    assert!(matches!(SqliteStore::open(&file.path).await, Err(StoreError::Newer(_))));
}
