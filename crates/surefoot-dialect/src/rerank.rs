//! `/v1/rerank`, as Cohere and Jina speak it and others after them.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use surefoot_types::{Fault, Usage, conversation::Dialect};

use crate::{
    extras::Kept,
    fault,
    json::{Fields, Path, bytes_of},
};

/// A request to order documents by how well they answer a query.
#[derive(Debug, Clone, PartialEq)]
pub struct RerankRequest {
    /// The model, or alias, that the caller names.
    pub model: String,
    /// The query.
    pub query: String,
    /// The documents.
    pub documents: Vec<String>,
    /// How many of the best are wanted; all when absent.
    pub top_n: Option<u64>,
    /// Whether the documents are wanted back beside their scores.
    pub return_documents: bool,
    /// Other fields, as they came.
    pub extra: Map<String, Value>,
}

/// The order, best first.
#[derive(Debug, Clone, PartialEq)]
pub struct Rerank {
    /// The provider's id for it; may be empty.
    pub id: String,
    /// The model that made it.
    pub model: String,
    /// The documents that were asked for.
    pub results: Vec<Ranked>,
    /// What it used; `estimated` with no tokens when the provider did not say.
    pub usage: Usage,
}

/// One document in the order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// Its number among the request's documents.
    pub index: usize,
    /// How well it answers the query.
    pub score: f64,
}

/// Reads a request.
///
/// # Errors
/// `bad_request`, naming the field; also for documents that are neither texts nor objects with a
/// `text`.
pub fn request_read(body: &[u8]) -> Result<RerankRequest, Fault> {
    let mut fields = Fields::body(body)?;
    let model = fields.string_required("model")?;
    let query = fields.string_required("query")?;
    let path = Path::Field(&Path::Root, "documents");
    let items = path.list(fields.required("documents", "an array of texts")?)?;
    if items.is_empty() {
        return Err(Fault::bad_request("documents", "`documents` is empty.").hint("Send at least one document."));
    }
    let documents: Result<Vec<String>, Fault> =
        items.into_iter().enumerate().map(|(index, item)| document(item, Path::Item(&path, index))).collect();
    Ok(RerankRequest {
        model,
        query,
        documents: documents?,
        top_n: fields.whole("top_n")?,
        return_documents: fields.boolean("return_documents")?.unwrap_or(false),
        extra: fields.rest(),
    })
}

fn document(value: Value, path: Path<'_>) -> Result<String, Fault> {
    match value {
        Value::String(text) => Ok(text),
        Value::Object(_) => Fields::of(value, path)?.string_required("text"),
        other => Err(path.mistyped(&other, "a string or an object with a `text`")),
    }
}

/// Writes a request for a provider that calls its model `model`. The documents are not asked for
/// back: whoever asked has them.
pub fn request_write(request: &RerankRequest, model: &str) -> Bytes {
    #[derive(Serialize)]
    struct Body<'a> {
        model: &'a str,
        query: &'a str,
        documents: &'a [String],
        #[serde(skip_serializing_if = "Option::is_none")]
        top_n: Option<u64>,
        #[serde(flatten)]
        extra: Kept<'a>,
    }
    let RerankRequest { query, documents, top_n, .. } = request;
    bytes_of(&Body { model, query, documents, top_n: *top_n, extra: Kept::of(&request.extra, &[]) })
}

/// Reads a provider's order of `documents` documents.
///
/// # Errors
/// `upstream` when the body is no order, or names a document that there is not.
pub fn answer_read(body: &[u8], documents: usize) -> Result<Rerank, Fault> {
    #[derive(Deserialize)]
    struct Body {
        id: Option<String>,
        model: Option<String>,
        /// Voyage has the results as `data`.
        #[serde(alias = "data")]
        results: Option<Vec<Item>>,
        usage: Option<Counts>,
        meta: Option<Meta>,
        error: Option<Value>,
        message: Option<Value>,
    }
    #[derive(Deserialize)]
    struct Item {
        index: usize,
        #[serde(alias = "score")]
        relevance_score: f64,
    }
    #[derive(Deserialize)]
    struct Counts {
        prompt_tokens: Option<u64>,
        total_tokens: Option<u64>,
    }
    #[derive(Deserialize)]
    struct Meta {
        tokens: Option<Tokens>,
    }
    #[derive(Deserialize)]
    struct Tokens {
        input_tokens: Option<f64>,
    }
    let body: Body = serde_json::from_slice(body).map_err(|error| fault::unreadable("order", error))?;
    let Some(results) = body.results else {
        return Err(match body.error.or(body.message) {
            Some(error) => fault::in_band(Dialect::OpenaiChat, &error),
            None => fault::unreadable("order", "`results` is missing"),
        });
    };
    if let Some(item) = results.iter().find(|item| item.index >= documents) {
        return Err(fault::unreadable("order", format!("it names document {} of {documents}", item.index)));
    }
    let mut results: Vec<Ranked> =
        results.into_iter().map(|item| Ranked { index: item.index, score: item.relevance_score }).collect();
    results.sort_by(|a, b| b.score.total_cmp(&a.score));
    let told = body.usage.and_then(|usage| usage.prompt_tokens.or(usage.total_tokens));
    let billed = body.meta.and_then(|meta| meta.tokens?.input_tokens).map(|tokens| tokens as u64);
    let usage = match told.or(billed) {
        Some(input) => Usage { input, ..Usage::default() },
        None => Usage { estimated: true, ..Usage::default() },
    };
    Ok(Rerank { id: body.id.unwrap_or_default(), model: body.model.unwrap_or_default(), results, usage })
}

/// Writes an order, with what both Cohere's and Jina's clients look for. `documents` are put beside
/// their scores where the caller asked for them.
pub fn answer_write(rerank: &Rerank, documents: Option<&[String]>, surefoot: &Value) -> Bytes {
    #[derive(Serialize)]
    struct Body<'a> {
        id: &'a str,
        object: &'static str,
        model: &'a str,
        results: Vec<Item<'a>>,
        usage: Counts,
        meta: Meta,
        #[serde(skip_serializing_if = "Value::is_null")]
        surefoot: &'a Value,
    }
    #[derive(Serialize)]
    struct Item<'a> {
        index: usize,
        relevance_score: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        document: Option<Document<'a>>,
    }
    #[derive(Serialize)]
    struct Document<'a> {
        text: &'a str,
    }
    #[derive(Serialize)]
    struct Counts {
        prompt_tokens: u64,
        total_tokens: u64,
    }
    #[derive(Serialize)]
    struct Meta {
        tokens: Tokens,
    }
    #[derive(Serialize)]
    struct Tokens {
        input_tokens: u64,
    }
    let item = |ranked: &Ranked| {
        let document = documents.and_then(|documents| documents.get(ranked.index)).map(|text| Document { text });
        Item { index: ranked.index, relevance_score: ranked.score, document }
    };
    let tokens = rerank.usage.input_total();
    bytes_of(&Body {
        id: &rerank.id,
        object: "list",
        model: &rerank.model,
        results: rerank.results.iter().map(item).collect(),
        usage: Counts { prompt_tokens: tokens, total_tokens: tokens },
        meta: Meta { tokens: Tokens { input_tokens: tokens } },
        surefoot,
    })
}

#[cfg(test)]
#[path = "rerank/tests.rs"]
mod tests;
