//! Indexes that follow the library: lexical and vector legs of one knowledge, kept in step.
//!
//! On disk (`open` with a folder) the two are one tantivy index, since building it anew costs time at every start:
//! at 100,000 passages reading it back takes a fraction of a second where building takes several. Reading the
//! vectors back into memory is all that a start costs. Several processes may share the folder: tantivy's lock
//! lets one of them write at a time, and each follows what is committed.

mod lexical;
mod vectors;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use surefoot_types::{
    Code, Fault, Retry,
    document::StoredPassage,
    ports::{Change, Library},
};
use tokio::{sync::Mutex, task::spawn_blocking};

use crate::ingest::headed;
pub use lexical::Origin;
use lexical::{Lexical, Writer};
use vectors::{Flat, Probe};

/// Changes (documents) read from the library at once.
const PAGE: usize = 128;
/// How long another process may hold the index before waiting is given up.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);

/// A passage's key with the score of each leg that knows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// The passage's key in the library.
    pub key: u64,
    /// BM25 score.
    pub lexical: Option<f32>,
    /// Cosine similarity.
    pub vector: Option<f32>,
}

/// The index of one knowledge.
pub struct Index {
    knowledge: String,
    embedder: String,
    lexical: Arc<Lexical>,
    state: ArcSwap<State>,
    refreshing: Mutex<()>,
}

/// What searches see: all of one change's effects or none.
struct State {
    change: u64,
    view: tantivy::Searcher,
    vectors: Arc<Flat>,
}

impl Index {
    /// Opens a knowledge's index in a folder of its own, or in memory. It holds what it held; [`Self::refresh`]
    /// brings it up to date with the library that it is of.
    pub async fn open(
        knowledge: &str,
        folder: Option<PathBuf>,
        origin: Origin,
        dimensions: usize,
    ) -> Result<Self, Fault> {
        let embedder = origin.embedder.clone();
        let (lexical, state) = on_thread(move || opened(folder.as_deref(), &origin, dimensions)).await?;
        Ok(Self {
            knowledge: knowledge.to_owned(),
            embedder,
            lexical: Arc::new(lexical),
            state: ArcSwap::from_pointee(state),
            refreshing: Mutex::new(()),
        })
    }

    /// Passages that have a vector.
    pub fn len(&self) -> usize {
        self.state.load().vectors.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What an index in a folder is of; none where there is none that can be used.
    pub async fn origin_in(folder: &Path) -> Result<Option<Origin>, Fault> {
        let folder = folder.to_owned();
        on_thread(move || Ok(Lexical::origin_in(&folder))).await
    }

    /// Follows the library to its latest change. Costs one question to it when nothing changed.
    pub async fn refresh(&self, library: &dyn Library) -> Result<(), Fault> {
        let latest = library.change_latest(&self.knowledge).await?;
        self.follow(library, latest).await
    }

    /// Follows the library, whose latest change was just told.
    pub async fn follow(&self, library: &dyn Library, latest: u64) -> Result<(), Fault> {
        if self.state.load().change == latest {
            return Ok(());
        }
        let _one_at_a_time = self.refreshing.lock().await;
        if self.state.load().change == latest {
            return Ok(());
        }
        let mut writer = self.writer().await?;
        let latest = library.change_latest(&self.knowledge).await?;
        let (mut change, mut vectors) = self.committed().await?;
        if change > latest {
            // The library is younger than the index: it was restored from a backup.
            writer.delete_all_documents().map_err(|error| broken(&error))?;
            (change, vectors) = (0, Flat::new(vectors.dimensions()));
        }
        loop {
            let page = library.change_list(&self.knowledge, change, PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            change = *last;
            let (lexical, embedder) = (self.lexical.clone(), self.embedder.clone());
            (writer, vectors) = on_thread(move || {
                page.into_iter()
                    .try_for_each(|(_, change)| apply(&lexical, &writer, &mut vectors, &embedder, change))?;
                Ok((writer, vectors))
            })
            .await?;
        }
        let lexical = self.lexical.clone();
        let change = change.max(latest);
        let view = on_thread(move || {
            lexical.commit(&mut writer, change)?;
            writer.wait_merging_threads()?;
            lexical.view()
        });
        self.state.store(Arc::new(State { change, view: view.await?, vectors: Arc::new(vectors) }));
        Ok(())
    }

    /// Follows the library as [`refresh`](Self::refresh) does, and leaves nothing in the index's files of what went.
    pub async fn scrub(&self, library: &dyn Library) -> Result<(), Fault> {
        self.refresh(library).await?;
        let _one_at_a_time = self.refreshing.lock().await;
        let (mut writer, lexical) = (self.writer().await?, self.lexical.clone());
        let (writer, view) = on_thread(move || {
            lexical.rewrite(&mut writer)?;
            Ok((writer, lexical.view()?))
        })
        .await?;
        let before = self.state.load_full();
        self.state.store(Arc::new(State { change: before.change, view, vectors: before.vectors.clone() }));
        drop(before);
        let lexical = self.lexical.clone();
        on_thread(move || lexical.sweep(writer)).await
    }

    /// Waits for its turn to write.
    async fn writer(&self) -> Result<Writer, Fault> {
        for _ in 0..PATIENCE.as_millis() / POLL.as_millis() {
            let lexical = self.lexical.clone();
            if let Some(writer) = on_thread(move || lexical.writer()).await? {
                return Ok(writer);
            }
            tokio::time::sleep(POLL).await;
        }
        let message = format!("another process has held the index of '{}' for too long", self.knowledge);
        Err(Fault::new(Code::Unavailable, message).retry(Retry::Later(Some(POLL))))
    }

    /// What to go on from: the present state, or what another process has committed since.
    async fn committed(&self) -> Result<(u64, Flat), Fault> {
        let (state, lexical) = (self.state.load_full(), self.lexical.clone());
        on_thread(move || {
            let change = lexical.change()?;
            if change == state.change {
                return Ok((change, Flat::clone(&state.vectors)));
            }
            Ok((change, lexical.vectors(&lexical.view()?, state.vectors.dimensions())?))
        })
        .await
    }

    /// The passages with these keys, as they are kept here: none where the index keeps no copies.
    pub async fn copies(&self, keys: Vec<u64>) -> Result<Vec<StoredPassage>, Fault> {
        let (state, lexical) = (self.state.load_full(), self.lexical.clone());
        on_thread(move || lexical.copies(&state.view, &keys)).await
    }

    /// The best `depth` passages of each leg. Passages that only the lexical leg found have their vector's score
    /// too, as it costs nothing. No order.
    pub async fn search(&self, query: &str, vector: Vec<f32>, depth: usize) -> Result<Vec<Scored>, Fault> {
        let (state, lexical, query) = (self.state.load_full(), self.lexical.clone(), query.to_owned());
        on_thread(move || {
            let probe = Probe::new(&vector);
            let words = lexical.search(&state.view, &query, depth)?;
            let mut found: std::collections::BTreeMap<u64, Scored> = words
                .into_iter()
                .map(|(key, score)| {
                    (key, Scored { key, lexical: Some(score), vector: state.vectors.cosine(key, &probe) })
                })
                .collect();
            for (key, cosine) in state.vectors.nearest(&probe, depth) {
                found.entry(key).or_insert(Scored { key, lexical: None, vector: Some(cosine) });
            }
            Ok(found.into_values().collect())
        })
        .await
    }
}

fn opened(folder: Option<&Path>, origin: &Origin, dimensions: usize) -> tantivy::Result<(Lexical, State)> {
    match (read(folder, origin, dimensions), folder) {
        (Err(error), Some(folder)) => {
            tracing::warn!(%error, folder = %folder.display(), "the index is damaged and is built anew");
            std::fs::remove_dir_all(folder)?;
            read(Some(folder), origin, dimensions)
        }
        (read, _) => read,
    }
}

fn read(folder: Option<&Path>, origin: &Origin, dimensions: usize) -> tantivy::Result<(Lexical, State)> {
    let lexical = Lexical::open(folder, origin)?;
    let (change, view) = (lexical.change()?, lexical.view()?);
    let vectors = Arc::new(lexical.vectors(&view, dimensions)?);
    Ok((lexical, State { change, view, vectors }))
}

fn apply(lexical: &Lexical, writer: &Writer, flat: &mut Flat, embedder: &str, change: Change) -> tantivy::Result<()> {
    match change {
        Change::Added { passages, vectors } => {
            // Vectors of another embedder are not compared: their passages are found by their words until the
            // next ingest has embedded them anew.
            let usable = vectors.embedder == embedder && vectors.dimensions > 0;
            let rows = if usable { vectors.data.as_slice() } else { &[] };
            let mut rows = rows.chunks_exact(vectors.dimensions.max(1));
            for stored in passages {
                let vector = rows.next().unwrap_or_default();
                lexical.remove(writer, stored.key);
                lexical.add(writer, &stored, &headed(&stored.title, &stored.passage), vector)?;
                flat.add(stored.key, vector);
            }
        }
        Change::Removed { keys } => keys.into_iter().for_each(|key| {
            lexical.remove(writer, key);
            flat.remove(key);
        }),
    }
    Ok(())
}

async fn on_thread<T: Send + 'static>(work: impl FnOnce() -> tantivy::Result<T> + Send + 'static) -> Result<T, Fault> {
    let done = spawn_blocking(work).await.map_err(|error| Fault::internal(format!("the index stopped: {error}")))?;
    done.map_err(|error| broken(&error))
}

fn broken(error: &tantivy::TantivyError) -> Fault {
    Fault::internal(format!("the index cannot be used: {error}.")).hint("Its folder can be deleted: it is built anew.")
}
