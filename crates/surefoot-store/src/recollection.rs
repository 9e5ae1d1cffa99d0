//! What a data folder remembers of its store, for a process that begins while the store is away: the keys, as they
//! were last read. They are hashes and scopes; nothing in the file opens anything.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use surefoot_types::{
    key::Key,
    ports::{StoreError, Stored},
};

use crate::seat::Seat;

/// The file, in the folder of the seats: whoever sits there reads the same store.
const FILE: &str = "known.json";

/// The file's content.
#[derive(Serialize, Deserialize)]
struct Known {
    keys: Vec<Key>,
}

/// What is remembered.
#[derive(Debug)]
pub(crate) struct Recollection {
    file: PathBuf,
    /// Where it is written before it takes the file's place.
    draft: PathBuf,
    /// What this process wrote last.
    noted: Mutex<Option<Vec<Key>>>,
}

impl Recollection {
    pub(crate) fn of(seat: &Seat, folder: &Path) -> Self {
        Self { file: folder.join(FILE), draft: seat.file(FILE), noted: Mutex::default() }
    }

    /// Remembers the keys. That it could not is told in the log, and harms nobody before the store is away.
    pub(crate) fn note(&self, keys: &[Key]) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.as_deref() == Some(keys) {
            return;
        }
        match self.write(keys) {
            Ok(()) => *noted = Some(keys.to_vec()),
            Err(error) => tracing::warn!(%error, "the keys were not noted for a start without the store"),
        }
    }

    fn write(&self, keys: &[Key]) -> std::io::Result<()> {
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&self.draft)?;
        file.write_all(&serde_json::to_vec(&Known { keys: keys.to_vec() })?)?;
        file.sync_all()?;
        fs::rename(&self.draft, &self.file)
    }

    /// The keys as they were last read; `None` where nobody has read them here.
    pub(crate) fn keys(&self) -> Stored<Option<Vec<Key>>> {
        let failed = |why: String| StoreError::Corrupt(format!("{}: {why}", self.file.display()));
        match fs::read(&self.file) {
            Ok(bytes) => {
                let known: Known = serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))?;
                Ok(Some(known.keys))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(error.to_string())),
        }
    }
}
