//! Documents in memory.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use surefoot_types::{
    document::{Attribute, Document, Passage, Stamp, StoredPassage, Vectors},
    erasure::Erased,
    ids::DocumentId,
    ports::{Change, Library, Stored},
};

use super::MemoryStore;

/// Counts libraries, so that each has a name of its own.
static LIBRARIES: AtomicU64 = AtomicU64::new(0);

/// What is on the shelves, and what happened to it.
#[derive(Debug)]
pub(super) struct Shelves {
    id: u64,
    documents: BTreeMap<DocumentId, Shelved>,
    changes: Vec<(u64, String, Happened)>,
    last_key: u64,
    /// Knowledge and hash of the sources that went with their owner.
    tombstones: BTreeSet<(String, String)>,
}

impl Default for Shelves {
    fn default() -> Self {
        Self {
            id: LIBRARIES.fetch_add(1, Ordering::Relaxed),
            documents: BTreeMap::new(),
            changes: Vec::new(),
            last_key: 0,
            tombstones: BTreeSet::new(),
        }
    }
}

#[derive(Debug)]
struct Shelved {
    document: Document,
    passages: Vec<StoredPassage>,
    vectors: Vectors,
}

#[derive(Debug)]
enum Happened {
    Added(DocumentId),
    Removed(Vec<u64>),
}

impl Shelves {
    fn put(&mut self, document: &Document, passages: &[Passage], vectors: &Vectors) {
        if self.tombstones.contains(&(document.knowledge.clone(), document.hash.clone())) {
            return;
        }
        self.remove(&document.knowledge, &document.path);
        let passages = passages.iter().map(|passage| self.shelve(document, passage)).collect();
        let shelved = Shelved { document: document.clone(), passages, vectors: vectors.clone() };
        self.documents.insert(document.id, shelved);
        self.change(&document.knowledge, Happened::Added(document.id));
    }

    fn shelve(&mut self, document: &Document, passage: &Passage) -> StoredPassage {
        self.last_key += 1;
        StoredPassage {
            key: self.last_key,
            document_id: document.id,
            path: document.path.clone(),
            title: document.title.clone(),
            passage: passage.clone(),
        }
    }

    fn remove(&mut self, knowledge: &str, path: &str) -> bool {
        let same = |shelved: &Shelved| shelved.document.knowledge == knowledge && shelved.document.path == path;
        let Some(id) = self.documents.iter().find(|(_, shelved)| same(shelved)).map(|(id, _)| *id) else {
            return false;
        };
        let Some(gone) = self.documents.remove(&id) else { return false };
        let keys = gone.passages.iter().map(|passage| passage.key).collect();
        self.change(knowledge, Happened::Removed(keys));
        true
    }

    /// Takes a user's documents away.
    pub(super) fn erase(&mut self, user: &str, erased: &mut Erased) {
        let owned = self.documents.values().filter(|shelved| shelved.document.owner.as_deref() == Some(user));
        let mut owned: Vec<_> =
            owned.map(|Shelved { document, passages, .. }| (document.clone(), passages.len())).collect();
        owned.sort_by(|(a, _), (b, _)| (&a.knowledge, &a.path).cmp(&(&b.knowledge, &b.path)));
        for (document, passages) in owned {
            self.remove(&document.knowledge, &document.path);
            erased.count("documents", 1);
            erased.count("passages", passages as u64);
            erased.documents.push(format!("{}/{}", document.knowledge, document.path));
            self.tombstones.insert((document.knowledge, document.hash));
        }
    }

    fn change(&mut self, knowledge: &str, happened: Happened) {
        let number = self.changes.len() as u64 + 1;
        self.changes.push((number, knowledge.into(), happened));
    }

    fn told(&self, happened: &Happened) -> Option<Change> {
        match happened {
            Happened::Removed(keys) => Some(Change::Removed { keys: keys.clone() }),
            Happened::Added(id) => self
                .documents
                .get(id)
                .map(|shelved| Change::Added { passages: shelved.passages.clone(), vectors: shelved.vectors.clone() }),
        }
    }
}

impl MemoryStore {
    /// A store that is `other` as it was before anything was put into it: what a restored backup is to an index.
    pub fn restored(other: &Self) -> Self {
        let restored = Self::default();
        restored.lock().library.id = other.lock().library.id;
        restored
    }
}

#[async_trait]
impl Library for MemoryStore {
    async fn library_id(&self) -> Stored<String> {
        Ok(format!("memory-{}", self.lock().library.id))
    }

    async fn document_put(&self, document: &Document, passages: &[Passage], vectors: &Vectors) -> Stored<()> {
        self.lock().library.put(document, passages, vectors);
        Ok(())
    }

    async fn document_remove(&self, knowledge: &str, path: &str) -> Stored<bool> {
        Ok(self.lock().library.remove(knowledge, path))
    }

    async fn document_mark(
        &self,
        knowledge: &str,
        path: &str,
        attributes: &BTreeMap<String, Attribute>,
    ) -> Stored<bool> {
        let mut inner = self.lock();
        let same = |one: &&mut Shelved| one.document.knowledge == knowledge && one.document.path == path;
        let Some(shelved) = inner.library.documents.values_mut().find(same) else { return Ok(false) };
        shelved.document.attributes.clone_from(attributes);
        Ok(true)
    }

    async fn document_get(&self, id: DocumentId) -> Stored<Option<Document>> {
        Ok(self.lock().library.documents.get(&id).map(|shelved| shelved.document.clone()))
    }

    async fn document_stamps(&self, knowledge: &str) -> Stored<Vec<Stamp>> {
        let inner = self.lock();
        let all = inner.library.documents.values().filter(|shelved| shelved.document.knowledge == knowledge);
        let mut stamps: Vec<Stamp> = all
            .map(|Shelved { document, vectors, .. }| Stamp::of(document.clone(), vectors.embedder.clone()))
            .collect();
        stamps.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(stamps)
    }

    async fn passage_get(&self, keys: &[u64]) -> Stored<Vec<StoredPassage>> {
        let inner = self.lock();
        let find = |key: &u64| {
            inner.library.documents.values().flat_map(|shelved| &shelved.passages).find(|passage| passage.key == *key)
        };
        Ok(keys.iter().filter_map(find).cloned().collect())
    }

    async fn passage_list(&self, document: DocumentId) -> Stored<Vec<StoredPassage>> {
        Ok(self.lock().library.documents.get(&document).map(|shelved| shelved.passages.clone()).unwrap_or_default())
    }

    async fn change_latest(&self, knowledge: &str) -> Stored<u64> {
        let inner = self.lock();
        let of = inner.library.changes.iter().filter(|(_, of, _)| of == knowledge);
        Ok(of.map(|(number, _, _)| *number).max().unwrap_or(0))
    }

    async fn change_list(&self, knowledge: &str, after: u64, limit: usize) -> Stored<Vec<(u64, Change)>> {
        let inner = self.lock();
        let later = inner.library.changes.iter().filter(|(number, of, _)| of == knowledge && *number > after);
        Ok(later
            .filter_map(|(number, _, happened)| Some((*number, inner.library.told(happened)?)))
            .take(limit)
            .collect())
    }

    async fn tombstone_list(&self, knowledge: &str) -> Stored<Vec<String>> {
        let inner = self.lock();
        let of = inner.library.tombstones.iter().filter(|(of, _)| of == knowledge);
        Ok(of.map(|(_, hash)| hash.clone()).collect())
    }

    async fn knowledge_list(&self) -> Stored<Vec<String>> {
        let mut names: Vec<String> =
            self.lock().library.documents.values().map(|shelved| shelved.document.knowledge.clone()).collect();
        names.sort();
        names.dedup();
        Ok(names)
    }
}
