//! Folders into the library.
//!
//! A file that has not changed costs a hash; a changed one replaces its document; a deleted one
//! takes its document away. Each document is one transaction of the library, so an ingest that is
//! killed half way has done whole documents only, and the next one goes on where it stopped. A
//! file that cannot be read is reported by name with its reason; its last good version stays.

pub mod parse;
mod read;
#[cfg(test)]
mod tests;
mod walk;

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    time::Duration,
};

use futures_util::{StreamExt, TryStreamExt, stream};
use surefoot_types::{
    Chance, Clock, Fault,
    document::{Document, Passage, Stamp},
    ids::DocumentId,
    ports::Library,
};
use tokio::{task::spawn_blocking, time::Instant};

use crate::embed::{self, Embedder};
pub use read::LARGEST;
use walk::File;
pub use walk::INCLUDED;

/// Passages embedded in one call.
const BATCH: usize = 64;

/// A folder that feeds a knowledge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The knowledge's name.
    pub knowledge: String,
    /// The folder.
    pub folder: PathBuf,
    /// Globs of files to read, over paths within the folder; empty means [`INCLUDED`].
    pub include: Vec<String>,
    /// Globs of files to leave out.
    pub exclude: Vec<String>,
    /// The folder within it whose folders are named after the users who own what lies in them.
    pub owners: Option<String>,
}

impl Source {
    /// Every document of a folder.
    pub fn folder(knowledge: &str, folder: PathBuf) -> Self {
        Self { knowledge: knowledge.to_owned(), folder, include: Vec::new(), exclude: Vec::new(), owners: None }
    }

    /// The user who owns the document at `path`.
    fn owner(&self, path: &str) -> Option<String> {
        let within = path.strip_prefix(self.owners.as_deref()?)?.strip_prefix('/')?;
        within.split_once('/').map(|(owner, _)| owner.to_owned())
    }
}

/// A file that was not read.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Failed {
    /// Its path within the folder.
    pub path: String,
    /// Why, as the end of a sentence about it.
    pub reason: String,
}

/// What an ingest did.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// Documents that are new.
    pub added: u64,
    /// Documents replaced by a newer version, or embedded anew.
    pub changed: u64,
    /// Documents left as they were.
    pub unchanged: u64,
    /// Documents whose file is gone.
    pub removed: u64,
    /// Files that could not be read.
    pub failed: Vec<Failed>,
    /// Passages written.
    pub passages: u64,
    /// Bytes of the files that were added or changed.
    pub bytes: u64,
    /// How long it took.
    pub took: Duration,
}

/// What became of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is new.
    Added {
        /// Its passages.
        passages: usize,
        /// Its size in bytes.
        bytes: u64,
    },
    /// It replaced its older version.
    Changed {
        /// Its passages.
        passages: usize,
        /// Its size in bytes.
        bytes: u64,
    },
    /// It is as it was.
    Unchanged,
    /// Its file is gone, and so is it.
    Removed,
    /// It could not be read.
    Failed {
        /// Why.
        reason: String,
    },
}

/// News of a running ingest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// So many files will be looked at.
    Found {
        /// How many.
        files: usize,
    },
    /// A document is done.
    Done {
        /// Its path.
        path: String,
        /// What became of it.
        outcome: Outcome,
    },
}

/// Everything that one document's ingest needs.
struct Job<'a> {
    source: &'a Source,
    library: &'a dyn Library,
    embedder: &'a dyn Embedder,
    clock: &'a dyn Clock,
    chance: &'a dyn Chance,
    known: HashMap<String, Stamp>,
    /// Hashes of what was erased with its owner, and does not come back.
    erased: HashSet<String>,
}

/// Brings a knowledge up to date with its folder. Fails where the folder cannot be read at all, the library is
/// unavailable or the embedder fails; documents done before that stay done.
pub async fn ingest(
    source: &Source,
    library: &dyn Library,
    embedder: &dyn Embedder,
    clock: &dyn Clock,
    chance: &dyn Chance,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Report, Fault> {
    let started = Instant::now();
    let asked = source.clone();
    let walked = on_thread(move || walk::walk(&asked.folder, &asked.include, &asked.exclude)).await??;
    let stamps = library.document_stamps(&source.knowledge).await?;
    let known = stamps.into_iter().map(|stamp| (stamp.path.clone(), stamp)).collect();
    let erased = library.tombstone_list(&source.knowledge).await?.into_iter().collect();
    let job = Job { source, library, embedder, clock, chance, known, erased };
    progress(Progress::Found { files: walked.files.len() });

    let mut report = Report::default();
    for failed in &walked.failed {
        let outcome = Outcome::Failed { reason: failed.reason.clone() };
        tell(&mut report, progress, failed.path.clone(), outcome);
    }
    let gone = job.gone(&walked);
    let at_once = std::thread::available_parallelism().map_or(2, usize::from) + 1;
    let mut done = stream::iter(walked.files)
        .map(|file| async { Ok::<_, Fault>((file.path.clone(), job.document(file).await?)) })
        .buffer_unordered(at_once);
    while let Some((path, outcome)) = done.try_next().await? {
        tell(&mut report, progress, path, outcome);
    }
    drop(done);
    for path in gone {
        library.document_remove(&source.knowledge, &path).await?;
        tell(&mut report, progress, path, Outcome::Removed);
    }
    report.failed.sort_by(|a, b| a.path.cmp(&b.path));
    report.took = started.elapsed();
    Ok(report)
}

fn tell(report: &mut Report, progress: &(dyn Fn(Progress) + Send + Sync), path: String, outcome: Outcome) {
    match &outcome {
        Outcome::Added { passages, bytes } | Outcome::Changed { passages, bytes } => {
            report.passages += *passages as u64;
            report.bytes += bytes;
            let count = if matches!(outcome, Outcome::Added { .. }) { &mut report.added } else { &mut report.changed };
            *count += 1;
        }
        Outcome::Unchanged => report.unchanged += 1,
        Outcome::Removed => report.removed += 1,
        Outcome::Failed { reason } => report.failed.push(Failed { path: path.clone(), reason: reason.clone() }),
    }
    progress(Progress::Done { path, outcome });
}

impl Job<'_> {
    /// The documents whose files are gone. What lies under a folder that could not be looked into is not.
    fn gone(&self, walked: &walk::Walked) -> Vec<String> {
        let there: HashSet<&str> = walked.files.iter().map(|file| file.path.as_str()).collect();
        let unseen = |path: &str| {
            walked.failed.iter().any(|failed| failed.path == "." || path.starts_with(&format!("{}/", failed.path)))
        };
        let mut gone: Vec<String> =
            self.known.keys().filter(|path| !there.contains(path.as_str()) && !unseen(path)).cloned().collect();
        gone.sort();
        gone
    }

    /// Looks at one file and does what is needed.
    async fn document(&self, file: File) -> Result<Outcome, Fault> {
        let stamp = self.known.get(&file.path);
        let current = |stamp: &&Stamp| stamp.embedder == self.embedder.name() && stamp.reader == parse::READER;
        let fresh = stamp.filter(current).map(|stamp| stamp.hash.clone());
        let read = spawn_blocking(move || {
            let source = read::source(&file)?;
            if Some(&source.hash) == fresh.as_ref() {
                return Ok(None);
            }
            let bytes = source.bytes.len() as u64;
            let made = read::made(&file, source.bytes)?;
            Ok(Some((file, made, source.hash, bytes)))
        });
        let (file, made, hash, bytes) = match read.await {
            Ok(Ok(Some(read))) => read,
            Ok(Ok(None)) => return Ok(Outcome::Unchanged),
            Ok(Err(reason)) => return Ok(Outcome::Failed { reason }),
            Err(_panic) => return Ok(Outcome::Failed { reason: "its reader broke down on it".into() }),
        };
        if self.erased.contains(&hash) {
            return Ok(Outcome::Failed { reason: "its owner was erased: delete the file".into() });
        }
        let owner = self.source.owner(&file.path);
        let document = Document {
            id: DocumentId::mint(self.clock, self.chance),
            knowledge: self.source.knowledge.clone(),
            path: file.path,
            title: made.title,
            format: made.format.to_owned(),
            metadata: made.metadata,
            etag: None,
            reader: parse::READER,
            hash,
            owner,
            bytes,
            at: self.clock.now(),
            text: made.text,
        };
        keep(self.library, self.embedder, &document, &made.passages).await?;
        let passages = made.passages.len();
        Ok(if stamp.is_some() { Outcome::Changed { passages, bytes } } else { Outcome::Added { passages, bytes } })
    }
}

/// Embeds a document's passages and keeps it.
pub(crate) async fn keep(
    library: &dyn Library,
    embedder: &dyn Embedder,
    document: &Document,
    passages: &[Passage],
) -> Result<(), Fault> {
    let texts: Vec<String> = passages.iter().map(|passage| headed(&document.title, passage)).collect();
    let mut vectors = Vec::with_capacity(texts.len());
    for batch in texts.chunks(BATCH) {
        vectors.extend(embedder.embed(batch, embed::Kind::Passage).await?);
    }
    library.document_put(document, passages, &embed::quantise(embedder, &vectors)?).await?;
    Ok(())
}

/// A passage as it is searched: what it is from in front of what it says.
pub(crate) fn headed(title: &str, passage: &Passage) -> String {
    let mut text = String::with_capacity(title.len() + passage.text.len() + 64);
    let headings = passage.heading_path.iter().map(String::as_str).filter(|heading| *heading != title);
    let lead = passage.lead.as_deref();
    for name in std::iter::once(title).chain(headings).chain(lead) {
        text.push_str(name);
        text.push('\n');
    }
    text.push_str(&passage.text);
    text
}

async fn on_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
    spawn_blocking(work).await.map_err(|error| Fault::internal(format!("reading stopped: {error}")))
}
