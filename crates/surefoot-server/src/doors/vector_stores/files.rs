//! The files of a vector store.

use axum::{
    body::Body,
    extract::{Path, Query, rejection::QueryRejection},
    response::Response,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use surefoot_knowledge::shelf::Adding;

use super::{
    MOST, USUAL,
    door::Door,
    shape::{self, PageParams, Strategy, attributes, listed},
};
use crate::json::query;

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
pub(crate) async fn create(door: Door, Path(id): Path<String>, body: Body) -> Response {
    door.answer(async {
        let (asker, putting) = door.taken::<Putting>(body).await?;
        Ok(shape::file(&door.app.shelves.attach(&asker, &id, putting.read()?).await?))
    })
    .await
}

/// The files of a vector store.
#[utoipa::path(get, path = "/v1/vector_stores/{id}/files", tag = "files", operation_id = "vector_store_files_list",
    security(("key" = [])), params(("id" = String, Path, description = "The vector store's id"), PageParams),
    responses((status = 200, description = "A page", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn list(
    door: Door,
    Path(id): Path<String>,
    params: Result<Query<PageParams>, QueryRejection>,
) -> Response {
    door.answer(async {
        let (asker, page) = (door.asker()?, query(params)?.page(USUAL, MOST)?);
        Ok(listed(&door.app.shelves.attached_list(&asker, &id, &page).await?, shape::file))
    })
    .await
}

/// A file of a vector store.
#[utoipa::path(get, path = "/v1/vector_stores/{id}/files/{file}", tag = "files",
    operation_id = "vector_store_files_get", security(("key" = [])),
    params(("id" = String, Path, description = "The vector store's id"), ("file" = String, Path, description = "The file's")),
    responses((status = 200, description = "It", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn get(door: Door, Path((id, file)): Path<(String, String)>) -> Response {
    door.answer(async { Ok(shape::file(&door.app.shelves.attached_get(&door.asker()?, &id, &file).await?)) }).await
}

/// Gives a file of a vector store other attributes.
#[utoipa::path(post, path = "/v1/vector_stores/{id}/files/{file}", tag = "files",
    operation_id = "vector_store_files_change", security(("key" = [])), request_body = Value,
    params(("id" = String, Path, description = "The vector store's id"), ("file" = String, Path, description = "The file's")),
    responses((status = 200, description = "It", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn change(door: Door, Path((id, file)): Path<(String, String)>, body: Body) -> Response {
    door.answer(async {
        let (asker, marking) = door.taken::<Marking>(body).await?;
        let attributes = attributes(marking.attributes.as_ref())?;
        Ok(shape::file(&door.app.shelves.attached_mark(&asker, &id, &file, attributes).await?))
    })
    .await
}

/// Takes a file out of a vector store. The file itself stays.
#[utoipa::path(delete, path = "/v1/vector_stores/{id}/files/{file}", tag = "files",
    operation_id = "vector_store_files_delete", security(("key" = [])),
    params(("id" = String, Path, description = "The vector store's id"), ("file" = String, Path, description = "The file's")),
    responses((status = 200, description = "It is out", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn delete(door: Door, Path((id, file)): Path<(String, String)>) -> Response {
    door.answer(async {
        door.app.shelves.attached_delete(&door.asker()?, &id, &file).await?;
        Ok(json!({"id": file, "object": "vector_store.file.deleted", "deleted": true}))
    })
    .await
}

/// The text that was read of a file of a vector store.
#[utoipa::path(get, path = "/v1/vector_stores/{id}/files/{file}/content", tag = "files",
    operation_id = "vector_store_files_content", security(("key" = [])),
    params(("id" = String, Path, description = "The vector store's id"), ("file" = String, Path, description = "The file's")),
    responses((status = 200, description = "Its text", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn content(door: Door, Path((id, file)): Path<(String, String)>) -> Response {
    door.answer(async {
        let (attached, text) = door.app.shelves.attached_text(&door.asker()?, &id, &file).await?;
        Ok(json!({
            "object": "vector_store.file_content.page",
            "file_id": file,
            "filename": attached.name,
            "attributes": attached.attributes,
            "data": [{"type": "text", "text": text}],
            "has_more": false,
            "next_page": null,
        }))
    })
    .await
}
