//! Files that come into a vector store together.

use axum::{
    body::Body,
    extract::{OriginalUri, Path, Query, State, rejection::QueryRejection},
    http::HeaderMap,
    response::Response,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use surefoot_knowledge::shelf::Adding;
use surefoot_types::Fault;

use super::{
    MOST, USUAL,
    files::Putting,
    shape::{self, PageParams, Strategy, answered, asker, listed},
    taken,
};
use crate::{json::query, state::App};

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
pub(crate) async fn create(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let told = async {
        let (asker, batching) = taken::<Batching>(&app, &headers, body).await?;
        let batch = app.shelves.batch_create(&asker, &id, batching.read()?).await?;
        Ok(shape::batch(&app.shelves.batch_get(&asker, &id, &batch.id).await?))
    };
    let told = told.await;
    answered(&app, &uri, &headers, told).await
}

/// A batch, and how its files stand.
#[utoipa::path(get, path = "/v1/vector_stores/{id}/file_batches/{batch}", tag = "files",
    operation_id = "vector_store_batches_get", security(("key" = [])),
    params(("id" = String, Path, description = "The vector store's id"), ("batch" = String, Path, description = "The batch's")),
    responses((status = 200, description = "It", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn get(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    Path((id, batch)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let told = async { Ok(shape::batch(&app.shelves.batch_get(&asker(&app, &headers)?, &id, &batch).await?)) };
    let told = told.await;
    answered(&app, &uri, &headers, told).await
}

/// Calls a batch off: what was not read yet is not.
#[utoipa::path(post, path = "/v1/vector_stores/{id}/file_batches/{batch}/cancel", tag = "files",
    operation_id = "vector_store_batches_cancel", security(("key" = [])),
    params(("id" = String, Path, description = "The vector store's id"), ("batch" = String, Path, description = "The batch's")),
    responses((status = 200, description = "It", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn cancel(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    Path((id, batch)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let told = async { Ok(shape::batch(&app.shelves.batch_cancel(&asker(&app, &headers)?, &id, &batch).await?)) };
    let told = told.await;
    answered(&app, &uri, &headers, told).await
}

/// The files of a batch.
#[utoipa::path(get, path = "/v1/vector_stores/{id}/file_batches/{batch}/files", tag = "files",
    operation_id = "vector_store_batches_list", security(("key" = [])),
    params(("id" = String, Path, description = "The vector store's id"), ("batch" = String, Path, description = "The batch's"), PageParams),
    responses((status = 200, description = "A page", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn list(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    Path((id, batch)): Path<(String, String)>,
    params: Result<Query<PageParams>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let told = async {
        let (asker, page) = (asker(&app, &headers)?, query(params)?.page(USUAL, MOST)?);
        Ok(listed(&app.shelves.batch_list(&asker, &id, &batch, &page).await?, shape::file))
    };
    let told = told.await;
    answered(&app, &uri, &headers, told).await
}
