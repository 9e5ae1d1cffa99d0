//! The writer of everything but records. It takes all that waits, writes it in one transaction, and answers all
//! once the commit is where the level says: under load a commit is shared by many.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sqlx::{Connection, SqliteConnection};
use surefoot_types::ports::{StoreError, Stored};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use super::unavailable;

/// Most writes in one transaction.
const GROUP: usize = 256;
/// Most writes that wait; beyond it callers wait to hand theirs in.
const WAITING: usize = 1024;

/// Held by whoever writes to a file. SQLite itself lets only one write, but whom it lets wait it lets sleep, and
/// perhaps never comes to him.
pub(crate) type Turn = Arc<tokio::sync::Mutex<()>>;

/// A change to the file. It may be carried out again after it was rolled back.
#[async_trait]
pub(crate) trait Write: Send + Sync + 'static {
    /// What it tells.
    type Done: Send + 'static;

    /// Carries it out.
    async fn apply(&self, to: &mut SqliteConnection) -> Stored<Self::Done>;
}

/// What waits for the writer.
enum Job {
    /// What goes into a transaction.
    Write(Box<dyn Waiting>),
    /// What cannot be part of a transaction.
    Alone(Box<dyn Waiting>),
}

/// A write of whatever kind, with whoever waits for it.
#[async_trait]
trait Waiting: Send {
    async fn run(&mut self, to: &mut SqliteConnection) -> Stored<()>;
    fn answer(self: Box<Self>, result: Stored<()>);
}

struct Asked<W: Write> {
    write: W,
    done: Option<W::Done>,
    answer: oneshot::Sender<Stored<W::Done>>,
}

#[async_trait]
impl<W: Write> Waiting for Asked<W> {
    async fn run(&mut self, to: &mut SqliteConnection) -> Stored<()> {
        self.done = Some(self.write.apply(to).await?);
        Ok(())
    }

    fn answer(self: Box<Self>, result: Stored<()>) {
        let Self { done, answer, .. } = *self;
        // Whoever asked may have gone; the write stands.
        let _ = answer.send(result.and_then(|()| done.ok_or_else(closed)));
    }
}

pub(super) fn closed() -> StoreError {
    StoreError::Unavailable("it is closed".into())
}

/// Hands writes to the task that owns the writing connection.
#[derive(Debug)]
pub(crate) struct Writer {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(crate) fn start(connection: SqliteConnection, turn: Turn) -> Self {
        let (jobs, waiting) = mpsc::channel(WAITING);
        let task = tokio::spawn(work(connection, turn, waiting));
        Self { jobs: Mutex::new(Some(jobs)), task: Mutex::new(Some(task)) }
    }

    /// Waits until the write is committed.
    pub(crate) async fn write<W: Write>(&self, write: W) -> Stored<W::Done> {
        self.hand_in(write).await?.await
    }

    /// Waits until the write is taken; what it gives waits until it is committed.
    pub(crate) async fn hand_in<W: Write>(
        &self,
        write: W,
    ) -> Stored<impl Future<Output = Stored<W::Done>> + Send + use<W>> {
        let (answer, answered) = oneshot::channel();
        self.send(Job::Write(Box::new(Asked { write, done: None, answer }))).await?;
        Ok(async { answered.await.map_err(|_| closed())? })
    }

    /// As [`write`](Self::write), outside of any transaction.
    pub(crate) async fn alone<W: Write>(&self, write: W) -> Stored<W::Done> {
        let (answer, answered) = oneshot::channel();
        self.send(Job::Alone(Box::new(Asked { write, done: None, answer }))).await?;
        answered.await.map_err(|_| closed())?
    }

    async fn send(&self, job: Job) -> Stored<()> {
        let jobs = self.jobs.lock().ok().and_then(|jobs| jobs.clone()).ok_or_else(closed)?;
        jobs.send(job).await.map_err(|_| closed())
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

async fn work(mut connection: SqliteConnection, turn: Turn, mut waiting: mpsc::Receiver<Job>) {
    let mut jobs = Vec::with_capacity(GROUP);
    while gather(&mut waiting, &mut jobs).await {
        let (mut together, mut alone) = (Vec::new(), Vec::new());
        for job in jobs.drain(..) {
            match job {
                Job::Write(write) => together.push(write),
                Job::Alone(write) => alone.push(write),
            }
        }
        let _turn = turn.lock().await;
        carry_out(&mut connection, together).await;
        for mut write in alone {
            let result = write.run(&mut connection).await;
            write.answer(result);
        }
    }
    if let Err(error) = connection.close().await {
        tracing::warn!(error = %error, "the store did not close cleanly");
    }
}

/// Takes what waits, and what comes while everybody else who could go on does: those who were answered just now hand in
/// their next, so that a commit is shared by as many as there are. False once it is closed and empty.
async fn gather(waiting: &mut mpsc::Receiver<Job>, jobs: &mut Vec<Job>) -> bool {
    if waiting.recv_many(jobs, GROUP).await == 0 {
        return false;
    }
    loop {
        tokio::task::yield_now().await;
        let before = jobs.len();
        while jobs.len() < GROUP
            && let Ok(job) = waiting.try_recv()
        {
            jobs.push(job);
        }
        if jobs.len() == before {
            return true;
        }
    }
}

/// Carries out what goes into one transaction.
async fn carry_out(connection: &mut SqliteConnection, mut writes: Vec<Box<dyn Waiting>>) {
    if writes.is_empty() {
        return;
    }
    let result = commit(connection, &mut writes).await;
    if result.is_ok() || writes.len() == 1 {
        writes.into_iter().for_each(|write| write.answer(result.clone()));
        return;
    }
    // One of them spoiled it for all: each on its own tells which.
    for mut write in writes {
        let result = commit(connection, std::slice::from_mut(&mut write)).await;
        write.answer(result);
    }
}

/// Carries out all of them in one transaction, or none. The statements are plain SQL, not sqlx's own
/// transaction: on a full disk SQLite rolls back by itself, and sqlx would go on believing that a
/// transaction is open.
async fn commit(connection: &mut SqliteConnection, writes: &mut [Box<dyn Waiting>]) -> Stored<()> {
    let written = transaction(connection, writes).await;
    if written.is_err() {
        // Where SQLite has rolled back already there is nothing to roll back, and that is well.
        let _ = execute(connection, "ROLLBACK").await;
    }
    written
}

/// IMMEDIATE, so that another process that writes is waited for at the beginning and not found half way.
async fn transaction(connection: &mut SqliteConnection, writes: &mut [Box<dyn Waiting>]) -> Stored<()> {
    execute(connection, "BEGIN IMMEDIATE").await?;
    for write in writes {
        write.run(connection).await?;
    }
    execute(connection, "COMMIT").await
}

async fn execute(connection: &mut SqliteConnection, statement: &'static str) -> Stored<()> {
    sqlx::query(statement).execute(connection).await.map(|_| ()).map_err(unavailable)
}
