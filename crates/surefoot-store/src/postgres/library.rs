//! Documents, passages, vectors, and the changes that indexes follow.

use std::collections::BTreeMap;

use async_trait::async_trait;
use sqlx::{PgConnection, Row, postgres::PgRow};
use surefoot_types::{
    document::{Attribute, Document, Passage, Stamp, StoredPassage, Vectors},
    ids::DocumentId,
    ports::{Change, Library, StoreError, Stored},
};

use super::{PostgresStore, column, count, kept_shared};
use crate::rows::{document_id, from_json, id_bytes, limited, to_json, unavailable};

/// A passage with its document's path and title, as every reader of passages selects it, and which ones.
macro_rules! passages_sql {
    ($which:literal) => {
        concat!(
            "SELECT passage.key, passage.document_id, document.path, document.title, ",
            "passage.body, passage.vector, document.embedder ",
            "FROM passage JOIN document ON document.id = passage.document_id ",
            $which
        )
    };
}

#[async_trait]
impl Library for PostgresStore {
    async fn library_id(&self) -> Stored<String> {
        sqlx::query_scalar("SELECT id FROM library").fetch_one(&self.pool).await.map_err(unavailable)
    }

    async fn document_put(&self, document: &Document, passages: &[Passage], vectors: &Vectors) -> Stored<()> {
        let mut transaction = self.pool.begin().await.map_err(unavailable)?;
        kept_shared(&mut transaction).await?;
        document_insert(&mut transaction, document, passages, vectors).await?;
        transaction.commit().await.map_err(unavailable)
    }

    async fn document_remove(&self, knowledge: &str, path: &str) -> Stored<bool> {
        let mut transaction = self.pool.begin().await.map_err(unavailable)?;
        let gone = document_delete(&mut transaction, knowledge, path).await?;
        transaction.commit().await.map_err(unavailable)?;
        Ok(gone.is_some())
    }

    async fn document_mark(
        &self,
        knowledge: &str,
        path: &str,
        attributes: &BTreeMap<String, Attribute>,
    ) -> Stored<bool> {
        let mut transaction = self.pool.begin().await.map_err(unavailable)?;
        let head: Option<String> =
            sqlx::query_scalar("SELECT head FROM document WHERE knowledge = $1 AND path = $2 FOR UPDATE")
                .bind(knowledge)
                .bind(path)
                .fetch_optional(&mut *transaction)
                .await
                .map_err(unavailable)?;
        let Some(head) = head else { return Ok(false) };
        let marked = Document { attributes: attributes.clone(), ..from_json(&head)? };
        sqlx::query("UPDATE document SET head = $3 WHERE knowledge = $1 AND path = $2")
            .bind(knowledge)
            .bind(path)
            .bind(to_json(&marked)?)
            .execute(&mut *transaction)
            .await
            .map_err(unavailable)?;
        transaction.commit().await.map_err(unavailable)?;
        Ok(true)
    }

    async fn document_get(&self, id: DocumentId) -> Stored<Option<Document>> {
        let row: Option<(String, Vec<u8>)> = sqlx::query_as("SELECT head, text FROM document WHERE id = $1")
            .bind(id_bytes(id.to_bits()))
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)?;
        let Some((head, text)) = row else { return Ok(None) };
        let mut document: Document = from_json(&head)?;
        document.text = String::from_utf8(text).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        Ok(Some(document))
    }

    async fn document_stamps(&self, knowledge: &str) -> Stored<Vec<Stamp>> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT head, embedder FROM document WHERE knowledge = $1 ORDER BY path")
                .bind(knowledge)
                .fetch_all(&self.pool)
                .await
                .map_err(unavailable)?;
        rows.into_iter().map(|(head, embedder)| Ok(Stamp::of(from_json(&head)?, embedder))).collect()
    }

    async fn passage_get(&self, keys: &[u64]) -> Stored<Vec<StoredPassage>> {
        let keys: Vec<i64> = keys.iter().map(|&key| i64::try_from(key).unwrap_or(-1)).collect();
        let rows = sqlx::query(passages_sql!(
            "JOIN unnest($1::bigint[]) WITH ORDINALITY AS wanted (key, place) ON wanted.key = passage.key ORDER BY place"
        ))
        .bind(keys)
        .fetch_all(&self.pool)
        .await
        .map_err(unavailable)?;
        rows.iter().map(passage).collect()
    }

    async fn passage_list(&self, document: DocumentId) -> Stored<Vec<StoredPassage>> {
        let rows = sqlx::query(passages_sql!("WHERE passage.document_id = $1 ORDER BY passage.key"))
            .bind(id_bytes(document.to_bits()))
            .fetch_all(&self.pool)
            .await
            .map_err(unavailable)?;
        rows.iter().map(passage).collect()
    }

    async fn change_latest(&self, knowledge: &str) -> Stored<u64> {
        let number: Option<i64> = sqlx::query_scalar("SELECT latest FROM knowledge WHERE name = $1")
            .bind(knowledge)
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)?;
        Ok(count(number.unwrap_or(0)))
    }

    async fn change_list(&self, knowledge: &str, after: u64, limit: usize) -> Stored<Vec<(u64, Change)>> {
        // A change whose document has gone has nothing left to say.
        let rows: Vec<(i64, Option<Vec<u8>>, Option<String>)> = sqlx::query_as(
            "SELECT number, document_id, gone FROM change WHERE knowledge = $1 AND number > $2
             AND (document_id IS NULL OR document_id IN (SELECT id FROM document)) ORDER BY number LIMIT $3",
        )
        .bind(knowledge)
        .bind(i64::try_from(after).unwrap_or(i64::MAX))
        .bind(limited(limit))
        .fetch_all(&self.pool)
        .await
        .map_err(unavailable)?;
        let mut changes = Vec::with_capacity(rows.len());
        for (number, document, gone) in rows {
            let change = match (document, gone) {
                (Some(document), _) => self.added(&document).await?,
                (None, gone) => Change::Removed { keys: from_json(gone.as_deref().unwrap_or("[]"))? },
            };
            changes.push((count(number), change));
        }
        Ok(changes)
    }

    async fn tombstone_list(&self, knowledge: &str) -> Stored<Vec<String>> {
        sqlx::query_scalar("SELECT hash FROM tombstone WHERE knowledge = $1 ORDER BY hash")
            .bind(knowledge)
            .fetch_all(&self.pool)
            .await
            .map_err(unavailable)
    }

    async fn knowledge_list(&self) -> Stored<Vec<String>> {
        let names = sqlx::query_scalar("SELECT DISTINCT knowledge FROM document ORDER BY knowledge");
        names.fetch_all(&self.pool).await.map_err(unavailable)
    }
}

impl PostgresStore {
    async fn added(&self, document: &[u8]) -> Stored<Change> {
        let rows = sqlx::query(passages_sql!("WHERE passage.document_id = $1 ORDER BY passage.key"))
            .bind(document)
            .fetch_all(&self.pool)
            .await
            .map_err(unavailable)?;
        let mut vectors = Vectors::default();
        for row in &rows {
            let vector: &[u8] = row.try_get("vector").map_err(unavailable)?;
            vectors.embedder = row.try_get("embedder").map_err(unavailable)?;
            vectors.dimensions = vector.len();
            vectors.data.extend(vector.iter().map(|&byte| byte.cast_signed()));
        }
        Ok(Change::Added { passages: rows.iter().map(passage).collect::<Stored<_>>()?, vectors })
    }
}

async fn document_insert(
    to: &mut PgConnection,
    document: &Document,
    passages: &[Passage],
    vectors: &Vectors,
) -> Stored<()> {
    let buried: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM tombstone WHERE knowledge = $1 AND hash = $2)")
        .bind(&document.knowledge)
        .bind(&document.hash)
        .fetch_one(&mut *to)
        .await
        .map_err(unavailable)?;
    if buried {
        return Ok(());
    }
    document_delete(to, &document.knowledge, &document.path).await?;
    change_add(to, &document.knowledge, Some(document.id), None).await?;
    head_insert(to, document, &vectors.embedder).await?;
    let bodies = passages.iter().map(to_json).collect::<Stored<Vec<_>>>()?;
    let mut each = vectors.data.chunks(vectors.dimensions.max(1));
    let mut vector = || each.next().unwrap_or_default().iter().map(|&byte| byte.cast_unsigned()).collect();
    let vectors: Vec<Vec<u8>> = passages.iter().map(|_| vector()).collect();
    sqlx::query(
        "INSERT INTO passage (document_id, body, vector)
         SELECT $1, body, vector FROM unnest($2::text[], $3::bytea[]) WITH ORDINALITY AS new (body, vector, place) ORDER BY place",
    )
    .bind(id_bytes(document.id.to_bits()))
    .bind(bodies)
    .bind(vectors)
    .execute(to)
    .await
    .map_err(unavailable)?;
    Ok(())
}

/// Keeps a document without its passages.
pub(crate) async fn head_insert(to: &mut PgConnection, document: &Document, embedder: &str) -> Stored<()> {
    let head = Document { text: String::new(), ..document.clone() };
    sqlx::query(
        "INSERT INTO document (id, knowledge, path, title, hash, embedder, owner, head, text)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(id_bytes(document.id.to_bits()))
    .bind(&document.knowledge)
    .bind(&document.path)
    .bind(document.title.replace('\0', "\u{fffd}"))
    .bind(&document.hash)
    .bind(embedder)
    .bind(document.owner.as_deref().map(column))
    .bind(to_json(&head)?)
    .bind(document.text.as_bytes())
    .execute(to)
    .await
    .map_err(unavailable)?;
    Ok(())
}

/// Takes a document away. How many passages it had; absent if there was none.
pub(super) async fn document_delete(to: &mut PgConnection, knowledge: &str, path: &str) -> Stored<Option<u64>> {
    // Changes of one knowledge go one after the other: what the one before did is seen.
    sqlx::query("INSERT INTO knowledge VALUES ($1, 0) ON CONFLICT (name) DO UPDATE SET latest = knowledge.latest")
        .bind(knowledge)
        .execute(&mut *to)
        .await
        .map_err(unavailable)?;
    let id: Option<Vec<u8>> = sqlx::query_scalar("SELECT id FROM document WHERE knowledge = $1 AND path = $2")
        .bind(knowledge)
        .bind(path)
        .fetch_optional(&mut *to)
        .await
        .map_err(unavailable)?;
    let Some(id) = id else { return Ok(None) };
    let keys: Vec<i64> = sqlx::query_scalar("SELECT key FROM passage WHERE document_id = $1 ORDER BY key")
        .bind(&id)
        .fetch_all(&mut *to)
        .await
        .map_err(unavailable)?;
    change_add(to, knowledge, None, Some(to_json(&keys)?)).await?;
    // The passages go with the document.
    sqlx::query("DELETE FROM document WHERE id = $1").bind(&id).execute(to).await.map_err(unavailable)?;
    Ok(Some(keys.len() as u64))
}

pub(crate) async fn tombstone_add(to: &mut PgConnection, knowledge: &str, hash: &str) -> Stored<()> {
    let statement = "INSERT INTO tombstone VALUES ($1, $2) ON CONFLICT DO NOTHING";
    sqlx::query(statement).bind(knowledge).bind(hash).execute(to).await.map(|_| ()).map_err(unavailable)
}

async fn change_add(
    to: &mut PgConnection,
    knowledge: &str,
    came: Option<DocumentId>,
    gone: Option<String>,
) -> Stored<()> {
    sqlx::query(
        "WITH next AS (UPDATE knowledge SET latest = latest + 1 WHERE name = $1 RETURNING latest)
         INSERT INTO change SELECT $1, latest, $2, $3 FROM next",
    )
    .bind(knowledge)
    .bind(came.map(|id| id_bytes(id.to_bits())))
    .bind(gone)
    .execute(to)
    .await
    .map_err(unavailable)?;
    Ok(())
}

fn passage(row: &PgRow) -> Stored<StoredPassage> {
    let document: &[u8] = row.try_get("document_id").map_err(unavailable)?;
    let body: &str = row.try_get("body").map_err(unavailable)?;
    Ok(StoredPassage {
        key: count(row.try_get("key").map_err(unavailable)?),
        document_id: document_id(document)?,
        path: row.try_get("path").map_err(unavailable)?,
        title: row.try_get("title").map_err(unavailable)?,
        passage: from_json(body)?,
    })
}
