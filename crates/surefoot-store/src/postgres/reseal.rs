//! A change of the key: what was encrypted by another one, or not at all, is encrypted anew.

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use surefoot_types::ports::Stored;

use super::{PostgresStore, kept_shared};
use crate::{
    cipher::Cipher,
    rows::{limited, unavailable},
};

/// Rows of a page.
const PAGE: usize = 200;

/// The columns with encrypted texts: of which table, and what is set beside them.
const TEXTS: [(&str, &str, &str, &str); 3] = [
    ("trace_body", "body", "", "traces"),
    ("trace", "summary", ", question = ''", "summaries"),
    ("response", "body", "", "responses"),
];

impl PostgresStore {
    /// Encrypts by the first key whatever is not, beside whoever uses the store, and leaves nothing else in the tables,
    /// which are locked while they are written anew at the end. Tells of its progress: of what, and how many. How many
    /// of each there were.
    ///
    /// # Errors
    /// `Corrupt` where a text is encrypted by a key that is not there. What was encrypted before it stays so.
    pub async fn reseal(&self, progress: &(dyn Fn(&'static str, u64) + Sync)) -> Stored<Vec<(&'static str, u64)>> {
        // What this process wrote before goes first.
        self.catch_up().await;
        let mut connection = self.connection().await?;
        let mut done = Vec::new();
        for (table, column, also, what) in TEXTS {
            let (mut after, mut many) = (Vec::new(), 0);
            while let Some((last, changed)) =
                page(&mut connection, self.spool.cipher(), (table, column, also), &after).await?
            {
                (after, many) = (last, many + changed);
                progress(what, many);
            }
            done.push((what, many));
        }
        if done.iter().any(|(_, many)| *many > 0) {
            for table in ["trace_body", "trace", "response"] {
                let anew = AssertSqlSafe(format!("VACUUM (FULL, ANALYZE) {table}"));
                sqlx::query(anew).execute(&mut connection).await.map_err(unavailable)?;
            }
        }
        Ok(done)
    }
}

/// Encrypts the texts of a page anew. The last id of it, and how many texts there were; absent where none is left.
async fn page(
    to: &mut PgConnection,
    cipher: &Cipher,
    (table, column, also): (&str, &str, &str),
    after: &[u8],
) -> Stored<Option<(Vec<u8>, u64)>> {
    let mut transaction = to.begin().await.map_err(unavailable)?;
    kept_shared(&mut transaction).await?;
    let read = format!("SELECT id, {column} FROM {table} WHERE id > $1 ORDER BY id LIMIT $2");
    let rows: Vec<(Vec<u8>, String)> = sqlx::query_as(AssertSqlSafe(read))
        .bind(after)
        .bind(limited(PAGE))
        .fetch_all(&mut *transaction)
        .await
        .map_err(unavailable)?;
    let Some((last, _)) = rows.last() else { return Ok(None) };
    let (last, mut ids, mut before, mut sealed) = (last.clone(), Vec::new(), Vec::new(), Vec::new());
    for (id, text) in rows {
        if let Some(anew) = cipher.resealed(&text)? {
            ids.push(id);
            before.push(text);
            sealed.push(anew);
        }
    }
    let many = ids.len() as u64;
    let write = format!(
        "UPDATE {table} SET {column} = new.sealed{also}
         FROM unnest($1::bytea[], $2::text[], $3::text[]) AS new (id, before, sealed)
         WHERE {table}.id = new.id AND {table}.{column} = new.before"
    );
    sqlx::query(AssertSqlSafe(write))
        .bind(ids)
        .bind(before)
        .bind(sealed)
        .execute(&mut *transaction)
        .await
        .map_err(unavailable)?;
    transaction.commit().await.map_err(unavailable)?;
    Ok(Some((last, many)))
}
