//! A simulator, and a Surefoot before it that has a provider of each dialect.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::run::root;

/// Keys of the project that the clients use. They open nothing else.
const KEYS: [(&str, &str); 2] =
    [("CONFORMANCE_KEY", "sk-conformance-everything"), ("CONFORMANCE_LIMITED", "sk-conformance-limited")];

/// Both servers; stopped when dropped.
pub(super) struct Rig {
    sim: Server,
    up: Server,
    project: PathBuf,
}

impl Rig {
    /// Starts both over a fresh copy of the project, in this folder.
    ///
    /// # Errors
    /// When one does not start.
    pub(super) fn start(folder: &Path) -> anyhow::Result<Self> {
        let sim = Server::start(surefoot().args(["sim", "--bind", "127.0.0.1:0", "--json"]))?;
        let project = folder.join("project");
        if project.exists() {
            fs::remove_dir_all(&project)?;
        }
        copy(&root().join("tests/clients/conformance/project"), &project)?;
        let settings = project.join("surefoot.toml");
        fs::write(&settings, fs::read_to_string(&settings)?.replace("SIM", &sim.url))?;
        // Bound beyond this machine, so that a key is asked for.
        let mut up = surefoot();
        up.args(["up", "--bind", "0.0.0.0:0", "--no-watch", "--json"]).arg(&project);
        let up = Server::start(&mut up)?;
        Ok(Self { sim, up, project })
    }

    /// What the clients' programs are told.
    pub(super) fn environment(&self) -> Vec<(&'static str, String)> {
        let path = |path: PathBuf| path.to_string_lossy().into_owned();
        let mut told = vec![
            ("SUREFOOT_URL", self.up.url.replace("0.0.0.0", "127.0.0.1")),
            ("SIM_URL", self.sim.url.clone()),
            ("SUREFOOT", path(binary())),
            ("SUREFOOT_PROJECT", path(self.project.clone())),
            ("SUREFOOT_DATA", path(self.project.join(".surefoot"))),
        ];
        told.extend(KEYS.map(|(name, key)| (name, key.to_owned())));
        told
    }
}

/// A server that says in JSON where it serves.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(command: &mut Command) -> anyhow::Result<Self> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("surefoot")?;
        let mut told = BufReader::new(child.stdout.take().context("no standard output")?);
        let mut server = Self { child, url: String::new() };
        let mut text = String::new();
        while server.url.is_empty() {
            if told.read_line(&mut text)? == 0 {
                bail!("surefoot did not say where it serves: {text}");
            }
            let read = serde_json::from_str::<Value>(&text).ok();
            server.url = read.and_then(|told| told["url"].as_str().map(str::to_owned)).unwrap_or_default();
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn binary() -> PathBuf {
    root().join("target/debug/surefoot")
}

fn surefoot() -> Command {
    let mut command = Command::new(binary());
    command.envs(KEYS);
    command
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
