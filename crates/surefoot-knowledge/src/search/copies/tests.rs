use std::{
    future::pending,
    path::Path,
    sync::atomic::{AtomicU8, AtomicUsize, Ordering},
};

use async_trait::async_trait;
use surefoot_testkit::{CountingChance, MemoryStore};
use surefoot_types::{
    document::{Document, Passage, Stamp, Vectors},
    ids::DocumentId,
    ports::{Change, Library, StoreError, Stored},
};

use super::*;
use crate::{
    embed::StaticEmbedder,
    search::tests::{SHOP, keep},
};

const THERE: u8 = 0;
const AWAY: u8 = 1;
const SILENT: u8 = 2;
const BROKEN: u8 = 3;

/// A library that is there, or refuses, or says nothing, and counts how often it was asked.
struct Moody {
    inner: MemoryStore,
    mood: AtomicU8,
    asked: AtomicUsize,
}

impl Moody {
    fn new() -> Arc<Self> {
        Arc::new(Self { inner: MemoryStore::default(), mood: AtomicU8::new(THERE), asked: AtomicUsize::new(0) })
    }

    fn is(&self, mood: u8) {
        self.mood.store(mood, Ordering::Relaxed);
    }

    async fn answers(&self) -> Stored<&MemoryStore> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        match self.mood.load(Ordering::Relaxed) {
            THERE => Ok(&self.inner),
            AWAY => Err(StoreError::Unavailable("gone".into())),
            SILENT => pending().await,
            _ => Err(StoreError::Corrupt("torn".into())),
        }
    }
}

#[async_trait]
impl Library for Moody {
    async fn library_id(&self) -> Stored<String> {
        self.answers().await?.library_id().await
    }
    async fn document_put(&self, document: &Document, passages: &[Passage], vectors: &Vectors) -> Stored<()> {
        self.answers().await?.document_put(document, passages, vectors).await
    }
    async fn document_remove(&self, knowledge: &str, path: &str) -> Stored<bool> {
        self.answers().await?.document_remove(knowledge, path).await
    }
    async fn document_get(&self, id: DocumentId) -> Stored<Option<Document>> {
        self.answers().await?.document_get(id).await
    }
    async fn document_stamps(&self, knowledge: &str) -> Stored<Vec<Stamp>> {
        self.answers().await?.document_stamps(knowledge).await
    }
    async fn passage_get(&self, keys: &[u64]) -> Stored<Vec<StoredPassage>> {
        self.answers().await?.passage_get(keys).await
    }
    async fn passage_list(&self, document: DocumentId) -> Stored<Vec<StoredPassage>> {
        self.answers().await?.passage_list(document).await
    }
    async fn change_latest(&self, knowledge: &str) -> Stored<u64> {
        self.answers().await?.change_latest(knowledge).await
    }
    async fn change_list(&self, knowledge: &str, after: u64, limit: usize) -> Stored<Vec<(u64, Change)>> {
        self.answers().await?.change_list(knowledge, after, limit).await
    }
    async fn tombstone_list(&self, knowledge: &str) -> Stored<Vec<String>> {
        self.answers().await?.tombstone_list(knowledge).await
    }
    async fn knowledge_list(&self) -> Stored<Vec<String>> {
        self.answers().await?.knowledge_list().await
    }
}

fn is_in_files(folder: &Path, words: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return is_in_files(&path, words);
        }
        std::fs::read(path).unwrap().windows(words.len()).any(|window| window == words)
    })
}

fn open(library: &Arc<Moody>, dir: &Path) -> Knowledge {
    Knowledge::open(library.clone(), Arc::new(StaticEmbedder), Some(dir.to_owned()))
}

/// The path and the text of the best passage.
async fn best(knowledge: &Knowledge, query: &str) -> Result<(String, String), Code> {
    let hits = knowledge.search("docs", query, 1).await.map_err(|fault| fault.code)?;
    let found = &hits.first().ok_or(Code::NotFound)?.found;
    Ok((found.path.clone(), found.passage.text.clone()))
}

#[tokio::test(start_paused = true)]
async fn searches_go_on_from_the_copies_while_the_library_is_away() {
    let (library, chance, dir) = (Moody::new(), CountingChance::default(), tempfile::tempdir().unwrap());
    keep(&library.inner, &chance, SHOP).await;
    let knowledge = open(&library, dir.path()).keeping_copies();
    let refunds = best(&knowledge, "refunds").await.unwrap();
    assert_eq!(refunds, ("refunds".to_owned(), SHOP[0].1.to_owned()));
    for mood in [AWAY, SILENT] {
        library.is(mood);
        for _ in 0..20 {
            assert_eq!(best(&knowledge, "refunds").await.as_ref(), Ok(&refunds), "{mood}");
        }
        let asked = library.asked.swap(0, Ordering::Relaxed);
        assert!(asked < 20, "it is left alone for a while: {asked}");
        library.is(THERE);
        tokio::time::advance(PAUSE).await;
        assert_eq!(best(&knowledge, "refunds").await.as_ref(), Ok(&refunds));
    }
    keep(&library.inner, &chance, &[("zebra", "Zebras have stripes.")]).await;
    assert_eq!(best(&knowledge, "zebra").await.unwrap().0, "zebra", "what came meanwhile is found");
    library.is(BROKEN);
    assert_eq!(best(&knowledge, "zebra").await, Err(Code::Internal), "what is broken is not away");
}

#[tokio::test(start_paused = true)]
async fn a_process_that_begins_without_the_library_takes_up_what_was_kept() {
    let (library, chance, dir) = (Moody::new(), CountingChance::default(), tempfile::tempdir().unwrap());
    keep(&library.inner, &chance, SHOP).await;
    let refunds = best(&open(&library, dir.path()).keeping_copies(), "refunds").await.unwrap();
    library.is(AWAY);
    let later = open(&library, dir.path()).keeping_copies();
    assert_eq!(best(&later, "refunds").await.as_ref(), Ok(&refunds));
    let nothing_kept = tempfile::tempdir().unwrap();
    assert_eq!(best(&open(&library, nothing_kept.path()).keeping_copies(), "refunds").await, Err(Code::Unavailable));

    // Another library is there when one is there again: what was kept of the first is not taken for its own.
    let other = Moody::new();
    keep(&other.inner, &chance, &[("whale", "Whales"), ("mole", "Moles"), ("finch", "Finches"), ("owl", "Owls")]).await;
    other.is(AWAY);
    let elsewhere = open(&other, dir.path()).keeping_copies();
    assert_eq!(best(&elsewhere, "refunds").await.as_ref(), Ok(&refunds));
    other.is(THERE);
    tokio::time::advance(PAUSE).await;
    assert_eq!(best(&elsewhere, "whales").await.unwrap().0, "whale");
}

#[tokio::test(start_paused = true)]
async fn without_copies_its_absence_is_told() {
    let (library, chance, dir) = (Moody::new(), CountingChance::default(), tempfile::tempdir().unwrap());
    keep(&library.inner, &chance, SHOP).await;
    let knowledge = open(&library, dir.path());
    assert!(best(&knowledge, "refunds").await.is_ok());
    library.is(AWAY);
    assert_eq!(best(&knowledge, "refunds").await, Err(Code::Unavailable));
}

#[tokio::test]
async fn nothing_of_what_went_stays_in_the_copies() {
    let (library, chance, dir) = (Moody::new(), CountingChance::default(), tempfile::tempdir().unwrap());
    keep(&library.inner, &chance, SHOP).await;
    let knowledge = open(&library, dir.path()).keeping_copies();
    best(&knowledge, "refunds").await.unwrap();
    // Of a passage in the copies its bytes are there: they are packed, but a word that occurs once stays as it is.
    assert!(is_in_files(dir.path(), b"fourteen days"));
    library.inner.document_remove("docs", "refunds").await.unwrap();
    knowledge.scrub().await.unwrap();
    assert!(!is_in_files(dir.path(), b"fourteen days"));
    library.is(AWAY);
    let hits = knowledge.search("docs", "refunds paid within fourteen days", 10).await.unwrap();
    assert!(!hits.is_empty() && hits.iter().all(|hit| hit.found.path != "refunds"), "{hits:?}");
}
