//! Questions to passages: both legs, fused.

mod copies;
mod fold;
mod fuse;
mod gather;
mod rank;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    path::PathBuf,
    sync::Arc,
};

use surefoot_types::{
    Code, Fault,
    document::{Hit, StoredPassage},
    ids::DocumentId,
    ports::Library,
    shelf::MADE,
};
use tokio::sync::Mutex;

use crate::{
    embed::{Embedder, Kind},
    index::{Index, Origin, Within},
    search::copies::Away,
    shelf::Filter,
};
use crate::{ingest::headed, words::terms};
use fold::fold;
pub use fuse::{Fused, fuse};
pub use rank::rank;

/// How many passages each leg brings to the fusion, at the least.
const DEPTH: usize = 100;
/// Of how many passages a budget is filled.
const CANDIDATES: usize = 50;
/// How many passages a search gives, at the most.
pub const MOST: usize = 1000;

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Where.
    pub knowledge: &'a str,
    /// The question, or several ways to ask it: a passage counts as the one that it suits best tells.
    pub queries: &'a [String],
    /// Which documents are looked at, if not all.
    pub filter: Option<&'a Filter>,
    /// How many passages.
    pub limit: usize,
}

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
        self.find(&Wanted { knowledge, queries: &[query.to_owned()], filter: None, limit }).await
    }

    /// As [`search`](Self::search), for any of several queries, within the documents that meet a filter.
    pub async fn find(&self, wanted: &Wanted<'_>) -> Result<Vec<Hit>, Fault> {
        Ok(self.found(wanted).await?.0)
    }

    /// As [`search`](Self::search), as much as fits into so many tokens: what is most useful and least said already,
    /// with neighbours joined.
    pub async fn gather(&self, wanted: &Wanted<'_>, tokens: usize) -> Result<Vec<Hit>, Fault> {
        let wanted = Wanted { limit: CANDIDATES, ..*wanted };
        let hits = gather::chosen(self.find(&wanted).await?, tokens.saturating_mul(gather::TOKEN));
        Ok(gather::joined(hits, &*self.library).await)
    }

    /// As [`find`](Self::find), with the reason of each score.
    pub async fn explain(&self, wanted: &Wanted<'_>) -> Result<Vec<Explained>, Fault> {
        let (hits, fused) = self.found(wanted).await?;
        let mut asked: Vec<String> =
            wanted.queries.iter().flat_map(|query| terms(query)).map(|term| term.text).collect();
        let mut seen = HashSet::new();
        asked.retain(|term| seen.insert(term.clone()));
        let explained = hits.into_iter().map(|hit| {
            let [from_words, from_vector] =
                fused.iter().find(|fused| fused.scored.key == hit.found.key).map_or([0.0; 2], |fused| fused.parts);
            let there = terms(&headed(&hit.found.title, &hit.found.passage));
            let (held, missing) = asked.iter().cloned().partition(|term| there.iter().any(|there| there.text == *term));
            Explained { hit, from_words, from_vector, held, missing }
        });
        Ok(explained.collect())
    }

    /// The passages found, folded, and both legs fused: twice as many as asked for, so that enough are left when
    /// duplicates are folded.
    async fn found(&self, wanted: &Wanted<'_>) -> Result<(Vec<Hit>, Vec<Fused>), Fault> {
        // A vector store that nothing ever came into is there all the same: its name tells whose it is.
        if wanted.knowledge.starts_with(MADE) && self.library.change_latest(wanted.knowledge).await == Ok(0) {
            return Ok((Vec::new(), Vec::new()));
        }
        let allowed: Option<HashSet<DocumentId>> = match wanted.filter {
            None => None,
            Some(filter) => {
                let stamps = self.library.document_stamps(wanted.knowledge).await?;
                Some(stamps.iter().filter(|stamp| filter.takes(stamp)).map(|stamp| stamp.document_id).collect())
            }
        };
        let within = allowed.as_ref().map(|allowed| Arc::new(Within::of(allowed.iter().copied())));
        let limit = wanted.limit.min(MOST);
        let (index, is_followed) = self.searchable(wanted.knowledge).await?;
        let vectors = self.embedder.embed(wanted.queries, Kind::Query).await?;
        let mut rankings = Vec::with_capacity(wanted.queries.len());
        for (query, vector) in wanted.queries.iter().zip(vectors) {
            let found = index.search(query, vector, DEPTH.max(limit * 2), within.clone()).await?;
            rankings.push(fuse(&found, self.embedder.lexical_weight()));
        }
        let mut fused = best_of(rankings);
        fused.truncate(limit * 2);
        let mut hits = self.hits(&index, is_followed, &fused).await?;
        hits.retain(|hit| allowed.as_ref().is_none_or(|allowed| allowed.contains(&hit.found.document_id)));
        let mut hits = fold(hits);
        hits.truncate(limit);
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
        let mut names = self.library.knowledge_list().await?;
        // Of what callers made for themselves no stranger is told.
        names.retain(|name| name == knowledge || !name.starts_with(MADE));
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

/// Several rankings as one: each passage stands as in the ranking where it is best.
fn best_of(mut rankings: Vec<Vec<Fused>>) -> Vec<Fused> {
    if rankings.len() == 1 {
        return rankings.pop().unwrap_or_default();
    }
    let mut best: HashMap<u64, Fused> = HashMap::new();
    for fused in rankings.into_iter().flatten() {
        let kept = best.entry(fused.scored.key).or_insert(fused);
        if fused.score > kept.score {
            *kept = fused;
        }
    }
    let mut best: Vec<Fused> = best.into_values().collect();
    best.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.scored.key.cmp(&b.scored.key)));
    best
}

/// A folder's name for a knowledge: its own where that is a plain name, a hash where it is not.
fn folder_name(knowledge: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if !knowledge.is_empty() && knowledge.len() <= 64 && knowledge.chars().all(plain) {
        return knowledge.to_owned();
    }
    format!("+{}", &blake3::hash(knowledge.as_bytes()).to_hex()[..32])
}
