//! `GET` and `DELETE /v1/responses/{id}`, and the items that it answered.

use axum::{
    extract::{OriginalUri, Path, Query, State, rejection::QueryRejection},
    http::HeaderMap,
    response::Response,
};
use serde::Deserialize;
use serde_json::json;
use surefoot_dialect::responses::{list_write, response_bytes};
use surefoot_types::{Code, Fault, key::Admin, response::Response as Kept};

use super::{
    super::refused,
    ask::{id_of, is_of},
};
use crate::{caller::caller, json::query, reply::json, state::App};

/// Most items of a page.
const MOST: usize = 100;

/// A kept response, as it was answered.
#[utoipa::path(get, path = "/v1/responses/{id}", tag = "models", operation_id = "responses_get", security(("key" = [])),
    params(("id" = String, Path, description = "Its id")), responses(
    (status = 200, description = "The response", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn get(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let streamed = uri.query().is_some_and(|query| query.split('&').any(|one| one == "stream=true"));
    let found = if streamed {
        Err(Fault::bad_request("stream", "a kept response is not streamed").hint("Ask without `stream`."))
    } else {
        find(&app, &headers, &id).await
    };
    match found {
        Ok(kept) => json(response_bytes(&kept.body)),
        Err(told) => refused(&app, uri.path(), &headers, &told).await,
    }
}

/// Takes a kept response away. What goes on from it can no longer be gone on from.
#[utoipa::path(delete, path = "/v1/responses/{id}", tag = "models", operation_id = "responses_delete",
    security(("key" = [])), params(("id" = String, Path, description = "Its id")), responses(
    (status = 200, description = "It is gone", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn delete(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let gone = match find(&app, &headers, &id).await {
        Ok(kept) => app.store.response_delete(kept.id).await.map_err(Fault::from),
        Err(told) => Err(told),
    };
    match gone {
        Ok(_) => json(response_bytes(&json!({"id": id, "object": "response", "deleted": true}))),
        Err(told) => refused(&app, uri.path(), &headers, &told).await,
    }
}

/// Which items, and in which order.
#[derive(Debug, Deserialize)]
pub(crate) struct Page {
    limit: Option<usize>,
    order: Option<String>,
    after: Option<String>,
}

/// The items that a kept response answered.
#[utoipa::path(get, path = "/v1/responses/{id}/input_items", tag = "models", operation_id = "responses_input_items",
    security(("key" = [])), params(("id" = String, Path, description = "The response's id")), responses(
    (status = 200, description = "A page of items", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn input_items(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    Path(id): Path<String>,
    page: Result<Query<Page>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let told = match (query(page), find(&app, &headers, &id).await) {
        (Ok(page), Ok(kept)) => items(kept, &page),
        (Err(told), _) | (_, Err(told)) => Err(told),
    };
    match told {
        Ok((items, more)) => json(list_write(&items, more)),
        Err(told) => refused(&app, uri.path(), &headers, &told).await,
    }
}

fn items(kept: Kept, page: &Page) -> Result<(Vec<serde_json::Value>, bool), Fault> {
    let limit = page.limit.unwrap_or(20);
    if !(1..=MOST).contains(&limit) {
        return Err(Fault::bad_request("limit", format!("`limit` must be from 1 to {MOST}")));
    }
    let mut items = kept.items;
    match page.order.as_deref() {
        None | Some("desc") => items.reverse(),
        Some("asc") => {}
        Some(_) => return Err(Fault::bad_request("order", "`order` must be `asc` or `desc`")),
    }
    if let Some(after) = &page.after {
        let at = items.iter().position(|item| item["id"] == **after);
        let at = at.ok_or_else(|| Fault::bad_request("after", format!("there is no item '{after}'")))?;
        items.drain(..=at);
    }
    let more = items.len() > limit;
    items.truncate(limit);
    Ok((items, more))
}

/// A response that is there and the caller's. Of another's nothing is told, not even that it is there.
async fn find(app: &App, headers: &HeaderMap, id: &str) -> Result<Kept, Fault> {
    let admitted = app.gateway.admit(&caller(app, headers), Admin::None)?;
    let kept = app.store.response_get(id_of(id, "")?).await?;
    kept.filter(|kept| is_of(kept, admitted.as_ref()))
        .ok_or_else(|| Fault::new(Code::NotFound, format!("there is no response '{id}'")))
}
