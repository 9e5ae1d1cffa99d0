//! Files and vector stores that callers make for themselves, over the same library and indexes as the project's own
//! knowledge.
//!
//! A vector store is a knowledge whose name is its id and ends with the mark of its owner, so that every search
//! knows whose it is without asking. What is done in the background (a file to be read, an expiry) stands in the
//! store with the time at which it is due: a process that dies leaves it to whoever looks next.

mod attached;
mod filter;
mod list;
mod stored;
mod stores;
#[cfg(test)]
mod tests;
mod work;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use surefoot_types::{
    Chance, Clock, Code, Fault,
    ids::FileId,
    ports::Store,
    shelf::{FILES, Item},
};
use tokio::sync::Semaphore;

use crate::{embed::Embedder, search::Knowledge};
pub use attached::Adding;
pub use filter::{Filter, How, attribute};
pub use list::{Listed, Page};
use stored::Kept;
pub use stored::{Attached, Batch, Chunking, Failure, File, Status, VectorStore};
pub use stores::{Change, Counts, Found, Made, Shown};

/// Most bytes of a file's name.
const NAME: usize = 512;

/// All of it. Clones share it.
#[derive(Clone)]
pub struct Shelves(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    knowledge: Arc<Knowledge>,
    embedder: Arc<dyn Embedder>,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    /// Files that are being read here at once.
    room: Semaphore,
    /// Those that are being read here, by place and id.
    under_way: Mutex<BTreeSet<(String, String)>>,
}

/// Who asks.
pub struct Asker {
    /// The mark of what is theirs.
    pub mark: String,
    /// Which knowledge they may search.
    pub may: Box<dyn Fn(&str) -> bool + Send + Sync>,
}

/// A file that is uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Upload {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// How long it is kept.
    pub lives: Option<Duration>,
    /// The end user whose it is.
    pub user: Option<String>,
}

impl Shelves {
    /// Opens the shelves of a store.
    pub fn new(
        store: Arc<dyn Store>,
        knowledge: Arc<Knowledge>,
        embedder: Arc<dyn Embedder>,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
    ) -> Self {
        let room = Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from));
        let under_way = Mutex::default();
        Self(Arc::new(Inner { store, knowledge, embedder, clock, chance, room, under_way }))
    }

    /// Keeps a file.
    ///
    /// # Errors
    /// Where its name is none, its user was erased, or the store cannot be written.
    pub async fn file_create(&self, asker: &Asker, upload: Upload, content: &[u8]) -> Result<File, Fault> {
        if upload.name.is_empty() || upload.name.len() > NAME {
            return Err(Fault::bad_request("file", format!("a file needs a name of at most {NAME} bytes")));
        }
        let at = self.0.clock.now();
        let file = File {
            id: FileId::mint(self.0.clock.as_ref(), self.0.chance.as_ref()).to_string(),
            name: upload.name,
            purpose: upload.purpose,
            at,
            expires: upload.lives.and_then(|lives| at.checked_add(lives).ok()),
            bytes: content.len() as u64,
            user: upload.user,
        };
        match self.0.store.item_put(&file.item(&asker.mark), Some(content)).await? {
            true => Ok(file),
            false => Err(Fault::new(Code::Forbidden, "the file's user was erased")),
        }
    }

    /// A file.
    ///
    /// # Errors
    /// Where there is none of theirs.
    pub async fn file_get(&self, asker: &Asker, id: &str) -> Result<File, Fault> {
        File::of(self.item(&format!("{FILES}{}", asker.mark), id, "file").await?)
    }

    /// A file's content, as it came.
    ///
    /// # Errors
    /// Where there is none of theirs.
    pub async fn file_content(&self, asker: &Asker, id: &str) -> Result<Vec<u8>, Fault> {
        let content = self.0.store.item_content(&format!("{FILES}{}", asker.mark), id).await?;
        content.ok_or_else(|| nowhere("file", id))
    }

    /// A page of the files.
    ///
    /// # Errors
    /// Where the page begins after something that is not there.
    pub async fn file_list(&self, asker: &Asker, page: &Page) -> Result<Listed<File>, Fault> {
        self.listed(&format!("{FILES}{}", asker.mark), page).await
    }

    /// Takes a file away, and out of every vector store.
    ///
    /// # Errors
    /// Where there is none of theirs.
    pub async fn file_delete(&self, asker: &Asker, id: &str) -> Result<(), Fault> {
        self.item(&format!("{FILES}{}", asker.mark), id, "file").await?;
        self.file_drop(&asker.mark, id).await
    }

    async fn file_drop(&self, owner: &str, id: &str) -> Result<(), Fault> {
        for item in self.0.store.item_everywhere(id).await? {
            if item.place.starts_with(stored::ATTACHED) {
                self.detach(&Attached::of(item)?).await?;
            }
        }
        self.0.store.item_delete(&format!("{FILES}{owner}"), id).await?;
        Ok(())
    }

    /// Something that must be there.
    async fn item(&self, place: &str, id: &str, what: &str) -> Result<Item, Fault> {
        self.0.store.item_get(place, id).await?.ok_or_else(|| nowhere(what, id))
    }

    fn under_way(&self) -> std::sync::MutexGuard<'_, BTreeSet<(String, String)>> {
        self.0.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn nowhere(what: &str, id: &str) -> Fault {
    Fault::new(Code::NotFound, format!("there is no {what} '{id}'"))
}
