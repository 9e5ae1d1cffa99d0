//! Seats: under which name a process holds leases.
//!
//! A process takes the lowest seat of its data folder that nobody sits on, by locking the seat's file for as
//! long as it lives. The operating system gives the lock free when the process ends, however it ends, so
//! whoever takes a seat knows that its predecessor is dead and that the leases under its name are nobody's.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use surefoot_types::{
    Chance,
    ports::{StoreError, Stored},
};

/// How often a process that waits for its turn looks.
const TURN: Duration = Duration::from_millis(10);
/// Most processes on one data folder.
const SEATS: u32 = 1_000;

/// A seat that is taken, until it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    holder: String,
    /// Its place in the folder, without an ending.
    place: PathBuf,
    _lock: File,
}

impl Seat {
    /// Takes the lowest free seat of a folder, making the folder where there is none.
    pub(crate) fn take(folder: &Path, chance: &dyn Chance) -> Stored<Self> {
        let failed = |error: std::io::Error| StoreError::Unavailable(format!("{}: {error}", folder.display()));
        fs::create_dir_all(folder).map_err(failed)?;
        let id = folder_id(folder, chance).map_err(failed)?;
        for number in 0..SEATS {
            if let Some(seat) = Self::try_take(folder, &id, number).map_err(failed)? {
                return Ok(seat);
            }
        }
        Err(StoreError::Unavailable(format!("{SEATS} processes share the data folder already")))
    }

    /// Takes the seats that were sat on once and are free now, but for those without a file of this name.
    pub(crate) fn vacant(&self, file: &str) -> Stored<Vec<Self>> {
        let folder = self.place.parent().unwrap_or(Path::new("."));
        let id = self.holder.rsplit_once('-').map_or("", |(id, _)| id);
        let mut seats = Vec::new();
        for number in 0..SEATS {
            if folder.join(format!("{number}.{file}")).exists() {
                let seat = Self::try_take(folder, id, number);
                seats.extend(seat.map_err(|error| StoreError::Unavailable(format!("{}: {error}", folder.display())))?);
            }
        }
        Ok(seats)
    }

    /// The files of this name that any seat of the folder has.
    pub(crate) fn all_files(&self, name: &str) -> Vec<PathBuf> {
        (0..SEATS)
            .map(|number| self.place.with_file_name(format!("{number}.{name}")))
            .filter(|path| path.exists())
            .collect()
    }

    fn try_take(folder: &Path, id: &str, number: u32) -> std::io::Result<Option<Self>> {
        let lock = open(&folder.join(format!("{number}.lock")))?;
        match lock.try_lock() {
            Ok(()) => {
                let (holder, place) = (format!("{id}-{number}"), folder.join(number.to_string()));
                Ok(Some(Self { holder, place, _lock: lock }))
            }
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Waits until no other process of the data folder is between this call and the end of what it gave.
    pub(crate) async fn alone(&self) -> Stored<File> {
        let path = self.place.with_file_name("tables.lock");
        let failed = |error: std::io::Error| StoreError::Unavailable(format!("{}: {error}", path.display()));
        let file = open(&path).map_err(failed)?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(TURN).await,
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }

    /// The path of a file that belongs to this seat.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.place.with_extension(name)
    }

    /// The name under which this process holds leases.
    pub(crate) fn holder(&self) -> &str {
        &self.holder
    }
}

/// The folder's id: made once, by whoever comes first.
fn folder_id(folder: &Path, chance: &dyn Chance) -> std::io::Result<String> {
    let mut file = open(&folder.join("id"))?;
    file.lock()?;
    let mut id = String::new();
    file.read_to_string(&mut id)?;
    if id.len() != ID_LENGTH {
        // Empty, or cut short by a full disk or a power cut: nobody can have used it.
        id = format!("{:032x}", chance.bits()).split_off(32 - ID_LENGTH);
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(id.as_bytes())?;
        file.sync_all()?;
    }
    Ok(id)
}

const ID_LENGTH: usize = 16;

fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

#[cfg(test)]
mod tests {
    use surefoot_testkit::CountingChance;

    use super::*;

    #[test]
    fn the_lowest_free_seat_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/seats");
        let chance = CountingChance::default();
        let take = || Seat::take(&path, &chance).unwrap();
        let (first, second, third) = (take(), take(), take());
        let id = first.holder().strip_suffix("-0").unwrap().to_owned();
        assert_eq!(id.len(), ID_LENGTH);
        assert_eq!((second.holder(), third.holder()), (&*format!("{id}-1"), &*format!("{id}-2")));
        drop(second);
        assert_eq!(take().holder(), format!("{id}-1"));

        let other = tempfile::tempdir().unwrap();
        assert_ne!(Seat::take(other.path(), &chance).unwrap().holder(), format!("{id}-0"));
        assert!(matches!(Seat::take(Path::new("/proc/none"), &chance), Err(StoreError::Unavailable(_))));
    }

    #[test]
    fn an_id_that_was_cut_short_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("id"), "0123").unwrap();
        let seat = Seat::take(folder.path(), &CountingChance::default()).unwrap();
        assert_eq!(seat.holder().len(), ID_LENGTH + "-0".len());
    }
}
