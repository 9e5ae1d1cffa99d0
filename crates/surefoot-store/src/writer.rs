//! One writer of a SQLite file. It takes everything that waits, writes it in one transaction, and answers all
//! once the commit is where it is safe: under load a commit is shared by many, and alone it costs one.

use std::{fmt::Debug, future::Future, sync::Mutex};

use sqlx::{Connection, SqliteConnection};
use surefoot_types::ports::{StoreError, Stored};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use crate::rows::unavailable;

/// Most writes in one transaction.
const GROUP: usize = 256;
/// Most writes that wait; beyond it callers wait to hand theirs in.
const WAITING: usize = 1024;

/// One write, in the form in which it goes to the file.
pub(crate) trait Write: Debug + Send + Sync + 'static {
    /// What it says when it is done.
    type Done: Clone + Debug + Send + 'static;

    /// Carries it out.
    fn apply(&self, to: &mut SqliteConnection) -> impl Future<Output = Stored<Self::Done>> + Send;
}

type Job<W> = (W, oneshot::Sender<Stored<<W as Write>::Done>>);

/// Hands writes to the task that owns the writing connection.
#[derive(Debug)]
pub(crate) struct Writer<W: Write> {
    jobs: Mutex<Option<mpsc::Sender<Job<W>>>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl<W: Write> Writer<W> {
    pub(crate) fn start(connection: SqliteConnection) -> Self {
        let (jobs, waiting) = mpsc::channel(WAITING);
        let task = tokio::spawn(work(connection, waiting));
        Self { jobs: Mutex::new(Some(jobs)), task: Mutex::new(Some(task)) }
    }

    /// Waits until the write is where it is safe.
    pub(crate) async fn write(&self, write: W) -> Stored<W::Done> {
        let closed = || StoreError::Unavailable("it is closed".into());
        self.hand_in(write).await?.await.map_err(|_| closed())?
    }

    /// Hands a write in, without waiting for it.
    pub(crate) async fn hand_in(&self, write: W) -> Stored<oneshot::Receiver<Stored<W::Done>>> {
        let closed = || StoreError::Unavailable("it is closed".into());
        let jobs = self.jobs.lock().ok().and_then(|jobs| jobs.clone()).ok_or_else(closed)?;
        let (answer, answered) = oneshot::channel();
        jobs.send((write, answer)).await.map_err(|_| closed())?;
        Ok(answered)
    }

    /// Takes no more writes, and waits for those that were taken.
    pub(crate) async fn stop(&self) {
        drop(self.jobs.lock().ok().and_then(|mut jobs| jobs.take()));
        let task = self.task.lock().ok().and_then(|mut task| task.take());
        if let Some(task) = task {
            // The task only ends; if it panicked, its callers were told when their answers were dropped.
            let _ = task.await;
        }
    }
}

async fn work<W: Write>(mut connection: SqliteConnection, mut waiting: mpsc::Receiver<Job<W>>) {
    let mut group: Vec<Job<W>> = Vec::with_capacity(GROUP);
    while waiting.recv_many(&mut group, GROUP).await > 0 {
        let (writes, answers): (Vec<W>, Vec<_>) = group.drain(..).unzip();
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
        tracing::warn!(error = %error, "a file did not close cleanly");
    }
}

async fn singly<W: Write>(connection: &mut SqliteConnection, writes: &[W]) -> Vec<Stored<W::Done>> {
    let mut results = Vec::with_capacity(writes.len());
    for write in writes {
        let done = commit(connection, std::slice::from_ref(write)).await;
        let one = done.and_then(|mut done| done.pop().ok_or_else(|| StoreError::Unavailable("it is closed".into())));
        results.push(one);
    }
    results
}

/// Carries out all writes in one transaction, or none. IMMEDIATE, so that another process that
/// writes is waited for at the beginning and not found half way. The statements are plain SQL, not
/// sqlx's own transaction: on a full disk SQLite rolls back by itself, and sqlx would go on
/// believing that a transaction is open.
async fn commit<W: Write>(connection: &mut SqliteConnection, writes: &[W]) -> Stored<Vec<W::Done>> {
    execute(connection, "BEGIN IMMEDIATE").await?;
    let written = match apply_all(connection, writes).await {
        Ok(done) => execute(connection, "COMMIT").await.map(|()| done),
        Err(error) => Err(error),
    };
    if written.is_err() {
        // Where SQLite has rolled back already there is nothing to roll back, and that is well.
        let _ = execute(connection, "ROLLBACK").await;
    }
    written
}

async fn apply_all<W: Write>(connection: &mut SqliteConnection, writes: &[W]) -> Stored<Vec<W::Done>> {
    let mut done = Vec::with_capacity(writes.len());
    for write in writes {
        done.push(write.apply(connection).await?);
    }
    Ok(done)
}

async fn execute(connection: &mut SqliteConnection, statement: &'static str) -> Stored<()> {
    sqlx::query(statement).execute(connection).await.map(|_| ()).map_err(unavailable)
}
