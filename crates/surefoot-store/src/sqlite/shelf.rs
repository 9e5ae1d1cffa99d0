//! What callers keep for their own use.

use std::collections::BTreeMap;

use async_trait::async_trait;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use surefoot_types::{
    Timestamp,
    erasure::user_hash,
    ports::{Shelf, Stored},
    shelf::{Item, ItemPage, Sum},
};

use super::{SqliteStore, from_json, limited, to_json, unavailable, writer::Write};
use crate::rows::{moment, nanos};

#[async_trait]
impl Shelf for SqliteStore {
    async fn item_put(&self, item: &Item, content: Option<&[u8]>) -> Stored<bool> {
        self.writer.write(Put { item: item.clone(), content: content.map(<[u8]>::to_vec) }).await
    }

    async fn item_change(&self, item: &Item) -> Stored<bool> {
        self.writer.write(Change(item.clone())).await
    }

    async fn item_get(&self, place: &str, id: &str) -> Stored<Option<Item>> {
        let row = sqlx::query("SELECT * FROM item WHERE place = ? AND id = ?")
            .bind(place)
            .bind(id)
            .fetch_optional(&self.readers)
            .await
            .map_err(unavailable)?;
        row.as_ref().map(item).transpose()
    }

    async fn item_content(&self, place: &str, id: &str) -> Stored<Option<Vec<u8>>> {
        sqlx::query_scalar("SELECT content FROM item_content WHERE place = ? AND id = ?")
            .bind(place)
            .bind(id)
            .fetch_optional(&self.readers)
            .await
            .map_err(unavailable)
    }

    async fn item_list(&self, place: &str, page: &ItemPage) -> Stored<Vec<Item>> {
        let sql = match page.newest_first {
            true => {
                "SELECT * FROM item WHERE place = ?1 AND (?2 IS NULL OR status = ?2)
                 AND (?3 IS NULL OR (at, id) < (?3, ?4)) ORDER BY at DESC, id DESC LIMIT ?5"
            }
            false => {
                "SELECT * FROM item WHERE place = ?1 AND (?2 IS NULL OR status = ?2)
                 AND (?3 IS NULL OR (at, id) > (?3, ?4)) ORDER BY at, id LIMIT ?5"
            }
        };
        let rows = sqlx::query(sql)
            .bind(place)
            .bind(&page.status)
            .bind(page.beyond.as_ref().map(|(at, _)| nanos(*at)))
            .bind(page.beyond.as_ref().map(|(_, id)| id))
            .bind(limited(page.limit))
            .fetch_all(&self.readers)
            .await
            .map_err(unavailable)?;
        rows.iter().map(item).collect()
    }

    async fn item_sums(&self, place: &str) -> Stored<BTreeMap<String, Sum>> {
        let rows: Vec<(String, i64, i64)> =
            sqlx::query_as("SELECT status, count(*), sum(bytes) FROM item WHERE place = ? GROUP BY status")
                .bind(place)
                .fetch_all(&self.readers)
                .await
                .map_err(unavailable)?;
        let sum = |many: i64, bytes: i64| Sum { many: many.unsigned_abs(), bytes: bytes.unsigned_abs() };
        Ok(rows.into_iter().map(|(status, many, bytes)| (status, sum(many, bytes))).collect())
    }

    async fn item_due(&self, now: Timestamp, limit: usize) -> Stored<Vec<Item>> {
        let rows = sqlx::query("SELECT * FROM item WHERE due <= ? ORDER BY due, place, id LIMIT ?")
            .bind(nanos(now))
            .bind(limited(limit))
            .fetch_all(&self.readers)
            .await
            .map_err(unavailable)?;
        rows.iter().map(item).collect()
    }

    async fn item_everywhere(&self, id: &str) -> Stored<Vec<Item>> {
        let rows = sqlx::query("SELECT * FROM item WHERE id = ? ORDER BY place")
            .bind(id)
            .fetch_all(&self.readers)
            .await
            .map_err(unavailable)?;
        rows.iter().map(item).collect()
    }

    async fn item_delete(&self, place: &str, id: &str) -> Stored<bool> {
        self.writer.write(Delete { place: place.to_owned(), id: id.to_owned() }).await
    }
}

pub(crate) fn item(row: &SqliteRow) -> Stored<Item> {
    let due: Option<i64> = row.try_get("due").map_err(unavailable)?;
    let bytes: i64 = row.try_get("bytes").map_err(unavailable)?;
    let body: &str = row.try_get("body").map_err(unavailable)?;
    Ok(Item {
        place: row.try_get("place").map_err(unavailable)?,
        id: row.try_get("id").map_err(unavailable)?,
        at: moment(row.try_get("at").map_err(unavailable)?)?,
        due: due.map(moment).transpose()?,
        user: row.try_get("user").map_err(unavailable)?,
        status: row.try_get("status").map_err(unavailable)?,
        bytes: bytes.unsigned_abs(),
        body: from_json(body)?,
    })
}

/// A thing comes, unless it is there or its user was erased meanwhile.
struct Put {
    item: Item,
    content: Option<Vec<u8>>,
}

#[async_trait]
impl Write for Put {
    type Done = bool;

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<bool> {
        let Self { item, content } = self;
        let put = sqlx::query(
            "INSERT OR IGNORE INTO item (place, id, at, due, user, status, bytes, body) SELECT ?, ?, ?, ?, ?, ?, ?, ?
             WHERE NOT EXISTS (SELECT 1 FROM erasure WHERE user = ? AND at >= ?)",
        )
        .bind(&item.place)
        .bind(&item.id)
        .bind(nanos(item.at))
        .bind(item.due.map(nanos))
        .bind(&item.user)
        .bind(&item.status)
        .bind(i64::try_from(item.bytes).unwrap_or(i64::MAX))
        .bind(to_json(&item.body)?)
        .bind(item.user.as_deref().map(user_hash))
        .bind(nanos(item.at))
        .execute(&mut *to)
        .await
        .map_err(unavailable)?;
        if put.rows_affected() == 0 {
            return Ok(false);
        }
        if let Some(content) = content {
            sqlx::query("INSERT INTO item_content (place, id, content) VALUES (?, ?, ?)")
                .bind(&item.place)
                .bind(&item.id)
                .bind(content)
                .execute(to)
                .await
                .map_err(unavailable)?;
        }
        Ok(true)
    }
}

struct Change(Item);

#[async_trait]
impl Write for Change {
    type Done = bool;

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<bool> {
        let Self(item) = self;
        let changed =
            sqlx::query("UPDATE item SET due = ?, status = ?, bytes = ?, body = ? WHERE place = ? AND id = ?")
                .bind(item.due.map(nanos))
                .bind(&item.status)
                .bind(i64::try_from(item.bytes).unwrap_or(i64::MAX))
                .bind(to_json(&item.body)?)
                .bind(&item.place)
                .bind(&item.id)
                .execute(to)
                .await
                .map_err(unavailable)?;
        Ok(changed.rows_affected() > 0)
    }
}

struct Delete {
    place: String,
    id: String,
}

#[async_trait]
impl Write for Delete {
    type Done = bool;

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<bool> {
        // Its content goes with it.
        let delete = sqlx::query("DELETE FROM item WHERE place = ? AND id = ?").bind(&self.place).bind(&self.id);
        Ok(delete.execute(to).await.map_err(unavailable)?.rows_affected() > 0)
    }
}
