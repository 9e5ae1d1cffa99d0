//! Live edits: watches a project's files and its documents, and keeps the running program true to them.
//! A broken edit is refused, and what was good goes on serving.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use surefoot_knowledge::ingest::Source;
use surefoot_types::Code;
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, sleep, timeout_at},
};

use crate::{assemble::House, commands::ingest, settings, terminal::tell};

/// How long files must rest before they are read: editors save in several steps.
const REST: Duration = Duration::from_millis(150);
/// How long is waited at most while they do not rest.
const LONGEST_REST: Duration = Duration::from_secs(2);

/// How soon documents that the store could not take are read again.
const AGAIN: Duration = Duration::from_secs(2);

/// What the outside may know of the running program.
#[derive(Debug, Default)]
pub(crate) struct Status {
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    /// Why the last edit was refused.
    refused: Option<String>,
    /// What is being done before requests can be served well.
    busy: BTreeSet<String>,
}

impl Status {
    /// Why the last edit was refused, if it was.
    pub(crate) fn refused(&self) -> Option<String> {
        self.lock().refused.clone()
    }

    /// What keeps the program from serving.
    pub(crate) fn busy(&self) -> Vec<String> {
        self.lock().busy.iter().cloned().collect()
    }

    /// Something begins, or ends, to keep the program from serving.
    pub(crate) fn set_busy(&self, what: &str, busy: bool) {
        let mut told = self.lock();
        if busy {
            told.busy.insert(what.to_owned())
        } else {
            told.busy.remove(what)
        };
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A project that is being watched.
pub(crate) struct Live {
    pub(crate) house: Arc<House>,
    pub(crate) status: Arc<Status>,
    pub(crate) folder: PathBuf,
    pub(crate) data: PathBuf,
    pub(crate) sources: Vec<Source>,
}

impl Live {
    /// Reads all documents of folders once.
    pub(crate) async fn ingest_all(&self) {
        for source in self.sources.iter().filter(|source| source.is_local()) {
            read(&self.house, source).await;
        }
    }

    /// Reads all documents once and calls `ready`; then only what comes over the network is followed.
    pub(crate) async fn once(&self, ready: impl FnOnce()) {
        let mut remote = self.follow_remote();
        self.ingest_all().await;
        ready();
        while remote.join_next().await.is_some() {}
    }

    /// Reads all documents and calls `ready`; then watches until the task is dropped. What is edited while
    /// the documents are read waits its turn.
    pub(crate) async fn watch(mut self, ready: impl FnOnce()) {
        let (changed, mut changes) = mpsc::unbounded_channel();
        let data = self.data.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let paths: BTreeSet<PathBuf> = touched(event).into_iter().filter(|path| !within(path, &data)).collect();
            if !paths.is_empty() {
                // The other end goes only when the program ends.
                let _ = changed.send(paths);
            }
        });
        let mut watcher = match watcher {
            Ok(watcher) => watcher,
            Err(error) => {
                tell(format!("edits are not picked up: {error}"));
                return self.once(ready).await;
            }
        };
        self.watch_folders(&mut watcher);
        let mut remote = self.follow_remote();
        self.ingest_all().await;
        ready();
        while let Some(mut paths) = changes.recv().await {
            let patience = Instant::now() + LONGEST_REST;
            while let Ok(Some(next)) = timeout_at(patience.min(Instant::now() + REST), changes.recv()).await {
                paths.extend(next);
            }
            let before = self.sources.clone();
            self.follow(&paths).await;
            if self.sources != before {
                remote = self.follow_remote();
            }
            self.watch_folders(&mut watcher);
        }
        drop(remote);
    }

    /// Follows what comes over the network, each source in a task of its own that ends with the set: a slow site holds
    /// up nothing else. A source that is fed by both is one of these.
    pub(crate) fn follow_remote(&self) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        for source in self.sources.iter().filter(|source| !source.is_local()) {
            tasks.spawn(keep_up(Arc::clone(&self.house), source.clone()));
        }
        tasks
    }

    /// Watching what is watched already changes nothing. The data folder is not watched: every record is a change there.
    fn watch_folders(&self, watcher: &mut RecommendedWatcher) {
        let folders = self.sources.iter().filter_map(|source| source.folder.as_deref()).chain([self.folder.as_path()]);
        for folder in folders {
            if let Err(error) = watcher.watch(folder, RecursiveMode::Recursive) {
                tell(format!("edits in {} are not picked up: {error}", folder.display()));
            }
        }
        // It may lie elsewhere; and a system that watches folders only as a whole tells of it all the same.
        let _ = watcher.unwatch(&self.data);
    }

    async fn follow(&mut self, paths: &BTreeSet<PathBuf>) {
        let before = self.sources.clone();
        if paths.iter().any(|path| self.is_settings(path)) {
            self.reload();
        }
        for source in self.sources.clone() {
            let new = source.is_local() && !before.contains(&source);
            let edited = |folder: &PathBuf| paths.iter().any(|path| within(path, folder));
            if new || source.folder.as_ref().is_some_and(edited) {
                read(&self.house, &source).await;
            }
        }
    }

    /// Whether a path is one that [`settings::load`] reads, or a folder on the way to one. Documents may lie
    /// in the project's folder too.
    fn is_settings(&self, path: &Path) -> bool {
        settings::FILES.iter().any(|name| {
            let place = self.folder.join(name);
            within(path, &place) || within(&place, path)
        })
    }

    /// Takes the project's files as they are now, if they are right.
    fn reload(&mut self) {
        match settings::load(&self.folder) {
            Ok((settings, _)) => {
                let changed = settings.project.version != self.house.project.load().version;
                let known = |source: &&Source| {
                    self.sources
                        .iter()
                        .any(|old| old == *source || !source.is_local() && old.knowledge == source.knowledge)
                };
                for source in settings.knowledge.iter().filter(|source| !known(source)) {
                    self.house.unread.begin(&source.knowledge);
                }
                self.house.adopt(&settings);
                self.sources = settings.knowledge;
                let refused = self.status.lock().refused.take();
                if changed || refused.is_some() {
                    tell("the project was edited: the new version is serving");
                }
            }
            Err(mistakes) => {
                let told = settings::render(&mistakes);
                tell(format!("the edit was refused; the version before it goes on serving\n{told}"));
                self.status.lock().refused = Some(told);
            }
        }
    }
}

/// Keeps a source that comes over the network up to date, as often as it says.
async fn keep_up(house: Arc<House>, source: Source) {
    // What is there of it serves while it is looked at again.
    if house.store.document_stamps(&source.knowledge).await.is_ok_and(|stamps| !stamps.is_empty()) {
        house.unread.end(&source.knowledge);
    }
    loop {
        read(&house, &source).await;
        let Some(every) = source.every else { return };
        sleep(every).await;
    }
}

/// Brings a knowledge up to date: once the store was reached, if it was not there at the start.
async fn read(house: &House, source: &Source) {
    let mut told = false;
    let ingested = loop {
        match house.ingest(source, &|_| {}).await {
            Err(fault) if fault.code == Code::Unavailable && !house.minted_keys.load().is_complete() => {
                if !std::mem::replace(&mut told, true) {
                    tell(format!("{} waits for the store: {}", source.knowledge, fault.told()));
                    // Nothing of it is read half: what was kept here of it is as it was.
                    house.unread.end(&source.knowledge);
                }
                sleep(AGAIN).await;
            }
            ended => break ended,
        }
    };
    match ingested {
        Ok(report) => {
            if report.added + report.changed + report.removed > 0 || !report.failed.is_empty() {
                tell(ingest::line(&source.knowledge, &report));
            }
            report.failed.iter().for_each(|one| tell(format!("  {}: {}", one.path, one.reason)));
        }
        Err(fault) => tell(format!("{} could not be read: {}", source.knowledge, fault.told())),
    }
    house.unread.end(&source.knowledge);
}

/// What an event touched; nothing for one that only looked.
fn touched(event: notify::Result<Event>) -> Vec<PathBuf> {
    match event {
        Ok(event) if !matches!(event.kind, EventKind::Access(_)) => event.paths,
        _ => Vec::new(),
    }
}

/// Whether a path lies in a folder, whichever way either is written.
fn within(path: &Path, folder: &Path) -> bool {
    let whole = |path: &Path| std::path::absolute(path).map(|path| clean(&path));
    matches!((whole(path), whole(folder)), (Ok(path), Ok(folder)) if path.starts_with(&folder))
}

/// The path without `..`: the file may be gone, so that the system cannot be asked.
fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                clean.pop();
            }
            part => clean.push(part),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_within_folders() {
        for (path, folder, expected) in [
            ("/a/b/c.md", "/a/b", true),
            ("/a/b/../b/c.md", "/a/x/../b", true),
            ("/a/bc/d.md", "/a/b", false),
            ("c.md", ".", true),
        ] {
            assert_eq!(within(Path::new(path), Path::new(folder)), expected, "{path} in {folder}");
        }
    }
}
