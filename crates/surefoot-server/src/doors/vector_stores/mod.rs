//! `/v1/vector_stores`: collections of files to search, in the shape of OpenAI's vector stores. The project's own
//! knowledge stands among them under its name, and is only read.

pub(crate) mod batches;
pub(crate) mod files;
pub(crate) mod search;
pub(crate) mod shape;

use std::collections::BTreeMap;

use axum::{
    body::Body,
    extract::{OriginalUri, Path, Query, State, rejection::QueryRejection},
    http::HeaderMap,
    response::Response,
};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Value, json};
use surefoot_knowledge::shelf::{Asker, Change, Made};
use surefoot_types::Fault;

use self::shape::{PageParams, Strategy, answered, asker, listed, metadata};
use crate::{body, json, json::query, state::App};

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

/// Who asks, and what they send.
pub(super) async fn taken<T: DeserializeOwned>(
    app: &App,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Asker, T), Fault> {
    match asker(app, headers) {
        Ok(asker) => Ok((asker, json::read(app, body).await?)),
        Err(told) => {
            body::discard(body);
            Err(told)
        }
    }
}

/// Makes a vector store, with the files of `file_ids`, which are read in the background.
#[utoipa::path(post, path = "/v1/vector_stores", tag = "files", operation_id = "vector_stores_create",
    security(("key" = [])), request_body = Value, responses((status = 200, description = "It", body = Value)))]
pub(crate) async fn create(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let told = async {
        let (asker, creating) = taken::<Creating>(&app, &headers, body).await?;
        let made = Made {
            name: named(creating.name)?.unwrap_or_default(),
            metadata: metadata(creating.metadata.unwrap_or_default())?,
            days: creating.expires_after.map(ExpiresAfter::read).transpose()?,
            files: creating.file_ids,
            chunking: Strategy::read(creating.chunking_strategy)?,
        };
        Ok(shape::store(&app.shelves.store_create(&asker, made).await?))
    };
    let told = told.await;
    answered(&app, &uri, &headers, told).await
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
pub(crate) async fn list(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    params: Result<Query<PageParams>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let told = async {
        let (asker, page) = (asker(&app, &headers)?, query(params)?.page(USUAL, MOST)?);
        Ok(listed(&app.shelves.store_list(&asker, &page).await?, shape::store))
    };
    let told = told.await;
    answered(&app, &uri, &headers, told).await
}

/// A vector store.
#[utoipa::path(get, path = "/v1/vector_stores/{id}", tag = "files", operation_id = "vector_stores_get",
    security(("key" = [])), params(("id" = String, Path, description = "Its id")), responses(
    (status = 200, description = "It", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn get(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let told = async { Ok(shape::store(&app.shelves.store_get(&asker(&app, &headers)?, &id).await?)) };
    let told = told.await;
    answered(&app, &uri, &headers, told).await
}

/// Changes a vector store's name, metadata or expiry.
#[utoipa::path(post, path = "/v1/vector_stores/{id}", tag = "files", operation_id = "vector_stores_change",
    security(("key" = [])), request_body = Value, params(("id" = String, Path, description = "Its id")), responses(
    (status = 200, description = "It", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn change(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let told = async {
        let (asker, changing) = taken::<Changing>(&app, &headers, body).await?;
        let change = Change {
            name: named(changing.name)?,
            metadata: changing.metadata.map(metadata).transpose()?,
            days: changing.expires_after.map(|after| after.map(ExpiresAfter::read).transpose()).transpose()?,
        };
        Ok(shape::store(&app.shelves.store_change(&asker, &id, change).await?))
    };
    let told = told.await;
    answered(&app, &uri, &headers, told).await
}

/// Takes a vector store away. The files stay.
#[utoipa::path(delete, path = "/v1/vector_stores/{id}", tag = "files", operation_id = "vector_stores_delete",
    security(("key" = [])), params(("id" = String, Path, description = "Its id")), responses(
    (status = 200, description = "It is gone", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn delete(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let told = async {
        app.shelves.store_delete(&asker(&app, &headers)?, &id).await?;
        Ok(json!({"id": id, "object": "vector_store.deleted", "deleted": true}))
    };
    let told: Result<Value, Fault> = told.await;
    answered(&app, &uri, &headers, told).await
}
