//! The suite on a real Postgres, and what only it can do: be away, be slow, be shared, be killed.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod away;
mod erasure;
mod failover;
mod kills;
mod leases;
mod migrate;
mod shared;
mod spool;
mod suite;
mod tls;
mod trouble;

use std::{path::Path, sync::Arc};

use sqlx::{Connection, PgConnection};
use surefoot_store::{Options, PostgresOptions, PostgresStore};
use surefoot_testkit::{PostgresServer, samples::trace, suite::until};
use surefoot_types::ports::{Journal, Record};
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

    /// Another machine on the same database.
    fn beside(&self) -> Self {
        Self { url: self.url.clone(), folder: tempfile::tempdir().unwrap() }
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

    async fn connection(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap()
    }

    async fn number(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&mut self.connection().await).await.unwrap()
    }

    /// Requests in the books, or none while they cannot be read.
    async fn counted_of_all(&self) -> i64 {
        let Ok(mut connection) = PgConnection::connect(&self.url).await else { return 0 };
        let requests = "SELECT coalesce(sum(requests), 0)::bigint FROM spend WHERE kind = 'all' AND span = 3600";
        sqlx::query_scalar(requests).fetch_one(&mut connection).await.unwrap_or(0)
    }

    /// Traces, and requests in the books.
    async fn counted(&self) -> (i64, i64) {
        let traces = self.number("SELECT count(*) FROM trace JOIN trace_body USING (id)").await;
        let requests = "SELECT coalesce(sum(requests), 0)::bigint FROM spend WHERE kind = 'all' AND span = 3600";
        (traces, self.number(requests).await)
    }
}

async fn add(store: &PostgresStore, numbers: std::ops::Range<u64>) {
    for n in numbers {
        store.record_add(Record::of(Arc::new(trace(n)))).await.unwrap();
    }
}

async fn drained(store: &PostgresStore) {
    until("everything is moved", async || store.waiting() == 0).await;
}
