//! A group of records goes to the file: traces, books, accounts and leases, in few statements.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use sqlx::{SqliteConnection, error::DatabaseError};
use surefoot_types::{
    budget::AccountId,
    erasure::user_hash,
    ports::{Record, StoreError, Stored},
    spend::Sums,
};

use super::{
    id_bytes,
    many::{Bound, Insert, Many},
    to_json, unavailable,
};
use crate::group::{COLUMNS, DAY, Group, HOUR, numbers};

static TRACES: LazyLock<Many> = LazyLock::new(|| {
    Many::new(&[
        Insert::new("INSERT INTO trace (id, at, asked, outcome, session, user, question)", 7, ""),
        Insert::new("INSERT INTO trace_body (id, body)", 2, ""),
    ])
});
static UNKEPT: LazyLock<Many> = LazyLock::new(|| Many::new(&[Insert::new("INSERT INTO unkept (id)", 1, "")]));
static SPEND: LazyLock<Many> = LazyLock::new(|| {
    let head = format!("INSERT INTO spend (span, kind, at, name, {})", COLUMNS.join(", "));
    let sums = COLUMNS.map(|column| match column {
        "reported" => "reported = coalesce(reported + excluded.reported, reported, excluded.reported)".to_owned(),
        "estimated" => "estimated = max(estimated, excluded.estimated)".to_owned(),
        column => format!("{column} = {column} + excluded.{column}"),
    });
    let tail = format!("ON CONFLICT DO UPDATE SET {}", sums.join(", "));
    Many::new(&[Insert::new(head, 4 + COLUMNS.len(), tail)])
});
static CHARGES: LazyLock<Many> = LazyLock::new(|| {
    let add = "ON CONFLICT DO UPDATE SET spent = spent + excluded.spent";
    let take = "UPDATE lease SET amount = max(amount - taken.column3, 0) FROM (";
    let from = ") AS taken WHERE account = taken.column1 AND holder = taken.column2";
    Many::new(&[Insert::new("INSERT INTO account (id, start, spent)", 3, add), Insert::new(take, 3, from)])
});

/// A record with its trace made ready, by whoever hands it in.
#[derive(Debug)]
pub(super) struct Ready {
    record: Record,
    id: Vec<u8>,
    /// The whole trace as JSON; empty for a record that is not kept.
    body: Arc<str>,
}

impl Ready {
    pub(super) fn new(record: Record) -> Stored<Self> {
        let body = if record.kept { to_json(&*record.trace)? } else { String::new() };
        Ok(Self { id: id_bytes(record.trace.id.to_bits()), body: body.into(), record })
    }
}

/// Who was erased, as far as the writer has read it.
#[derive(Debug, Default)]
pub(super) struct Known {
    latest: i64,
    /// By hash: up to when, in nanoseconds since 1970.
    erased: HashMap<String, i64>,
}

impl Known {
    fn learn(&mut self, news: Vec<(i64, String, i64)>) {
        for (number, user, at) in news {
            self.latest = number;
            let until = self.erased.entry(user).or_insert(at);
            *until = at.max(*until);
        }
    }

    fn is_erased(&self, record: &Record) -> bool {
        // Nobody is hashed for nothing.
        let user = record.trace.user.as_deref().filter(|_| !self.erased.is_empty());
        let until = user.and_then(|user| self.erased.get(&user_hash(user)));
        until.is_some_and(|until| record.trace.at.as_nanosecond() <= i128::from(*until))
    }
}

/// Begins a transaction, and reads who was erased since, by whichever process. IMMEDIATE, so that another process
/// that writes is waited for at the beginning and not found half way.
pub(super) async fn begin(to: &mut SqliteConnection, known: &mut Known) -> Stored<()> {
    let news: Vec<(i64, String, i64)> =
        sqlx::query_as("BEGIN IMMEDIATE; SELECT number, user, at FROM erasure WHERE number > ? ORDER BY number")
            .bind(known.latest)
            .fetch_all(to)
            .await
            .map_err(unavailable)?;
    known.learn(news);
    Ok(())
}

/// Keeps all of them. If one of several is there already, it is an error, and each is to be tried on its own:
/// a record that is there already is then left as it is.
pub(super) async fn insert(to: &mut SqliteConnection, known: &Known, records: &[&Ready]) -> Stored<()> {
    let nameless = |ready: &&&Ready| known.is_erased(&ready.record);
    let anonymous: Vec<Record> =
        records.iter().filter(nameless).map(|ready| ready.record.clone().anonymous()).collect();
    let named: Vec<&Ready> = records.iter().filter(|ready| !nameless(ready)).copied().collect();
    let (kept, others): (Vec<&Ready>, Vec<&Ready>) = named.iter().partition(|ready| ready.record.kept);
    let unkept: Vec<Vec<u8>> = others
        .iter()
        .map(|ready| &ready.record)
        .chain(&anonymous)
        .map(|record| id_bytes(record.trace.id.to_bits()))
        .collect();
    match ids(to, &kept, &unkept).await {
        Ok(()) => {}
        Err(error) if error.as_database_error().is_some_and(DatabaseError::is_unique_violation) => {
            return if records.len() == 1 { Ok(()) } else { Err(StoreError::Exists("one of these records".into())) };
        }
        Err(error) => return Err(unavailable(error)),
    }
    let mut group = Group::default();
    for record in named.iter().map(|ready| &ready.record).chain(&anonymous) {
        group.add(&record.trace, &record.charges);
    }
    sums(to, &group).await.map_err(unavailable)
}

/// The traces, and the ids of what is only counted.
async fn ids(to: &mut SqliteConnection, kept: &[&Ready], unkept: &[Vec<u8>]) -> Result<(), sqlx::Error> {
    let trace = |query: Bound, ready: &&Ready| {
        let trace = &ready.record.trace;
        query
            .bind(ready.id.clone())
            .bind(trace.at.as_millisecond())
            .bind(trace.asked.clone())
            .bind(trace.outcome.name())
            .bind(trace.session.clone())
            .bind(trace.user.clone())
            .bind(trace.question.clone())
    };
    let body = |query: Bound, ready: &&Ready| query.bind(ready.id.clone()).bind(Arc::clone(&ready.body));
    TRACES.execute(to, kept, &[&trace, &body]).await?;
    UNKEPT.execute(to, unkept, &[&|query, id| query.bind(id.clone())]).await
}

async fn sums(to: &mut SqliteConnection, group: &Group) -> Result<(), sqlx::Error> {
    let rows: Vec<_> = [HOUR, DAY].iter().flat_map(|span| group.spend.iter().map(move |row| (*span, row))).collect();
    let row = |query: Bound, (span, ((kind, hour, name), sums)): &(i64, (&(String, i64, String), &Sums))| {
        let at = hour.div_euclid(*span) * span;
        let query = query.bind(*span).bind(kind.clone()).bind(at).bind(name.clone());
        numbers(sums).into_iter().fold(query, Bound::bind)
    };
    SPEND.execute(to, &rows, &[&row]).await?;
    let taken: Vec<_> = group.taken.iter().collect();
    let spent = |query: Bound, ((account, _), amount): &(&(AccountId, String), &i64)| {
        query.bind(account.as_str().to_owned()).bind(start(account)).bind(**amount)
    };
    let leased = |query: Bound, ((account, holder), amount): &(&(AccountId, String), &i64)| {
        query.bind(account.as_str().to_owned()).bind(holder.clone()).bind(**amount)
    };
    CHARGES.execute(to, &taken, &[&spent, &leased]).await
}

/// When an account's window began, in seconds since 1970; 0 for one that is for ever.
fn start(account: &AccountId) -> i64 {
    account.parts().map_or(0, |(_, _, _, start)| start.as_second())
}
