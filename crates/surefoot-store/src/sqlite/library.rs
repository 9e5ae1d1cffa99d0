//! Documents, passages, vectors, and the changes that indexes follow.

use std::{collections::BTreeMap, sync::LazyLock};

use async_trait::async_trait;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use surefoot_types::{
    document::{Attribute, Document, Passage, Stamp, StoredPassage, Vectors},
    ids::DocumentId,
    ports::{Change, Library, Stored},
};

use super::{
    SqliteStore, bits, from_json, id_bytes, limited,
    many::{Bound, Insert, Many},
    to_json, unavailable,
    writer::Write,
};

/// A passage with its document's path and title, as every reader of passages selects it, and which ones.
macro_rules! passages_sql {
    ($which:literal) => {
        concat!(
            "SELECT passage.key, passage.document_id, document.path, document.head ->> 'title' AS title, ",
            "passage.body, passage.vector, document.embedder ",
            "FROM passage JOIN document ON document.id = passage.document_id ",
            $which
        )
    };
}

#[async_trait]
impl Library for SqliteStore {
    async fn library_id(&self) -> Stored<String> {
        sqlx::query_scalar("SELECT id FROM library").fetch_one(&self.readers).await.map_err(unavailable)
    }

    async fn document_put(&self, document: &Document, passages: &[Passage], vectors: &Vectors) -> Stored<()> {
        let put = Put { document: document.clone(), passages: passages.to_vec(), vectors: vectors.clone() };
        self.writer.write(put).await
    }

    async fn document_remove(&self, knowledge: &str, path: &str) -> Stored<bool> {
        self.writer.write(Remove { knowledge: knowledge.into(), path: path.into() }).await
    }

    async fn document_mark(
        &self,
        knowledge: &str,
        path: &str,
        attributes: &BTreeMap<String, Attribute>,
    ) -> Stored<bool> {
        let mark = Mark { knowledge: knowledge.into(), path: path.into(), attributes: attributes.clone() };
        self.writer.write(mark).await
    }

    async fn document_get(&self, id: DocumentId) -> Stored<Option<Document>> {
        let row: Option<(String, String)> = sqlx::query_as("SELECT head, text FROM document WHERE id = ?")
            .bind(id_bytes(id.to_bits()))
            .fetch_optional(&self.readers)
            .await
            .map_err(unavailable)?;
        let Some((head, text)) = row else { return Ok(None) };
        let mut document: Document = from_json(&head)?;
        document.text = text;
        Ok(Some(document))
    }

    async fn document_stamps(&self, knowledge: &str) -> Stored<Vec<Stamp>> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT head, embedder FROM document WHERE knowledge = ? ORDER BY path")
                .bind(knowledge)
                .fetch_all(&self.readers)
                .await
                .map_err(unavailable)?;
        rows.into_iter().map(|(head, embedder)| Ok(Stamp::of(from_json(&head)?, embedder))).collect()
    }

    async fn passage_get(&self, keys: &[u64]) -> Stored<Vec<StoredPassage>> {
        // The keys go in as one JSON array: one prepared statement for any number of them, in their order.
        let rows =
            sqlx::query(passages_sql!("JOIN json_each(?) AS wanted ON wanted.value = passage.key ORDER BY wanted.key"))
                .bind(to_json(&keys)?)
                .fetch_all(&self.readers)
                .await
                .map_err(unavailable)?;
        rows.iter().map(passage).collect()
    }

    async fn passage_list(&self, document: DocumentId) -> Stored<Vec<StoredPassage>> {
        let rows = sqlx::query(passages_sql!("WHERE passage.document_id = ? ORDER BY passage.key"))
            .bind(id_bytes(document.to_bits()))
            .fetch_all(&self.readers)
            .await
            .map_err(unavailable)?;
        rows.iter().map(passage).collect()
    }

    async fn change_latest(&self, knowledge: &str) -> Stored<u64> {
        let number: Option<i64> = sqlx::query_scalar("SELECT max(number) FROM change WHERE knowledge = ?")
            .bind(knowledge)
            .fetch_one(&self.readers)
            .await
            .map_err(unavailable)?;
        Ok(number.unwrap_or(0).unsigned_abs())
    }

    async fn change_list(&self, knowledge: &str, after: u64, limit: usize) -> Stored<Vec<(u64, Change)>> {
        // A change whose document has gone has nothing left to say.
        let rows: Vec<(i64, Option<Vec<u8>>, Option<String>)> = sqlx::query_as(
            "SELECT number, document_id, gone FROM change WHERE knowledge = ? AND number > ?
             AND (document_id IS NULL OR document_id IN (SELECT id FROM document)) ORDER BY number LIMIT ?",
        )
        .bind(knowledge)
        .bind(i64::try_from(after).unwrap_or(i64::MAX))
        .bind(limited(limit))
        .fetch_all(&self.readers)
        .await
        .map_err(unavailable)?;
        let mut changes = Vec::with_capacity(rows.len());
        for (number, document, gone) in rows {
            let change = match (document, gone) {
                (Some(document), _) => self.added(&document).await?,
                (None, gone) => Change::Removed { keys: from_json(gone.as_deref().unwrap_or("[]"))? },
            };
            changes.push((number.unsigned_abs(), change));
        }
        Ok(changes)
    }

    async fn tombstone_list(&self, knowledge: &str) -> Stored<Vec<String>> {
        let hashes = sqlx::query_scalar("SELECT hash FROM tombstone WHERE knowledge = ? ORDER BY hash").bind(knowledge);
        hashes.fetch_all(&self.readers).await.map_err(unavailable)
    }

    async fn knowledge_list(&self) -> Stored<Vec<String>> {
        let names = sqlx::query_scalar("SELECT DISTINCT knowledge FROM document ORDER BY knowledge");
        names.fetch_all(&self.readers).await.map_err(unavailable)
    }
}

impl SqliteStore {
    async fn added(&self, document: &[u8]) -> Stored<Change> {
        let rows = sqlx::query(passages_sql!("WHERE passage.document_id = ? ORDER BY passage.key"))
            .bind(document)
            .fetch_all(&self.readers)
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

/// A document comes, or takes an older version's place; one that was erased does neither.
struct Put {
    document: Document,
    passages: Vec<Passage>,
    vectors: Vectors,
}

#[async_trait]
impl Write for Put {
    type Done = ();

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<()> {
        let Self { document, passages, vectors } = self;
        let erased = sqlx::query("SELECT 1 FROM tombstone WHERE knowledge = ? AND hash = ?");
        let erased = erased.bind(&document.knowledge).bind(&document.hash).fetch_optional(&mut *to).await;
        if erased.map_err(unavailable)?.is_some() {
            return Ok(());
        }
        document_delete(to, &document.knowledge, &document.path).await?;
        let id = id_bytes(document.id.to_bits());
        let head = Document { text: String::new(), ..document.clone() };
        let insert =
            "INSERT INTO document (id, knowledge, path, hash, embedder, head, text) VALUES (?, ?, ?, ?, ?, ?, ?)";
        sqlx::query(insert)
            .bind(&id)
            .bind(&document.knowledge)
            .bind(&document.path)
            .bind(&document.hash)
            .bind(&vectors.embedder)
            .bind(to_json(&head)?)
            .bind(&document.text)
            .execute(&mut *to)
            .await
            .map_err(unavailable)?;
        passages_insert(to, &id, passages, vectors).await?;
        sqlx::query("INSERT INTO change (knowledge, document_id) VALUES (?, ?)")
            .bind(&document.knowledge)
            .bind(&id)
            .execute(to)
            .await
            .map_err(unavailable)?;
        Ok(())
    }
}

static PASSAGES: LazyLock<Many> =
    LazyLock::new(|| Many::new(&[Insert::new("INSERT INTO passage (document_id, body, vector)", 3, "")]));

async fn passages_insert(to: &mut SqliteConnection, id: &[u8], passages: &[Passage], vectors: &Vectors) -> Stored<()> {
    let mut each = vectors.data.chunks(vectors.dimensions.max(1));
    let mut rows: Vec<(String, Vec<u8>)> = Vec::with_capacity(passages.len());
    for passage in passages {
        let vector = each.next().unwrap_or_default().iter().map(|&byte| byte.cast_unsigned()).collect();
        rows.push((to_json(passage)?, vector));
    }
    let bind = |query: Bound, (body, vector): &(String, Vec<u8>)| {
        query.bind(id.to_vec()).bind(body.clone()).bind(vector.clone())
    };
    PASSAGES.execute(to, &rows, &[&bind]).await.map_err(unavailable)
}

/// A document gets other attributes; false if there was none.
struct Mark {
    knowledge: String,
    path: String,
    attributes: BTreeMap<String, Attribute>,
}

#[async_trait]
impl Write for Mark {
    type Done = bool;

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<bool> {
        let marked = sqlx::query(
            "UPDATE document SET head = json_set(head, '$.attributes', json(?)) WHERE knowledge = ? AND path = ?",
        )
        .bind(to_json(&self.attributes)?)
        .bind(&self.knowledge)
        .bind(&self.path)
        .execute(to)
        .await
        .map_err(unavailable)?;
        Ok(marked.rows_affected() > 0)
    }
}

/// A document goes; false if there was none.
struct Remove {
    knowledge: String,
    path: String,
}

#[async_trait]
impl Write for Remove {
    type Done = bool;

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<bool> {
        Ok(document_delete(to, &self.knowledge, &self.path).await?.is_some())
    }
}

/// Takes a document away with its passages. How many those were; `None` if there was no document.
pub(super) async fn document_delete(to: &mut SqliteConnection, knowledge: &str, path: &str) -> Stored<Option<usize>> {
    let id: Option<Vec<u8>> = sqlx::query_scalar("SELECT id FROM document WHERE knowledge = ? AND path = ?")
        .bind(knowledge)
        .bind(path)
        .fetch_optional(&mut *to)
        .await
        .map_err(unavailable)?;
    let Some(id) = id else { return Ok(None) };
    let keys: Vec<i64> = sqlx::query_scalar("SELECT key FROM passage WHERE document_id = ? ORDER BY key")
        .bind(&id)
        .fetch_all(&mut *to)
        .await
        .map_err(unavailable)?;
    // The passages go with the document.
    sqlx::query("DELETE FROM document WHERE id = ?").bind(&id).execute(&mut *to).await.map_err(unavailable)?;
    sqlx::query("INSERT INTO change (knowledge, gone) VALUES (?, ?)")
        .bind(knowledge)
        .bind(to_json(&keys)?)
        .execute(to)
        .await
        .map_err(unavailable)?;
    Ok(Some(keys.len()))
}

fn passage(row: &SqliteRow) -> Stored<StoredPassage> {
    let key: i64 = row.try_get("key").map_err(unavailable)?;
    let document: &[u8] = row.try_get("document_id").map_err(unavailable)?;
    let body: &str = row.try_get("body").map_err(unavailable)?;
    Ok(StoredPassage {
        key: key.unsigned_abs(),
        document_id: document_id(document)?,
        path: row.try_get("path").map_err(unavailable)?,
        title: row.try_get("title").map_err(unavailable)?,
        passage: from_json(body)?,
    })
}

fn document_id(bytes: &[u8]) -> Stored<DocumentId> {
    Ok(DocumentId::from_bits(bits(bytes)?))
}
