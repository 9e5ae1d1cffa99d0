//! Git repositories, by the program `git`: a bare copy of one commit, never checked out, so that nothing in it runs
//! and no link in it leads anywhere. A file that did not change costs nothing: its hash is in the tree.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use surefoot_types::{Code, Fault, Retry};
use tokio::{process::Command, time::timeout};

use super::{Failed, Fetched, Git, Globs, Item, Listed, Origin};
use crate::ingest::{LARGEST, too_large};

/// How long fetching may take, and everything else.
const FETCHING: Duration = Duration::from_secs(600);
const LOOKING: Duration = Duration::from_secs(60);

pub(super) struct Repository<'a> {
    git: &'a Git,
    folder: PathBuf,
    globs: Globs,
}

impl<'a> Repository<'a> {
    pub(super) fn new(git: &'a Git, cache: &Path, globs: Globs) -> Self {
        // Two branches of a repository are two copies: each fetch leaves its own commit behind.
        let what = format!("{}\n{}", git.url, git.reference.as_deref().unwrap_or_default());
        let name = blake3::hash(what.as_bytes()).to_hex();
        Self { git, folder: cache.join(format!("{}.git", &name[..32])), globs }
    }

    fn prefix(&self) -> String {
        let scheme = if self.git.url.contains("://") { "git+" } else { "git+ssh://" };
        format!("{scheme}{}#", self.git.url)
    }

    /// Runs git over the copy. The error is what it said last.
    async fn run(&self, arguments: &[&str], patience: Duration) -> Result<Vec<u8>, String> {
        let mut command = Command::new("git");
        command.arg("-C").arg(&self.folder).args(arguments);
        command.stdin(Stdio::null()).kill_on_drop(true);
        // Asks nobody, reads nobody's settings but the user's, runs no helper of the repository's own.
        command
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_LFS_SKIP_SMUDGE", "1")
            .env("GIT_ALLOW_PROTOCOL", "https:http:ssh:git:file");
        command.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").env_remove("GIT_INDEX_FILE");
        if let Some(token) = &self.git.token {
            // In the environment, as a program's words can be seen by others.
            let shown = BASE64_STANDARD.encode(format!("x-access-token:{}", token.reveal()));
            // For this address only, wherever its server may lead.
            let key = format!("http.{}.extraHeader", self.git.url);
            command.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", key);
            command.env("GIT_CONFIG_VALUE_0", format!("Authorization: Basic {shown}"));
        }
        let output = match timeout(patience, command.output()).await {
            Err(_) => return Err(format!("git took over {} s", patience.as_secs())),
            Ok(Err(error)) => return Err(format!("git cannot be run: {error}")),
            Ok(Ok(output)) => output,
        };
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = String::from_utf8(output.stderr).unwrap_or_default();
        Err(said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("git failed").to_owned())
    }

    /// Fetches the commit. The copy is a cache: one that cannot take it, as after a fetch that was killed and left its
    /// locks behind, is made anew.
    async fn fetched(&self) -> Result<(), String> {
        if self.copied().await.is_ok() {
            return Ok(());
        }
        if let Err(error) = tokio::fs::remove_dir_all(&self.folder).await
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(error.to_string());
        }
        self.copied().await
    }

    async fn copied(&self) -> Result<(), String> {
        if self.git.url.starts_with('-') || self.git.reference.as_deref().is_some_and(|name| name.starts_with('-')) {
            return Err("its address or branch begins with '-'".into());
        }
        tokio::fs::create_dir_all(&self.folder).await.map_err(|error| error.to_string())?;
        if !self.folder.join("HEAD").exists() {
            self.run(&["init", "--quiet", "--bare", "--template="], LOOKING).await?;
        }
        let reference = self.git.reference.as_deref().unwrap_or("HEAD");
        let url = &self.git.url;
        let fetch = ["fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--", url, reference];
        self.run(&fetch, FETCHING).await.map(drop)
    }
}

#[async_trait]
impl Origin for Repository<'_> {
    fn name(&self) -> String {
        self.git.url.clone()
    }

    fn owns(&self, path: &str) -> bool {
        path.starts_with(&self.prefix())
    }

    async fn list(&self) -> Result<Listed, Fault> {
        let away = |reason| Fault::new(Code::Unavailable, reason).retry(Retry::Later(None));
        self.fetched().await.map_err(away)?;
        let tree =
            self.run(&["ls-tree", "-r", "-l", "-z", "--full-tree", "FETCH_HEAD"], LOOKING).await.map_err(away)?;
        let mut listed = Listed::default();
        let prefix = self.prefix();
        for entry in tree.split(|byte| *byte == 0).filter_map(|entry| std::str::from_utf8(entry).ok()) {
            let Some((about, file)) = entry.split_once('\t') else { continue };
            let about: Vec<&str> = about.split_whitespace().collect();
            // Links and other repositories are not followed.
            let [mode, "blob", hash, size] = about[..] else { continue };
            if mode == "120000" || !self.globs.take(file) {
                continue;
            }
            let path = format!("{prefix}{file}");
            if size.parse::<u64>().is_ok_and(|size| size > LARGEST) {
                listed.failed.push(Failed { path, reason: too_large() });
            } else {
                listed.items.push(Item { path, place: hash.to_owned(), etag: Some(hash.to_owned()) });
            }
        }
        Ok(listed)
    }

    async fn fetch(&self, item: &Item, known: Option<&str>) -> Result<Fetched, String> {
        if known.is_some() && known == item.etag.as_deref() {
            return Ok(Fetched::Same);
        }
        let bytes = self.run(&["cat-file", "blob", &item.place], LOOKING).await?;
        let name = item.path.rsplit('/').next().unwrap_or_default().to_owned();
        Ok(Fetched::Bytes { bytes, etag: item.etag.clone(), name })
    }
}
