//! `/v1/files`: what callers upload, in the shape of OpenAI's files.

mod upload;

use axum::{
    body::Body,
    extract::{Path, Query, rejection::QueryRejection},
    http::{HeaderValue, header},
    response::Response,
};
use serde_json::{Value, json};
use surefoot_knowledge::shelf::{File, Page};
use surefoot_types::Fault;

use super::vector_stores::{
    door::Door,
    shape::{PageParams, listed, seconds},
};
use crate::{body, json::query};

/// Most files of a page, and how many stand on it unless the caller says.
const MOST: usize = 10_000;

/// Keeps a file: a form with `file` and `purpose`, and `expires_after` and `user` where wanted.
#[utoipa::path(post, path = "/v1/files", tag = "files", operation_id = "files_create", security(("key" = [])),
    request_body(content = Value, content_type = "multipart/form-data"),
    responses((status = 200, description = "The file", body = Value)))]
pub(crate) async fn create(door: Door, body: Body) -> Response {
    door.answer(kept(&door, body)).await
}

async fn kept(door: &Door, body: Body) -> Result<Value, Fault> {
    let (asker, body) = door.asker_of(body)?;
    let bytes = body::read(body, door.app.body_limit).await?;
    let (upload, content) = upload::read(&door.headers, bytes).await?;
    Ok(shown(&door.app.shelves.file_create(&asker, upload, &content).await?))
}

/// The files, the newest first unless `order` says otherwise.
#[utoipa::path(get, path = "/v1/files", tag = "files", operation_id = "files_list", security(("key" = [])),
    params(PageParams), responses((status = 200, description = "A page of files", body = Value)))]
pub(crate) async fn list(door: Door, params: Result<Query<PageParams>, QueryRejection>) -> Response {
    door.answer(async {
        let (params, asker) = (query(params)?, door.asker()?);
        let page = Page { status: params.purpose.clone(), ..params.page(MOST, MOST)? };
        let files = door.app.shelves.file_list(&asker, &page).await?;
        Ok(listed(&files, shown))
    })
    .await
}

/// A file.
#[utoipa::path(get, path = "/v1/files/{id}", tag = "files", operation_id = "files_get", security(("key" = [])),
    params(("id" = String, Path, description = "Its id")), responses(
    (status = 200, description = "The file", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn get(door: Door, Path(id): Path<String>) -> Response {
    door.answer(async { Ok(shown(&door.app.shelves.file_get(&door.asker()?, &id).await?)) }).await
}

/// Takes a file away, and out of every vector store.
#[utoipa::path(delete, path = "/v1/files/{id}", tag = "files", operation_id = "files_delete", security(("key" = [])),
    params(("id" = String, Path, description = "Its id")), responses(
    (status = 200, description = "It is gone", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn delete(door: Door, Path(id): Path<String>) -> Response {
    door.answer(async {
        door.app.shelves.file_delete(&door.asker()?, &id).await?;
        Ok(json!({"id": id, "object": "file", "deleted": true}))
    })
    .await
}

/// A file's bytes, as they came.
#[utoipa::path(get, path = "/v1/files/{id}/content", tag = "files", operation_id = "files_content",
    security(("key" = [])), params(("id" = String, Path, description = "Its id")), responses(
    (status = 200, description = "The bytes"), (status = 404, description = "There is none")))]
pub(crate) async fn content(door: Door, Path(id): Path<String>) -> Response {
    let told = async { door.app.shelves.file_content(&door.asker()?, &id).await };
    match told.await {
        Ok(bytes) => {
            let mut response = Response::new(Body::from(bytes));
            // Whatever it is, a browser shows none of it.
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
            headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
            headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            response
        }
        Err(told) => door.refuse(&told).await,
    }
}

fn shown(file: &File) -> Value {
    json!({
        "id": file.id,
        "object": "file",
        "bytes": file.bytes,
        "created_at": seconds(file.at),
        "expires_at": file.expires.map(seconds),
        "filename": file.name,
        "purpose": file.purpose,
        "status": "processed",
        "status_details": null,
    })
}
