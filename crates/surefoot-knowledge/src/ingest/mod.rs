//! Sources into the library.
//!
//! A source lists what it has and fetches what changed ([`Source`]).
//! A file that has not changed costs a hash; a changed one replaces its document; a deleted one
//! takes its document away. Each document is one transaction of the library, so an ingest that is
//! killed half way has done whole documents only, and the next one goes on where it stopped. A
//! file that cannot be read is reported by name with its reason; its last good version stays.

pub mod parse;
mod read;
mod sources;
#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, HashSet},
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
pub use sources::{Bucket, Git, INCLUDED, Source, Web, is_public};
use sources::{Fetched, Item, Origin};

/// Larger files are reported, not read.
pub const LARGEST: u64 = 64 << 20;

fn too_large() -> String {
    format!("it is larger than {} MB", LARGEST >> 20)
}

/// What the paths of documents begin with that were uploaded.
pub const UPLOADED: &str = "upload:";
/// Passages embedded in one call.
const BATCH: usize = 64;

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
    /// Of the added ones, those that are a removed one under another name.
    pub moved: u64,
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
    origins: Vec<Box<dyn Origin + 'a>>,
}

/// What all origins have.
#[derive(Default)]
struct Found {
    /// Each with the number of its origin.
    items: Vec<(usize, Item)>,
    failed: Vec<Failed>,
    /// Origins of which not everything was seen.
    partial: HashSet<usize>,
}

/// Brings a knowledge up to date with its source. Fails where the folder cannot be read at all, the library is
/// unavailable or the embedder fails; documents done before that stay done. What is away over the network is reported,
/// and its documents stay.
pub async fn ingest(
    source: &Source,
    library: &dyn Library,
    embedder: &dyn Embedder,
    clock: &dyn Clock,
    chance: &dyn Chance,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Report, Fault> {
    let started = Instant::now();
    let origins = source.origins(clock)?;
    let stamps = library.document_stamps(&source.knowledge).await?;
    let known = stamps.into_iter().map(|stamp| (stamp.path.clone(), stamp)).collect();
    let erased = library.tombstone_list(&source.knowledge).await?.into_iter().collect();
    let job = Job { source, library, embedder, clock, chance, known, erased, origins };
    let found = job.list().await?;
    progress(Progress::Found { files: found.items.len() });

    let mut report = Report::default();
    for failed in &found.failed {
        let outcome = Outcome::Failed { reason: failed.reason.clone() };
        tell(&mut report, progress, failed.path.clone(), outcome);
    }
    let gone = job.gone(&found);
    let removed: HashSet<&String> =
        gone.iter().filter_map(|path| job.known.get(path)).map(|stamp| &stamp.hash).collect();
    let at_once = std::thread::available_parallelism().map_or(2, usize::from) + 1;
    let mut done = stream::iter(found.items)
        .map(|(origin, item)| {
            let job = &job;
            async move {
                let path = item.path.clone();
                Ok::<_, Fault>((path, job.document(&*job.origins[origin], item).await?))
            }
        })
        .buffer_unordered(at_once);
    while let Some((path, (outcome, hash))) = done.try_next().await? {
        report.moved += u64::from(matches!(outcome, Outcome::Added { .. }) && removed.contains(&hash));
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
    /// What all origins have. One that is away is reported.
    async fn list(&self) -> Result<Found, Fault> {
        let mut found = Found::default();
        for (number, origin) in self.origins.iter().enumerate() {
            match origin.list().await {
                Ok(listed) => {
                    found.items.extend(listed.items.into_iter().map(|item| (number, item)));
                    found.failed.extend(listed.failed);
                    found.partial.extend(listed.partial.then_some(number));
                }
                Err(fault) if origin.is_remote() => {
                    found.failed.push(Failed { path: origin.name(), reason: fault.message });
                    found.partial.insert(number);
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(found)
    }

    /// The documents that are gone from their origins, and those whose origin is not named any more. What lies under
    /// a folder that could not be looked into is not; what was uploaded has no origin.
    fn gone(&self, found: &Found) -> Vec<String> {
        let there: HashSet<&str> = found.items.iter().map(|(_, item)| item.path.as_str()).collect();
        let unseen = |path: &str| {
            let failed = |failed: &Failed| {
                failed.path == "." || failed.path == path || path.starts_with(&format!("{}/", failed.path))
            };
            let origin = self.origins.iter().position(|origin| origin.owns(path));
            found.failed.iter().any(failed) || origin.is_some_and(|origin| found.partial.contains(&origin))
        };
        let is_gone = |path: &&String| !there.contains(path.as_str()) && !unseen(path) && !path.starts_with(UPLOADED);
        let mut gone: Vec<String> = self.known.keys().filter(is_gone).cloned().collect();
        gone.sort();
        gone
    }

    /// Looks at one document and does what is needed; its hash, where it was read.
    async fn document(&self, origin: &dyn Origin, item: Item) -> Result<(Outcome, String), Fault> {
        let stamp = self.known.get(&item.path);
        let current = |stamp: &&Stamp| stamp.embedder == self.embedder.name() && stamp.reader == parse::READER;
        let fresh = stamp.filter(current);
        let path = item.path.clone();
        let failed = |reason| Ok((Outcome::Failed { reason }, String::new()));
        let (bytes, etag, name) = match origin.fetch(&item, fresh.and_then(|stamp| stamp.etag.as_deref())).await {
            Ok(Fetched::Bytes { bytes, etag, name }) => (bytes, etag, name),
            Ok(Fetched::Same) => return Ok((Outcome::Unchanged, String::new())),
            Ok(Fetched::Gone) if stamp.is_some() => {
                self.library.document_remove(&self.source.knowledge, &path).await?;
                return Ok((Outcome::Removed, String::new()));
            }
            Ok(Fetched::Gone) => return failed("it is not there".into()),
            Err(reason) => return failed(reason),
        };
        let (known_hash, size) = (fresh.map(|stamp| stamp.hash.clone()), bytes.len() as u64);
        let read = spawn_blocking(move || {
            let hash = blake3::hash(&bytes).to_hex().to_string();
            if Some(&hash) == known_hash.as_ref() {
                return Ok(None);
            }
            Ok(Some((read::made(&name, bytes)?, hash)))
        });
        let (made, hash) = match read.await {
            Ok(Ok(Some(read))) => read,
            Ok(Ok(None)) => return Ok((Outcome::Unchanged, String::new())),
            Ok(Err(reason)) => return failed(reason),
            Err(_panic) => return failed("its reader broke down on it".into()),
        };
        let outcome = self.kept(path, made, hash.clone(), size, etag, stamp.is_some()).await?;
        Ok((outcome, hash))
    }

    async fn kept(
        &self,
        path: String,
        made: read::Made,
        hash: String,
        bytes: u64,
        etag: Option<String>,
        known: bool,
    ) -> Result<Outcome, Fault> {
        if self.erased.contains(&hash) {
            return Ok(Outcome::Failed { reason: "its owner was erased: delete the file".into() });
        }
        let owner = self.source.owner(&path);
        let document = Document {
            id: DocumentId::mint(self.clock, self.chance),
            knowledge: self.source.knowledge.clone(),
            path,
            title: made.title,
            format: made.format.to_owned(),
            metadata: made.metadata,
            etag,
            reader: parse::READER,
            hash,
            owner,
            bytes,
            at: self.clock.now(),
            text: made.text,
        };
        keep(self.library, self.embedder, &document, &made.passages).await?;
        let passages = made.passages.len();
        Ok(if known { Outcome::Changed { passages, bytes } } else { Outcome::Added { passages, bytes } })
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
