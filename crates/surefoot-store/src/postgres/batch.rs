//! Records go from a spool into the database in batches, each in one transaction with the mark of how far the spool
//! has been moved: whatever breaks, a record is here once or still there.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sqlx::{Connection, PgConnection};
use surefoot_types::{
    erasure::user_hash,
    feedback::Feedback,
    ids::TraceId,
    ports::{Record, Stored},
    spend::Sums,
    trace::Trace,
};

use super::{account_column, account_start, column, kept_shared, nanos};
use crate::{
    group::{COLUMNS, DAY, Group, HOUR, numbers},
    rows::{from_json, id_bytes, to_json, unavailable},
    spool::{Spool, Spooled},
};

/// Milliseconds in a day.
const DAY_MILLIS: i64 = 86_400_000;

/// What was moved.
#[derive(Debug)]
pub(super) struct Moved {
    /// The last number that is in the database now.
    pub(super) up_to: i64,
    /// Whether the spool held nothing after it.
    pub(super) last: bool,
}

/// Moves at most `limit` records.
pub(super) async fn records_move(to: &mut PgConnection, from: &Spool, limit: usize) -> Stored<Moved> {
    loop {
        let mut transaction = to.begin().await.map_err(unavailable)?;
        match write(&mut transaction, from, limit).await? {
            Written::Moved(moved) => {
                transaction.commit().await.map_err(unavailable)?;
                return Ok(moved);
            }
            // Made on their own: until a transaction with a new month in it ends, nobody reads any month.
            Written::Homeless(days) => {
                transaction.rollback().await.map_err(unavailable)?;
                months_add(to, &days).await?;
            }
        }
    }
}

/// What became of a batch.
enum Written {
    /// All of it is written.
    Moved(Moved),
    /// Nothing is: the months of these days (since 1970) have no partitions.
    Homeless(Vec<i64>),
}

async fn write(to: &mut PgConnection, from: &Spool, limit: usize) -> Stored<Written> {
    // The row's lock keeps a second mover of the same spool waiting.
    let drained: i64 = sqlx::query_scalar("SELECT drained FROM spool WHERE id = $1 FOR UPDATE")
        .bind(from.id())
        .fetch_one(&mut *to)
        .await
        .map_err(unavailable)?;
    kept_shared(to).await?;
    // Read after the transaction began: where nothing is left, nothing from before this moment is.
    let waiting = from.list(drained, limit).await?;
    let moved = Moved { up_to: waiting.up_to, last: waiting.last };
    let mut seen = BTreeSet::new();
    let (mut records, mut said) = (Vec::new(), Vec::new());
    for spooled in waiting.records {
        match spooled {
            Spooled::Record { record, body } if seen.insert(record.trace.id) => records.push((record, body)),
            Spooled::Record { .. } => {}
            Spooled::Feedback { trace, body } => said.push((trace, body)),
        }
    }
    let homeless = days_without_month(to, records.iter().map(|(record, _)| record.trace.id)).await?;
    if !homeless.is_empty() {
        return Ok(Written::Homeless(homeless));
    }
    let fresh = records_insert(to, records).await?;
    let mut group = Group::default();
    fresh.iter().for_each(|record| group.add(&record.trace, &record.charges));
    spend_add(to, &group).await?;
    accounts_charge(to, &group).await?;
    feedback_insert(to, &said).await?;
    sqlx::query(
        "UPDATE spool SET drained = $2, seen = now(), clean = CASE WHEN $3 THEN now() ELSE clean END WHERE id = $1",
    )
    .bind(from.id())
    .bind(moved.up_to)
    .bind(moved.last)
    .execute(to)
    .await
    .map_err(unavailable)?;
    Ok(Written::Moved(moved))
}

/// The days on which these traces were made, as their ids tell, whose month has no partitions.
pub(crate) async fn days_without_month(
    to: &mut PgConnection,
    traces: impl Iterator<Item = TraceId>,
) -> Stored<Vec<i64>> {
    let days: BTreeSet<i64> = traces.map(|id| i64::try_from(id.to_bits() >> 80).unwrap_or(0) / DAY_MILLIS).collect();
    sqlx::query_scalar("SELECT day FROM unnest($1::bigint[]) AS day WHERE NOT trace_month_is_there(day * $2)")
        .bind(days.into_iter().collect::<Vec<_>>())
        .bind(DAY_MILLIS)
        .fetch_all(to)
        .await
        .map_err(unavailable)
}

/// Makes the partitions of these days' months.
pub(crate) async fn months_add(to: &mut PgConnection, days: &[i64]) -> Stored<()> {
    let make = sqlx::query("SELECT trace_month(day * $2) FROM unnest($1::bigint[]) AS day").bind(days).bind(DAY_MILLIS);
    make.execute(to).await.map(|_| ()).map_err(unavailable)
}

/// Keeps records that are not known yet, and gives those. What is late of an erased user is left without a name.
async fn records_insert(to: &mut PgConnection, records: Vec<(Record, String)>) -> Stored<Vec<Record>> {
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let erasures = erasures_of(to, records.iter().filter_map(|(record, _)| record.trace.user.as_deref())).await?;
    let (mut kept, mut counted) = (TraceColumns::default(), (Vec::new(), Vec::new()));
    let mut all = Vec::with_capacity(records.len());
    for (record, body) in records {
        let erased = record.trace.user.as_deref().and_then(|user| erasures.get(&user_hash(user)));
        let erased = erased.is_some_and(|until| nanos(record.trace.at) <= *until);
        let record = if erased { record.anonymous() } else { record };
        if record.kept {
            kept.push(&record.trace, body)?;
        } else {
            counted.0.push(id_bytes(record.trace.id.to_bits()));
            counted.1.push(erased);
        }
        all.push(record);
    }
    let mut fresh: BTreeSet<Vec<u8>> = kept.insert(to).await?.into_iter().collect();
    let added: Vec<Vec<u8>> = sqlx::query_scalar(
        "INSERT INTO counted SELECT id, erased FROM unnest($1::bytea[], $2::boolean[]) AS new (id, erased)
         WHERE NOT EXISTS (SELECT FROM trace WHERE trace.id = new.id) ON CONFLICT DO NOTHING RETURNING id",
    )
    .bind(counted.0)
    .bind(counted.1)
    .fetch_all(to)
    .await
    .map_err(unavailable)?;
    fresh.extend(added);
    all.retain(|record| fresh.contains(&id_bytes(record.trace.id.to_bits())));
    Ok(all)
}

/// Traces, column by column.
#[derive(Debug, Default)]
pub(crate) struct TraceColumns {
    ids: Vec<Vec<u8>>,
    at: Vec<i64>,
    asked: Vec<String>,
    outcomes: Vec<&'static str>,
    sessions: Vec<Option<String>>,
    users: Vec<Option<String>>,
    keys: Vec<Option<String>>,
    tenants: Vec<Option<String>>,
    questions: Vec<String>,
    summaries: Vec<String>,
    bodies: Vec<String>,
}

impl TraceColumns {
    /// Adds a trace, whose JSON is `body`.
    pub(crate) fn push(&mut self, trace: &Trace, body: String) -> Stored<()> {
        self.ids.push(id_bytes(trace.id.to_bits()));
        self.at.push(trace.at.as_millisecond());
        self.asked.push(column(&trace.asked).into_owned());
        self.outcomes.push(trace.outcome.name());
        let name = |name: &Option<String>| name.as_deref().map(|name| column(name).into_owned());
        self.sessions.push(name(&trace.session));
        self.users.push(name(&trace.user));
        self.keys.push(name(&trace.key));
        self.tenants.push(name(&trace.tenant));
        self.questions.push(trace.question.replace('\0', "\u{fffd}"));
        self.summaries.push(to_json(&trace.summary())?);
        self.bodies.push(body);
        Ok(())
    }

    /// Keeps those that are not known yet. Their ids.
    pub(crate) async fn insert(self, to: &mut PgConnection) -> Stored<Vec<Vec<u8>>> {
        sqlx::query_scalar(
            "WITH new AS (SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[],
                 $7::text[], $8::text[], $9::text[], $10::text[], $11::text[])
                 AS new (id, at, asked, outcome, session, user_name, key_name, tenant, question, summary, body)),
             fresh AS (INSERT INTO trace (id, at, asked, outcome, session, user_name, key_name, tenant, question, summary)
                 SELECT id, at, asked, outcome, session, user_name, key_name, tenant, question, summary FROM new
                 WHERE NOT EXISTS (SELECT FROM counted WHERE counted.id = new.id)
                 ON CONFLICT DO NOTHING RETURNING id),
             bodies AS (INSERT INTO trace_body SELECT id, body FROM new JOIN fresh USING (id))
             SELECT id FROM fresh",
        )
        .bind(self.ids)
        .bind(self.at)
        .bind(self.asked)
        .bind(self.outcomes)
        .bind(self.sessions)
        .bind(self.users)
        .bind(self.keys)
        .bind(self.tenants)
        .bind(self.questions)
        .bind(self.summaries)
        .bind(self.bodies)
        .fetch_all(to)
        .await
        .map_err(unavailable)
    }
}

/// Those of these users who were erased, by hash, and up to when.
async fn erasures_of<'a>(to: &mut PgConnection, users: impl Iterator<Item = &'a str>) -> Stored<HashMap<String, i64>> {
    let hashes: BTreeSet<String> = users.map(user_hash).collect();
    if hashes.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT user_hash, max(at) FROM erasure WHERE user_hash = ANY ($1) GROUP BY user_hash")
            .bind(hashes.into_iter().collect::<Vec<_>>())
            .fetch_all(to)
            .await
            .map_err(unavailable)?;
    Ok(rows.into_iter().collect())
}

/// Adds a group's sums to the books.
pub(crate) async fn spend_add(to: &mut PgConnection, group: &Group) -> Stored<()> {
    if group.spend.is_empty() {
        return Ok(());
    }
    let mut spans: BTreeMap<(i64, &str, i64, &str), Sums> = BTreeMap::new();
    for ((kind, at, name), added) in &group.spend {
        for span in [HOUR, DAY] {
            let sums = spans.entry((span, kind, at.div_euclid(span) * span, name)).or_default();
            *sums = sums.plus(*added);
        }
    }
    let lines = spans.iter().map(|((span, kind, at, name), sums)| {
        let mut line = serde_json::Map::new();
        line.insert("span".into(), (*span).into());
        line.insert("kind".into(), column(kind).into());
        line.insert("at".into(), (*at).into());
        line.insert("name".into(), column(name).into());
        line.extend(COLUMNS.into_iter().zip(numbers(sums)).map(|(column, number)| (column.to_owned(), number.into())));
        line
    });
    sqlx::query(
        "INSERT INTO spend SELECT * FROM json_populate_recordset(NULL::spend, $1::json) ORDER BY span, kind, at, name
         ON CONFLICT (span, kind, at, name) DO UPDATE SET
             requests = spend.requests + excluded.requests, failed = spend.failed + excluded.failed,
             unpriced = spend.unpriced + excluded.unpriced, cost = spend.cost + excluded.cost,
             took_us = spend.took_us + excluded.took_us, input = spend.input + excluded.input,
             cache_read = spend.cache_read + excluded.cache_read, cache_write = spend.cache_write + excluded.cache_write,
             cache_write_hour = spend.cache_write_hour + excluded.cache_write_hour,
             audio_input = spend.audio_input + excluded.audio_input, output = spend.output + excluded.output,
             audio_output = spend.audio_output + excluded.audio_output, reasoning = spend.reasoning + excluded.reasoning,
             images = spend.images + excluded.images, searches = spend.searches + excluded.searches,
             reported = coalesce(spend.reported + excluded.reported, spend.reported, excluded.reported),
             estimated = greatest(spend.estimated, excluded.estimated)",
    )
    .bind(to_json(&lines.collect::<Vec<_>>())?)
    .execute(to)
    .await
    .map_err(unavailable)?;
    Ok(())
}

/// Charges accounts, and takes as much from the leases that it was spent from.
pub(crate) async fn accounts_charge(to: &mut PgConnection, group: &Group) -> Stored<()> {
    if group.spent.is_empty() {
        return Ok(());
    }
    // In one order for everybody, so that nobody waits in a ring.
    sqlx::query(
        "INSERT INTO account SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS new (account, start, spent)
         ORDER BY account
         ON CONFLICT (account) DO UPDATE SET spent = coalesce(account.spent, 0) + excluded.spent",
    )
    .bind(group.spent.keys().map(account_column).collect::<Vec<_>>())
    .bind(group.spent.keys().map(account_start).collect::<Vec<_>>())
    .bind(group.spent.values().copied().collect::<Vec<_>>())
    .execute(&mut *to)
    .await
    .map_err(unavailable)?;
    sqlx::query(
        "UPDATE lease SET amount = greatest(lease.amount - charge.amount, 0)
         FROM unnest($1::text[], $2::text[], $3::bigint[]) AS charge (account, holder, amount)
         WHERE lease.account = charge.account AND lease.holder = charge.holder",
    )
    .bind(group.taken.keys().map(|(account, _)| account_column(account)).collect::<Vec<_>>())
    .bind(group.taken.keys().map(|(_, holder)| holder.as_str()).collect::<Vec<_>>())
    .bind(group.taken.values().copied().collect::<Vec<_>>())
    .execute(to)
    .await
    .map_err(unavailable)?;
    Ok(())
}

/// Keeps feedback, but for what is about an erased request.
pub(crate) async fn feedback_insert(to: &mut PgConnection, said: &[(TraceId, String)]) -> Stored<()> {
    if said.is_empty() {
        return Ok(());
    }
    let sayer = |(_, body): &(TraceId, String)| Ok(from_json::<Feedback>(body)?.user);
    let users = said.iter().map(sayer).collect::<Stored<Vec<_>>>()?;
    sqlx::query(
        "INSERT INTO feedback (trace_id, body, user_name)
         SELECT id, body, user_name
         FROM unnest($1::bytea[], $2::text[], $3::text[]) WITH ORDINALITY AS new (id, body, user_name, place)
         WHERE NOT EXISTS (SELECT FROM counted WHERE counted.id = new.id AND erased) ORDER BY place",
    )
    .bind(said.iter().map(|(trace, _)| id_bytes(trace.to_bits())).collect::<Vec<_>>())
    .bind(said.iter().map(|(_, body)| body.as_str()).collect::<Vec<_>>())
    .bind(users.iter().map(|user| user.as_deref().map(column)).collect::<Vec<_>>())
    .execute(to)
    .await
    .map_err(unavailable)?;
    Ok(())
}
