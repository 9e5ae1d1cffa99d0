//! The files of a vector store.

use axum::{
    body::Body,
    extract::{OriginalUri, Path, Query, State, rejection::QueryRejection},
    http::HeaderMap,
    response::Response,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use surefoot_knowledge::shelf::Adding;

use super::{
    MOST, USUAL,
    shape::{self, PageParams, Strategy, answered, asker, attributes, listed},
    taken,
};
use crate::{json::query, state::App};

/// A file that is put into a vector store.
#[derive(Debug, Deserialize)]
pub(super) struct Putting {
    pub(super) file_id: String,
    #[serde(default)]
    pub(super) attributes: Option<Map<String, Value>>,
    #[serde(default)]
    pub(super) chunking_strategy: Option<Strategy>,
}

impl Putting {
    pub(super) fn read(self) -> Result<Adding, surefoot_types::Fault> {
        Ok(Adding {
            file: self.file_id,
            attributes: attributes(self.attributes.as_ref())?,
            chunking: Strategy::read(self.chunking_strategy)?,
        })
    }
}

#[derive(Debug, Deserialize)]
struct Marking {
    attributes: Option<Map<String, Value>>,
}

/// Puts a file into a vector store. It is read in the background.
#[utoipa::path(post, path = "/v1/vector_stores/{id}/files", tag = "files", operation_id = "vector_store_files_create",
    security(("key" = [])), request_body = Value, params(("id" = String, Path, description = "The vector store's id")),
    responses((status = 200, description = "The file in it", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn create(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let told = async {
        let (asker, putting) = taken::<Putting>(&app, &headers, body).await?;
        Ok(shape::file(&app.shelves.attach(&asker, &id, putting.read()?).await?))
    };
    let told = told.await;
    answered(&app, &uri, &headers, told).await
}

/// The files of a vector store.
#[utoipa::path(get, path = "/v1/vector_stores/{id}/files", tag = "files", operation_id = "vector_store_files_list",
    security(("key" = [])), params(("id" = String, Path, description = "The vector store's id"), PageParams),
    responses((status = 200, description = "A page", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn list(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    Path(id): Path<String>,
    params: Result<Query<PageParams>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let told = async {
        let (asker, page) = (asker(&app, &headers)?, query(params)?.page(USUAL, MOST)?);
        Ok(listed(&app.shelves.attached_list(&asker, &id, &page).await?, shape::file))
    };
    let told = told.await;
    answered(&app, &uri, &headers, told).await
}

/// A file of a vector store.
#[utoipa::path(get, path = "/v1/vector_stores/{id}/files/{file}", tag = "files",
    operation_id = "vector_store_files_get", security(("key" = [])),
    params(("id" = String, Path, description = "The vector store's id"), ("file" = String, Path, description = "The file's")),
    responses((status = 200, description = "It", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn get(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    Path((id, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let told = async { Ok(shape::file(&app.shelves.attached_get(&asker(&app, &headers)?, &id, &file).await?)) };
    let told = told.await;
    answered(&app, &uri, &headers, told).await
}

/// Gives a file of a vector store other attributes.
#[utoipa::path(post, path = "/v1/vector_stores/{id}/files/{file}", tag = "files",
    operation_id = "vector_store_files_change", security(("key" = [])), request_body = Value,
    params(("id" = String, Path, description = "The vector store's id"), ("file" = String, Path, description = "The file's")),
    responses((status = 200, description = "It", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn change(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    Path((id, file)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let told = async {
        let (asker, marking) = taken::<Marking>(&app, &headers, body).await?;
        let attributes = attributes(marking.attributes.as_ref())?;
        Ok(shape::file(&app.shelves.attached_mark(&asker, &id, &file, attributes).await?))
    };
    let told = told.await;
    answered(&app, &uri, &headers, told).await
}

/// Takes a file out of a vector store. The file itself stays.
#[utoipa::path(delete, path = "/v1/vector_stores/{id}/files/{file}", tag = "files",
    operation_id = "vector_store_files_delete", security(("key" = [])),
    params(("id" = String, Path, description = "The vector store's id"), ("file" = String, Path, description = "The file's")),
    responses((status = 200, description = "It is out", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn delete(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    Path((id, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let told = async {
        app.shelves.attached_delete(&asker(&app, &headers)?, &id, &file).await?;
        Ok(json!({"id": file, "object": "vector_store.file.deleted", "deleted": true}))
    };
    let told = told.await;
    answered(&app, &uri, &headers, told).await
}

/// The text that was read of a file of a vector store.
#[utoipa::path(get, path = "/v1/vector_stores/{id}/files/{file}/content", tag = "files",
    operation_id = "vector_store_files_content", security(("key" = [])),
    params(("id" = String, Path, description = "The vector store's id"), ("file" = String, Path, description = "The file's")),
    responses((status = 200, description = "Its text", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn content(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    Path((id, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let told = async {
        let (attached, text) = app.shelves.attached_text(&asker(&app, &headers)?, &id, &file).await?;
        Ok(json!({
            "object": "vector_store.file_content.page",
            "file_id": file,
            "filename": attached.name,
            "attributes": attached.attributes,
            "data": [{"type": "text", "text": text}],
            "has_more": false,
            "next_page": null,
        }))
    };
    let told = told.await;
    answered(&app, &uri, &headers, told).await
}
