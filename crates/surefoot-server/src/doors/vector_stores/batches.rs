//! Files that come into a vector store together.

use axum::{
    body::Body,
    extract::{Path, Query, rejection::QueryRejection},
    response::Response,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use surefoot_knowledge::shelf::Adding;
use surefoot_types::Fault;

use super::{
    MOST, USUAL,
    door::Door,
    files::Putting,
    shape::{self, PageParams, Strategy, listed},
};
use crate::json::query;

#[derive(Debug, Deserialize)]
struct Batching {
    #[serde(default)]
    file_ids: Vec<String>,
    #[serde(default)]
    files: Vec<Putting>,
    #[serde(default)]
    attributes: Option<Map<String, Value>>,
    #[serde(default)]
    chunking_strategy: Option<Strategy>,
}

impl Batching {
    fn read(self) -> Result<Vec<Adding>, Fault> {
        let Self { file_ids, files, attributes, chunking_strategy } = self;
        if file_ids.is_empty() == files.is_empty() {
            return Err(Fault::bad_request("file_ids", "a batch names its files either in `file_ids` or in `files`"));
        }
        let alike = file_ids.into_iter().map(|file_id| Putting {
            file_id,
            attributes: attributes.clone(),
            chunking_strategy: chunking_strategy.clone(),
        });
        alike.chain(files).map(Putting::read).collect()
    }
}

/// Puts files into a vector store together. They are read in the background.
#[utoipa::path(post, path = "/v1/vector_stores/{id}/file_batches", tag = "files",
    operation_id = "vector_store_batches_create", security(("key" = [])), request_body = Value,
    params(("id" = String, Path, description = "The vector store's id")),
    responses((status = 200, description = "The batch", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn create(door: Door, Path(id): Path<String>, body: Body) -> Response {
    door.answer(async {
        let (asker, batching) = door.taken::<Batching>(body).await?;
        let batch = door.app.shelves.batch_create(&asker, &id, batching.read()?).await?;
        Ok(shape::batch(&door.app.shelves.batch_get(&asker, &id, &batch.id).await?))
    })
    .await
}

/// A batch, and how its files stand.
#[utoipa::path(get, path = "/v1/vector_stores/{id}/file_batches/{batch}", tag = "files",
    operation_id = "vector_store_batches_get", security(("key" = [])),
    params(("id" = String, Path, description = "The vector store's id"), ("batch" = String, Path, description = "The batch's")),
    responses((status = 200, description = "It", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn get(door: Door, Path((id, batch)): Path<(String, String)>) -> Response {
    door.answer(async { Ok(shape::batch(&door.app.shelves.batch_get(&door.asker()?, &id, &batch).await?)) }).await
}

/// Calls a batch off: what was not read yet is not.
#[utoipa::path(post, path = "/v1/vector_stores/{id}/file_batches/{batch}/cancel", tag = "files",
    operation_id = "vector_store_batches_cancel", security(("key" = [])),
    params(("id" = String, Path, description = "The vector store's id"), ("batch" = String, Path, description = "The batch's")),
    responses((status = 200, description = "It", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn cancel(door: Door, Path((id, batch)): Path<(String, String)>) -> Response {
    door.answer(async { Ok(shape::batch(&door.app.shelves.batch_cancel(&door.asker()?, &id, &batch).await?)) }).await
}

/// The files of a batch.
#[utoipa::path(get, path = "/v1/vector_stores/{id}/file_batches/{batch}/files", tag = "files",
    operation_id = "vector_store_batches_list", security(("key" = [])),
    params(("id" = String, Path, description = "The vector store's id"), ("batch" = String, Path, description = "The batch's"), PageParams),
    responses((status = 200, description = "A page", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn list(
    door: Door,
    Path((id, batch)): Path<(String, String)>,
    params: Result<Query<PageParams>, QueryRejection>,
) -> Response {
    door.answer(async {
        let (asker, page) = (door.asker()?, query(params)?.page(USUAL, MOST)?);
        Ok(listed(&door.app.shelves.batch_list(&asker, &id, &batch, &page).await?, shape::file))
    })
    .await
}
