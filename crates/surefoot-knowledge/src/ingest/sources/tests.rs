use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
};

use surefoot_testkit::{CountingChance, HandClock, MemoryStore};
use surefoot_types::ports::Library;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;
use crate::{
    embed::StaticEmbedder,
    ingest::{Report, ingest},
};

/// Status, headers and body.
type Page = (u16, String, String);

/// A server of a few pages: path to status, headers and body. Remembers what it was asked.
#[derive(Clone, Default)]
struct Pages {
    pages: Arc<Mutex<BTreeMap<String, Page>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Pages {
    fn put(&self, path: &str, status: u16, headers: &str, body: &str) {
        self.pages.lock().unwrap().insert(path.into(), (status, headers.into(), body.into()));
    }

    fn page(&self, path: &str, body: &str) {
        let etag = blake3::hash(body.as_bytes()).to_hex();
        self.put(path, 200, &format!("content-type: text/html\r\netag: \"{etag}\"\r\n"), body);
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    async fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let pages = self.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    if stream.read(&mut byte).await.unwrap_or(0) == 0 {
                        break;
                    }
                    head.push(byte[0]);
                }
                let answer = pages.answer(std::str::from_utf8(&head).unwrap());
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        url
    }

    fn answer(&self, head: &str) -> String {
        let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let path = target.as_str();
        let (status, headers, body) =
            self.pages.lock().unwrap().get(path).cloned().unwrap_or((404, String::new(), "no".into()));
        let etag = headers.lines().find_map(|line| line.strip_prefix("etag: ")).map(str::to_owned);
        let same = etag.is_some_and(|etag| head.contains(&format!("if-none-match: {etag}")));
        let (status, body) = if same { (304, String::new()) } else { (status, body) };
        self.asked.lock().unwrap().push(format!("{status} {target}"));
        format!("HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
    }
}

pub(super) async fn synced(source: &Source, library: &MemoryStore) -> Report {
    let (clock, chance) = (HandClock::default(), CountingChance::default());
    ingest(source, library, &StaticEmbedder, &clock, &chance, &|_| ()).await.unwrap()
}

pub(super) async fn paths(library: &MemoryStore) -> BTreeSet<String> {
    library.document_stamps("k").await.unwrap().into_iter().map(|stamp| stamp.path).collect()
}

pub(super) fn counts(report: &Report) -> [u64; 5] {
    [report.added, report.changed, report.unchanged, report.removed, report.failed.len() as u64]
}

fn site(url: &str, urls: &[&str], intranet: &[&str]) -> Source {
    let web = Web {
        urls: urls.iter().map(|path| format!("{url}{path}")).collect(),
        sitemaps: vec![format!("{url}/sitemap.xml")],
        intranet: intranet.iter().map(|host| (*host).to_owned()).collect(),
    };
    Source { knowledge: "k".into(), web: Some(web), ..Source::default() }
}

#[tokio::test]
async fn a_site_is_followed_by_its_sitemap_and_its_wishes() {
    let pages = Pages::default();
    let url = pages.serve().await;
    let map = |paths: &[&str]| {
        let pages: String = paths.iter().map(|path| format!("<url><loc>{url}{path}</loc></url>")).collect();
        format!("<urlset>{pages}<url><loc>http://elsewhere.example/x</loc></url></urlset>")
    };
    pages.page("/robots.txt", "User-agent: *\nDisallow: /private\n");
    pages.put(
        "/sitemap.xml",
        200,
        "",
        &format!("<sitemapindex><sitemap><loc>{url}/pages.xml</loc></sitemap></sitemapindex>"),
    );
    pages.put("/pages.xml", 200, "", &map(&["/a", "/b", "/private/c"]));
    pages.page("/a", "<title>A</title><p>Tides rise.</p>");
    pages.page("/b", "<title>B</title><p>Ropes hold.</p>");
    pages.put("/moved", 302, "location: /a\r\n", "");
    let (source, library) = (site(&url, &["/moved"], &["127.0.0.1"]), MemoryStore::default());

    let report = synced(&source, &library).await;
    assert_eq!(counts(&report), [3, 0, 0, 0, 1], "{report:?}");
    assert!(report.failed[0].path.ends_with("/private/c") && report.failed[0].reason.contains("robots.txt"));
    assert!(!pages.asked().iter().any(|asked| asked.contains("/private")));

    // What did not change is asked for and not sent again.
    assert_eq!(counts(&synced(&source, &library).await), [0, 0, 3, 0, 1]);
    assert!(pages.asked().contains(&"304 /b".to_owned()));

    // One changes, one leaves the map, and then the map is away: nothing is taken for gone.
    pages.page("/a", "<title>A</title><p>Tides fall.</p>");
    pages.put("/pages.xml", 200, "", &map(&["/a"]));
    assert_eq!(counts(&synced(&source, &library).await), [0, 2, 0, 1, 0]);
    pages.put("/sitemap.xml", 500, "", "");
    let report = synced(&source, &library).await;
    assert_eq!((report.removed, report.failed.len()), (0, 1), "{report:?}");
    assert_eq!(paths(&library).await.len(), 2);

    // A page that is gone takes its document away.
    pages.put("/moved", 410, "", "");
    assert_eq!(synced(&source, &library).await.removed, 1);
}

#[tokio::test]
async fn private_addresses_are_not_asked_whoever_names_them() {
    let pages = Pages::default();
    let url = pages.serve().await;
    let port = url.rsplit(':').next().unwrap().to_owned();
    pages.page("/a", "<p>Secret.</p>");
    for target in [
        format!("http://127.0.0.1:{port}/a"),
        format!("http://localhost:{port}/a"),
        format!("http://[::1]:{port}/a"),
        format!("http://[::ffff:127.0.0.1]:{port}/a"),
        format!("http://2130706433:{port}/a"),
        format!("http://0x7f.1:{port}/a"),
        "http://169.254.169.254/latest/meta-data".into(),
        "file:///etc/passwd".into(),
        format!("http://user:pass@127.0.0.1:{port}/a"),
    ] {
        let web = Web { urls: vec![target.clone()], ..Web::default() };
        let source = Source { knowledge: "k".into(), web: Some(web), ..Source::default() };
        let report = synced(&source, &MemoryStore::default()).await;
        assert_eq!(counts(&report), [0, 0, 0, 0, 1], "{target}: {report:?}");
    }
    // Clouds' own address is out of bounds even where somebody lets it in, and so is a redirect to it.
    pages.put("/away", 302, "location: http://169.254.169.254/x\r\n", "");
    let report = synced(&site(&url, &["/away"], &["127.0.0.1", "169.254.169.254"]), &MemoryStore::default()).await;
    assert!(report.failed.iter().any(|failed| failed.reason.contains("169.254.169.254")), "{report:?}");
    assert!(!pages.asked().iter().any(|asked| asked.contains("/a ") || asked.ends_with("/a")));
}

fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(["-c", "user.name=a", "-c", "user.email=a@example.com"]).args(arguments);
    assert!(command.output().unwrap().status.success(), "{arguments:?}");
}

#[tokio::test]
async fn a_repository_is_followed_by_its_tree() {
    let (repository, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let at = repository.path();
    let write = |path: &str, text: &str| std::fs::write(at.join(path), text).unwrap();
    git(at, &["init", "--quiet", "--initial-branch=main"]);
    write("a.md", "# A\n\nOne.");
    write("b.md", "# B\n\nTwo.");
    write("c.bin", "no document");
    std::os::unix::fs::symlink("/etc/passwd", at.join("link.md")).unwrap();
    git(at, &["add", "."]);
    git(at, &["commit", "--quiet", "-m", "one"]);
    let url = format!("file://{}", at.display());
    let source = Source {
        knowledge: "k".into(),
        git: Some(Git { url: url.clone(), reference: Some("main".into()), token: None }),
        cache: cache.path().to_owned(),
        ..Source::default()
    };
    let library = MemoryStore::default();
    assert_eq!(counts(&synced(&source, &library).await), [2, 0, 0, 0, 0]);
    assert_eq!(paths(&library).await, [format!("git+{url}#a.md"), format!("git+{url}#b.md")].into());
    assert_eq!(counts(&synced(&source, &library).await), [0, 0, 2, 0, 0]);

    write("a.md", "# A\n\nOne and a half.");
    git(at, &["mv", "b.md", "moved.md"]);
    git(at, &["commit", "--quiet", "-am", "two"]);
    let report = synced(&source, &library).await;
    assert_eq!((counts(&report), report.moved), ([1, 1, 0, 1, 0], 1));

    // A repository that is away takes nothing away; a source that is not named any more does.
    std::fs::rename(at.join(".git"), at.join("gone")).unwrap();
    let report = synced(&source, &library).await;
    assert_eq!(counts(&report), [0, 0, 0, 0, 1], "{report:?}");
    let folder = tempfile::tempdir().unwrap();
    let report = synced(&Source::folder("k", folder.path().to_owned()), &library).await;
    assert_eq!(counts(&report), [0, 0, 0, 2, 0]);
}

/// A name server that says something else the second time does not lead anywhere else.
#[tokio::test]
async fn a_name_that_moves_leads_nowhere() {
    let pages = Pages::default();
    let url = pages.serve().await;
    let port: u16 = url.rsplit(':').next().unwrap().parse().unwrap();
    pages.page("/a", "<p>Secret.</p>");
    let (asked, web) = (Arc::new(Mutex::new(0_usize)), Web::default());
    let moves = Arc::clone(&asked);
    let lookup: fetch::Lookup = Arc::new(move |_| {
        let mut asked = moves.lock().unwrap();
        *asked += 1;
        // A public address beside this machine's, and then this machine's alone.
        let both: &[[u8; 4]] = &[[93, 184, 215, 14], [127, 0, 0, 1]];
        let addresses = both[(*asked - 1) % 2..].iter().map(|address| (*address, 0).into()).collect();
        Box::pin(async move { Ok(addresses) })
    });
    let site = web::Site::over(&web, fetch::Fetcher::with(&[], lookup).unwrap());
    let item = Item { path: "p".into(), place: format!("http://moves.example:{port}/a"), etag: None };
    for _ in 0..4 {
        assert!(site.fetch(&item, None).await.unwrap_err().contains("public internet"));
    }
    assert!(*asked.lock().unwrap() >= 4);
    assert!(pages.asked().is_empty());
}
