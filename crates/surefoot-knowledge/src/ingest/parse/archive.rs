//! Zip archives, unpacked within bounds: office documents and e-books are archives of XML.

use std::io::{Cursor, Read};

use zip::ZipArchive;

/// Most entries.
const ENTRIES: usize = 20_000;
/// Most bytes of one entry, unpacked.
const ENTRY: u64 = 64 << 20;
/// Most bytes of all entries that are read, unpacked.
const ALL: u64 = 256 << 20;
/// What unpacks to more than this many times its own size (and is not small) is a bomb.
const RATIO: u64 = 400;
/// Smaller than this nothing is one.
const HARMLESS: u64 = 8 << 20;

/// An archive with what may still be unpacked from it.
pub(super) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    packed: u64,
    left: u64,
}

impl<'a> Archive<'a> {
    /// Opens an archive; `what` says what the file should be.
    pub(super) fn open(bytes: &'a [u8], what: &str) -> Result<Self, String> {
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| match bytes {
            // What Office writes when a file has a password.
            [0xd0, 0xcf, 0x11, 0xe0, ..] => "it is encrypted, or of the old binary kind".to_owned(),
            _ => format!("it is no {what}: {error}"),
        })?;
        if zip.len() > ENTRIES {
            return Err(format!("it holds more than {ENTRIES} entries"));
        }
        Ok(Self { zip, packed: bytes.len() as u64, left: ALL })
    }

    /// The bytes of an entry; none if there is no such entry. The size that an archive declares is not believed.
    pub(super) fn get(&mut self, name: &str) -> Result<Option<Vec<u8>>, String> {
        let Some(index) = self.zip.index_for_name(name) else { return Ok(None) };
        self.get_at(index).map(Some)
    }

    fn get_at(&mut self, index: usize) -> Result<Vec<u8>, String> {
        let file = self.zip.by_index(index).map_err(|error| format!("a part of it cannot be unpacked: {error}"))?;
        let most = ENTRY.min(self.left);
        let mut bytes = Vec::new();
        let read = file.take(most + 1).read_to_end(&mut bytes);
        read.map_err(|error| format!("a part of it cannot be unpacked: {error}"))?;
        let size = bytes.len() as u64;
        if size > most {
            return Err(format!("it unpacks to more than {} MB", most.max(ENTRY) >> 20));
        }
        self.left -= size;
        let unpacked = ALL - self.left;
        if unpacked > HARMLESS && unpacked / self.packed.max(1) > RATIO {
            return Err(format!("it unpacks to more than {RATIO} times its size"));
        }
        Ok(bytes)
    }

    /// Unpacks everything once and forgets it: a reader of others that trusts the archive may then have it.
    pub(super) fn check(&mut self) -> Result<(), String> {
        (0..self.zip.len()).try_for_each(|index| self.get_at(index).map(drop))
    }

    /// The text of an XML entry; none if there is no such entry.
    pub(super) fn xml(&mut self, name: &str) -> Result<Option<String>, String> {
        self.get(name)?.map(|bytes| super::decode::xml(&bytes)).transpose()
    }
}
