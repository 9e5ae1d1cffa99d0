//! Postgres, for several processes on several machines. What is counted or was said goes to a spool on this seat's
//! disk first and is moved here in batches by `drain`; everything else goes here at once.

mod address;
mod archive;
mod batch;
mod books;
mod drain;
mod journal;
mod ledger;
mod library;
mod notebook;
mod responses;
mod vault;

/// Writing to the tables, for whoever moves everything here from elsewhere.
pub(crate) mod tables {
    pub(crate) use super::{
        archive::audit_insert,
        batch::{TraceColumns, accounts_charge, days_without_month, feedback_insert, months_add, spend_add},
        ledger::key_insert,
        library::{head_insert, tombstone_add},
        notebook::{run_case_insert, run_upsert},
        responses::response_insert,
        vault::secret_insert,
    };
}

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use sqlx::{Connection, PgConnection, PgPool, migrate::Migrator, postgres::PgPoolOptions};
use surefoot_types::{
    Timestamp,
    budget::AccountId,
    erasure::user_hash,
    ports::{Store, Stored},
};

use self::{
    address::{Address, NotReached},
    drain::Drain,
};
use crate::{
    Options,
    recollection::Recollection,
    rows::{not_migrated, unavailable},
    seat::Seat,
    spool::{self, Spool},
};

/// Changes to the tables, in order. Each is applied once.
static MIGRATIONS: Migrator = sqlx::migrate!("src/postgres/migrations");

/// How long is waited for a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// A connection that lay idle so long is asked whether it still works before it is used.
const STALE: Duration = Duration::from_secs(1);
/// How long a reader waits for what this process wrote just before to arrive. Past that it reads what is there.
const CATCH_UP: Duration = Duration::from_secs(2);
/// More than this does not arrive in a moment: nobody waits for it.
const BACKLOG: u64 = 5_000;
/// Longest text in a column with an index: Postgres refuses entries of more than about 2,700 bytes.
const LONGEST: usize = 1_024;

/// Advisory locks: shared by whoever adds what a user may be erased from, held alone by whoever takes it away; and
/// of the audit log. The third, of new months, is taken by `trace_month`.
const KEPT: (i32, i32) = (7_237_123, 1);
const AUDIT: (i32, i32) = (7_237_123, 2);

/// How a [`PostgresStore`] is opened, beside what every store is asked.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// What every store is asked. The clock is not: leases run out by the database's. Pages are the spool's.
    pub common: Options,
    /// Most connections, beside the one by which records are moved.
    pub connections: u32,
    /// How long the leases of a process that is not heard of still count after they have run out, where its spool may
    /// hold what was spent of them.
    pub doubt: Duration,
    /// How long closing waits for the spool to be moved.
    pub close_within: Duration,
    /// Whether to begin while the database is away, with what is known here of it. It is brought up to date as soon
    /// as it is there; one that is there and refuses is an error all the same.
    pub without: bool,
}

impl PostgresOptions {
    /// The usual ones: ten connections, a minute of doubt, ten seconds to close in, a spool of at most 4 GiB.
    pub fn new(common: Options) -> Self {
        let pages = common.pages.or(Some(1 << 20));
        Self {
            common: Options { pages, ..common },
            connections: 10,
            doubt: Duration::from_secs(60),
            close_within: Duration::from_secs(10),
            without: false,
        }
    }
}

/// All storage ports, in one Postgres database. Clones share it.
#[derive(Clone)]
pub struct PostgresStore {
    address: Arc<Address>,
    pool: PgPool,
    seat: Arc<Seat>,
    spool: Spool,
    drain: Arc<Drain>,
    /// Keeps the pool at the server that takes writes; ends with the last clone.
    _follower: Arc<Follower>,
    recollection: Arc<Recollection>,
    /// Until when this seat's leases surely live.
    leased_until: Arc<Mutex<Option<Instant>>>,
    doubt: Duration,
    close_within: Duration,
}

impl fmt::Debug for PostgresStore {
    /// Without the address, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("seat", &self.seat).field("spool", &self.spool).finish_non_exhaustive()
    }
}

impl PostgresStore {
    /// Opens the database at `url` (`postgres://user:password@host/database?sslmode=verify-full`; of several hosts,
    /// separated by commas, the one that takes writes is used, whichever it is at the time), brings its tables
    /// up to date, takes a seat, and begins to move what its spool and those of free seats still hold.
    ///
    /// # Errors
    /// `Unavailable` where the database (unless `without`) or the spool cannot be opened; `Newer` where a newer version wrote it.
    pub async fn open(url: &str, options: &PostgresOptions) -> Stored<Self> {
        let address = Arc::new(Address::parse(url)?);
        let first = match address.reach().await {
            Ok(mut first) => {
                prepare(&mut first).await?;
                Some(first)
            }
            Err(NotReached::Away(error)) if options.without => {
                tracing::warn!(error = %error, "began without Postgres: it is tried until it is there");
                None
            }
            Err(error) => return Err(error.into()),
        };
        let pool = PgPoolOptions::new()
            .max_connections(options.connections)
            .acquire_timeout(CONNECT)
            .test_before_acquire(false)
            .before_acquire(|connection, told| {
                Box::pin(async move {
                    if told.idle_for > STALE {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_lazy_with(address.latest());
        let seat = Arc::new(Seat::take(&options.common.seats, &*options.common.chance)?);
        let spool = Spool::open(&seat.file(drain::SPOOL), &options.common).await?;
        let drain =
            Drain::start(Arc::clone(&address), first, spool.clone(), Arc::clone(&seat), options.common.clone()).await?;
        let recollection = Arc::new(Recollection::of(&seat, &options.common.seats));
        let follower = Arc::new(Follower::start(&address, &pool));
        Ok(Self {
            address,
            _follower: follower,
            pool,
            recollection,
            seat,
            spool,
            drain: Arc::new(drain),
            leased_until: Arc::default(),
            doubt: options.doubt,
            close_within: options.close_within,
        })
    }

    /// How many records wait in the spool.
    pub fn waiting(&self) -> u64 {
        self.spool.waiting()
    }

    /// How many records wait in the spools of all seats of this data folder, and in how many: those of processes that
    /// run beside this one too.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub async fn waiting_here(&self) -> Stored<(u64, usize)> {
        let (mut waiting, mut spools) = (0, 0);
        for path in self.seat.all_files(drain::SPOOL) {
            let held = spool::held(&path).await?;
            waiting += held;
            spools += usize::from(held > 0);
        }
        Ok((waiting, spools))
    }

    /// A connection of one's own, on which a statement may take as long as it takes.
    pub(crate) async fn connection(&self) -> Stored<PgConnection> {
        let mut connection = self.address.reach().await?;
        sqlx::query("SET statement_timeout = 0").execute(&mut connection).await.map_err(unavailable)?;
        Ok(connection)
    }

    /// Waits a moment for what this process wrote before to arrive. Whether it has.
    async fn catch_up(&self) -> bool {
        let soon = || !self.drain.is_cut_off() && self.spool.waiting() <= BACKLOG;
        self.spool.is_empty() || soon() && self.spool.emptied(CATCH_UP).await
    }
}

/// The task that follows the server that takes writes.
#[derive(Debug)]
struct Follower(tokio::task::JoinHandle<()>);

impl Follower {
    fn start(address: &Arc<Address>, pool: &PgPool) -> Self {
        let (address, pool) = (Arc::clone(address), pool.clone());
        Self(tokio::spawn(async move { address.follow(&pool).await }))
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[async_trait]
impl Store for PostgresStore {
    /// Whether records can be taken: while Postgres is away, they can.
    async fn check(&self) -> Stored<()> {
        self.spool.check().await
    }

    fn holder(&self) -> &str {
        self.seat.holder()
    }

    async fn close(&self) {
        // What nobody waited for is in the spool then, and is waited for.
        if let Err(error) = self.spool.check().await {
            tracing::warn!(error = %error, "the spool cannot be written");
        }
        if !self.spool.emptied(self.close_within).await {
            tracing::warn!(
                records = self.spool.waiting(),
                "closed before everything was moved to Postgres: the rest waits in the spool for the next start"
            );
        }
        self.drain.stop().await;
        self.spool.close().await;
        self.pool.close().await;
    }
}

/// Brings the tables up to date.
async fn prepare(connection: &mut PgConnection) -> Stored<()> {
    // A change to all rows, and waiting for whoever makes it, take as long as they take.
    sqlx::query("SET statement_timeout = 0").execute(&mut *connection).await.map_err(unavailable)?;
    MIGRATIONS.run_direct(None, connection, false).await.map_err(not_migrated)?;
    sqlx::query("RESET statement_timeout").execute(&mut *connection).await.map_err(unavailable)?;
    months_ahead(connection).await
}

/// Makes the partitions of this month and the next two, so that records find theirs.
async fn months_ahead(connection: &mut PgConnection) -> Stored<()> {
    let make = sqlx::query(
        "SELECT trace_month((extract(epoch FROM now() + month * interval '1 month') * 1000)::bigint)
         FROM generate_series(0, 2) AS month",
    );
    make.execute(connection).await.map(|_| ()).map_err(unavailable)
}

/// Holds off erasures and the dropping of months until the transaction ends.
async fn kept_shared(to: &mut PgConnection) -> Stored<()> {
    let lock = sqlx::query("SELECT pg_advisory_xact_lock_shared($1, $2)").bind(KEPT.0).bind(KEPT.1);
    lock.execute(to).await.map(|_| ()).map_err(unavailable)
}

/// Waits until nobody adds anything, and holds everybody off until the transaction ends.
async fn kept_alone(to: &mut PgConnection) -> Stored<()> {
    let lock = sqlx::query("SELECT pg_advisory_xact_lock($1, $2)").bind(KEPT.0).bind(KEPT.1);
    lock.execute(to).await.map(|_| ()).map_err(unavailable)
}

/// A text as a column with an index holds it: without zero bytes, and not too long. What is longer keeps its
/// beginning and the hash of all of it.
fn column(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST && !text.contains('\0') {
        return text.into();
    }
    let clean = text.replace('\0', "\u{fffd}");
    match clean.len() {
        0..=LONGEST => clean.into(),
        _ => format!("{}…{}", &clean[..clean.floor_char_boundary(LONGEST - 100)], user_hash(text)).into(),
    }
}

/// An account's text as its column holds it.
fn account_column(account: &AccountId) -> Cow<'_, str> {
    match account.parts() {
        Some((what, per, subject, start)) if account.as_str().len() > LONGEST => {
            let short = AccountId::new(what, &per, &column(subject), start);
            column(short.as_str()).into_owned().into()
        }
        _ => column(account.as_str()),
    }
}

/// When an account's window began, in seconds since 1970.
fn account_start(account: &AccountId) -> i64 {
    account.parts().map_or(0, |(_, _, _, start)| start.as_second())
}

/// Rows, which are never fewer than none.
fn count(rows: i64) -> u64 {
    rows.unsigned_abs()
}

/// A moment as it is compared exactly.
fn nanos(at: Timestamp) -> i64 {
    i64::try_from(at.as_nanosecond()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use surefoot_types::budget::Per;

    use super::*;

    #[test]
    fn texts_fit_their_columns() {
        assert_eq!(column("a|b é"), "a|b é");
        assert_eq!(column("a\0b"), "a\u{fffd}b");
        let (one, other) = (format!("{}1", "é".repeat(2_000)), format!("{}2", "é".repeat(2_000)));
        assert!(column(&one).len() <= LONGEST && column(&one).starts_with("éé"));
        assert_ne!(column(&one), column(&other));
        let account = AccountId::new("budget:daily", &Per::User, &one, Timestamp::UNIX_EPOCH);
        let kept = AccountId::from_text(account_column(&account));
        assert!(kept.is_of_user(&column(&one)), "{kept}");
    }
}
