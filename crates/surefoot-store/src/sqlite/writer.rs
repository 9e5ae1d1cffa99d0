//! The one writer. It takes everything that waits, writes it in one transaction, and answers all
//! once the commit is on disk: under load a flush is shared by many, and alone it costs one.

use std::sync::Mutex;

use sqlx::{Connection, SqliteConnection};
use surefoot_types::{
    document::{Document, Passage, Vectors},
    ports::{StoreError, Stored},
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use super::{journal, ledger, library, notebook, unavailable};

/// Most writes in one transaction.
const GROUP: usize = 256;
/// Most writes that wait; beyond it callers wait to hand theirs in.
const WAITING: usize = 1024;

/// One write, in the form in which it goes to the file.
#[derive(Debug)]
pub(super) enum Write {
    /// Only the commit.
    Nothing,
    /// A trace.
    Trace(Box<journal::TraceRow>),
    /// Feedback.
    Feedback { trace: Vec<u8>, body: String },
    /// A new key.
    KeyAdd { name: String, body: String },
    /// A key goes.
    KeyRemove { name: String },
    /// A document comes, or takes an older version's place.
    DocumentPut(Box<(Document, Vec<Passage>, Vectors)>),
    /// A document goes.
    DocumentRemove { knowledge: String, path: String },
    /// A run's head.
    Run { id: Vec<u8>, eval: String, body: String },
    /// A case of a run.
    RunCase { run: Vec<u8>, body: String },
}

impl Write {
    /// Carries it out. True if it changed something.
    async fn apply(&self, to: &mut SqliteConnection) -> Stored<bool> {
        match self {
            Self::Nothing => Ok(false),
            Self::Trace(row) => journal::trace_insert(to, row).await,
            Self::Feedback { trace, body } => journal::feedback_insert(to, trace, body).await,
            Self::KeyAdd { name, body } => ledger::key_insert(to, name, body).await,
            Self::KeyRemove { name } => ledger::key_delete(to, name).await,
            Self::DocumentPut(parts) => {
                let (document, passages, vectors) = &**parts;
                library::document_insert(to, document, passages, vectors).await
            }
            Self::DocumentRemove { knowledge, path } => library::document_delete(to, knowledge, path).await,
            Self::Run { id, eval, body } => notebook::run_upsert(to, id, eval, body).await,
            Self::RunCase { run, body } => notebook::run_case_insert(to, run, body).await,
        }
    }
}

type Job = (Write, oneshot::Sender<Stored<bool>>);

/// Hands writes to the task that owns the writing connection.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(connection: SqliteConnection) -> Self {
        let (jobs, waiting) = mpsc::channel(WAITING);
        let task = tokio::spawn(work(connection, waiting));
        Self { jobs: Mutex::new(Some(jobs)), task: Mutex::new(Some(task)) }
    }

    /// Waits until the write is on disk.
    pub(super) async fn write(&self, write: Write) -> Stored<bool> {
        let closed = || StoreError::Unavailable("it is closed".into());
        let jobs = self.jobs.lock().ok().and_then(|jobs| jobs.clone()).ok_or_else(closed)?;
        let (answer, answered) = oneshot::channel();
        jobs.send((write, answer)).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }

    /// Takes no more writes, and waits for those that were taken.
    pub(super) async fn stop(&self) {
        drop(self.jobs.lock().ok().and_then(|mut jobs| jobs.take()));
        let task = self.task.lock().ok().and_then(|mut task| task.take());
        if let Some(task) = task {
            // The task only ends; if it panicked, its callers were told when their answers were dropped.
            let _ = task.await;
        }
    }
}

async fn work(mut connection: SqliteConnection, mut waiting: mpsc::Receiver<Job>) {
    let mut group: Vec<Job> = Vec::with_capacity(GROUP);
    while waiting.recv_many(&mut group, GROUP).await > 0 {
        let (writes, answers): (Vec<Write>, Vec<_>) = group.drain(..).unzip();
        let results = match commit(&mut connection, &writes).await {
            Ok(results) => results.into_iter().map(Ok).collect(),
            // One of them spoiled it for all: each on its own tells which.
            Err(_) if writes.len() > 1 => singly(&mut connection, &writes).await,
            Err(error) => vec![Err(error)],
        };
        for (answer, result) in answers.into_iter().zip(results) {
            // Whoever asked may have gone; the write stands.
            let _ = answer.send(result);
        }
    }
    if let Err(error) = connection.close().await {
        tracing::warn!(error = %error, "the store did not close cleanly");
    }
}

async fn singly(connection: &mut SqliteConnection, writes: &[Write]) -> Vec<Stored<bool>> {
    let mut results = Vec::with_capacity(writes.len());
    for write in writes {
        let result = commit(connection, std::slice::from_ref(write)).await;
        results.push(result.map(|changed| changed.first().copied().unwrap_or(false)));
    }
    results
}

/// Carries out all writes in one transaction, or none. IMMEDIATE, so that another process that
/// writes is waited for at the beginning and not found half way. The statements are plain SQL, not
/// sqlx's own transaction: on a full disk SQLite rolls back by itself, and sqlx would go on
/// believing that a transaction is open.
async fn commit(connection: &mut SqliteConnection, writes: &[Write]) -> Stored<Vec<bool>> {
    execute(connection, "BEGIN IMMEDIATE").await?;
    let written = match apply_all(connection, writes).await {
        Ok(changed) => execute(connection, "COMMIT").await.map(|()| changed),
        Err(error) => Err(error),
    };
    if written.is_err() {
        // Where SQLite has rolled back already there is nothing to roll back, and that is well.
        let _ = execute(connection, "ROLLBACK").await;
    }
    written
}

async fn apply_all(connection: &mut SqliteConnection, writes: &[Write]) -> Stored<Vec<bool>> {
    let mut changed = Vec::with_capacity(writes.len());
    for write in writes {
        changed.push(write.apply(connection).await?);
    }
    Ok(changed)
}

async fn execute(connection: &mut SqliteConnection, statement: &'static str) -> Stored<()> {
    sqlx::query(statement).execute(connection).await.map(|_| ()).map_err(unavailable)
}
