//! One SQLite file: WAL, two writers that commit in groups, one of them for records, and a few readers.

mod archive;
mod backup;
mod books;
mod checkpoint;
mod direct;
mod erase;
mod journal;
mod keys;
mod leases;
mod ledger;
mod library;
mod many;
mod notebook;
mod recorder;
mod records;
mod responses;
mod vault;
mod writer;

use std::{fmt, path::Path, sync::Arc};

use async_trait::async_trait;
use sqlx::{
    ConnectOptions, SqlitePool,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};
use surefoot_types::ports::{Ledger, Store, StoreError, Stored};

use self::{checkpoint::Checkpoints, recorder::Recorder};
pub(crate) use self::{
    erase::Scrub,
    recorder::lost,
    writer::{Write, Writer},
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
/// Most bytes of the log that stay on disk when it begins anew.
const LOG_KEPT: u32 = 64 << 20;

/// All storage ports, in one SQLite file. Clones share it.
#[derive(Clone)]
pub struct SqliteStore {
    file: SqliteConnectOptions,
    readers: SqlitePool,
    writer: Arc<Writer>,
    recorder: Arc<Recorder>,
    options: Options,
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
        // Two processes that make the file at once would both find no tables, and neither waits for the other's change
        // to a log.
        let alone = seat.alone().await?;
        let mut connection = file.connect().await.map_err(unavailable)?;
        MIGRATIONS.run(&mut connection).await.map_err(not_migrated)?;
        drop(alone);
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(file.clone().pragma("query_only", "on"))
            .await
            .map_err(unavailable)?;
        let turn = Arc::default();
        let recorder = Arc::new(recorder(path, &options, Arc::clone(&turn))?);
        let writer = Arc::new(Writer::start(connection, turn));
        let store = Self { file, readers, writer, recorder, options, seat: Arc::new(seat) };
        store.lease_release(store.holder()).await?;
        Ok(store)
    }
}

fn recorder(path: &Path, options: &Options, turn: writer::Turn) -> Stored<Recorder> {
    let recording = direct::writing(path, options).map_err(direct::unavailable)?;
    let checkpointing = direct::writing(path, options).map_err(direct::unavailable)?;
    Checkpoints::start(checkpointing, &recording)
        .and_then(|checkpoints| Recorder::start(recording, checkpoints, turn, options.level))
        .map_err(|error| StoreError::Unavailable(error.to_string()))
}

/// How a file of ours is opened.
pub(crate) fn file(path: &Path, options: &Options) -> SqliteConnectOptions {
    let file = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .foreign_keys(true)
        .busy_timeout(options.busy)
        .pragma("synchronous", options.level.synchronous())
        .pragma("journal_size_limit", LOG_KEPT.to_string())
        // In pages. While records come this is not reached: see checkpoint.rs.
        .pragma("wal_autocheckpoint", "16000")
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
        self.recorder.probe().await
    }

    fn holder(&self) -> &str {
        self.seat.holder()
    }

    async fn close(&self) {
        self.recorder.stop().await;
        self.writer.stop().await;
        self.readers.close().await;
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("seat", &self.seat).finish_non_exhaustive()
    }
}
