//! One SQLite file: WAL, a flush at every commit, one writer that commits in groups, a few readers.

mod journal;
mod ledger;
mod library;
mod notebook;
mod writer;

use std::{path::Path, sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use sqlx::{
    ConnectOptions, SqlitePool,
    migrate::{MigrateError, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use surefoot_types::ports::{StoreError, Stored};

use self::writer::{Write, Writer};

/// Changes to the tables, in order. Each is applied once.
static MIGRATIONS: Migrator = sqlx::migrate!("src/sqlite/migrations");

/// How many reads may run at once.
const READERS: u32 = 4;
/// How long a statement waits for another process's transaction to end.
const BUSY: Duration = Duration::from_secs(10);

/// All storage ports, in one SQLite file. Clones share it.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    readers: SqlitePool,
    writer: Arc<Writer>,
}

impl SqliteStore {
    /// Opens the file, making it where there is none, and brings its tables up to date.
    ///
    /// # Errors
    /// `Unavailable` where the file cannot be opened or written; `Newer` where a newer version wrote it.
    pub async fn open(path: &Path) -> Stored<Self> {
        Self::open_at_most(path, None).await
    }

    /// As [`open`](Self::open), for a file of at most so many pages of 4 KiB: what does not fit is refused as by a full disk.
    ///
    /// # Errors
    /// As for `open`.
    pub async fn open_at_most(path: &Path, pages: Option<u32>) -> Stored<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|error| StoreError::Unavailable(format!("{}: {error}", folder.display())))?;
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // FULL flushes the log at every commit: a commit survives a power cut. The writer's groups share one flush.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY)
            .pragma("journal_size_limit", "67108864")
            .statement_cache_capacity(64)
            .disable_statement_logging();
        let options = match pages {
            Some(pages) => options.pragma("max_page_count", pages.to_string()),
            None => options,
        };
        let mut connection = options.connect().await.map_err(unavailable)?;
        MIGRATIONS.run(&mut connection).await.map_err(not_migrated)?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options.pragma("query_only", "on"))
            .await
            .map_err(unavailable)?;
        Ok(Self { readers, writer: Arc::new(Writer::start(connection)) })
    }

    /// Waits until everything handed to the writer is on disk, and closes the file.
    pub async fn close(&self) {
        self.writer.stop().await;
        self.readers.close().await;
    }

    /// Whether the store can be written: an empty transaction goes through.
    ///
    /// # Errors
    /// Why it cannot.
    pub async fn check(&self) -> Stored<()> {
        self.write(Write::Nothing).await.map(|_| ())
    }

    async fn write(&self, write: Write) -> Stored<bool> {
        self.writer.write(write).await
    }
}

fn not_migrated(error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(version) => StoreError::Newer(format!("it has table version {version}")),
        MigrateError::Execute(error) => unavailable(error),
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

fn rows<T: DeserializeOwned>(texts: &[String]) -> Stored<Vec<T>> {
    texts.iter().map(|text| from_json(text)).collect()
}
