//! Connections without a thread between: for records, which are many, and for reports, which read many rows.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};
use surefoot_types::ports::StoreError;

use crate::options::Options;

/// Opens a file that is there and has its tables, for writing, as [`file`](super::file) does.
pub(super) fn writing(path: &Path, options: &Options) -> rusqlite::Result<Connection> {
    let connection = opened(path, options)?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.pragma_update(None, "synchronous", options.level.synchronous())?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "cache_size", -8_000)?;
    connection.pragma_update_and_check(None, "journal_size_limit", super::LOG_KEPT, |_| Ok(()))?;
    if let Some(pages) = options.pages {
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
    }
    Ok(connection)
}

/// Opens it for reading.
pub(super) fn reading(path: &Path, options: &Options) -> rusqlite::Result<Connection> {
    let connection = opened(path, options)?;
    connection.pragma_update(None, "query_only", "ON")?;
    Ok(connection)
}

fn opened(path: &Path, options: &Options) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(options.busy)?;
    Ok(connection)
}

/// SQLite's own words, such as "database or disk is full"; never the statement.
#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
pub(super) fn unavailable(error: rusqlite::Error) -> StoreError {
    match &error {
        rusqlite::Error::SqliteFailure(_, Some(told)) => StoreError::Unavailable(told.clone()),
        rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::InvalidColumnType(..) => {
            StoreError::Corrupt(error.to_string())
        }
        _ => StoreError::Unavailable(error.to_string()),
    }
}

/// Whether a row of this name is there already.
pub(super) fn is_there_already(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|told| {
        told.code == ErrorCode::ConstraintViolation
            && [ffi::SQLITE_CONSTRAINT_PRIMARYKEY, ffi::SQLITE_CONSTRAINT_UNIQUE].contains(&told.extended_code)
    })
}
