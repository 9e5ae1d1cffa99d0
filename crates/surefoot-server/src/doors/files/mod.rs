//! `/v1/files`: what callers upload, in the shape of OpenAI's files.

mod upload;

use axum::{
    body::Body,
    extract::{OriginalUri, Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use serde_json::{Value, json};
use surefoot_knowledge::shelf::File;
use surefoot_types::Fault;

use super::vector_stores::shape::{PageParams, answered, asker, listed, seconds};
use crate::{body, doors::refused, json::query, state::App};

/// Most files of a page, and how many stand on it unless the caller says.
const MOST: usize = 10_000;

/// Keeps a file: a form with `file` and `purpose`, and `expires_after` and `user` where wanted.
#[utoipa::path(post, path = "/v1/files", tag = "files", operation_id = "files_create", security(("key" = [])),
    request_body(content = Value, content_type = "multipart/form-data"),
    responses((status = 200, description = "The file", body = Value)))]
pub(crate) async fn create(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let told = kept(&app, &headers, body).await;
    answered(&app, &uri, &headers, told).await
}

async fn kept(app: &App, headers: &HeaderMap, body: Body) -> Result<Value, Fault> {
    let asker = match asker(app, headers) {
        Ok(asker) => asker,
        Err(told) => {
            body::discard(body);
            return Err(told);
        }
    };
    let bytes = body::read(body, app.body_limit).await?;
    let (upload, content) = upload::read(headers, bytes).await?;
    Ok(shown(&app.shelves.file_create(&asker, upload, &content).await?))
}

/// The files, the newest first unless `order` says otherwise.
#[utoipa::path(get, path = "/v1/files", tag = "files", operation_id = "files_list", security(("key" = [])),
    params(PageParams), responses((status = 200, description = "A page of files", body = Value)))]
pub(crate) async fn list(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    params: Result<Query<PageParams>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let told = async {
        let (params, asker) = (query(params)?, asker(&app, &headers)?);
        let purpose = params.purpose.clone();
        let page = params.page(MOST, MOST)?;
        let mut files = app.shelves.file_list(&asker, &page).await?;
        // Few are kept for anything else, so that pages need not be filled up.
        files.items.retain(|file| purpose.as_ref().is_none_or(|purpose| file.purpose == *purpose));
        Ok(listed(&files, shown))
    };
    let told = told.await;
    answered(&app, &uri, &headers, told).await
}

/// A file.
#[utoipa::path(get, path = "/v1/files/{id}", tag = "files", operation_id = "files_get", security(("key" = [])),
    params(("id" = String, Path, description = "Its id")), responses(
    (status = 200, description = "The file", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn get(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let told = async { Ok(shown(&app.shelves.file_get(&asker(&app, &headers)?, &id).await?)) };
    let told = told.await;
    answered(&app, &uri, &headers, told).await
}

/// Takes a file away, and out of every vector store.
#[utoipa::path(delete, path = "/v1/files/{id}", tag = "files", operation_id = "files_delete", security(("key" = [])),
    params(("id" = String, Path, description = "Its id")), responses(
    (status = 200, description = "It is gone", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn delete(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let told = async {
        app.shelves.file_delete(&asker(&app, &headers)?, &id).await?;
        Ok(json!({"id": id, "object": "file", "deleted": true}))
    };
    let told = told.await;
    answered(&app, &uri, &headers, told).await
}

/// A file's bytes, as they came.
#[utoipa::path(get, path = "/v1/files/{id}/content", tag = "files", operation_id = "files_content",
    security(("key" = [])), params(("id" = String, Path, description = "Its id")), responses(
    (status = 200, description = "The bytes"), (status = 404, description = "There is none")))]
pub(crate) async fn content(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let told = async { app.shelves.file_content(&asker(&app, &headers)?, &id).await };
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
        Err(told) => refused(&app, uri.path(), &headers, &told).await,
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
