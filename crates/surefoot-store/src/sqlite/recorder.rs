//! Takes records, on a thread of its own: it writes all that wait in one transaction and answers all once the commit
//! is where the level says, so that under load a commit is shared by many.

use std::{
    sync::Mutex,
    thread::{self, JoinHandle},
};

use rusqlite::Connection;
use surefoot_types::ports::{StoreError, Stored};
use tokio::sync::{mpsc, oneshot};

use super::{
    checkpoint::Checkpoints,
    direct::{is_there_already, unavailable},
    records::{self, Known, Ready},
    writer::{Turn, closed},
};
use crate::options::Level;

/// Most records in one transaction.
const GROUP: usize = 256;
/// Most records that wait; beyond it callers wait to hand theirs in.
const WAITING: usize = 1024;

/// Whoever waits.
type Answer = oneshot::Sender<Stored<()>>;

/// What waits for the thread.
enum Job {
    /// A record. Whoever handed it in may not wait for the answer.
    Record(Box<Ready>, Option<Answer>),
    /// Whether a record could be written now.
    Probe(Answer),
}

/// Hands records to the thread.
#[derive(Debug)]
pub(super) struct Recorder {
    level: Level,
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Recorder {
    /// Begins.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(super) fn start(
        connection: Connection,
        checkpoints: Checkpoints,
        turn: Turn,
        level: Level,
    ) -> std::io::Result<Self> {
        let (jobs, waiting) = mpsc::channel(WAITING);
        let worker = Worker { connection, known: Known::default(), checkpoints, turn };
        let thread = thread::Builder::new().name("records".into()).spawn(|| worker.run(waiting))?;
        Ok(Self { level, jobs: Mutex::new(Some(jobs)), thread: Mutex::new(Some(thread)) })
    }

    /// Waits until the record is as safe as the level says.
    pub(super) async fn record(&self, ready: Ready) -> Stored<()> {
        let ready = Box::new(ready);
        if self.level == Level::Relaxed {
            return self.send(Job::Record(ready, None)).await;
        }
        let (answer, answered) = oneshot::channel();
        self.send(Job::Record(ready, Some(answer))).await?;
        answered.await.map_err(|_| closed())?
    }

    /// Waits until everything that was handed in is written, and tries whether one more record could be.
    pub(super) async fn probe(&self) -> Stored<()> {
        let (answer, answered) = oneshot::channel();
        self.send(Job::Probe(answer)).await?;
        answered.await.map_err(|_| closed())?
    }

    async fn send(&self, job: Job) -> Stored<()> {
        let jobs = self.jobs.lock().ok().and_then(|jobs| jobs.clone()).ok_or_else(closed)?;
        jobs.send(job).await.map_err(|_| closed())
    }

    /// Takes no more, and waits for what was taken.
    pub(super) async fn stop(&self) {
        drop(self.jobs.lock().ok().and_then(|mut jobs| jobs.take()));
        let thread = self.thread.lock().ok().and_then(|mut thread| thread.take());
        if let Some(thread) = thread {
            // The thread only ends; if it panicked, its callers were told when their answers were dropped.
            let _ = tokio::task::spawn_blocking(|| thread.join()).await;
        }
    }
}

/// The thread's own.
struct Worker {
    connection: Connection,
    known: Known,
    checkpoints: Checkpoints,
    turn: Turn,
}

impl Worker {
    fn run(mut self, mut waiting: mpsc::Receiver<Job>) {
        let mut jobs = Vec::with_capacity(GROUP);
        while gather(&mut waiting, &mut jobs) {
            let (mut group, mut answers, mut probes) = (Vec::new(), Vec::new(), Vec::new());
            for job in jobs.drain(..) {
                match job {
                    Job::Record(ready, answer) => {
                        group.push(*ready);
                        answers.push(answer);
                    }
                    Job::Probe(answer) => probes.push(answer),
                }
            }
            let turn = self.turn.clone();
            let held = turn.blocking_lock();
            self.carry_out(&group, answers);
            if !probes.is_empty() {
                let result = self.transaction(records::probe);
                probes.into_iter().for_each(|probe| told(Some(probe), result.clone()));
            }
            self.checkpoints.after_commit(&self.connection);
            drop(held);
        }
    }

    fn carry_out(&mut self, group: &[Ready], answers: Vec<Option<Answer>>) {
        let all: Vec<&Ready> = group.iter().collect();
        if all.is_empty() {
            return;
        }
        let result = self.insert(&all);
        if result.is_ok() || all.len() == 1 {
            answers.into_iter().for_each(|answer| told(answer, result.clone()));
            return;
        }
        // One of them spoiled it for all: each on its own tells which.
        for (record, answer) in all.iter().zip(answers) {
            told(answer, self.insert(&[record]));
        }
    }

    /// Keeps all of them, or none. A single one that is there already is left as it is.
    fn insert(&mut self, group: &[&Ready]) -> Stored<()> {
        let mut there_already = false;
        let written = self.transaction(|to, known| {
            records::news(to, known)?;
            let inserted = records::insert(to, known, group);
            there_already = inserted.as_ref().is_err_and(is_there_already);
            inserted
        });
        if there_already && group.len() == 1 { Ok(()) } else { written }
    }

    /// IMMEDIATE, so that another process that writes is waited for at the beginning and not found half way.
    fn transaction(&mut self, write: impl FnOnce(&Connection, &mut Known) -> rusqlite::Result<()>) -> Stored<()> {
        let Self { connection, known, .. } = self;
        let execute = |statement| connection.prepare_cached(statement)?.execute([]);
        let written =
            execute("BEGIN IMMEDIATE").and_then(|_| write(connection, known)).and_then(|()| execute("COMMIT"));
        if written.is_err() && !connection.is_autocommit() {
            // On a full disk SQLite rolls back by itself.
            let _ = execute("ROLLBACK");
        }
        written.map(|_| ()).map_err(unavailable)
    }
}

/// Takes what waits, and what comes while everybody else who could go on does: those who were answered just now hand in
/// their next, so that a commit is shared by as many as there are. False once it is closed and empty.
fn gather(waiting: &mut mpsc::Receiver<Job>, jobs: &mut Vec<Job>) -> bool {
    let Some(first) = waiting.blocking_recv() else { return false };
    jobs.push(first);
    loop {
        thread::yield_now();
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

fn told(answer: Option<Answer>, result: Stored<()>) {
    match (answer, result) {
        // Whoever asked may have gone; the record stands.
        (Some(answer), result) => drop(answer.send(result)),
        (None, Ok(())) => {}
        (None, Err(error)) => lost(&error),
    }
}

/// Nobody waits to be told.
pub(crate) fn lost(error: &StoreError) {
    tracing::error!(error = %error, "a record is lost");
}
