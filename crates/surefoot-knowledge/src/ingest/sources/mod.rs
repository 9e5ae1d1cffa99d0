//! Where documents come from: folders, web pages, git repositories, buckets. Each lists what it has and fetches what
//! changed; the ingest does the rest.

mod address;
mod bucket;
#[cfg(test)]
mod bucket_tests;
mod fetch;
mod folder;
mod git;
mod robots;
#[cfg(test)]
mod tests;
mod web;

use std::{path::PathBuf, time::Duration};

use async_trait::async_trait;
use globset::{Glob, GlobSet, GlobSetBuilder};
use surefoot_types::{Clock, Fault, Secret};

use super::Failed;
pub use address::is_public;
pub use folder::INCLUDED;

/// What feeds a knowledge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// The knowledge's name.
    pub knowledge: String,
    /// A folder.
    pub folder: Option<PathBuf>,
    /// Web pages and what lists them.
    pub web: Option<Web>,
    /// A git repository.
    pub git: Option<Git>,
    /// A bucket of an S3-compatible store.
    pub bucket: Option<Bucket>,
    /// Globs of files to read, over paths within the folder, repository or bucket; empty means [`INCLUDED`].
    pub include: Vec<String>,
    /// Globs of files to leave out.
    pub exclude: Vec<String>,
    /// The folder within it whose folders are named after the users who own what lies in them.
    pub owners: Option<String>,
    /// How often it is looked at while the program runs; folders are watched besides.
    pub every: Option<Duration>,
    /// Where copies of repositories are kept.
    pub cache: PathBuf,
}

/// Web pages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Web {
    /// Addresses of pages.
    pub urls: Vec<String>,
    /// Addresses of sitemaps.
    pub sitemaps: Vec<String>,
    /// Hosts that may have private addresses.
    pub intranet: Vec<String>,
}

/// A git repository, as `git` itself reaches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Git {
    /// Its address.
    pub url: String,
    /// A branch or tag; the repository's own choice where it is none.
    pub reference: Option<String>,
    /// A token for HTTPS.
    pub token: Option<Secret>,
}

/// A bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// What the keys to read begin with; may be empty.
    pub prefix: String,
    /// The store's address.
    pub endpoint: String,
    /// Its region.
    pub region: String,
    /// Id and secret of an access key; none for a public bucket.
    pub key: Option<(String, Secret)>,
}

impl Source {
    /// Every document of a folder.
    pub fn folder(knowledge: &str, folder: PathBuf) -> Self {
        Self { knowledge: knowledge.to_owned(), folder: Some(folder), ..Self::default() }
    }

    /// True where nothing is fetched over the network.
    pub fn is_local(&self) -> bool {
        self.web.is_none() && self.git.is_none() && self.bucket.is_none()
    }

    /// The user who owns the document at `path`.
    pub(super) fn owner(&self, path: &str) -> Option<String> {
        let within = path.strip_prefix(self.owners.as_deref()?)?.strip_prefix('/')?;
        within.split_once('/').map(|(owner, _)| owner.to_owned())
    }

    /// Everything that it is made of.
    pub(super) fn origins<'a>(&'a self, clock: &'a dyn Clock) -> Result<Vec<Box<dyn Origin + 'a>>, Fault> {
        let mut origins: Vec<Box<dyn Origin + 'a>> = Vec::new();
        let globs = Globs::new(&self.include, &self.exclude)?;
        if let Some(folder) = &self.folder {
            origins.push(Box::new(folder::Folder::new(folder, globs.clone())));
        }
        if let Some(web) = &self.web {
            origins.push(Box::new(web::Site::new(web)?));
        }
        if let Some(git) = &self.git {
            origins.push(Box::new(git::Repository::new(git, &self.cache, globs.clone())));
        }
        if let Some(bucket) = &self.bucket {
            origins.push(Box::new(bucket::Store::new(bucket, globs, clock)?));
        }
        Ok(origins)
    }
}

/// A document that an origin has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Item {
    /// The document's path in the knowledge.
    pub(super) path: String,
    /// What finds it in the origin.
    pub(super) place: String,
    /// What the origin calls its version, where listing tells.
    pub(super) etag: Option<String>,
}

/// What an origin has.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) items: Vec<Item>,
    pub(super) failed: Vec<Failed>,
    /// Not all of it could be looked at: what is not listed may be there.
    pub(super) partial: bool,
}

/// A document as it was fetched.
#[derive(Debug)]
pub(super) enum Fetched {
    /// It is the version that is known.
    Same,
    /// It is not there any more.
    Gone,
    /// Its bytes.
    Bytes {
        bytes: Vec<u8>,
        /// What the origin calls this version.
        etag: Option<String>,
        /// A file's name for it, whose ending tells its format.
        name: String,
    },
}

/// A place that documents come from.
#[async_trait]
pub(super) trait Origin: Send + Sync {
    /// What it is called in reports.
    fn name(&self) -> String;

    /// Over the network, so that it may be away for a while.
    fn is_remote(&self) -> bool {
        true
    }

    /// Whether a document's path is one of its own.
    fn owns(&self, path: &str) -> bool;

    /// What it has.
    async fn list(&self) -> Result<Listed, Fault>;

    /// A document, unless it is still the version with this etag. The error says why it cannot be had.
    async fn fetch(&self, item: &Item, known: Option<&str>) -> Result<Fetched, String>;
}

/// Which files are read.
#[derive(Debug, Clone)]
pub(super) struct Globs {
    included: GlobSet,
    excluded: GlobSet,
}

impl Globs {
    pub(super) fn new(include: &[String], exclude: &[String]) -> Result<Self, Fault> {
        let included = if include.is_empty() { globs(INCLUDED.iter().copied())? } else { globs(include)? };
        Ok(Self { included, excluded: globs(exclude)? })
    }

    pub(super) fn take(&self, path: &str) -> bool {
        self.included.is_match(path) && !self.excluded.is_match(path)
    }
}

fn globs<T: AsRef<str>>(patterns: impl IntoIterator<Item = T>) -> Result<GlobSet, Fault> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let pattern = pattern.as_ref();
        set.add(Glob::new(pattern).map_err(|error| Fault::bad_request("include", format!("'{pattern}': {error}")))?);
    }
    set.build().map_err(|error| Fault::bad_request("include", error.to_string()))
}
