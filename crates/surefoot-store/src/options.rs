//! How a store is opened.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use surefoot_types::{Chance, Clock, SystemChance, SystemClock};

use crate::Cipher;

/// What a record survives once its request was answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Nothing for sure: the answer goes out before the commit.
    Relaxed,
    /// The end of the process, `kill -9` included: committed, and in the hands of the operating system.
    #[default]
    Crash,
    /// The end of the machine: committed and flushed to the disk.
    Power,
}

impl Level {
    /// All of them, with their names in settings.
    pub const NAMES: [(&'static str, Self); 3] =
        [("crash", Self::Crash), ("power", Self::Power), ("relaxed", Self::Relaxed)];

    /// What a SQLite file in WAL mode needs for it.
    pub(crate) fn synchronous(self) -> &'static str {
        match self {
            // FULL flushes the log at every commit: a commit survives a power cut. The writer's groups share one flush.
            Self::Power => "FULL",
            // NORMAL leaves the log to the operating system, which outlives the process.
            Self::Crash | Self::Relaxed => "NORMAL",
        }
    }
}

/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// What a record survives.
    pub level: Level,
    /// The folder of the seats: the same for every process that shares the data folder.
    pub seats: PathBuf,
    /// By which leases run out.
    pub clock: Arc<dyn Clock>,
    /// Where the data folder's id comes from.
    pub chance: Arc<dyn Chance>,
    /// How long a statement waits for another process that writes or, where it must, reads.
    pub busy: Duration,
    /// Most pages of 4 KiB that the file may have: what does not fit is refused as by a full disk.
    pub pages: Option<u32>,
    /// How what was said is encrypted.
    pub cipher: Cipher,
}

impl Options {
    /// The usual ones, with the seats in this folder.
    pub fn new(seats: impl Into<PathBuf>) -> Self {
        Self {
            level: Level::default(),
            seats: seats.into(),
            clock: Arc::new(SystemClock),
            chance: Arc::new(SystemChance),
            busy: Duration::from_secs(10),
            pages: None,
            cipher: Cipher::default(),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("level", &self.level)
            .field("seats", &self.seats)
            .field("pages", &self.pages)
            .field("cipher", &self.cipher)
            .finish_non_exhaustive()
    }
}
