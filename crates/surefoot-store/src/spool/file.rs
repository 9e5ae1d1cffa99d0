//! A spool's file: opened, checked, set aside when it cannot be read.

use std::{
    fs,
    path::{Path, PathBuf},
};

use sqlx::{
    ConnectOptions, Connection, SqliteConnection, SqlitePool,
    migrate::{MigrateError, Migrator},
    sqlite::SqlitePoolOptions,
};
use surefoot_types::ports::{StoreError, Stored};

use crate::{
    Options,
    rows::{not_migrated, unavailable},
    sqlite,
};

/// Changes to the tables, in order. Each is applied once.
static MIGRATIONS: Migrator = sqlx::migrate!("src/spool/migrations");

/// How many reads may run at once.
const READERS: u32 = 2;

/// An open file.
pub(super) struct File {
    pub(super) id: String,
    /// The last number that was given, and the last that was taken away again.
    pub(super) last: i64,
    pub(super) moved: i64,
    pub(super) writer: SqliteConnection,
    pub(super) readers: SqlitePool,
}

pub(super) async fn open(path: &Path, options: &Options) -> Stored<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .map_err(|error| StoreError::Unavailable(format!("{}: {error}", folder.display())))?;
    }
    match attempt(path, options).await {
        Err(Failure::Unreadable(why)) => {
            let aside = set_aside(path)?;
            tracing::error!(
                file = %aside.display(), error = %why,
                "a spool cannot be read: it was set aside under this name, with the records in it that were not moved yet"
            );
            attempt(path, options).await.map_err(Failure::into_error)
        }
        other => other.map_err(Failure::into_error),
    }
}

/// Why a file was not opened.
enum Failure {
    /// It holds something else than it should.
    Unreadable(String),
    /// It cannot be reached, or must not be used.
    Other(StoreError),
}

impl Failure {
    fn into_error(self) -> StoreError {
        match self {
            Self::Unreadable(why) => StoreError::Corrupt(why),
            Self::Other(error) => error,
        }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        // SQLITE_CORRUPT and SQLITE_NOTADB, in the low byte of the extended code.
        let code = error.as_database_error().and_then(|told| told.code()?.parse::<i32>().ok());
        match code.map(|code| code & 0xff) {
            Some(11 | 26) => Self::Unreadable(unavailable(error).to_string()),
            _ => Self::Other(unavailable(error)),
        }
    }
}

async fn attempt(path: &Path, options: &Options) -> Result<File, Failure> {
    let connect = sqlite::file(path, options);
    let mut writer = connect.connect().await?;
    match MIGRATIONS.run_direct(None, &mut writer, false).await {
        Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => return Err(error.into()),
        other => other.map_err(|error| Failure::Other(not_migrated(error)))?,
    }
    let found: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut writer).await?;
    if found != "ok" {
        writer.close().await?;
        return Err(Failure::Unreadable(found));
    }
    let fresh = format!("{:032x}", options.chance.bits());
    sqlx::query("INSERT INTO name SELECT ? WHERE NOT EXISTS (SELECT 1 FROM name)")
        .bind(fresh)
        .execute(&mut writer)
        .await?;
    let id = sqlx::query_scalar("SELECT id FROM name").fetch_one(&mut writer).await?;
    let last: Option<i64> =
        sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = 'spool'").fetch_optional(&mut writer).await?;
    let last = last.unwrap_or(0);
    let first: Option<i64> = sqlx::query_scalar("SELECT min(number) FROM spool").fetch_one(&mut writer).await?;
    let moved = first.map_or(last, |first| first - 1);
    let readers = SqlitePoolOptions::new().max_connections(READERS).connect_with(connect).await?;
    Ok(File { id, last, moved, writer, readers })
}

/// Renames the file and its log, so that a new one can be begun and this one can be looked at.
fn set_aside(path: &Path) -> Stored<PathBuf> {
    let beside = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let free = (1..).map(|n| format!(".unreadable-{n}")).find(|ending| !beside(ending).exists());
    let ending = free.unwrap_or_default();
    for part in ["", "-wal", "-shm"] {
        let (from, to) = (beside(part), beside(&format!("{ending}{part}")));
        match fs::rename(&from, &to) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::Unavailable(format!("{}: {error}", from.display())));
            }
            _ => {}
        }
    }
    Ok(beside(&ending))
}
