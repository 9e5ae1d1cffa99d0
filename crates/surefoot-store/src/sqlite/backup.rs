//! A copy of the file, while it is in use.

use std::{fs::File, path::Path};

use sqlx::{ConnectOptions, Connection};
use surefoot_types::ports::{StoreError, Stored};

use super::{SqliteStore, unavailable};

impl SqliteStore {
    /// Writes a copy of everything that is committed at this moment to a new file, while reads and writes go on. The
    /// copy is whole: it opens like any store, and appears under its name only once it is on disk.
    ///
    /// # Errors
    /// `Exists` where there is such a file; `Unavailable` where it cannot be written.
    pub async fn backup(&self, to: &Path) -> Stored<()> {
        let failed = |error: std::io::Error| StoreError::Unavailable(format!("{}: {error}", to.display()));
        if to.try_exists().map_err(failed)? {
            return Err(StoreError::Exists(to.display().to_string()));
        }
        let part = to.with_added_extension("part");
        // What a backup that was cut off left behind.
        if part.try_exists().map_err(failed)? {
            std::fs::remove_file(&part).map_err(failed)?;
        }
        let name = part.to_str().ok_or_else(|| {
            StoreError::Unavailable(format!("{}: SQLite writes only to names that are UTF-8", to.display()))
        })?;
        let mut connection = self.file.connect().await.map_err(unavailable)?;
        let copied = sqlx::query("VACUUM INTO ?").bind(name).execute(&mut connection).await.map_err(unavailable);
        connection.close().await.map_err(unavailable)?;
        let kept = copied.and_then(|_| {
            File::open(&part).and_then(|file| file.sync_all()).map_err(failed)?;
            std::fs::rename(&part, to).map_err(failed)
        });
        if kept.is_err() {
            // Half a copy is of no use; the error that is told is why there is none.
            let _ = std::fs::remove_file(&part);
        }
        kept
    }
}
