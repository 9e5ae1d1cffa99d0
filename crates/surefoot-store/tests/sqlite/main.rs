//! The suite on SQLite, and what only a file can do: be opened again, be shared, be older, fill up, be copied.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod backup;
mod erase;
mod failure;
mod migrate;
mod share;

use std::path::PathBuf;

use sqlx::{ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};
use surefoot_store::{Options, SqliteStore};
use surefoot_testkit::suite;
use surefoot_types::ports::Stored;
use tempfile::TempDir;

/// Where a store may stand, until it is dropped.
struct Place {
    folder: TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { path: folder.path().join("deep/surefoot.db"), folder }
    }

    fn options(&self) -> Options {
        Options::new(self.folder.path().join("seats"))
    }

    async fn try_open(&self, options: Options) -> Stored<SqliteStore> {
        SqliteStore::open(&self.path, options).await
    }

    async fn open(&self) -> SqliteStore {
        self.try_open(self.options()).await.unwrap()
    }

    /// The file itself, with no store around it.
    async fn raw(&self) -> SqliteConnection {
        SqliteConnectOptions::new().filename(&self.path).connect().await.unwrap()
    }
}

#[tokio::test]
async fn journal() {
    suite::journal(&Place::new().open().await).await;
}

#[tokio::test]
async fn ledger() {
    suite::ledger(&Place::new().open().await).await;
}

#[tokio::test]
async fn escrow() {
    suite::escrow(&Place::new().open().await).await;
}

#[tokio::test]
async fn books() {
    suite::books(&Place::new().open().await).await;
}

#[tokio::test]
async fn archive() {
    suite::archive(&Place::new().open().await).await;
}

#[tokio::test]
async fn library() {
    suite::library(&Place::new().open().await).await;
}

#[tokio::test]
async fn responses() {
    suite::responses(&Place::new().open().await).await;
}

#[tokio::test]
async fn notebook() {
    suite::notebook(&Place::new().open().await).await;
}

#[tokio::test]
async fn vault() {
    suite::vault(&Place::new().open().await).await;
}
