//! `/v1/vector_stores`: collections of files to search, in the shape of OpenAI's vector stores. The project's own
//! knowledge stands among them under its name, and is only read.

pub(crate) mod batches;
pub(crate) mod door;
pub(crate) mod files;
pub(crate) mod search;
pub(crate) mod shape;

use std::collections::BTreeMap;

use axum::{
    body::Body,
    extract::{Path, Query, rejection::QueryRejection},
    response::Response,
};
use serde::{Deserialize, Deserializer};
use serde_json::json;
use surefoot_knowledge::shelf::{Change, Made};
use surefoot_types::Fault;

use self::{
    door::Door,
    shape::{PageParams, Strategy, listed, metadata},
};
use crate::json::query;

/// Most entries of a page, and how many stand on it unless the caller says.
pub(super) const MOST: usize = 100;
pub(super) const USUAL: usize = 20;
/// Days without use after which a vector store may be made to go.
const DAYS: std::ops::RangeInclusive<u32> = 1..=365;
/// Most characters of a vector store's name.
const NAME: usize = 256;

#[derive(Debug, Deserialize)]
struct Creating {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    metadata: Option<BTreeMap<String, String>>,
    #[serde(default)]
    file_ids: Vec<String>,
    #[serde(default)]
    chunking_strategy: Option<Strategy>,
    #[serde(default)]
    expires_after: Option<ExpiresAfter>,
}

#[derive(Debug, Deserialize)]
struct Changing {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    metadata: Option<BTreeMap<String, String>>,
    /// Absent and null differ: null takes the expiry away.
    #[serde(default, deserialize_with = "present")]
    expires_after: Option<Option<ExpiresAfter>>,
}

#[derive(Debug, Deserialize)]
struct ExpiresAfter {
    anchor: String,
    days: u32,
}

fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<ExpiresAfter>>, D::Error> {
    Option::deserialize(from).map(Some)
}

impl ExpiresAfter {
    fn read(self) -> Result<u32, Fault> {
        if self.anchor != "last_active_at" || !DAYS.contains(&self.days) {
            let told = "`expires_after` needs `anchor` = last_active_at and `days` from 1 to 365";
            return Err(Fault::bad_request("expires_after", told));
        }
        Ok(self.days)
    }
}

/// Makes a vector store, with the files of `file_ids`, which are read in the background.
#[utoipa::path(post, path = "/v1/vector_stores", tag = "files", operation_id = "vector_stores_create",
    security(("key" = [])), request_body = Value, responses((status = 200, description = "It", body = Value)))]
pub(crate) async fn create(door: Door, body: Body) -> Response {
    door.answer(async {
        let (asker, creating) = door.taken::<Creating>(body).await?;
        let made = Made {
            name: named(creating.name)?.unwrap_or_default(),
            metadata: metadata(creating.metadata.unwrap_or_default())?,
            days: creating.expires_after.map(ExpiresAfter::read).transpose()?,
            files: creating.file_ids,
            chunking: Strategy::read(creating.chunking_strategy)?,
        };
        Ok(shape::store(&door.app.shelves.store_create(&asker, made).await?))
    })
    .await
}

fn named(name: Option<String>) -> Result<Option<String>, Fault> {
    if name.as_ref().is_some_and(|name| name.chars().count() > NAME) {
        return Err(Fault::bad_request("name", format!("`name` has at most {NAME} characters")));
    }
    Ok(name)
}

/// The vector stores: the caller's own, and the project's knowledge that it may search.
#[utoipa::path(get, path = "/v1/vector_stores", tag = "files", operation_id = "vector_stores_list",
    security(("key" = [])), params(PageParams), responses((status = 200, description = "A page", body = Value)))]
pub(crate) async fn list(door: Door, params: Result<Query<PageParams>, QueryRejection>) -> Response {
    door.answer(async {
        let (asker, page) = (door.asker()?, query(params)?.page(USUAL, MOST)?);
        Ok(listed(&door.app.shelves.store_list(&asker, &page).await?, shape::store))
    })
    .await
}

/// A vector store.
#[utoipa::path(get, path = "/v1/vector_stores/{id}", tag = "files", operation_id = "vector_stores_get",
    security(("key" = [])), params(("id" = String, Path, description = "Its id")), responses(
    (status = 200, description = "It", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn get(door: Door, Path(id): Path<String>) -> Response {
    door.answer(async { Ok(shape::store(&door.app.shelves.store_get(&door.asker()?, &id).await?)) }).await
}

/// Changes a vector store's name, metadata or expiry.
#[utoipa::path(post, path = "/v1/vector_stores/{id}", tag = "files", operation_id = "vector_stores_change",
    security(("key" = [])), request_body = Value, params(("id" = String, Path, description = "Its id")), responses(
    (status = 200, description = "It", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn change(door: Door, Path(id): Path<String>, body: Body) -> Response {
    door.answer(async {
        let (asker, changing) = door.taken::<Changing>(body).await?;
        let change = Change {
            name: named(changing.name)?,
            metadata: changing.metadata.map(metadata).transpose()?,
            days: changing.expires_after.map(|after| after.map(ExpiresAfter::read).transpose()).transpose()?,
        };
        Ok(shape::store(&door.app.shelves.store_change(&asker, &id, change).await?))
    })
    .await
}

/// Takes a vector store away. The files stay.
#[utoipa::path(delete, path = "/v1/vector_stores/{id}", tag = "files", operation_id = "vector_stores_delete",
    security(("key" = [])), params(("id" = String, Path, description = "Its id")), responses(
    (status = 200, description = "It is gone", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn delete(door: Door, Path(id): Path<String>) -> Response {
    door.answer(async {
        door.app.shelves.store_delete(&door.asker()?, &id).await?;
        Ok(json!({"id": id, "object": "vector_store.deleted", "deleted": true}))
    })
    .await
}
