//! The one writer. It takes everything that waits, writes it in one transaction, and answers all
//! once the commit is where the level says: under load a commit is shared by many.

use std::sync::Mutex;

use async_trait::async_trait;
use sqlx::{Connection, SqliteConnection};
use surefoot_types::ports::{StoreError, Stored};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use super::{
    records::{self, Known, Ready},
    unavailable,
};
use crate::options::Level;

/// Most writes in one transaction.
const GROUP: usize = 256;
/// Most writes that wait; beyond it callers wait to hand theirs in.
const WAITING: usize = 1024;

/// A change to the file. It may be carried out again after it was rolled back.
#[async_trait]
pub(crate) trait Write: Send + Sync + 'static {
    /// What it tells.
    type Done: Send + 'static;

    /// Carries it out.
    async fn apply(&self, to: &mut SqliteConnection) -> Stored<Self::Done>;
}

/// Only the commit.
pub(crate) struct Nothing;

#[async_trait]
impl Write for Nothing {
    type Done = ();

    async fn apply(&self, _: &mut SqliteConnection) -> Stored<()> {
        Ok(())
    }
}

/// What waits for the writer.
enum Job {
    /// A record; all of a group are written together. Whoever handed it in may not wait for the answer.
    Record(Box<Ready>, Option<oneshot::Sender<Stored<()>>>),
    /// Any other write.
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

fn closed() -> StoreError {
    StoreError::Unavailable("it is closed".into())
}

/// Hands writes to the task that owns the writing connection.
#[derive(Debug)]
pub(crate) struct Writer {
    level: Level,
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(crate) fn start(connection: SqliteConnection, level: Level) -> Self {
        let (jobs, waiting) = mpsc::channel(WAITING);
        let task = tokio::spawn(work(connection, waiting));
        Self { level, jobs: Mutex::new(Some(jobs)), task: Mutex::new(Some(task)) }
    }

    /// Waits until the record is as safe as the level says.
    pub(super) async fn record(&self, ready: Ready) -> Stored<()> {
        let ready = Box::new(ready);
        if self.level == Level::Relaxed {
            return self.hand_in(Job::Record(ready, None)).await;
        }
        let (answer, answered) = oneshot::channel();
        self.hand_in(Job::Record(ready, Some(answer))).await?;
        answered.await.map_err(|_| closed())?
    }

    /// Waits until the write is committed.
    pub(crate) async fn write<W: Write>(&self, write: W) -> Stored<W::Done> {
        let (answer, answered) = oneshot::channel();
        self.hand_in(Job::Write(Box::new(Asked { write, done: None, answer }))).await?;
        answered.await.map_err(|_| closed())?
    }

    /// As [`write`](Self::write), outside of any transaction.
    pub(crate) async fn alone<W: Write>(&self, write: W) -> Stored<W::Done> {
        let (answer, answered) = oneshot::channel();
        self.hand_in(Job::Alone(Box::new(Asked { write, done: None, answer }))).await?;
        answered.await.map_err(|_| closed())?
    }

    async fn hand_in(&self, job: Job) -> Stored<()> {
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

async fn work(mut connection: SqliteConnection, mut waiting: mpsc::Receiver<Job>) {
    let mut known = Known::default();
    let mut jobs = Vec::with_capacity(GROUP);
    while gather(&mut waiting, &mut jobs).await {
        let mut together = Together::default();
        let mut alone = Vec::new();
        for job in jobs.drain(..) {
            match job {
                Job::Record(ready, answer) => {
                    together.records.push(*ready);
                    together.recorded.push(answer);
                }
                Job::Write(write) => together.writes.push(write),
                Job::Alone(write) => alone.push(write),
            }
        }
        together.carry_out(&mut connection, &mut known).await;
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

/// What goes into one transaction.
#[derive(Default)]
struct Together {
    records: Vec<Ready>,
    /// Who waits for each record.
    recorded: Vec<Option<oneshot::Sender<Stored<()>>>>,
    writes: Vec<Box<dyn Waiting>>,
}

impl Together {
    async fn carry_out(mut self, connection: &mut SqliteConnection, known: &mut Known) {
        let records: Vec<&Ready> = self.records.iter().collect();
        let many = records.len() + self.writes.len();
        if many == 0 {
            return;
        }
        let result = commit(connection, known, &records, &mut self.writes).await;
        if result.is_ok() || many == 1 {
            self.recorded.into_iter().for_each(|answer| recorded(answer, result.clone()));
            self.writes.into_iter().for_each(|write| write.answer(result.clone()));
            return;
        }
        // One of them spoiled it for all: each on its own tells which.
        for (record, answer) in records.iter().zip(self.recorded) {
            recorded(answer, commit(connection, known, &[record], &mut []).await);
        }
        for mut write in self.writes {
            let result = commit(connection, known, &[], std::slice::from_mut(&mut write)).await;
            write.answer(result);
        }
    }
}

fn recorded(answer: Option<oneshot::Sender<Stored<()>>>, result: Stored<()>) {
    match (answer, result) {
        // Whoever asked may have gone; the record stands.
        (Some(answer), result) => drop(answer.send(result)),
        (None, Ok(())) => {}
        (None, Err(error)) => tracing::error!(error = %error, "a record is lost"),
    }
}

/// Carries out all of them in one transaction, or none. The statements are plain SQL, not sqlx's own
/// transaction: on a full disk SQLite rolls back by itself, and sqlx would go on believing that a
/// transaction is open.
async fn commit(
    connection: &mut SqliteConnection,
    known: &mut Known,
    records: &[&Ready],
    writes: &mut [Box<dyn Waiting>],
) -> Stored<()> {
    let written = transaction(connection, known, records, writes).await;
    if written.is_err() {
        // Where SQLite has rolled back already there is nothing to roll back, and that is well.
        let _ = execute(connection, "ROLLBACK").await;
    }
    written
}

async fn transaction(
    connection: &mut SqliteConnection,
    known: &mut Known,
    records: &[&Ready],
    writes: &mut [Box<dyn Waiting>],
) -> Stored<()> {
    if records.is_empty() {
        execute(connection, "BEGIN IMMEDIATE").await?;
    } else {
        records::begin(connection, known).await?;
        records::insert(connection, known, records).await?;
    }
    for write in writes {
        write.run(connection).await?;
    }
    execute(connection, "COMMIT").await
}

async fn execute(connection: &mut SqliteConnection, statement: &'static str) -> Stored<()> {
    sqlx::query(statement).execute(connection).await.map(|_| ()).map_err(unavailable)
}
