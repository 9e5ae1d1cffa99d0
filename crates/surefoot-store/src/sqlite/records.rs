//! A group of records goes to the file: traces, books, accounts and leases, in few statements.

use std::{collections::HashMap, sync::LazyLock};

use sqlx::SqliteConnection;
use surefoot_types::{
    budget::AccountId,
    erasure::user_hash,
    ports::{Record, StoreError, Stored},
    spend::Sums,
};

use super::{id_bytes, many::Many, to_json, unavailable};
use crate::group::{COLUMNS, DAY, Group, HOUR, numbers};

static TRACE: LazyLock<Many> = LazyLock::new(|| {
    Many::new("INSERT OR IGNORE INTO trace (id, at, asked, outcome, session, user, question, summary)", 8, "")
});
static BODY: LazyLock<Many> = LazyLock::new(|| Many::new("INSERT OR IGNORE INTO trace_body (id, body)", 2, ""));
static UNKEPT: LazyLock<Many> = LazyLock::new(|| Many::new("INSERT OR IGNORE INTO unkept (id)", 1, ""));
static SPEND: LazyLock<Many> = LazyLock::new(|| {
    let head = format!("INSERT INTO spend (span, kind, at, name, {})", COLUMNS.join(", "));
    let sum = |column: &&str| match *column {
        "reported" => "reported = coalesce(reported + excluded.reported, reported, excluded.reported)".to_owned(),
        "estimated" => "estimated = max(estimated, excluded.estimated)".to_owned(),
        column => format!("{column} = {column} + excluded.{column}"),
    };
    let sums: Vec<String> = COLUMNS.iter().map(sum).collect();
    Many::new(&head, 4 + COLUMNS.len(), &format!("ON CONFLICT DO UPDATE SET {}", sums.join(", ")))
});
static SPENT: LazyLock<Many> = LazyLock::new(|| {
    Many::new("INSERT INTO account (id, start, spent)", 3, "ON CONFLICT DO UPDATE SET spent = spent + excluded.spent")
});
static TAKEN: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "UPDATE lease SET amount = max(amount - taken.column3, 0) FROM (",
        3,
        ") AS taken WHERE account = taken.column1 AND holder = taken.column2",
    )
});

/// A record with its columns made ready, by whoever hands it in.
#[derive(Debug)]
pub(super) struct Ready {
    record: Record,
    id: Vec<u8>,
    /// Of the summary and of the whole trace, as JSON; empty for a record that is not kept.
    summary: String,
    body: String,
}

impl Ready {
    pub(super) fn new(record: Record) -> Stored<Self> {
        let id = id_bytes(record.trace.id.to_bits());
        let (mut summary, mut body) = (String::new(), String::new());
        if record.kept {
            let mut told = record.trace.summary();
            // It stands in a column of its own.
            told.question.clear();
            (summary, body) = (to_json(&told)?, to_json(&*record.trace)?);
        }
        Ok(Self { record, id, summary, body })
    }

    fn anonymous(&self) -> Self {
        let record = self.record.clone().anonymous();
        Self { record, id: self.id.clone(), summary: String::new(), body: String::new() }
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
    /// Reads who was erased since, by whichever process.
    async fn refresh(&mut self, from: &mut SqliteConnection) -> Stored<()> {
        let news: Vec<(i64, String, i64)> =
            sqlx::query_as("SELECT number, user, at FROM erasure WHERE number > ? ORDER BY number")
                .bind(self.latest)
                .fetch_all(from)
                .await
                .map_err(unavailable)?;
        for (number, user, at) in news {
            self.latest = number;
            let until = self.erased.entry(user).or_insert(at);
            *until = at.max(*until);
        }
        Ok(())
    }

    fn is_erased(&self, record: &Record) -> bool {
        // Nobody is hashed for nothing.
        let user = record.trace.user.as_deref().filter(|_| !self.erased.is_empty());
        let until = user.and_then(|user| self.erased.get(&user_hash(user)));
        until.is_some_and(|until| record.trace.at.as_nanosecond() <= i128::from(*until))
    }
}

/// Keeps all of them. If one of several is there already, it is an error, and each is to be tried on its own:
/// a record that is there already is then left as it is.
pub(super) async fn insert(to: &mut SqliteConnection, known: &mut Known, records: &[&Ready]) -> Stored<()> {
    if records.iter().any(|ready| ready.record.trace.user.is_some()) {
        known.refresh(to).await?;
    }
    let erased = |ready: &&&Ready| known.is_erased(&ready.record);
    let nameless: Vec<Ready> = records.iter().filter(erased).map(|ready| ready.anonymous()).collect();
    let others = records.iter().copied().filter(|ready| !erased(&ready));
    let all: Vec<&Ready> = others.chain(&nameless).collect();
    let (kept, unkept): (Vec<&Ready>, Vec<&Ready>) = all.iter().partition(|ready| ready.record.kept);
    let new = traces(to, &kept).await? + UNKEPT.execute(to, &unkept, |query, ready| query.bind(&ready.id)).await?;
    if new < all.len() {
        return if all.len() == 1 { Ok(()) } else { Err(StoreError::Exists("one of these records".into())) };
    }
    let mut group = Group::default();
    all.iter().for_each(|ready| group.add(&ready.record.trace, &ready.record.charges));
    add(to, group).await
}

async fn traces(to: &mut SqliteConnection, kept: &[&Ready]) -> Stored<usize> {
    let new = TRACE
        .execute(to, kept, |query, ready| {
            let trace = &ready.record.trace;
            query
                .bind(&ready.id)
                .bind(trace.at.as_millisecond())
                .bind(&trace.asked)
                .bind(trace.outcome.name())
                .bind(&trace.session)
                .bind(&trace.user)
                .bind(&trace.question)
                .bind(&ready.summary)
        })
        .await?;
    BODY.execute(to, kept, |query, ready| query.bind(&ready.id).bind(&ready.body)).await?;
    Ok(new)
}

async fn add(to: &mut SqliteConnection, group: Group) -> Stored<()> {
    let rows: Vec<((String, i64, String), Sums)> = group.spend.into_iter().collect();
    for span in [HOUR, DAY] {
        SPEND
            .execute(to, &rows, |query, ((kind, hour, name), sums)| {
                let query = query.bind(span).bind(kind).bind(hour.div_euclid(span) * span).bind(name);
                numbers(sums).into_iter().fold(query, |query, number| query.bind(number))
            })
            .await?;
    }
    let spent: Vec<(AccountId, i64)> = group.spent.into_iter().collect();
    SPENT.execute(to, &spent, |query, (id, spent)| query.bind(id.as_str()).bind(start(id)).bind(spent)).await?;
    let taken: Vec<((AccountId, String), i64)> = group.taken.into_iter().collect();
    TAKEN
        .execute(to, &taken, |query, ((account, holder), amount)| {
            query.bind(account.as_str()).bind(holder).bind(amount)
        })
        .await?;
    Ok(())
}

/// When an account's window began, in seconds since 1970; 0 for one that is for ever.
fn start(account: &AccountId) -> i64 {
    account.parts().map_or(0, |(_, _, _, start)| start.as_second())
}
