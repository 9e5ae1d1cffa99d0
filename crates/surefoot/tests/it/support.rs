//! Projects in temporary folders, and the real program serving them.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use serde_json::{Value, json};
use surefoot_store::{Options, SqliteStore};
use surefoot_types::ports::Store;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// How long a server may take to be ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// A project, with its state in a folder of its own.
pub(crate) struct Project {
    temporary: TempDir,
    folder: PathBuf,
}

impl Project {
    /// A project of these files.
    pub(crate) fn temp(files: &[(&str, &str)]) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("project");
        std::fs::create_dir_all(&folder).unwrap();
        let project = Self { temporary, folder };
        files.iter().for_each(|(name, text)| project.write(name, text));
        project
    }

    /// One of the examples that users copy, where it stands.
    pub(crate) fn example(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
        Self { temporary: tempfile::tempdir().unwrap(), folder }
    }

    /// Its folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where its state is.
    pub(crate) fn data(&self) -> PathBuf {
        self.temporary.path().join("data")
    }

    /// Its store, opened beside whoever else uses it.
    pub(crate) async fn store(&self) -> Arc<dyn Store> {
        let options = Options::new(self.data().join("seats"));
        Arc::new(SqliteStore::open(&self.data().join("surefoot.db"), options).await.unwrap())
    }

    /// Writes one of its files.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// The program's command with this project: `verb` and whatever follows.
    pub(crate) fn surefoot(&self, words: &[&str]) -> Command {
        let mut command = surefoot(words);
        command.arg("--project").arg(&self.folder).arg("--data").arg(self.data());
        command
    }
}

/// The program's command.
pub(crate) fn surefoot(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_surefoot"));
    command.args(words).stdin(Stdio::null()).kill_on_drop(true).env_remove("SUREFOOT_LOG");
    command
}

/// A command's output, which must succeed.
pub(crate) async fn output(mut command: Command) -> String {
    let output = command.output().await.unwrap();
    let (told, wrong) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{command:?}: {}\n{told}\n{wrong}", output.status);
    told
}

/// A running server; killed when dropped.
pub(crate) struct Served {
    child: Child,
    /// Keeps the project's folders while it runs, where nobody else does.
    _project: Option<Project>,
    /// Its address: `http://127.0.0.1:PORT`.
    pub(crate) url: String,
}

impl Served {
    /// Serves a project of these files.
    pub(crate) async fn temp(files: &[(&str, &str)]) -> Self {
        let project = Project::temp(files);
        let served = Self::start(&project).await;
        Self { _project: Some(project), ..served }
    }

    /// Serves a project, and waits until it is ready.
    pub(crate) async fn start(project: &Project) -> Self {
        Self::start_with(project, &["--bind", "127.0.0.1:0"]).await
    }

    /// As [`start`](Self::start), with these words on the command line.
    pub(crate) async fn start_with(project: &Project, words: &[&str]) -> Self {
        let mut command = surefoot(&["up"]);
        command.args(words).arg(project.folder()).arg("--data").arg(project.data());
        Self::started(command).await
    }

    /// Starts a command that serves, and waits until it is ready.
    pub(crate) async fn started(command: Command) -> Self {
        let served = Self::reachable(command).await;
        served.until(|_| true, "/readyz").await;
        served
    }

    /// Starts a command that serves, and waits until it listens.
    pub(crate) async fn reachable(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut told = String::new();
        let url = loop {
            let line = lines.next_line().await.unwrap().unwrap_or_else(|| panic!("the server ended: {told}"));
            if let Some(url) = line.strip_prefix("listening on ") {
                break url.to_owned();
            }
            told.push_str(&line);
            told.push('\n');
        };
        // What it says later is read and thrown away, so that it never waits for a reader.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        // Everywhere includes here.
        Self { child, _project: None, url: url.replace("0.0.0.0", "127.0.0.1") }
    }

    /// Asks a path until the answer is a success that fits, and gives its text.
    pub(crate) async fn until(&self, fits: impl Fn(&str) -> bool, path: &str) -> String {
        let client = reqwest::Client::new();
        let asked = async {
            loop {
                if let Ok(response) = client.get(format!("{}{path}", self.url)).send().await
                    && response.status().is_success()
                    && let Ok(text) = response.text().await
                    && fits(&text)
                {
                    return text;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let asked = tokio::time::timeout(PATIENCE, asked).await;
        asked.unwrap_or_else(|_| panic!("{path} did not become what was waited for"))
    }

    /// Asks a model, and gives the status and what was answered.
    pub(crate) async fn ask(&self, client: &reqwest::Client, body: &Value) -> (u16, Value) {
        let sent = client.post(format!("{}/v1/chat/completions", self.url)).json(body).send().await.unwrap();
        (sent.status().as_u16(), sent.json().await.unwrap())
    }

    /// Asks it to end, as `kill` does, and waits until it has.
    pub(crate) async fn end(&mut self) {
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").arg(id).status().await.unwrap().success());
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it ends").unwrap();
        assert!(ended.success(), "{ended}");
    }

    /// Ends it as `kill -9` does, and waits until it is gone.
    pub(crate) async fn kill_dead(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Ends it as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.start_kill().unwrap();
    }
}

/// A request that any model answers.
pub(crate) fn question(model: &str) -> Value {
    json!({"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": "?"}]})
}

/// Tries until something is so, or says what it was not.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut tried: impl FnMut() -> F) -> T {
    let tries = async {
        loop {
            if let Some(found) = tried().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, tries).await.unwrap_or_else(|_| panic!("it never came to be that {what}"))
}

/// What a command prints as JSON, which must succeed.
pub(crate) async fn told(command: Command) -> Value {
    serde_json::from_str(&output(command).await).unwrap()
}
