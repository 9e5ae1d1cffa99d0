//! Checkpoints: what stands in the log goes to the file itself, on a thread beside the one that records. A checkpoint
//! flushes the disk twice, and nobody who is recorded should wait for that.

use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use rusqlite::{Connection, hooks::Wal};

/// Pages in the log at which a checkpoint begins: what is written often, such as sums, goes to the file itself once
/// for many commits.
const LOG: i32 = 12_000;

thread_local! {
    /// Pages in the log after this thread's last commit.
    static PAGES: Cell<i32> = const { Cell::new(0) };
}

/// Orders checkpoints, on the thread that records.
pub(super) struct Checkpoints {
    order: SyncSender<()>,
    /// Whether one is done that had been ordered.
    done: Arc<AtomicBool>,
    /// Pages at which the next is ordered.
    next: i32,
}

impl Checkpoints {
    /// Begins, with a connection of its own beside the one that records.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(super) fn start(connection: Connection, recording: &Connection) -> std::io::Result<Self> {
        // In place of SQLite's own checkpoints after a commit.
        recording.wal_hook(Some(committed));
        connection.wal_hook(None);
        let (order, orders) = sync_channel(1);
        let done = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&done);
        thread::Builder::new().name("checkpoints".into()).spawn(move || carry_out(&connection, &orders, &told))?;
        Ok(Self { order, done, next: LOG })
    }

    /// After a commit: orders a checkpoint where the log has grown. Where one is done, the little that came to the log
    /// meanwhile goes to the file now, so that the log begins anew.
    pub(super) fn after_commit(&mut self, recording: &Connection) {
        let pages = PAGES.get();
        if pages < LOG {
            self.next = LOG;
        }
        if pages >= self.next && self.order.try_send(()).is_ok() {
            self.next = pages.saturating_add(LOG);
        }
        if self.done.swap(false, Ordering::Acquire) {
            checkpoint(recording);
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "what rusqlite takes as a hook")]
fn committed(_: &Wal, pages: i32) -> rusqlite::Result<()> {
    PAGES.set(pages);
    Ok(())
}

fn carry_out(connection: &Connection, orders: &Receiver<()>, done: &AtomicBool) {
    while orders.recv().is_ok() {
        checkpoint(connection);
        done.store(true, Ordering::Release);
    }
}

/// As far as nobody has to be waited for.
fn checkpoint(connection: &Connection) {
    if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
        // The log holds everything until the next one goes through.
        tracing::warn!(error = %error, "the store's log could not be moved to its file");
    }
}
