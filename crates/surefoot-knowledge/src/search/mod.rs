//! Questions to passages: both legs, fused.

mod copies;
mod fold;
mod fuse;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, HashMap},
    path::PathBuf,
    sync::Arc,
};

use surefoot_types::{
    Code, Fault,
    document::{Hit, StoredPassage},
    ports::Library,
};
use tokio::sync::Mutex;

use crate::{
    embed::{Embedder, Kind},
    index::{Index, Origin},
    search::copies::Away,
};
use crate::{ingest::headed, words::terms};
use fold::fold;
pub use fuse::{Fused, fuse};

/// How many passages each leg brings to the fusion, at the least.
const DEPTH: usize = 100;
/// How many passages a search gives, at the most.
pub const MOST: usize = 1000;

/// Why a passage stands where it does.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Explained {
    /// The passage with its scores.
    #[serde(flatten)]
    pub hit: Hit,
    /// What its words gave to the score.
    pub from_words: f32,
    /// What its vector gave to the score.
    pub from_vector: f32,
    /// The query's terms, as they are indexed, that it holds.
    pub held: Vec<String>,
    /// Those that it does not.
    pub missing: Vec<String>,
}

/// All knowledge, searchable. Shared by everyone who searches.
pub struct Knowledge {
    library: Arc<dyn Library>,
    embedder: Arc<dyn Embedder>,
    folder: Option<PathBuf>,
    indexes: Mutex<HashMap<String, Arc<Index>>>,
    /// Whether passages are kept here too, and since when the library has not answered.
    away: Option<Away>,
}

impl Knowledge {
    /// Opens the knowledge of a library. Indexes are kept in a folder of their own each under `dir`, or in memory;
    /// each is opened when it is first needed.
    pub fn open(library: Arc<dyn Library>, embedder: Arc<dyn Embedder>, dir: Option<PathBuf>) -> Self {
        Self { library, embedder, folder: dir, indexes: Mutex::default(), away: None }
    }

    /// Keeps the passages in the indexes too: while the library is away, searches are answered from what was there
    /// when it was last followed.
    #[must_use]
    pub fn keeping_copies(self) -> Self {
        Self { away: Some(Away::default()), ..self }
    }

    /// Brings a knowledge's index up to date with the library. Searching does so by itself; calling it after an
    /// ingest and at the start saves the first search the wait.
    pub async fn refresh(&self, knowledge: &str) -> Result<(), Fault> {
        self.index(knowledge).await.map(drop)
    }

    /// Brings every index up to date, and leaves nothing in their files of what went: after an erasure.
    pub async fn scrub(&self) -> Result<(), Fault> {
        let mut names: BTreeSet<String> = self.library.knowledge_list().await?.into_iter().collect();
        names.extend(self.indexes.lock().await.keys().cloned());
        let folders: BTreeSet<String> = names.iter().map(|name| folder_name(name)).collect();
        for (folder, path) in self.kept_folders() {
            // What is left of a knowledge without documents: under its own name it is an index like any other; a
            // hashed name cannot be read back.
            match folder.strip_prefix('+') {
                None => drop(names.insert(folder)),
                Some(_) if folders.contains(&folder) => {}
                Some(_) => std::fs::remove_dir_all(path)
                    .map_err(|error| Fault::internal(format!("an index cannot be deleted: {error}")))?,
            }
        }
        for name in names {
            if self.known(&name).await.is_ok() {
                self.opened(&name).await?.scrub(&*self.library).await?;
            }
        }
        Ok(())
    }

    /// The folders of indexes that there are.
    fn kept_folders(&self) -> Vec<(String, PathBuf)> {
        let entries = self.folder.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
        entries.filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path()))).collect()
    }

    /// The best passages for a query, best first, ties by key; never more than [`MOST`]. Of those that say nearly the
    /// same the best stands for all. Fails where the knowledge does not exist.
    pub async fn search(&self, knowledge: &str, query: &str, limit: usize) -> Result<Vec<Hit>, Fault> {
        let (mut hits, _) = self.found(knowledge, query, limit).await?;
        hits.truncate(limit.min(MOST));
        Ok(hits)
    }

    /// As [`search`](Self::search), with the reason of each score.
    pub async fn explain(&self, knowledge: &str, query: &str, limit: usize) -> Result<Vec<Explained>, Fault> {
        let (mut hits, fused) = self.found(knowledge, query, limit).await?;
        hits.truncate(limit.min(MOST));
        let mut asked: Vec<String> = terms(query).into_iter().map(|term| term.text).collect();
        asked.dedup();
        let explained = hits.into_iter().map(|hit| {
            let [from_words, from_vector] =
                fused.iter().find(|fused| fused.scored.key == hit.found.key).map_or([0.0; 2], |fused| fused.parts);
            let there = terms(&headed(&hit.found.title, &hit.found.passage));
            let (held, missing) = asked.iter().cloned().partition(|term| there.iter().any(|there| there.text == *term));
            Explained { hit, from_words, from_vector, held, missing }
        });
        Ok(explained.collect())
    }

    /// Both legs fused, and the passages that they name: twice as many as asked for, so that enough are left when
    /// duplicates are folded.
    async fn found(&self, knowledge: &str, query: &str, limit: usize) -> Result<(Vec<Hit>, Vec<Fused>), Fault> {
        let limit = limit.min(MOST).saturating_mul(2);
        let (index, is_followed) = self.searchable(knowledge).await?;
        let vectors = self.embedder.embed(&[query.to_owned()], Kind::Query).await?;
        let vector = vectors.into_iter().next().unwrap_or_default();
        let found = index.search(query, vector, DEPTH.max(limit)).await?;
        let mut fused = fuse(&found, self.embedder.lexical_weight());
        fused.truncate(limit);
        let hits = fold(self.hits(&index, is_followed, &fused).await?);
        Ok((hits, fused))
    }

    /// Reads the passages. One that went meanwhile is left out: what is deleted is never shown.
    async fn hits(&self, index: &Index, is_followed: bool, fused: &[Fused]) -> Result<Vec<Hit>, Fault> {
        let keys: Vec<u64> = fused.iter().map(|fused| fused.scored.key).collect();
        let stored = self.passages(index, is_followed, keys).await?;
        let by_key: HashMap<u64, &Fused> = fused.iter().map(|fused| (fused.scored.key, fused)).collect();
        let hit = |found: StoredPassage| {
            let Fused { scored, score, .. } = **by_key.get(&found.key)?;
            Some(Hit { found, score, lexical: scored.lexical, vector: scored.vector, also: Vec::new() })
        };
        Ok(stored.into_iter().filter_map(hit).collect())
    }

    /// A knowledge's index, up to date.
    async fn index(&self, knowledge: &str) -> Result<Arc<Index>, Fault> {
        let index = self.opened(knowledge).await?;
        index.refresh(&*self.library).await?;
        Ok(index)
    }

    async fn opened(&self, knowledge: &str) -> Result<Arc<Index>, Fault> {
        let mut indexes = self.indexes.lock().await;
        if let Some(index) = indexes.get(knowledge) {
            return Ok(index.clone());
        }
        self.known(knowledge).await?;
        let (embedder, copies) = (self.embedder.name().to_owned(), self.away.is_some());
        let origin = Origin { embedder, library: self.library.library_id().await?, copies };
        let index = Arc::new(Index::open(knowledge, self.place(knowledge), origin, self.embedder.dimensions()).await?);
        indexes.insert(knowledge.to_owned(), index.clone());
        Ok(index)
    }

    /// The folder of a knowledge's index.
    fn place(&self, knowledge: &str) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join(folder_name(knowledge)))
    }

    /// Whether there is a knowledge of this name.
    ///
    /// # Errors
    /// Where there is none, with those that there are; the store's.
    pub async fn known(&self, knowledge: &str) -> Result<(), Fault> {
        let names = self.library.knowledge_list().await?;
        // A knowledge whose documents are all gone has changes still: it is empty, not unknown.
        if names.iter().any(|name| name == knowledge) || self.library.change_latest(knowledge).await? > 0 {
            return Ok(());
        }
        let fault = Fault::new(Code::NotFound, format!("there is no knowledge named '{knowledge}'."));
        Err(match names.as_slice() {
            [] => fault.hint("No documents were ingested yet: run `surefoot ingest`."),
            names => fault.hint(format!("There is: {}.", names.join(", "))),
        })
    }
}

/// A folder's name for a knowledge: its own where that is a plain name, a hash where it is not.
fn folder_name(knowledge: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if !knowledge.is_empty() && knowledge.len() <= 64 && knowledge.chars().all(plain) {
        return knowledge.to_owned();
    }
    format!("+{}", &blake3::hash(knowledge.as_bytes()).to_hex()[..32])
}
