use std::{fs, path::Path, sync::Mutex};

use async_trait::async_trait;
use surefoot_testkit::{CountingChance, HandClock, MemoryStore};
use surefoot_types::{
    document::{StoredPassage, Vectors},
    ports::{Archive, Change, StoreError, Stored},
};

use super::*;
use crate::embed::StaticEmbedder;

/// A folder, a library, and what to do with them.
struct Bench {
    folder: tempfile::TempDir,
    library: MemoryStore,
    chance: CountingChance,
}

impl Bench {
    fn new(files: &[(&str, &str)]) -> Self {
        let bench = Self {
            folder: tempfile::tempdir().unwrap(),
            library: MemoryStore::default(),
            chance: CountingChance::default(),
        };
        files.iter().for_each(|(path, text)| bench.write(path, text.as_bytes()));
        bench
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let place = self.folder.path().join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, bytes).unwrap();
    }

    fn source(&self) -> Source {
        let folder = self.folder.path().to_owned();
        Source { owners: Some("users".into()), ..Source::folder("docs", folder) }
    }

    async fn ingest(&self) -> Report {
        self.ingest_into(&self.library, &StaticEmbedder, &self.source()).await.unwrap()
    }

    async fn ingest_into(&self, to: &dyn Library, with: &dyn Embedder, source: &Source) -> Result<Report, Fault> {
        ingest(source, to, with, &HandClock::default(), &self.chance, &|_| ()).await
    }

    async fn paths(&self) -> Vec<String> {
        self.library.document_stamps("docs").await.unwrap().into_iter().map(|stamp| stamp.path).collect()
    }

    async fn text(&self, path: &str) -> String {
        let stamps = self.library.document_stamps("docs").await.unwrap();
        let stamp = stamps.into_iter().find(|stamp| stamp.path == path).unwrap();
        self.library.document_get(stamp.document_id).await.unwrap().unwrap().text
    }
}

/// Added, changed, unchanged, removed, failed.
fn counts(report: &Report) -> [u64; 5] {
    [report.added, report.changed, report.unchanged, report.removed, report.failed.len() as u64]
}

#[tokio::test]
async fn the_life_of_a_folder() {
    let bench = Bench::new(&[("a.md", "# A\n\nOne."), ("sub/b.txt", "Two."), ("c.html", "<title>C</title><p>Three.")]);
    let report = bench.ingest().await;
    assert_eq!((counts(&report), report.passages, report.bytes), ([3, 0, 0, 0, 0], 3, 9 + 4 + 25));
    assert_eq!(bench.paths().await, ["a.md", "c.html", "sub/b.txt"]);

    let latest = bench.library.change_latest("docs").await.unwrap();
    assert_eq!(counts(&bench.ingest().await), [0, 0, 3, 0, 0]);
    assert_eq!(bench.library.change_latest("docs").await.unwrap(), latest);

    bench.write("a.md", b"# A\n\nOne and a half.");
    bench.write("d.md", b"New.");
    fs::remove_file(bench.folder.path().join("sub/b.txt")).unwrap();
    assert_eq!(counts(&bench.ingest().await), [1, 1, 1, 1, 0]);
    assert_eq!(bench.paths().await, ["a.md", "c.html", "d.md"]);
    assert_eq!(bench.text("a.md").await, "# A\n\nOne and a half.");
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_its_last_version_stays() {
    let bench = Bench::new(&[("good.md", "Good."), ("turns.md", "First version.")]);
    bench.ingest().await;
    bench.write("turns.md", b"\xff\xfe\x00");
    bench.write("scan.pdf", b"not a pdf");
    bench.write("data.txt", b"a\0b");
    let report = bench.ingest().await;
    assert_eq!(counts(&report), [0, 0, 1, 0, 3]);
    let names: Vec<&str> = report.failed.iter().map(|failed| failed.path.as_str()).collect();
    assert_eq!(names, ["data.txt", "scan.pdf", "turns.md"]);
    assert_eq!(report.failed[1].reason, "it is no PDF");
    assert_eq!(bench.text("turns.md").await, "First version.");
}

#[tokio::test]
async fn globs_hidden_files_and_ignored_ones() {
    let bench = Bench::new(&[
        ("keep.md", "x"),
        ("drafts/no.md", "x"),
        (".hidden.md", "x"),
        ("built/out.md", "x"),
        (".gitignore", "built/\n"),
        ("image.png", "x"),
        ("src/main.rs", "fn main() {}"),
    ]);
    let mut source = bench.source();
    source.exclude = vec!["drafts/**".into()];
    bench.ingest_into(&bench.library, &StaticEmbedder, &source).await.unwrap();
    assert_eq!(bench.paths().await, ["keep.md"]);
    source.include = vec!["**/*.rs".into()];
    bench.ingest_into(&bench.library, &StaticEmbedder, &source).await.unwrap();
    assert_eq!(bench.paths().await, ["src/main.rs"]);
    source.include = vec!["[".into()];
    assert!(bench.ingest_into(&bench.library, &StaticEmbedder, &source).await.is_err());
}

#[cfg(unix)]
#[tokio::test]
async fn links_out_of_the_folder_are_not_followed() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.md"), "Secret.").unwrap();
    let bench = Bench::new(&[("real.md", "Real.")]);
    let link = |to: &Path, name: &str| std::os::unix::fs::symlink(to, bench.folder.path().join(name)).unwrap();
    link(&outside.path().join("secret.md"), "secret.md");
    link(outside.path(), "folder");
    link(&bench.folder.path().join("real.md"), "inside.md");
    bench.ingest().await;
    assert_eq!(bench.paths().await, ["inside.md", "real.md"]);
}

#[tokio::test]
async fn a_folder_that_is_gone_takes_nothing_away() {
    let bench = Bench::new(&[("a.md", "One.")]);
    bench.ingest().await;
    let mut source = bench.source();
    source.folder = source.folder.map(|folder| folder.join("gone"));
    let fault = bench.ingest_into(&bench.library, &StaticEmbedder, &source).await.unwrap_err();
    assert_eq!(fault.code, surefoot_types::Code::NotFound);
    assert_eq!(bench.paths().await, ["a.md"]);
}

/// Another embedder, which gives nothing but zeros.
struct Zeros;

#[async_trait]
impl Embedder for Zeros {
    fn name(&self) -> &str {
        "zeros-v1"
    }
    fn dimensions(&self) -> usize {
        4
    }
    fn lexical_weight(&self) -> f32 {
        1.0
    }
    async fn embed(&self, texts: &[String], _kind: embed::Kind) -> Result<Vec<Vec<f32>>, Fault> {
        Ok(vec![vec![0.0; 4]; texts.len()])
    }
}

#[tokio::test]
async fn another_embedder_embeds_anew() {
    let bench = Bench::new(&[("a.md", "One."), ("b.md", "Two.")]);
    bench.ingest().await;
    let report = bench.ingest_into(&bench.library, &Zeros, &bench.source()).await.unwrap();
    assert_eq!(counts(&report), [0, 2, 0, 0, 0]);
    let report = bench.ingest_into(&bench.library, &Zeros, &bench.source()).await.unwrap();
    assert_eq!(counts(&report), [0, 0, 2, 0, 0]);
}

/// A library that dies after so many documents.
struct Dying {
    inner: &'static MemoryStore,
    left: Mutex<u32>,
}

#[async_trait]
impl Library for Dying {
    async fn library_id(&self) -> Stored<String> {
        self.inner.library_id().await
    }

    async fn document_put(&self, document: &Document, passages: &[Passage], vectors: &Vectors) -> Stored<()> {
        let alive = {
            let mut left = self.left.lock().unwrap();
            let alive = *left > 0;
            *left = left.saturating_sub(1);
            alive
        };
        if !alive {
            return Err(StoreError::Unavailable("killed".into()));
        }
        self.inner.document_put(document, passages, vectors).await
    }
    async fn document_remove(&self, knowledge: &str, path: &str) -> Stored<bool> {
        self.inner.document_remove(knowledge, path).await
    }
    async fn document_get(&self, id: DocumentId) -> Stored<Option<Document>> {
        self.inner.document_get(id).await
    }
    async fn document_stamps(&self, knowledge: &str) -> Stored<Vec<Stamp>> {
        self.inner.document_stamps(knowledge).await
    }
    async fn passage_get(&self, keys: &[u64]) -> Stored<Vec<StoredPassage>> {
        self.inner.passage_get(keys).await
    }
    async fn passage_list(&self, document: DocumentId) -> Stored<Vec<StoredPassage>> {
        self.inner.passage_list(document).await
    }
    async fn change_latest(&self, knowledge: &str) -> Stored<u64> {
        self.inner.change_latest(knowledge).await
    }
    async fn change_list(&self, knowledge: &str, after: u64, limit: usize) -> Stored<Vec<(u64, Change)>> {
        self.inner.change_list(knowledge, after, limit).await
    }
    async fn tombstone_list(&self, knowledge: &str) -> Stored<Vec<String>> {
        self.inner.tombstone_list(knowledge).await
    }
    async fn knowledge_list(&self) -> Stored<Vec<String>> {
        self.inner.knowledge_list().await
    }
}

#[tokio::test]
async fn killed_half_way_and_run_again() {
    let bench = Bench::new(&[]);
    (0..20).for_each(|n| bench.write(&format!("{n:02}.md"), format!("# Number {n}\n\nText {n}.").as_bytes()));
    let inner: &'static MemoryStore = Box::leak(Box::default());
    let dying = Dying { inner, left: Mutex::new(7) };
    assert!(bench.ingest_into(&dying, &StaticEmbedder, &bench.source()).await.is_err());
    assert_eq!(inner.document_stamps("docs").await.unwrap().len(), 7);
    let report = bench.ingest_into(inner, &StaticEmbedder, &bench.source()).await.unwrap();
    assert_eq!(counts(&report), [13, 0, 7, 0, 0]);
}

#[tokio::test]
async fn progress_tells_of_every_file() {
    let bench = Bench::new(&[("a.md", "One."), ("b.txt", "a\0b")]);
    let told = Mutex::new(Vec::new());
    let tell = |progress| told.lock().unwrap().push(progress);
    let (clock, source) = (HandClock::default(), bench.source());
    ingest(&source, &bench.library, &StaticEmbedder, &clock, &bench.chance, &tell).await.unwrap();
    let mut told = told.into_inner().unwrap();
    assert_eq!(told.remove(0), Progress::Found { files: 2 });
    told.sort_by_key(|progress| format!("{progress:?}"));
    let failed = Outcome::Failed { reason: "it is a binary file".into() };
    assert_eq!(
        told,
        [
            Progress::Done { path: "a.md".into(), outcome: Outcome::Added { passages: 1, bytes: 4 } },
            Progress::Done { path: "b.txt".into(), outcome: failed },
        ]
    );
}

#[tokio::test]
async fn what_a_user_owned_does_not_come_back() {
    let bench = Bench::new(&[
        ("users/ann/a.md", "Ann's own words."),
        ("users/bob/b.md", "Bob's own words."),
        ("users/c.md", "Nobody's words."),
    ]);
    assert_eq!(counts(&bench.ingest().await), [3, 0, 0, 0, 0]);
    let erased = bench.library.user_erase("ann", HandClock::default().now()).await.unwrap();
    assert_eq!(erased.documents, ["docs/users/ann/a.md"]);
    let report = bench.ingest().await;
    assert_eq!(counts(&report), [0, 0, 2, 0, 1]);
    assert!(report.failed[0].reason.contains("delete the file"));
    assert_eq!(bench.paths().await, ["users/bob/b.md", "users/c.md"]);
    // What is written there anew is another document.
    bench.write("users/ann/a.md", b"Ann is back.");
    assert_eq!(counts(&bench.ingest().await), [1, 0, 2, 0, 0]);
}
