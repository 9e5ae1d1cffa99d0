//! The task that moves records from spools into the database: those of this seat as soon as they come, and those
//! that a predecessor or a seat that nobody holds has left.

use std::{sync::Arc, time::Duration};

use sqlx::PgConnection;
use surefoot_types::ports::{StoreError, Stored};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use super::{
    address::Address,
    batch::{Moved, records_move},
    ledger::leases_delete,
    months_ahead, prepare,
};
use crate::{
    Options,
    rows::unavailable,
    seat::Seat,
    spool::{self, Spool},
};

/// The spool's file, of each seat.
pub(super) const SPOOL: &str = "spool.db";

/// Most records in one transaction.
const BATCH: usize = 500;
/// How long a batch may take before its connection is given up.
const BATCH_WITHIN: Duration = Duration::from_secs(90);
/// Waits after a failure: twice as long each time, from the first to the last.
const WAITS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// How often free seats are looked for.
const LOOK_AROUND: Duration = Duration::from_secs(60);
/// How often an empty spool's files are swept, at most.
const SWEEP: Duration = Duration::from_secs(1);

/// The running task.
#[derive(Debug)]
pub(super) struct Drain {
    state: watch::Receiver<State>,
    task: std::sync::Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    /// Whether everything of this seat's predecessor was moved, and its leases were given back.
    took_over: bool,
    /// Whether the database did not answer when it was last asked.
    cut_off: bool,
}

impl Drain {
    /// Begins, by this connection to a database whose tables are up to date, or without one.
    pub(super) async fn start(
        address: Arc<Address>,
        mut first: Option<PgConnection>,
        spool: Spool,
        seat: Arc<Seat>,
        options: Options,
    ) -> Stored<Self> {
        if let Some(first) = &mut first {
            spool_register(first, &spool, seat.holder()).await?;
        }
        let (tell, state) = watch::channel(State { took_over: false, cut_off: first.is_none() });
        let (prepared, left) = (first.is_some(), spool.last());
        let mover = Mover { left, batch: BATCH, address, connection: first, prepared, spool, seat, options, tell };
        let task = tokio::spawn(mover.run());
        Ok(Self { state, task: std::sync::Mutex::new(Some(task)) })
    }

    /// Waits until the seat is free of its predecessor, but not longer than `limit`. Whether it is.
    pub(super) async fn took_over(&self, limit: Duration) -> bool {
        let mut state = self.state.clone();
        timeout(limit, state.wait_for(|state| state.took_over)).await.is_ok_and(|told| told.is_ok())
    }

    pub(super) fn is_cut_off(&self) -> bool {
        self.state.borrow().cut_off
    }

    /// Ends it where it stands: a batch is moved as a whole or not at all.
    pub(super) async fn stop(&self) {
        let task = self.task.lock().ok().and_then(|mut task| task.take());
        if let Some(task) = task {
            task.abort();
            // It was told to end.
            let _ = task.await;
        }
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        if let Some(task) = self.task.lock().ok().and_then(|mut task| task.take()) {
            task.abort();
        }
    }
}

/// What the task works with.
struct Mover {
    address: Arc<Address>,
    connection: Option<PgConnection>,
    /// Whether the database's tables are known to be up to date.
    prepared: bool,
    spool: Spool,
    seat: Arc<Seat>,
    options: Options,
    /// The last record that the seat's predecessor left.
    left: i64,
    /// Most records in the next transaction.
    batch: usize,
    tell: watch::Sender<State>,
}

impl Mover {
    async fn run(mut self) {
        let (mut looked, mut swept) = (None::<Instant>, Instant::now());
        loop {
            self.persist().await;
            if swept.elapsed() > SWEEP {
                swept = Instant::now();
                if let Err(error) = self.spool.sweep().await {
                    tracing::warn!(error = %error, "the spool's files were not swept");
                }
            }
            if looked.is_none_or(|at| at.elapsed() > LOOK_AROUND) {
                looked = Some(Instant::now());
                if let Err(error) = self.look_around().await {
                    tracing::warn!(error = %error, "a free seat's spool was not moved");
                }
            }
            // Woken by new records; and by and by to look around.
            let _ = timeout(LOOK_AROUND, self.spool.filled()).await;
        }
    }

    /// Moves everything there is, however long the database stays away.
    async fn persist(&mut self) {
        let (mut wait, mut failed_at) = (WAITS.0, None);
        loop {
            let done = self.empty().await;
            self.tell.send_modify(|state| state.cut_off = done.is_err());
            let Err(error) = done else { break };
            // What is left of the connection is not to be trusted.
            self.connection = None;
            if failed_at.is_none() {
                tracing::warn!(error = %error, waiting = self.spool.waiting(), "records wait in the spool for Postgres");
            }
            if failed_at.replace(self.spool.moved()) != Some(self.spool.moved()) {
                // It came further than the last time: it is there.
                (wait, self.batch) = (WAITS.0, BATCH);
            } else {
                // What takes too long as a whole may get through in parts.
                self.batch = (self.batch / 2).max(1);
            }
            sleep(wait).await;
            wait = (wait * 2).min(WAITS.1);
        }
        self.batch = BATCH;
        if failed_at.is_some() {
            tracing::info!("all records were moved to Postgres");
        }
    }

    async fn empty(&mut self) -> Stored<()> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => {
                let mut fresh = self.address.reach().await?;
                if !self.prepared {
                    prepare(&mut fresh).await?;
                    self.prepared = true;
                }
                spool_register(&mut fresh, &self.spool, self.seat.holder()).await?;
                none.insert(fresh)
            }
        };
        loop {
            let took_over = self.tell.borrow().took_over;
            let moved = batch_move(connection, &self.spool, self.batch).await?;
            if !took_over && moved.up_to >= self.left {
                // The predecessor is dead, and what it spent was charged: what it held is free.
                leases_delete(connection, self.seat.holder()).await?;
                self.tell.send_modify(|state| state.took_over = true);
            }
            if moved.last {
                return Ok(());
            }
        }
    }

    /// Moves what seats have left that nobody holds, and gives their leases back.
    async fn look_around(&mut self) -> Stored<()> {
        let Some(connection) = &mut self.connection else { return Ok(()) };
        months_ahead(connection).await?;
        for seat in self.seat.vacant(SPOOL)? {
            let path = seat.file(SPOOL);
            let spool = Spool::open(&path, &self.options).await?;
            spool_register(connection, &spool, seat.holder()).await?;
            while !batch_move(connection, &spool, BATCH).await?.last {}
            leases_delete(connection, seat.holder()).await?;
            let refused = spool.refused().await?;
            spool.sweep().await?;
            spool.close().await;
            if refused == 0 {
                spool::remove(&path)?;
                let forget = sqlx::query("DELETE FROM spool WHERE id = $1").bind(spool.id());
                forget.execute(&mut *connection).await.map_err(unavailable)?;
            }
        }
        Ok(())
    }
}

/// Tells the database of a spool, and the spool how far it was moved.
async fn spool_register(to: &mut PgConnection, spool: &Spool, holder: &str) -> Stored<()> {
    let drained = sqlx::query_scalar(
        "INSERT INTO spool (id, holder) VALUES ($1, $2)
         ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, seen = now() RETURNING drained",
    )
    .bind(spool.id())
    .bind(holder)
    .fetch_one(to)
    .await
    .map_err(unavailable)?;
    spool.resume(drained).await
}

/// Moves a batch. Where the database refuses one of its records for what is in it, that one is put aside.
async fn batch_move(to: &mut PgConnection, spool: &Spool, limit: usize) -> Stored<Moved> {
    let late = |_| StoreError::Unavailable("Postgres does not answer".into());
    let moved = match timeout(BATCH_WITHIN, records_move(to, spool, limit)).await.map_err(late)? {
        Err(StoreError::Corrupt(why)) if limit > 1 => {
            tracing::warn!(error = %why, "Postgres refuses a record: it is looked for");
            return Box::pin(batch_move(to, spool, limit / 2)).await;
        }
        Err(StoreError::Corrupt(why)) => {
            spool.refuse(&why).await?;
            return Ok(Moved { up_to: 0, last: false });
        }
        other => other?,
    };
    spool.remove(moved.up_to).await?;
    Ok(moved)
}
