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
mod writer;

use std::{fmt, path::Path, sync::Arc};

use async_trait::async_trait;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{
    ConnectOptions, SqlitePool,
    migrate::{MigrateError, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use surefoot_types::{
    Clock,
    ports::{Ledger, Store, StoreError, Stored},
};

use self::writer::{Nothing, Writer};
use crate::{
    options::{Level, Options},
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
        MIGRATIONS.run(&mut connection).await.map_err(not_migrated)?;
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

fn file(path: &Path, options: &Options) -> SqliteConnectOptions {
    let synchronous = match options.level {
        // FULL flushes the log at every commit: a commit survives a power cut. The writer's groups share one flush.
        Level::Power => SqliteSynchronous::Full,
        // NORMAL leaves the log to the operating system, which outlives the process.
        Level::Crash | Level::Relaxed => SqliteSynchronous::Normal,
    };
    let file = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
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

fn not_migrated(error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(version) => StoreError::Newer(format!("it has table version {version}")),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => unavailable(error),
        other => StoreError::Corrupt(other.to_string()),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
fn unavailable(error: sqlx::Error) -> StoreError {
    match &error {
        // SQLite's own words, such as "database or disk is full"; never the statement.
        sqlx::Error::Database(error) => StoreError::Unavailable(error.message().to_owned()),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => StoreError::Corrupt(error.to_string()),
        _ => StoreError::Unavailable(error.to_string()),
    }
}

fn to_json(value: &impl Serialize) -> Stored<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt(format!("it cannot be written: {error}")))
}

fn from_json<T: DeserializeOwned>(text: &str) -> Stored<T> {
    serde_json::from_str(text).map_err(|error| StoreError::Corrupt(error.to_string()))
}

fn id_bytes(bits: u128) -> Vec<u8> {
    bits.to_be_bytes().to_vec()
}

fn bits(bytes: &[u8]) -> Stored<u128> {
    let bytes = bytes.try_into().map_err(|_| StoreError::Corrupt("an id is not 16 bytes long".into()))?;
    Ok(u128::from_be_bytes(bytes))
}

fn limited(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn rows<T: DeserializeOwned>(texts: &[String]) -> Stored<Vec<T>> {
    texts.iter().map(|text| from_json(text)).collect()
}
