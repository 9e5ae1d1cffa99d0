//! A group of records goes to the file: traces, books, accounts and leases.

use std::{collections::HashMap, sync::LazyLock};

use rusqlite::{Connection, params};
use surefoot_types::{
    Money,
    budget::AccountId,
    erasure::user_hash,
    experiment::Observed,
    ports::{Record, Stored},
    trace::Trace,
};

use super::id_bytes;
use crate::{
    Cipher,
    group::{COLUMNS, DAY, Group, HOUR, numbers},
};

const TRACE: &str = "INSERT INTO trace (id, at, asked, outcome, session, user, question, key, tenant)
                     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
const BODY: &str = "INSERT INTO trace_body (id, body) VALUES (?, ?)";
const TRIAL: &str = "INSERT INTO trial (trace_id, experiment, unit, variant, share, at, took_us, cost, failed)
                     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
const UNKEPT: &str = "INSERT INTO unkept (id) VALUES (?)";
static SPEND: LazyLock<String> = LazyLock::new(|| {
    let sums = COLUMNS.map(|column| match column {
        "reported" => "reported = coalesce(reported + excluded.reported, reported, excluded.reported)".to_owned(),
        "estimated" => "estimated = max(estimated, excluded.estimated)".to_owned(),
        column => format!("{column} = {column} + excluded.{column}"),
    });
    let values = vec!["?"; 4 + COLUMNS.len()].join(", ");
    let columns = COLUMNS.join(", ");
    format!(
        "INSERT INTO spend (span, kind, at, name, {columns}) VALUES ({values}) ON CONFLICT DO UPDATE SET {}",
        sums.join(", ")
    )
});
const CHARGE: &str = "INSERT INTO account (id, start, spent) VALUES (?, ?, ?)
                      ON CONFLICT DO UPDATE SET spent = spent + excluded.spent";
const TAKE: &str = "UPDATE lease SET amount = max(amount - ?3, 0) WHERE account = ?1 AND holder = ?2";

/// Bytes that a probe writes: about what a group of records takes.
const PROBE: i64 = 16 << 10;

/// A record with its trace made ready, by whoever hands it in.
#[derive(Debug)]
pub(super) struct Ready {
    record: Record,
    id: Vec<u8>,
    /// The whole trace as JSON, encrypted where that is wanted; empty for a record that is not kept.
    body: String,
    /// The question, to be searched.
    question: String,
}

impl Ready {
    pub(super) fn new(record: Record, cipher: &Cipher) -> Stored<Self> {
        let body = if record.kept { cipher.write(&*record.trace)? } else { String::new() };
        let question = cipher.question(&record.trace.question).to_owned();
        Ok(Self { id: id_bytes(record.trace.id.to_bits()), body, question, record })
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
    fn learn(&mut self, number: i64, user: String, at: i64) {
        self.latest = number;
        let until = self.erased.entry(user).or_insert(at);
        *until = at.max(*until);
    }

    fn is_erased(&self, record: &Record) -> bool {
        // Nobody is hashed for nothing.
        let user = record.trace.user.as_deref().filter(|_| !self.erased.is_empty());
        let until = user.and_then(|user| self.erased.get(&user_hash(user)));
        until.is_some_and(|until| record.trace.at.as_nanosecond() <= i128::from(*until))
    }
}

/// Reads who was erased since, by whichever process.
pub(super) fn news(to: &Connection, known: &mut Known) -> rusqlite::Result<()> {
    let mut statement = to.prepare_cached("SELECT number, user, at FROM erasure WHERE number > ? ORDER BY number")?;
    let mut rows = statement.query([known.latest])?;
    while let Some(row) = rows.next()? {
        known.learn(row.get(0)?, row.get(1)?, row.get(2)?);
    }
    Ok(())
}

/// Keeps all of them. If one of several is there already, it is an error, and each is to be tried on its own.
pub(super) fn insert(to: &Connection, known: &Known, records: &[&Ready]) -> rusqlite::Result<()> {
    let mut group = Group::default();
    let (mut trace, mut body) = (to.prepare_cached(TRACE)?, to.prepare_cached(BODY)?);
    let mut unkept = to.prepare_cached(UNKEPT)?;
    for Ready { record, id, body: json, question } in records {
        let anonymous = known.is_erased(record).then(|| record.clone().anonymous());
        let record = anonymous.as_ref().unwrap_or(record);
        let one = &record.trace;
        if record.kept {
            let (at, outcome) = (one.at.as_millisecond(), one.outcome.name());
            trace.execute(params![id, at, one.asked, outcome, one.session, one.user, question, one.key, one.tenant])?;
            body.execute(params![id, json])?;
            trial(to, id, one)?;
        } else {
            unkept.execute(params![id])?;
        }
        group.add(one, &record.charges);
    }
    sums(to, &group)
}

/// Notes what a trace was part of.
fn trial(to: &Connection, id: &[u8], trace: &Trace) -> rusqlite::Result<()> {
    let Some((experiment, one)) = Observed::of(trace) else { return Ok(()) };
    let (at, took) = (one.at.as_millisecond(), i64::try_from(one.took_us).unwrap_or(i64::MAX));
    let cost = one.cost.map(Money::as_nanos);
    let row = params![id, experiment, one.unit, one.variant, one.share, at, took, cost, one.failed];
    to.prepare_cached(TRIAL)?.execute(row).map(|_| ())
}

/// Takes as much room as records do, and gives it back.
pub(super) fn probe(to: &Connection, _: &mut Known) -> rusqlite::Result<()> {
    to.execute("INSERT INTO unkept (id) VALUES (zeroblob(?))", [PROBE])?;
    to.execute("DELETE FROM unkept WHERE id = zeroblob(?)", [PROBE])?;
    Ok(())
}

fn sums(to: &Connection, group: &Group) -> rusqlite::Result<()> {
    let mut spend = to.prepare_cached(&SPEND)?;
    for span in [HOUR, DAY] {
        for ((kind, hour, name), sums) in &group.spend {
            let at = hour.div_euclid(span) * span;
            spend.raw_bind_parameter(1, span)?;
            spend.raw_bind_parameter(2, kind)?;
            spend.raw_bind_parameter(3, at)?;
            spend.raw_bind_parameter(4, name)?;
            for (place, number) in numbers(sums).into_iter().enumerate() {
                spend.raw_bind_parameter(5 + place, number)?;
            }
            spend.raw_execute()?;
        }
    }
    let (mut charge, mut take) = (to.prepare_cached(CHARGE)?, to.prepare_cached(TAKE)?);
    for (account, amount) in &group.spent {
        charge.execute(params![account.as_str(), start(account), amount])?;
    }
    for ((account, holder), amount) in &group.taken {
        take.execute(params![account.as_str(), holder, amount])?;
    }
    Ok(())
}

/// When an account's window began, in seconds since 1970; 0 for one that is for ever.
fn start(account: &AccountId) -> i64 {
    account.parts().map_or(0, |(_, _, _, start)| start.as_second())
}
