//! What callers keep for their own use. It goes here at once: another replica may be asked for it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use sqlx::{PgConnection, Row, postgres::PgRow};
use surefoot_types::{
    Timestamp,
    erasure::user_hash,
    ports::{Shelf, Stored},
    shelf::{Item, ItemPage, Sum},
};

use super::{PostgresStore, column, count, kept_shared};
use crate::rows::{from_json, limited, moment, nanos, to_json, unavailable};

#[async_trait]
impl Shelf for PostgresStore {
    async fn item_put(&self, item: &Item, content: Option<&[u8]>) -> Stored<bool> {
        let mut transaction = self.pool.begin().await.map_err(unavailable)?;
        kept_shared(&mut transaction).await?;
        let put = item_insert(&mut transaction, item, content).await?;
        transaction.commit().await.map_err(unavailable)?;
        Ok(put)
    }

    async fn item_change(&self, item: &Item) -> Stored<bool> {
        let changed =
            sqlx::query("UPDATE item SET due = $1, status = $2, bytes = $3, body = $4 WHERE place = $5 AND id = $6")
                .bind(item.due.map(nanos))
                .bind(&item.status)
                .bind(i64::try_from(item.bytes).unwrap_or(i64::MAX))
                .bind(to_json(&item.body)?)
                .bind(&item.place)
                .bind(&item.id)
                .execute(&self.pool)
                .await
                .map_err(unavailable)?;
        Ok(changed.rows_affected() > 0)
    }

    async fn item_get(&self, place: &str, id: &str) -> Stored<Option<Item>> {
        let row = sqlx::query("SELECT * FROM item WHERE place = $1 AND id = $2")
            .bind(place)
            .bind(column(id))
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)?;
        row.as_ref().map(item).transpose()
    }

    async fn item_content(&self, place: &str, id: &str) -> Stored<Option<Vec<u8>>> {
        sqlx::query_scalar("SELECT content FROM item_content WHERE place = $1 AND id = $2")
            .bind(place)
            .bind(column(id))
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)
    }

    async fn item_list(&self, place: &str, page: &ItemPage) -> Stored<Vec<Item>> {
        let sql = match page.newest_first {
            true => {
                "SELECT * FROM item WHERE place = $1 AND ($2::text IS NULL OR status = $2)
                 AND ($3::bigint IS NULL OR (at, id) < ($3, $4)) ORDER BY at DESC, id DESC LIMIT $5"
            }
            false => {
                "SELECT * FROM item WHERE place = $1 AND ($2::text IS NULL OR status = $2)
                 AND ($3::bigint IS NULL OR (at, id) > ($3, $4)) ORDER BY at, id LIMIT $5"
            }
        };
        let rows = sqlx::query(sql)
            .bind(place)
            .bind(&page.status)
            .bind(page.beyond.as_ref().map(|(at, _)| nanos(*at)))
            .bind(page.beyond.as_ref().map(|(_, id)| column(id)))
            .bind(limited(page.limit))
            .fetch_all(&self.pool)
            .await
            .map_err(unavailable)?;
        rows.iter().map(item).collect()
    }

    async fn item_sums(&self, place: &str) -> Stored<BTreeMap<String, Sum>> {
        let rows: Vec<(String, i64, i64)> =
            sqlx::query_as("SELECT status, count(*), sum(bytes)::bigint FROM item WHERE place = $1 GROUP BY status")
                .bind(place)
                .fetch_all(&self.pool)
                .await
                .map_err(unavailable)?;
        let sum = |many, bytes| Sum { many: count(many), bytes: count(bytes) };
        Ok(rows.into_iter().map(|(status, many, bytes)| (status, sum(many, bytes))).collect())
    }

    async fn item_due(&self, now: Timestamp, limit: usize) -> Stored<Vec<Item>> {
        let rows = sqlx::query("SELECT * FROM item WHERE due <= $1 ORDER BY due, place, id LIMIT $2")
            .bind(nanos(now))
            .bind(limited(limit))
            .fetch_all(&self.pool)
            .await
            .map_err(unavailable)?;
        rows.iter().map(item).collect()
    }

    async fn item_everywhere(&self, id: &str) -> Stored<Vec<Item>> {
        let rows = sqlx::query("SELECT * FROM item WHERE id = $1 ORDER BY place")
            .bind(column(id))
            .fetch_all(&self.pool)
            .await
            .map_err(unavailable)?;
        rows.iter().map(item).collect()
    }

    async fn item_delete(&self, place: &str, id: &str) -> Stored<bool> {
        // Its content goes with it.
        let delete = sqlx::query("DELETE FROM item WHERE place = $1 AND id = $2").bind(place).bind(column(id));
        Ok(delete.execute(&self.pool).await.map_err(unavailable)?.rows_affected() > 0)
    }
}

fn item(row: &PgRow) -> Stored<Item> {
    let due: Option<i64> = row.try_get("due").map_err(unavailable)?;
    let body: &str = row.try_get("body").map_err(unavailable)?;
    Ok(Item {
        place: row.try_get("place").map_err(unavailable)?,
        id: row.try_get("id").map_err(unavailable)?,
        at: moment(row.try_get("at").map_err(unavailable)?)?,
        due: due.map(moment).transpose()?,
        user: row.try_get("user_name").map_err(unavailable)?,
        status: row.try_get("status").map_err(unavailable)?,
        bytes: count(row.try_get("bytes").map_err(unavailable)?),
        body: from_json(body)?,
    })
}

/// Keeps a thing, unless it is there or its user was erased meanwhile. Whether it was put.
pub(crate) async fn item_insert(to: &mut PgConnection, item: &Item, content: Option<&[u8]>) -> Stored<bool> {
    let put = sqlx::query(
        "INSERT INTO item (place, id, at, due, user_name, status, bytes, body) SELECT $1, $2, $3, $4, $5, $6, $7, $8
         WHERE NOT EXISTS (SELECT FROM erasure WHERE user_hash = $9 AND at >= $3) ON CONFLICT DO NOTHING",
    )
    .bind(&item.place)
    .bind(column(&item.id))
    .bind(nanos(item.at))
    .bind(item.due.map(nanos))
    .bind(item.user.as_deref().map(column))
    .bind(&item.status)
    .bind(i64::try_from(item.bytes).unwrap_or(i64::MAX))
    .bind(to_json(&item.body)?)
    .bind(item.user.as_deref().map(user_hash))
    .execute(&mut *to)
    .await
    .map_err(unavailable)?;
    if put.rows_affected() == 0 {
        return Ok(false);
    }
    if let Some(content) = content {
        sqlx::query("INSERT INTO item_content (place, id, content) VALUES ($1, $2, $3)")
            .bind(&item.place)
            .bind(column(&item.id))
            .bind(content)
            .execute(to)
            .await
            .map_err(unavailable)?;
    }
    Ok(true)
}
