//! What is moved, and how a page of each kind is read and written.

use sqlx::{Connection, PgConnection, Row, SqlitePool};
use surefoot_types::{
    budget::AccountId,
    document::Document,
    ids::{RunId, TraceId},
    key::Key,
    ports::Stored,
    trace::Trace,
};

use crate::{
    Cipher, SqliteStore,
    group::{COLUMNS, Group, sums},
    postgres::tables,
    rows::{bits, from_json, id_bytes, to_json, unavailable},
    sqlite::item_of,
};

/// Most rows of a page, and of one of large rows.
const MANY: i64 = 1_000;
const FEW: i64 = 200;

/// A kind of what is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Keys,
    Accounts,
    Spend,
    Counted,
    Traces,
    Feedback,
    Runs,
    RunCases,
    Responses,
    Shelf,
    Documents,
    Changes,
    Tombstones,
    Erasures,
    Audit,
    Secrets,
    Experiments,
}

impl Kind {
    /// All of them, in the order in which they are moved: a trace before the cases that tell whose it is.
    pub(super) const ALL: [Self; 17] = [
        Self::Keys,
        Self::Accounts,
        Self::Spend,
        Self::Counted,
        Self::Traces,
        Self::Feedback,
        Self::Runs,
        Self::RunCases,
        Self::Responses,
        Self::Shelf,
        Self::Documents,
        Self::Changes,
        Self::Tombstones,
        Self::Erasures,
        Self::Audit,
        Self::Secrets,
        Self::Experiments,
    ];

    /// Its name for people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Accounts => "accounts",
            Self::Spend => "spend_rows",
            Self::Counted => "requests_without_trace",
            Self::Traces => "traces",
            Self::Feedback => "feedback",
            Self::Runs => "runs",
            Self::RunCases => "run_cases",
            Self::Responses => "responses",
            Self::Shelf => "files_and_vector_stores",
            Self::Documents => "documents",
            Self::Changes => "changes",
            Self::Tombstones => "tombstones",
            Self::Erasures => "erasures",
            Self::Audit => "audit_events",
            Self::Secrets => "secrets",
            Self::Experiments => "experiments",
        }
    }

    /// Its rows in SQLite and in Postgres.
    pub(super) fn tables(self) -> (&'static str, &'static str) {
        match self {
            Self::Keys => ("key", "key"),
            Self::Accounts => ("account", "account WHERE spent IS NOT NULL"),
            Self::Spend => ("spend WHERE span = 3600", "spend WHERE span = 3600"),
            Self::Counted => ("unkept", "counted"),
            Self::Traces => ("trace", "trace"),
            Self::Feedback => ("feedback", "feedback"),
            Self::Runs => ("run", "run"),
            Self::RunCases => ("run_case", "run_case"),
            Self::Responses => ("response", "response"),
            Self::Shelf => ("item", "item"),
            Self::Documents => ("document", "document"),
            Self::Changes => ("change", "change"),
            Self::Tombstones => ("tombstone", "tombstone"),
            Self::Erasures => ("erasure", "erasure"),
            Self::Audit => ("audit", "audit"),
            Self::Secrets => ("secret", "secret"),
            Self::Experiments => ("experiment", "experiment"),
        }
    }
}

/// Moves a page of a kind. How many rows it had; absent where nothing was left.
pub(super) async fn page_move(kind: Kind, from: &SqliteStore, to: &mut PgConnection) -> Stored<Option<u64>> {
    let mut to = to.begin().await.map_err(unavailable)?;
    let after: Option<String> = sqlx::query_scalar("SELECT up_to FROM moved WHERE what = $1")
        .bind(kind.name())
        .fetch_optional(&mut *to)
        .await
        .map_err(unavailable)?;
    let after = after.unwrap_or_default();
    let (from, cipher) = (from.readers(), from.cipher());
    let moved = match kind {
        Kind::Keys => keys(from, &after, &mut to).await,
        Kind::Accounts => accounts(from, &after, &mut to).await,
        Kind::Spend => spend(from, &after, &mut to).await,
        Kind::Counted => counted(from, &after, &mut to).await,
        Kind::Traces => traces(from, &after, &mut to, cipher).await,
        Kind::Feedback => feedback(from, &after, &mut to).await,
        Kind::Runs => runs(from, &after, &mut to).await,
        Kind::RunCases => run_cases(from, &after, &mut to).await,
        Kind::Responses => responses(from, &after, &mut to, cipher).await,
        Kind::Shelf => shelf(from, &after, &mut to).await,
        Kind::Documents => documents(from, &after, &mut to).await,
        Kind::Changes => changes(from, &after, &mut to).await,
        Kind::Tombstones => tombstones(from, &after, &mut to).await,
        Kind::Erasures => erasures(from, &after, &mut to).await,
        Kind::Audit => audit(from, &after, &mut to).await,
        Kind::Secrets => secrets(from, &after, &mut to).await,
        Kind::Experiments => experiments(from, &after, &mut to).await,
    };
    let Some((up_to, rows)) = moved? else { return Ok(None) };
    sqlx::query("INSERT INTO moved VALUES ($1, $2) ON CONFLICT (what) DO UPDATE SET up_to = excluded.up_to")
        .bind(kind.name())
        .bind(up_to)
        .execute(&mut *to)
        .await
        .map_err(unavailable)?;
    to.commit().await.map_err(unavailable)?;
    Ok(Some(rows as u64))
}

/// What was moved: the mark of the last row, and how many there were.
type Page = Stored<Option<(String, usize)>>;

fn page<T>(rows: &[T], mark: impl Fn(&T) -> String) -> Option<(String, usize)> {
    rows.last().map(|last| (mark(last), rows.len()))
}

/// The mark of a number.
fn number(after: &str) -> i64 {
    after.parse().unwrap_or(i64::MIN)
}

/// The mark of an id, as it is compared.
fn id(after: &str) -> Vec<u8> {
    u128::from_str_radix(after, 16).map_or_else(|_| Vec::new(), id_bytes)
}

/// An id as a mark.
fn id_mark(id: &[u8]) -> String {
    bits(id).map_or_else(|_| String::new(), |bits| format!("{bits:032x}"))
}

async fn keys(from: &SqlitePool, after: &str, to: &mut PgConnection) -> Page {
    let rows: Vec<(i64, String)> =
        sqlx::query_as("SELECT number, body FROM key WHERE number > ? ORDER BY number LIMIT ?")
            .bind(number(after))
            .bind(MANY)
            .fetch_all(from)
            .await
            .map_err(unavailable)?;
    for (_, body) in &rows {
        tables::key_insert(to, &from_json::<Key>(body)?).await?;
    }
    Ok(page(&rows, |(number, _)| number.to_string()))
}

async fn accounts(from: &SqlitePool, after: &str, to: &mut PgConnection) -> Page {
    let rows: Vec<(String, i64)> = sqlx::query_as("SELECT id, spent FROM account WHERE id > ? ORDER BY id LIMIT ?")
        .bind(after)
        .bind(MANY)
        .fetch_all(from)
        .await
        .map_err(unavailable)?;
    let spent = rows.iter().map(|(id, spent)| (AccountId::from_text(id), *spent)).collect();
    tables::accounts_charge(to, &Group { spent, ..Group::default() }).await?;
    Ok(page(&rows, |(id, _)| id.clone()))
}

async fn spend(from: &SqlitePool, after: &str, to: &mut PgConnection) -> Page {
    let after: (String, i64, String) = from_json(after).unwrap_or_default();
    let rows = sqlx::query(
        "SELECT * FROM spend WHERE span = 3600 AND (kind, at, name) > (?, ?, ?) ORDER BY kind, at, name LIMIT ?",
    )
    .bind(after.0)
    .bind(after.1)
    .bind(after.2)
    .bind(MANY)
    .fetch_all(from)
    .await
    .map_err(unavailable)?;
    let (mut group, mut last) = (Group::default(), None);
    for row in &rows {
        let mut numbers = [None; COLUMNS.len()];
        for (number, column) in numbers.iter_mut().zip(COLUMNS) {
            *number = row.try_get(column).map_err(unavailable)?;
        }
        let get = |column| row.try_get::<String, _>(column).map_err(unavailable);
        let key = (get("kind")?, row.try_get("at").map_err(unavailable)?, get("name")?);
        last = Some(to_json(&key)?);
        group.spend.insert(key, sums(&numbers));
    }
    tables::spend_add(to, &group).await?;
    Ok(last.map(|last| (last, rows.len())))
}

async fn counted(from: &SqlitePool, after: &str, to: &mut PgConnection) -> Page {
    let rows: Vec<Vec<u8>> = sqlx::query_scalar("SELECT id FROM unkept WHERE id > ? ORDER BY id LIMIT ?")
        .bind(id(after))
        .bind(MANY)
        .fetch_all(from)
        .await
        .map_err(unavailable)?;
    months_add(to, rows.iter().map(Vec::as_slice)).await?;
    sqlx::query("INSERT INTO counted SELECT id, false FROM unnest($1::bytea[]) AS id")
        .bind(&rows)
        .execute(to)
        .await
        .map_err(unavailable)?;
    Ok(page(&rows, |id| id_mark(id)))
}

/// Makes the partitions that these requests go to.
async fn months_add(to: &mut PgConnection, ids: impl Iterator<Item = &[u8]>) -> Stored<()> {
    let ids: Vec<TraceId> = ids.map(|id| bits(id).map(TraceId::from_bits)).collect::<Stored<_>>()?;
    let days = tables::days_without_month(to, ids.into_iter()).await?;
    tables::months_add(to, &days).await
}

async fn traces(from: &SqlitePool, after: &str, to: &mut PgConnection, cipher: &Cipher) -> Page {
    let rows: Vec<(Vec<u8>, String)> = sqlx::query_as(
        "SELECT trace.id, trace_body.body FROM trace JOIN trace_body ON trace_body.id = trace.id
         WHERE trace.id > ? ORDER BY trace.id LIMIT ?",
    )
    .bind(id(after))
    .bind(FEW)
    .fetch_all(from)
    .await
    .map_err(unavailable)?;
    months_add(to, rows.iter().map(|(id, _)| id.as_slice())).await?;
    let mut columns = tables::TraceColumns::default();
    let traces = rows.iter().map(|(_, body)| cipher.read::<Trace>(body)).collect::<Stored<Vec<_>>>()?;
    for (trace, (_, body)) in traces.iter().zip(&rows) {
        columns.push(trace, body.clone(), cipher)?;
    }
    columns.insert(&mut *to).await?;
    tables::trials_insert(to, traces.iter()).await?;
    Ok(page(&rows, |(id, _)| id_mark(id)))
}

async fn feedback(from: &SqlitePool, after: &str, to: &mut PgConnection) -> Page {
    let rows: Vec<(i64, Vec<u8>, String)> =
        sqlx::query_as("SELECT number, trace_id, body FROM feedback WHERE number > ? ORDER BY number LIMIT ?")
            .bind(number(after))
            .bind(MANY)
            .fetch_all(from)
            .await
            .map_err(unavailable)?;
    let said: Vec<_> = rows
        .iter()
        .map(|(_, trace, body)| Ok((TraceId::from_bits(bits(trace)?), body.clone())))
        .collect::<Stored<_>>()?;
    tables::feedback_insert(to, &said).await?;
    Ok(page(&rows, |(number, ..)| number.to_string()))
}

/// Bodies by id, after a place.
async fn bodies(from: &SqlitePool, sql: &'static str, after: &str) -> Stored<Vec<(Vec<u8>, String)>> {
    sqlx::query_as(sql).bind(id(after)).bind(FEW).fetch_all(from).await.map_err(unavailable)
}

async fn runs(from: &SqlitePool, after: &str, to: &mut PgConnection) -> Page {
    let rows = bodies(from, "SELECT id, body FROM run WHERE id > ? ORDER BY id LIMIT ?", after).await?;
    for (_, body) in &rows {
        tables::run_upsert(to, &from_json(body)?).await?;
    }
    Ok(page(&rows, |(id, _)| id_mark(id)))
}

async fn responses(from: &SqlitePool, after: &str, to: &mut PgConnection, cipher: &Cipher) -> Page {
    let rows = bodies(from, "SELECT id, body FROM response WHERE id > ? ORDER BY id LIMIT ?", after).await?;
    for (_, body) in &rows {
        tables::response_insert(to, &cipher.read(body)?, cipher).await?;
    }
    Ok(page(&rows, |(id, _)| id_mark(id)))
}

/// One thing a page: it may be a large file.
async fn shelf(from: &SqlitePool, after: &str, to: &mut PgConnection) -> Page {
    let after: (String, String) = from_json(after).unwrap_or_default();
    let row = sqlx::query(
        "SELECT item.*, content FROM item LEFT JOIN item_content USING (place, id)
         WHERE (place, id) > (?, ?) ORDER BY place, id LIMIT 1",
    )
    .bind(after.0)
    .bind(after.1)
    .fetch_optional(from)
    .await
    .map_err(unavailable)?;
    let Some(row) = row else { return Ok(None) };
    let item = item_of(&row)?;
    let content: Option<Vec<u8>> = row.try_get("content").map_err(unavailable)?;
    tables::item_insert(to, &item, content.as_deref()).await?;
    Ok(Some((to_json(&(item.place, item.id))?, 1)))
}

async fn run_cases(from: &SqlitePool, after: &str, to: &mut PgConnection) -> Page {
    let rows: Vec<(i64, Vec<u8>, Option<String>, String)> =
        sqlx::query_as("SELECT number, run_id, user, body FROM run_case WHERE number > ? ORDER BY number LIMIT ?")
            .bind(number(after))
            .bind(FEW)
            .fetch_all(from)
            .await
            .map_err(unavailable)?;
    for (_, run, user, body) in &rows {
        tables::run_case_insert(to, RunId::from_bits(bits(run)?), &from_json(body)?, user.as_deref()).await?;
    }
    Ok(page(&rows, |(number, ..)| number.to_string()))
}

/// One document a page, with its passages under the keys that they have: indexes and traces know them by those.
async fn documents(from: &SqlitePool, after: &str, to: &mut PgConnection) -> Page {
    let row: Option<(Vec<u8>, String, String, String)> =
        sqlx::query_as("SELECT id, head, text, embedder FROM document WHERE id > ? ORDER BY id LIMIT 1")
            .bind(id(after))
            .fetch_optional(from)
            .await
            .map_err(unavailable)?;
    let Some((id, head, text, embedder)) = row else { return Ok(None) };
    let document = Document { text, ..from_json(&head)? };
    tables::head_insert(to, &document, &embedder).await?;
    let rows: Vec<(i64, String, Vec<u8>)> =
        sqlx::query_as("SELECT key, body, vector FROM passage WHERE document_id = ? ORDER BY key")
            .bind(&id)
            .fetch_all(from)
            .await
            .map_err(unavailable)?;
    let (mut keys, mut bodies, mut vectors) = (Vec::new(), Vec::new(), Vec::new());
    for (key, body, vector) in rows {
        keys.push(key);
        bodies.push(body);
        vectors.push(vector);
    }
    sqlx::query(
        "INSERT INTO passage (key, document_id, body, vector)
         SELECT key, $1, body, vector FROM unnest($2::bigint[], $3::text[], $4::bytea[]) AS new (key, body, vector)",
    )
    .bind(&id)
    .bind(keys)
    .bind(bodies)
    .bind(vectors)
    .execute(to)
    .await
    .map_err(unavailable)?;
    Ok(Some((id_mark(&id), 1)))
}

async fn changes(from: &SqlitePool, after: &str, to: &mut PgConnection) -> Page {
    type Row = (i64, String, Option<Vec<u8>>, Option<String>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT number, knowledge, document_id, gone FROM change WHERE number > ? ORDER BY number LIMIT ?",
    )
    .bind(number(after))
    .bind(MANY)
    .fetch_all(from)
    .await
    .map_err(unavailable)?;
    for (number, knowledge, document, gone) in &rows {
        sqlx::query(
            "WITH known AS (INSERT INTO knowledge VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET latest = excluded.latest)
             INSERT INTO change VALUES ($1, $2, $3, $4)",
        )
        .bind(knowledge)
        .bind(number)
        .bind(document)
        .bind(gone)
        .execute(&mut *to)
        .await
        .map_err(unavailable)?;
    }
    Ok(page(&rows, |(number, ..)| number.to_string()))
}

async fn tombstones(from: &SqlitePool, after: &str, to: &mut PgConnection) -> Page {
    let after: (String, String) = from_json(after).unwrap_or_default();
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT knowledge, hash FROM tombstone WHERE (knowledge, hash) > (?, ?) ORDER BY knowledge, hash LIMIT ?",
    )
    .bind(after.0)
    .bind(after.1)
    .bind(MANY)
    .fetch_all(from)
    .await
    .map_err(unavailable)?;
    for (knowledge, hash) in &rows {
        tables::tombstone_add(to, knowledge, hash).await?;
    }
    let last = rows.last().map(to_json).transpose()?;
    Ok(last.map(|last| (last, rows.len())))
}

async fn erasures(from: &SqlitePool, after: &str, to: &mut PgConnection) -> Page {
    let rows: Vec<(i64, String, i64)> =
        sqlx::query_as("SELECT number, user, at FROM erasure WHERE number > ? ORDER BY number LIMIT ?")
            .bind(number(after))
            .bind(MANY)
            .fetch_all(from)
            .await
            .map_err(unavailable)?;
    for (number, user, at) in &rows {
        sqlx::query("INSERT INTO erasure (number, user_hash, at, unswept) VALUES ($1, $2, $3, '{}')")
            .bind(number)
            .bind(user)
            .bind(at)
            .execute(&mut *to)
            .await
            .map_err(unavailable)?;
    }
    Ok(page(&rows, |(number, ..)| number.to_string()))
}

async fn audit(from: &SqlitePool, after: &str, to: &mut PgConnection) -> Page {
    let rows: Vec<(i64, String, String)> =
        sqlx::query_as("SELECT number, body, hash FROM audit WHERE number > ? ORDER BY number LIMIT ?")
            .bind(number(after))
            .bind(MANY)
            .fetch_all(from)
            .await
            .map_err(unavailable)?;
    for (number, body, hash) in &rows {
        tables::audit_insert(to, *number, body, hash).await?;
    }
    Ok(page(&rows, |(number, ..)| number.to_string()))
}

async fn secrets(from: &SqlitePool, after: &str, to: &mut PgConnection) -> Page {
    let rows: Vec<(String, Vec<u8>)> =
        sqlx::query_as("SELECT name, value FROM secret WHERE name > ? ORDER BY name LIMIT ?")
            .bind(after)
            .bind(MANY)
            .fetch_all(from)
            .await
            .map_err(unavailable)?;
    for (name, value) in &rows {
        tables::secret_insert(to, name, value).await?;
    }
    Ok(page(&rows, |(name, _)| name.clone()))
}

async fn experiments(from: &SqlitePool, after: &str, to: &mut PgConnection) -> Page {
    let rows: Vec<(String, i64, String)> =
        sqlx::query_as("SELECT id, revision, body FROM experiment WHERE id > ? ORDER BY id LIMIT ?")
            .bind(after)
            .bind(FEW)
            .fetch_all(from)
            .await
            .map_err(unavailable)?;
    for (id, revision, body) in &rows {
        sqlx::query("INSERT INTO experiment VALUES ($1, $2, $3)")
            .bind(id)
            .bind(revision)
            .bind(body)
            .execute(&mut *to)
            .await
            .map_err(unavailable)?;
    }
    Ok(page(&rows, |(id, ..)| id.clone()))
}
