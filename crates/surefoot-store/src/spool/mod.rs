//! Records on this seat's disk, on their way to Postgres: taken here at once, whatever Postgres does, and moved in
//! their order. One SQLite file a seat.

mod file;
mod writes;

use std::{path::Path, sync::Arc, time::Duration};

use futures_util::TryStreamExt;
use serde_json::Value;
use sqlx::{
    ConnectOptions, Connection, Row, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteRow},
};
use surefoot_types::{
    feedback::Feedback,
    ids::TraceId,
    ports::{Record, StoreError, Stored},
    trace::Trace,
};
use tokio::sync::watch;

use self::writes::{Add, Probe, Refuse, RefusedErase, Remove, Resume};
use crate::{
    Cipher, Level, Options,
    rows::{bits, from_json, id_bytes, to_json, unavailable},
    sqlite::{Scrub, Writer, lost},
};

/// Most bytes of records that are moved at once, but for a single larger one.
const BATCH_BYTES: usize = 16 << 20;

/// One that waits.
#[derive(Debug)]
pub(crate) enum Spooled {
    /// A request, and its trace as JSON.
    Record {
        /// The request.
        record: Record,
        /// Its trace as it is kept: encrypted, where that is wanted.
        body: String,
    },
    /// Feedback, as JSON.
    Feedback {
        /// What it is about.
        trace: TraceId,
        /// What was said.
        body: String,
    },
}

/// What waits after some number.
#[derive(Debug)]
pub(crate) struct Waiting {
    /// The records, in their order.
    pub(crate) records: Vec<Spooled>,
    /// The last number that they reach to.
    pub(crate) up_to: i64,
    /// Whether nothing waits after them.
    pub(crate) last: bool,
}

/// A spool. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Spool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: String,
    level: Level,
    cipher: Cipher,
    readers: SqlitePool,
    writer: Writer,
    /// The last number that is safe here, and the last that is safe in Postgres.
    added: watch::Sender<i64>,
    moved: watch::Sender<i64>,
}

impl Spool {
    /// Opens the file, making it where there is none. One that cannot be read is set aside under another name.
    pub(crate) async fn open(path: &Path, options: &Options) -> Stored<Self> {
        let file = file::open(path, options).await?;
        let added = watch::Sender::new(file.last);
        let writer = Writer::start(file.writer, Arc::default());
        let (level, cipher, moved) = (options.level, options.cipher.clone(), watch::Sender::new(file.moved));
        Ok(Self(Arc::new(Inner { id: file.id, level, cipher, readers: file.readers, writer, added, moved })))
    }

    /// Its name: no other spool has it.
    pub(crate) fn id(&self) -> &str {
        &self.0.id
    }

    /// How what was said is encrypted.
    pub(crate) fn cipher(&self) -> &Cipher {
        &self.0.cipher
    }

    /// The last number that was given.
    pub(crate) fn last(&self) -> i64 {
        *self.0.added.borrow()
    }

    /// The last number that was moved.
    pub(crate) fn moved(&self) -> i64 {
        *self.0.moved.borrow()
    }

    /// Whether everything was moved.
    pub(crate) fn is_empty(&self) -> bool {
        self.moved() >= self.last()
    }

    /// How many wait to be moved.
    pub(crate) fn waiting(&self) -> u64 {
        u64::try_from(self.last() - self.moved()).unwrap_or(0)
    }

    /// Takes a request.
    pub(crate) async fn record_add(&self, record: &Record) -> Stored<()> {
        self.add(Add {
            trace: id_bytes(record.trace.id.to_bits()),
            body: self.0.cipher.write(&*record.trace)?,
            kept: Some(record.kept),
            charges: Some(to_json(&record.charges)?),
        })
        .await
    }

    /// Takes feedback.
    pub(crate) async fn feedback_add(&self, feedback: &Feedback) -> Stored<()> {
        self.add(Add {
            trace: id_bytes(feedback.trace_id.to_bits()),
            body: self.0.cipher.write(feedback)?,
            kept: None,
            charges: None,
        })
        .await
    }

    /// Waits until it is as safe as the level says.
    async fn add(&self, add: Add) -> Stored<()> {
        let spool = self.clone();
        let written = self.0.writer.hand_in(add).await?;
        // On its own: the number is told even where the caller has gone by the time it is known.
        let done = tokio::spawn(async move {
            let number = written.await.map_err(full).inspect_err(|error| {
                if spool.0.level == Level::Relaxed {
                    lost(error);
                }
            })?;
            spool.added(number);
            Ok(())
        });
        if self.0.level == Level::Relaxed {
            return Ok(());
        }
        done.await.map_err(|_| StoreError::Unavailable("it is closed".into()))?
    }

    /// So many are safe here.
    fn added(&self, number: i64) {
        self.0.added.send_if_modified(|last| {
            let later = number > *last;
            *last = number.max(*last);
            later
        });
    }

    /// At most `limit` records after number `after`, in their order.
    pub(crate) async fn list(&self, after: i64, limit: usize) -> Stored<Waiting> {
        // What was told of by now is seen, or has gone.
        let known = self.last();
        let mut rows =
            sqlx::query("SELECT number, trace_id, body, kept, charges FROM spool WHERE number > ? ORDER BY number")
                .bind(after)
                .fetch(&self.0.readers);
        let mut waiting = Waiting { records: Vec::new(), up_to: after, last: false };
        let mut bytes = 0;
        while waiting.records.len() < limit && bytes < BATCH_BYTES {
            let Some(row) = rows.try_next().await.map_err(unavailable)? else {
                waiting.last = true;
                waiting.up_to = waiting.up_to.max(known);
                break;
            };
            bytes += row.try_get::<&str, _>("body").map_err(unavailable)?.len();
            waiting.records.push(spooled(&row, &self.0.cipher)?);
            waiting.up_to = row.try_get("number").map_err(unavailable)?;
        }
        Ok(waiting)
    }

    /// A request's trace, if it is to be kept and still waits.
    pub(crate) async fn trace_get(&self, id: TraceId) -> Stored<Option<Trace>> {
        let body: Option<String> =
            sqlx::query_scalar("SELECT body FROM spool WHERE trace_id = ? AND kept ORDER BY number LIMIT 1")
                .bind(id_bytes(id.to_bits()))
                .fetch_optional(&self.0.readers)
                .await
                .map_err(unavailable)?;
        body.map(|body| self.0.cipher.read(&body)).transpose()
    }

    /// Goes on counting after `number`, which Postgres knows: what was torn off the end of the file had been moved.
    pub(crate) async fn resume(&self, number: i64) -> Stored<()> {
        if number > self.last() {
            self.0.writer.write(Resume { number }).await?;
            self.0.added.send_replace(number);
        }
        self.0.moved.send_replace(number);
        Ok(())
    }

    /// Takes away everything up to `number`, which is in Postgres now.
    pub(crate) async fn remove(&self, number: i64) -> Stored<()> {
        if number > self.moved() {
            self.0.writer.write(Remove { number }).await?;
            self.0.moved.send_replace(number);
        }
        Ok(())
    }

    /// Puts the first record aside, which Postgres refuses for what is in it.
    pub(crate) async fn refuse(&self, why: &str) -> Stored<()> {
        let after = self.moved();
        self.0.writer.write(Refuse { after, why: why.into() }).await?;
        tracing::error!(error = %why, "Postgres refuses a record for what is in it: it stays in the spool, in the table 'refused'");
        Ok(())
    }

    /// How many records were put aside.
    pub(crate) async fn refused(&self) -> Stored<u64> {
        let many: i64 =
            sqlx::query_scalar("SELECT count(*) FROM refused").fetch_one(&self.0.readers).await.map_err(unavailable)?;
        Ok(many.unsigned_abs())
    }

    /// Forgets what was put aside of a user.
    pub(crate) async fn refused_erase(&self, user: &str) -> Stored<u64> {
        let rows: Vec<(i64, String)> =
            sqlx::query_as("SELECT number, body FROM refused").fetch_all(&self.0.readers).await.map_err(unavailable)?;
        let mut numbers = Vec::new();
        for (number, body) in rows {
            let told: Value = self.0.cipher.read(&body)?;
            if told["user"] == user {
                numbers.push(number);
            }
        }
        self.0.writer.write(RefusedErase { numbers }).await
    }

    /// Whether it takes one more record. Everything that was handed in before is written by then.
    pub(crate) async fn check(&self) -> Stored<()> {
        let number = self.0.writer.write(Probe).await.map_err(full)?;
        self.added(number);
        Ok(())
    }

    /// Leaves nothing of what was moved in the files.
    pub(crate) async fn sweep(&self) -> Stored<()> {
        self.0.writer.alone(Scrub).await
    }

    /// Waits until something waits to be moved.
    pub(crate) async fn filled(&self) {
        let moved = self.moved();
        // The sender lives as long as `self`.
        let _ = self.0.added.subscribe().wait_for(|last| *last > moved).await;
    }

    /// Waits until everything that is there now was moved, but not longer than `limit`. Whether it was.
    pub(crate) async fn emptied(&self, limit: Duration) -> bool {
        let last = self.last();
        let mut moved = self.0.moved.subscribe();
        tokio::time::timeout(limit, moved.wait_for(|moved| *moved >= last)).await.is_ok()
    }

    /// Takes no more, and closes the file.
    pub(crate) async fn close(&self) {
        self.0.writer.stop().await;
        self.0.readers.close().await;
    }
}

/// How many records a spool's file holds, whoever has it open.
pub(crate) async fn held(path: &Path) -> Stored<u64> {
    let file = SqliteConnectOptions::new().filename(path).create_if_missing(false).disable_statement_logging();
    let mut file = file.connect().await.map_err(unavailable)?;
    let held: i64 = sqlx::query_scalar("SELECT count(*) FROM spool").fetch_one(&mut file).await.map_err(unavailable)?;
    file.close().await.map_err(unavailable)?;
    Ok(held.unsigned_abs())
}

/// Removes an emptied spool's file, which nobody has open.
pub(crate) fn remove(path: &Path) -> Stored<()> {
    std::fs::remove_file(path).map_err(|error| StoreError::Unavailable(format!("{}: {error}", path.display())))
}

fn spooled(row: &SqliteRow, cipher: &Cipher) -> Stored<Spooled> {
    let trace: &[u8] = row.try_get("trace_id").map_err(unavailable)?;
    let body: String = row.try_get("body").map_err(unavailable)?;
    let kept: Option<bool> = row.try_get("kept").map_err(unavailable)?;
    let Some(kept) = kept else {
        let body = cipher.open(&body)?.into_owned();
        return Ok(Spooled::Feedback { trace: TraceId::from_bits(bits(trace)?), body });
    };
    let charges: &str = row.try_get("charges").map_err(unavailable)?;
    let record = Record { trace: Arc::new(cipher.read(&body)?), kept, charges: from_json(charges)? };
    Ok(Spooled::Record { record, body })
}

fn full(error: StoreError) -> StoreError {
    match error {
        StoreError::Unavailable(why) => StoreError::Unavailable(format!(
            "the spool for Postgres takes nothing more: {why}. Make room on its disk, raise its limit, or bring Postgres back"
        )),
        other => other,
    }
}
