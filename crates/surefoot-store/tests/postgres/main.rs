//! The suite on a real Postgres, and what only it can do: be away, be slow, be shared, be killed.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod suite;

use std::path::Path;

use surefoot_store::{Options, PostgresOptions, PostgresStore};
use surefoot_testkit::PostgresServer;
use tempfile::TempDir;

/// A database of its own, and a folder for the seats of one machine.
struct Place {
    url: String,
    folder: TempDir,
}

impl Place {
    fn new(server: &PostgresServer) -> Self {
        Self { url: server.database(), folder: tempfile::tempdir().unwrap() }
    }

    fn seats(&self) -> &Path {
        self.folder.path()
    }

    fn options(&self) -> PostgresOptions {
        PostgresOptions::new(Options::new(self.seats()))
    }

    async fn open(&self) -> PostgresStore {
        PostgresStore::open(&self.url, &self.options()).await.unwrap()
    }
}
