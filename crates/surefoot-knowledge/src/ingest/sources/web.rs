//! Web pages: those named, and those that sitemaps list. Asks `robots.txt` first, one page of a host at a time.

use std::{
    collections::{BTreeSet, HashMap},
    path::Path,
    time::Duration,
};

use async_trait::async_trait;
use reqwest::StatusCode;
use surefoot_types::Fault;
use tokio::{sync::Mutex, time::Instant};
use url::Url;

use super::{
    Failed, Fetched, Item, Listed, Origin, Web,
    fetch::{Fetcher, Page},
    robots::Robots,
};
use crate::ingest::parse::{Format, locations};

/// Pages of all sitemaps together.
const PAGES: usize = 20_000;
/// How often a page may lead elsewhere.
const REDIRECTS: usize = 5;
/// Sitemaps in sitemaps.
const DEEPEST: usize = 3;
/// Time between two pages of a host that asks for nothing else.
const REST: Duration = Duration::from_millis(100);

pub(super) struct Site<'a> {
    web: &'a Web,
    fetcher: Fetcher,
    hosts: Mutex<HashMap<String, Host>>,
}

/// What is known of a host.
#[derive(Clone)]
struct Host {
    robots: Robots,
    /// When it may be asked again.
    next: Instant,
}

impl<'a> Site<'a> {
    pub(super) fn new(web: &'a Web) -> Result<Self, Fault> {
        Ok(Self::over(web, Fetcher::new(&web.intranet)?))
    }

    pub(super) fn over(web: &'a Web, fetcher: Fetcher) -> Self {
        Self { web, fetcher, hosts: Mutex::default() }
    }

    /// Waits for a host's turn; an error where it asks to be left alone.
    async fn turn(&self, url: &Url) -> Result<(), String> {
        self.fetcher.check(url)?;
        let origin = url.origin().ascii_serialization();
        let wait = {
            // Held while robots.txt is read, so that it is read once.
            let mut hosts = self.hosts.lock().await;
            let host = match hosts.get_mut(&origin) {
                Some(host) => host,
                None => {
                    let robots = self.robots(url).await?;
                    hosts.entry(origin).or_insert(Host { robots, next: Instant::now() })
                }
            };
            let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
            if !host.robots.allow(&path) {
                return Err("its site's robots.txt asks to leave it alone".into());
            }
            let turn = host.next.max(Instant::now());
            host.next = turn + host.robots.delay.unwrap_or(REST);
            turn
        };
        tokio::time::sleep_until(wait).await;
        Ok(())
    }

    /// Without a file everything may be read; while the site cannot say, nothing.
    async fn robots(&self, url: &Url) -> Result<Robots, String> {
        let mut place = url.join("/robots.txt").map_err(|error| error.to_string())?;
        let mut page = self.fetcher.get(&place, None).await?;
        for _ in 0..REDIRECTS {
            let Some(to) = page.leads.take() else { break };
            place = to;
            page = self.fetcher.get(&place, None).await?;
        }
        Ok(match page.status {
            status if status.is_success() => Robots::read(std::str::from_utf8(&page.bytes).unwrap_or_default()),
            status if status.is_server_error() => Robots::closed(),
            _ => Robots::default(),
        })
    }

    /// A page and where it was found in the end: every address on the way is looked at, and its site is asked first.
    async fn page(&self, url: &Url, known: Option<&str>) -> Result<(Page, Url), String> {
        let mut url = url.clone();
        for _ in 0..=REDIRECTS {
            self.turn(&url).await?;
            let mut page = self.fetcher.get(&url, known).await?;
            match page.leads.take() {
                Some(to) => url = to,
                None => return Ok((page, url)),
            }
        }
        Err(format!("it leads elsewhere more than {REDIRECTS} times"))
    }

    /// The pages that a sitemap lists, and those of the sitemaps in it.
    async fn sitemap(&self, place: &str, found: &mut BTreeSet<String>) -> Result<(), String> {
        let (mut waiting, mut seen) = (vec![(place.to_owned(), 0)], BTreeSet::new());
        while let Some((place, depth)) = waiting.pop() {
            if depth > DEEPEST || !seen.insert(place.clone()) {
                continue;
            }
            let url = Url::parse(&place).map_err(|error| format!("{place}: {error}"))?;
            let (page, found_at) = self.page(&url, None).await?;
            if !page.status.is_success() {
                return Err(format!("{place} answers {}", page.status));
            }
            let (maps, pages) = locations(&page.bytes)?;
            // A sitemap speaks for its own host.
            let own = |place: &String| Url::parse(place).is_ok_and(|place| place.origin() == found_at.origin());
            waiting.extend(maps.into_iter().filter(own).map(|map| (map, depth + 1)));
            found.extend(pages.into_iter().filter(own));
            if found.len() > PAGES {
                return Err(format!("it lists more than {PAGES} pages"));
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Origin for Site<'_> {
    fn name(&self) -> String {
        self.web.sitemaps.iter().chain(&self.web.urls).next().cloned().unwrap_or_default()
    }

    fn owns(&self, path: &str) -> bool {
        path.starts_with("http://") || path.starts_with("https://")
    }

    async fn list(&self) -> Result<Listed, Fault> {
        let mut listed = Listed::default();
        let mut pages: BTreeSet<String> = self.web.urls.iter().cloned().collect();
        for place in &self.web.sitemaps {
            if let Err(reason) = self.sitemap(place, &mut pages).await {
                listed.failed.push(Failed { path: place.clone(), reason });
                listed.partial = true;
            }
        }
        listed.items = pages.into_iter().map(|page| Item { path: page.clone(), place: page, etag: None }).collect();
        Ok(listed)
    }

    async fn fetch(&self, item: &Item, known: Option<&str>) -> Result<Fetched, String> {
        let url = Url::parse(&item.place).map_err(|error| format!("it is no address: {error}"))?;
        let (page, found_at) = self.page(&url, known).await?;
        Ok(match page.status {
            StatusCode::NOT_MODIFIED => Fetched::Same,
            StatusCode::NOT_FOUND | StatusCode::GONE => Fetched::Gone,
            status if status.is_success() => {
                let name = named(&page.kind, &found_at);
                Fetched::Bytes { bytes: page.bytes, etag: page.etag, name }
            }
            status => return Err(format!("its server answers {status}")),
        })
    }
}

/// A file's name for a page: the ending of its address where that is a format's, or else what its media type says.
fn named(kind: &str, url: &Url) -> String {
    let last = url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default().to_owned();
    let stem = if last.is_empty() { url.host_str().unwrap_or("page").to_owned() } else { last.clone() };
    match kind {
        "text/html" | "application/xhtml+xml" => format!("{stem}.html"),
        "application/pdf" => format!("{stem}.pdf"),
        "text/markdown" => format!("{stem}.md"),
        "application/json" => format!("{stem}.json"),
        "text/csv" => format!("{stem}.csv"),
        _ if Path::new(&last).extension().is_some() && Format::of(Path::new(&last)) != Format::Lines => last,
        _ => format!("{stem}.txt"),
    }
}
