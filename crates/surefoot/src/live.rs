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
use tokio::{sync::mpsc, time::timeout};

use crate::{assemble::House, commands::ingest, settings, terminal::tell};

/// How long files must rest before they are read: editors save in several steps.
const REST: Duration = Duration::from_millis(150);

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
    /// Reads all documents once.
    pub(crate) async fn ingest_all(&self) {
        for source in &self.sources {
            self.ingest(source).await;
        }
    }

    /// Watches until the task is dropped.
    pub(crate) async fn watch(mut self) {
        let (changed, mut changes) = mpsc::unbounded_channel();
        let mut watcher = match notify::recommended_watcher(move |event: notify::Result<Event>| {
            // The other end goes only when the program ends.
            let _ = changed.send(event);
        }) {
            Ok(watcher) => watcher,
            Err(error) => return tell(format!("edits are not picked up: {error}")),
        };
        self.watch_folders(&mut watcher);
        while let Some(first) = changes.recv().await {
            let mut paths = touched(first);
            while let Ok(Some(next)) = timeout(REST, changes.recv()).await {
                paths.extend(touched(next));
            }
            self.follow(&paths).await;
            self.watch_folders(&mut watcher);
        }
    }

    /// Watching what is watched already changes nothing.
    fn watch_folders(&self, watcher: &mut RecommendedWatcher) {
        let folders = self.sources.iter().map(|source| source.folder.as_path()).chain([self.folder.as_path()]);
        for folder in folders {
            if let Err(error) = watcher.watch(folder, RecursiveMode::Recursive) {
                tell(format!("edits in {} are not picked up: {error}", folder.display()));
            }
        }
    }

    async fn follow(&mut self, paths: &[PathBuf]) {
        let own = |path: &PathBuf| within(path, &self.data);
        let paths: Vec<&PathBuf> = paths.iter().filter(|path| !own(path)).collect();
        let document = |path: &PathBuf| self.sources.iter().any(|source| within(path, &source.folder));
        let before = self.sources.clone();
        if paths.iter().any(|path| !document(path) && within(path, &self.folder)) {
            self.reload();
        }
        for source in self.sources.clone() {
            let new = !before.contains(&source);
            if new || paths.iter().any(|path| within(path, &source.folder)) {
                self.ingest(&source).await;
            }
        }
    }

    /// Takes the project's files as they are now, if they are right.
    fn reload(&mut self) {
        match settings::load(&self.folder) {
            Ok((settings, _)) => {
                let changed = settings.project.version != self.house.project.load().version;
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

    async fn ingest(&self, source: &Source) {
        match self.house.ingest(source, &|_| {}).await {
            Ok(report) => {
                if report.added + report.changed + report.removed > 0 || !report.failed.is_empty() {
                    tell(ingest::line(&source.knowledge, &report));
                }
                report.failed.iter().for_each(|one| tell(format!("  {}: {}", one.path, one.reason)));
            }
            Err(fault) => tell(format!("{} could not be read: {}", source.knowledge, fault.told())),
        }
    }
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
