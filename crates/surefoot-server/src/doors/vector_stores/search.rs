//! `POST /v1/vector_stores/{id}/search`.

use axum::{body::Body, extract::Path, response::Response};
use serde::Deserialize;
use serde_json::{Value, json};
use surefoot_knowledge::shelf::{Filter, Found};
use surefoot_types::Fault;

use super::door::Door;

/// How many results there are at most, and unless the caller says.
const MOST: usize = 50;
const USUAL: usize = 10;
/// Most queries of one search.
const QUERIES: usize = 16;
/// Rankers that may be named. All mean the search as it is: words and meaning together.
const RANKERS: [&str; 3] = ["none", "auto", "default-2024-11-15"];

#[derive(Debug, Deserialize)]
struct Searching {
    query: Query,
    #[serde(default)]
    filters: Option<Value>,
    #[serde(default)]
    max_num_results: Option<usize>,
    #[serde(default)]
    ranking_options: Option<Ranking>,
    #[serde(default, rename = "rewrite_query")]
    _rewrite_query: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Query {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Default, Deserialize)]
struct Ranking {
    #[serde(default)]
    ranker: Option<String>,
    #[serde(default)]
    score_threshold: Option<f32>,
}

/// Finds passages of the files of a vector store.
#[utoipa::path(post, path = "/v1/vector_stores/{id}/search", tag = "files", operation_id = "vector_stores_search",
    security(("key" = [])), request_body = Value, params(("id" = String, Path, description = "Its id")), responses(
    (status = 200, description = "The passages, the best first", body = Value),
    (status = 404, description = "There is none")))]
pub(crate) async fn serve(door: Door, Path(id): Path<String>, body: Body) -> Response {
    door.answer(found(&door, &id, body)).await
}

async fn found(door: &Door, id: &str, body: Body) -> Result<Value, Fault> {
    let (asker, searching) = door.taken::<Searching>(body).await?;
    let queries = match searching.query {
        Query::One(query) => vec![query],
        Query::Many(queries) => queries,
    };
    if queries.is_empty() || queries.len() > QUERIES || queries.iter().any(|query| query.trim().is_empty()) {
        return Err(Fault::bad_request("query", format!("`query` is a text, or from 1 to {QUERIES} of them")));
    }
    let limit = searching.max_num_results.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(Fault::bad_request("max_num_results", format!("`max_num_results` must be from 1 to {MOST}")));
    }
    let Ranking { ranker, score_threshold } = searching.ranking_options.unwrap_or_default();
    if ranker.is_some_and(|ranker| !RANKERS.contains(&ranker.as_str())) {
        let told = format!("`ranker` must be one of {}", RANKERS.join(", "));
        return Err(Fault::bad_request("ranking_options.ranker", told));
    }
    let filter = searching.filters.filter(|filters| !filters.is_null());
    let filter = filter.as_ref().map(Filter::read).transpose()?;
    let mut found = door.app.shelves.store_search(&asker, id, &queries, filter.as_ref(), limit).await?;
    found.retain(|found| score_threshold.is_none_or(|least| found.hit.score >= least));
    Ok(json!({
        "object": "vector_store.search_results.page",
        "search_query": queries,
        "data": found.iter().map(shown).collect::<Vec<_>>(),
        "has_more": false,
        "next_page": null,
    }))
}

fn shown(found: &Found) -> Value {
    let passage = &found.hit.found.passage;
    json!({
        "file_id": found.file,
        "filename": found.name,
        "score": found.hit.score,
        "attributes": found.attributes,
        "content": [{"type": "text", "text": passage.text}],
        "surefoot": {
            "document": found.hit.found.document_id,
            "heading_path": passage.heading_path,
            "start": passage.range.start,
            "end": passage.range.end,
            "page": passage.page,
            "words": found.hit.lexical,
            "vector": found.hit.vector,
        },
    })
}
