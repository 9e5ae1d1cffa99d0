//! One SQLite file: WAL, one writer that commits in groups, a few readers.

mod archive;
mod backup;
mod books;
mod erase;
mod journal;
mod keys;
mod leases;
mod ledger;
mod library;
mod many;
mod notebook;
mod records;
mod responses;
mod writer;

use std::{fmt, path::Path, sync::Arc};

use async_trait::async_trait;
use sqlx::{
    ConnectOptions, SqlitePool,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};
use surefoot_types::{
    Clock,
    ports::{Ledger, Store, StoreError, Stored},
};

pub(crate) use self::{
    erase::Scrub,
    writer::{Nothing, Write, Writer},
};
use crate::{
    options::Options,
    rows::{bits, from_json, id_bytes, limited, not_migrated, rows, to_json, unavailable},
    seat::Seat,
};

/// Changes to the tables, in order. Each is applied once.
static MIGRATIONS: Migrator = sqlx::migrate!("src/sqlite/migrations");

/// How many reads may run at once.
const READERS: u32 = 4;

/// All storage ports, in one SQLite file. Clones share it.
#[derive(Clone)]
pub struct SqliteStore {
    file: SqliteConnectOptions,
    readers: SqlitePool,
    writer: Arc<Writer>,
    clock: Arc<dyn Clock>,
    seat: Arc<Seat>,
}

impl SqliteStore {
    /// For whoever moves everything elsewhere.
    pub(crate) fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    /// Opens the file, making it where there is none, brings its tables up to date, and takes a seat. What the seat's
    /// predecessor had leased is given back.
    ///
    /// # Errors
    /// `Unavailable` where the file cannot be opened or written; `Newer` where a newer version wrote it.
    pub async fn open(path: &Path, options: Options) -> Stored<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|error| StoreError::Unavailable(format!("{}: {error}", folder.display())))?;
        }
        let seat = Seat::take(&options.seats, options.chance.as_ref())?;
        let file = file(path, &options);
        let mut connection = file.connect().await.map_err(unavailable)?;
        // Two processes that make the file at once would both find no tables.
        let alone = seat.alone().await?;
        MIGRATIONS.run(&mut connection).await.map_err(not_migrated)?;
        drop(alone);
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(file.clone().pragma("query_only", "on"))
            .await
            .map_err(unavailable)?;
        let writer = Arc::new(Writer::start(connection, options.level));
        let store = Self { file, readers, writer, clock: options.clock, seat: Arc::new(seat) };
        store.lease_release(store.holder()).await?;
        Ok(store)
    }
}

/// How a file of ours is opened.
pub(crate) fn file(path: &Path, options: &Options) -> SqliteConnectOptions {
    let file = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(options.level.synchronous())
        .foreign_keys(true)
        .busy_timeout(options.busy)
        .pragma("journal_size_limit", "67108864")
        // In pages: what is written often, such as sums, goes to the file itself once for many commits.
        .pragma("wal_autocheckpoint", "8000")
        // What is deleted is overwritten: see erase.rs.
        .pragma("secure_delete", "on")
        .statement_cache_capacity(128)
        .disable_statement_logging();
    match options.pages {
        Some(pages) => file.pragma("max_page_count", pages.to_string()),
        None => file,
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn check(&self) -> Stored<()> {
        self.writer.write(Nothing).await
    }

    fn holder(&self) -> &str {
        self.seat.holder()
    }

    async fn close(&self) {
        self.writer.stop().await;
        self.readers.close().await;
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("seat", &self.seat).finish_non_exhaustive()
    }
}
