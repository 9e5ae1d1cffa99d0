//! Postgres, for several processes on several machines. What is counted or was said goes to a spool on this seat's
//! disk first and is moved here in batches (see [`drain`]); everything else goes here at once.

mod archive;
mod batch;
mod books;
mod drain;
mod journal;
mod ledger;
mod library;
mod notebook;

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use sqlx::{
    ConnectOptions, PgConnection, PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use surefoot_types::{
    erasure::user_hash,
    ports::{Store, StoreError, Stored},
};

use self::drain::Drain;
use crate::{
    rows::{not_migrated, unavailable},
    seat::Seat,
    spool::Spool,
};

/// Changes to the tables, in order. Each is applied once.
static MIGRATIONS: Migrator = sqlx::migrate!("src/postgres/migrations");

/// How long is waited for a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// A connection that lay idle so long is asked whether it still works before it is used.
const STALE: Duration = Duration::from_secs(1);
/// How long a reader waits for what this process wrote just before to arrive. Past that it reads what is there.
const CATCH_UP: Duration = Duration::from_secs(2);
/// Longest text that a column with an index holds: Postgres refuses entries of more than about 2,700 bytes.
const LONGEST: usize = 1_024;

/// How a [`PostgresStore`] is opened.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// Folder of this machine's seats and their spools.
    pub seats: PathBuf,
    /// What a record survives once it is taken.
    pub level: crate::Level,
    /// Most connections to Postgres, beside the one that records are moved by.
    pub connections: u32,
    /// Most bytes that the spool may take of the disk.
    pub spool_bytes: u64,
    /// How long the leases of a seat that is not heard of count after they have run out, while its spool may still
    /// hold what was charged to them.
    pub doubt: Duration,
    /// How long closing waits for the spool to be moved.
    pub close_within: Duration,
}

impl PostgresOptions {
    /// The usual ones, with seats in this folder.
    pub fn new(seats: impl Into<PathBuf>) -> Self {
        Self {
            seats: seats.into(),
            level: crate::Level::default(),
            connections: 10,
            spool_bytes: 4 << 30,
            doubt: Duration::from_secs(60),
            close_within: Duration::from_secs(10),
        }
    }
}

/// All storage ports, in one Postgres database. Clones share it.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    pool: PgPool,
    seat: Arc<Seat>,
    spool: Spool,
    drain: Arc<Drain>,
    doubt: Duration,
    close_within: Duration,
}

impl PostgresStore {
    /// Opens the database at `url` (`postgres://user:password@host/database?sslmode=verify-full`), brings its tables
    /// up to date, takes a seat, and begins to move what the seat's spool and those of seats that nobody holds have left.
    ///
    /// # Errors
    /// `Unavailable` where the database or the spool cannot be opened; `Newer` where a newer version wrote it.
    pub async fn open(url: &str, options: &PostgresOptions) -> Stored<Self> {
        // The text may hold a password: the reason is told without it.
        let connect = PgConnectOptions::from_str(url)
            .map_err(|_| StoreError::Unavailable("it is not an address like postgres://user@host/database".into()))?
            .application_name("surefoot")
            .options([("statement_timeout", "60s"), ("idle_in_transaction_session_timeout", "60s")])
            .disable_statement_logging();
        let mut first = connection(&connect).await?;
        MIGRATIONS.run(&mut first).await.map_err(not_migrated)?;
        sqlx::query("SELECT trace_month((extract(epoch FROM now() + month * interval '1 month') * 1000)::bigint)
                     FROM generate_series(0, 2) AS month")
            .execute(&mut first)
            .await
            .map_err(unavailable)?;
        let pool = PgPoolOptions::new()
            .max_connections(options.connections)
            .acquire_timeout(CONNECT)
            .test_before_acquire(false)
            .before_acquire(|connection, told| {
                Box::pin(async move {
                    if told.idle_for > STALE {
                        sqlx::Connection::ping(connection).await?;
                    }
                    Ok(true)
                })
            })
            .connect_lazy_with(connect.clone());
        let seat = Arc::new(Seat::take(&options.seats)?);
        let spool = Spool::open(&seat.file("spool.db"), options.level, options.spool_bytes).await?;
        let drain = Drain::start(connect, first, spool.clone(), Arc::clone(&seat)).await?;
        Ok(Self {
            pool,
            seat,
            spool,
            drain: Arc::new(drain),
            doubt: options.doubt,
            close_within: options.close_within,
        })
    }

    /// How many records wait in the spool.
    pub fn waiting(&self) -> u64 {
        self.spool.waiting()
    }
}
