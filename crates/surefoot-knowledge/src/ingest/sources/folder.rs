//! Files of a folder.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use ignore::WalkBuilder;
use surefoot_types::{Code, Fault};

use super::{Failed, Fetched, Globs, Item, Listed, Origin};
use crate::ingest::{LARGEST, UPLOADED, on_thread, too_large};

/// What is read where a source names nothing.
pub const INCLUDED: &[&str] = &[
    "**/*.{md,markdown,mdown,mkd,mdx,html,htm,xhtml,txt,text,rst,adoc,asciidoc,org,pdf}",
    "**/*.{docx,docm,pptx,pptm,ppsx,xlsx,xlsm,odt,ods,odp,epub,rtf,csv,tsv,ipynb,eml,mbox}",
];

/// A folder.
pub(super) struct Folder {
    folder: PathBuf,
    globs: Globs,
}

impl Folder {
    pub(super) fn new(folder: &Path, globs: Globs) -> Self {
        Self { folder: folder.to_owned(), globs }
    }
}

#[async_trait]
impl Origin for Folder {
    fn name(&self) -> String {
        self.folder.display().to_string()
    }

    fn is_remote(&self) -> bool {
        false
    }

    fn owns(&self, path: &str) -> bool {
        !path.contains("://") && !path.starts_with(UPLOADED)
    }

    async fn list(&self) -> Result<Listed, Fault> {
        let (folder, globs) = (self.folder.clone(), self.globs.clone());
        on_thread(move || walk(&folder, &globs)).await?
    }

    async fn fetch(&self, item: &Item, _: Option<&str>) -> Result<Fetched, String> {
        let (place, name) = (item.place.clone(), item.path.clone());
        let read = on_thread(move || bytes(Path::new(&place))).await.map_err(|fault| fault.message)?;
        Ok(Fetched::Bytes { bytes: read?, etag: None, name })
    }
}

/// A file's bytes. The error says why it cannot be read.
fn bytes(place: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let opened = fs::File::open(place).map_err(|error| error.to_string())?;
    // One byte more than is allowed tells a file that is too large, even one that is growing.
    opened.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LARGEST { Err(too_large()) } else { Ok(bytes) }
}

/// Walks a folder. Hidden files, what `.gitignore` and `.ignore` name, and links that lead out of it are left out.
fn walk(folder: &Path, globs: &Globs) -> Result<Listed, Fault> {
    let root = folder.canonicalize().map_err(|error| {
        Fault::new(Code::NotFound, format!("the folder {} cannot be read: {error}", folder.display()))
            .hint("Check the knowledge's `folder` in surefoot.toml.")
    })?;
    let mut listed = Listed::default();
    for entry in WalkBuilder::new(&root).require_git(false).follow_links(false).build() {
        match entry {
            Ok(entry) => {
                let Some(path) = relative(&root, entry.path()) else { continue };
                let Some(place) = entry.path().to_str().map(str::to_owned) else { continue };
                if globs.take(&path) && is_source(&root, &entry) {
                    listed.items.push(Item { path, place, etag: None });
                }
            }
            Err(error) => listed.failed.push(unreadable(&root, &error)),
        }
    }
    listed.items.sort();
    Ok(listed)
}

/// The path within the folder with forward slashes; none for the folder itself and for names that are not Unicode.
fn relative(root: &Path, path: &Path) -> Option<String> {
    let inside = path.strip_prefix(root).ok()?;
    let parts: Option<Vec<&str>> = inside.components().map(|part| part.as_os_str().to_str()).collect();
    parts.map(|parts| parts.join("/")).filter(|path| !path.is_empty())
}

/// A regular file, or a link to one that stays inside the folder.
fn is_source(root: &Path, entry: &ignore::DirEntry) -> bool {
    let Some(kind) = entry.file_type() else { return false };
    if !kind.is_symlink() {
        return kind.is_file();
    }
    entry.path().canonicalize().is_ok_and(|target| target.starts_with(root) && target.is_file())
}

fn unreadable(root: &Path, error: &ignore::Error) -> Failed {
    let path = match error {
        ignore::Error::WithPath { path, .. } => relative(root, path),
        ignore::Error::WithDepth { err, .. } => return unreadable(root, err),
        _ => None,
    };
    let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
    Failed { path: path.unwrap_or_else(|| ".".into()), reason }
}
