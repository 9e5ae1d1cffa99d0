//! Which files of a folder are sources.

use std::path::{Path, PathBuf};

use globset::{Glob, GlobSet, GlobSetBuilder};
use ignore::WalkBuilder;
use surefoot_types::{Code, Fault};

use super::Failed;

/// What is read where a source names nothing.
pub const INCLUDED: &[&str] = &[
    "**/*.{md,markdown,mdown,mkd,mdx,html,htm,xhtml,txt,text,rst,adoc,asciidoc,org,pdf}",
    "**/*.{docx,docm,pptx,pptm,ppsx,xlsx,xlsm,odt,ods,odp,epub,rtf,csv,tsv,ipynb,eml,mbox}",
];

/// A source file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct File {
    /// Path within the folder, with forward slashes.
    pub(super) path: String,
    /// Where it is on disk.
    pub(super) place: PathBuf,
}

/// The files found, in order of path, and what could not be looked into.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) files: Vec<File>,
    pub(super) failed: Vec<Failed>,
}

/// Walks a folder. Hidden files, what `.gitignore` and `.ignore` name, and links that lead out of it are left out.
pub(super) fn walk(folder: &Path, include: &[String], exclude: &[String]) -> Result<Walked, Fault> {
    let root = folder.canonicalize().map_err(|error| {
        Fault::new(Code::NotFound, format!("the folder {} cannot be read: {error}", folder.display()))
            .hint("Check the knowledge's `folder` in surefoot.toml.")
    })?;
    let included = if include.is_empty() { globs(INCLUDED.iter().copied())? } else { globs(include)? };
    let excluded = globs(exclude)?;
    let mut walked = Walked::default();
    for entry in WalkBuilder::new(&root).require_git(false).follow_links(false).build() {
        match entry {
            Ok(entry) => {
                let Some(path) = relative(&root, entry.path()) else { continue };
                if included.is_match(&path) && !excluded.is_match(&path) && is_source(&root, &entry) {
                    walked.files.push(File { path, place: entry.into_path() });
                }
            }
            Err(error) => walked.failed.push(unreadable(&root, &error)),
        }
    }
    walked.files.sort();
    Ok(walked)
}

fn globs<T: AsRef<str>>(patterns: impl IntoIterator<Item = T>) -> Result<GlobSet, Fault> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let pattern = pattern.as_ref();
        set.add(Glob::new(pattern).map_err(|error| Fault::bad_request("include", format!("'{pattern}': {error}")))?);
    }
    set.build().map_err(|error| Fault::bad_request("include", error.to_string()))
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
