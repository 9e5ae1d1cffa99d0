//! The rules of the house that a program can check.

mod dependencies;
mod documents;
mod sources;

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use anyhow::bail;

use crate::run::root;

/// A broken rule.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Breach {
    /// Where, from the workspace's folder.
    file: String,
    /// The line, from 1; 0 for the file as a whole.
    line: usize,
    /// What is wrong and what to do.
    told: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.told),
            line => write!(f, "{}:{line}: {}", self.file, self.told),
        }
    }
}

/// Checks every rule and tells every breach.
///
/// # Errors
/// When there is one.
pub(crate) fn run() -> anyhow::Result<()> {
    let root = root();
    let mut breaches = dependencies::check(&root)?;
    breaches.extend(sources::check(&root)?);
    breaches.extend(documents::check(&root)?);
    for breach in &breaches {
        eprintln!("{breach}");
    }
    if !breaches.is_empty() {
        bail!("tidy found {} to mend", breaches.len());
    }
    Ok(())
}

/// All files below `folder` with this ending, in order, without build output and installed packages.
fn files(root: &Path, folder: &str, ending: &str) -> anyhow::Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    walk(&root.join(folder), ending, &mut found)?;
    found.sort();
    let mut files = Vec::with_capacity(found.len());
    for path in found {
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        files.push((name, fs::read_to_string(&path)?));
    }
    Ok(files)
}

fn walk(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !["target", "node_modules", ".git", ".surefoot"].contains(&name.as_str()) {
                walk(&path, ending, found)?;
            }
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
    Ok(())
}
