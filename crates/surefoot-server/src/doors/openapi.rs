//! `GET /openapi.json`: the doors, for machines. The dialects' own bodies are described by their
//! owners; here stands what is Surefoot's. Each door is described beside its code, with what it asks of a key.

use axum::response::Response;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};

use super::{
    audit, chat, count, embeddings, erase, evals, feedback, files, gemini, health, keys, metrics, models, moderations,
    replicas, rerank, responses, spend, traces,
    vector_stores::{self, batches, files as held, search},
};
use crate::reply::json;

#[derive(OpenApi)]
#[openapi(
    info(title = "Surefoot", description = "Sure-footed answers from unpredictable models."),
    modifiers(&Key),
    paths(
        chat::openai,
        chat::anthropic,
        count::anthropic,
        responses::create,
        responses::kept::get,
        responses::kept::delete,
        responses::kept::input_items,
        gemini::serve,
        gemini::list,
        gemini::get,
        embeddings::create,
        rerank::create,
        moderations::create,
        files::create,
        files::list,
        files::get,
        files::delete,
        files::content,
        vector_stores::create,
        vector_stores::list,
        vector_stores::get,
        vector_stores::change,
        vector_stores::delete,
        search::serve,
        held::create,
        held::list,
        held::get,
        held::change,
        held::delete,
        held::content,
        batches::create,
        batches::get,
        batches::cancel,
        batches::list,
        models::list,
        models::get,
        feedback::create,
        traces::list,
        traces::get,
        super::why::get,
        evals::list,
        evals::get,
        super::experiments::list,
        super::experiments::get,
        spend::report,
        super::budgets::list,
        keys::list::serve,
        keys::create::serve,
        keys::get::serve,
        keys::rotate::serve,
        keys::revoke::serve,
        audit::list::serve,
        audit::verify::serve,
        erase::serve,
        replicas::list,
        super::targets::health,
        serve,
        health::up,
        health::ready,
        metrics::serve
    )
)]
struct Described;

/// How callers say who they are.
struct Key;

impl Modify for Key {
    fn modify(&self, described: &mut utoipa::openapi::OpenApi) {
        let told = "A key, as `Authorization: Bearer …` or `x-api-key: …`; required beyond this machine. An operation names \
                    the `admin` that it asks of the key, if any: `read` or `all`.";
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(told)).build();
        described.components.get_or_insert_default().add_security_scheme("key", SecurityScheme::Http(scheme));
    }
}

/// The description as JSON text, indented.
pub fn openapi() -> String {
    Described::openapi().to_pretty_json().unwrap_or_default()
}

/// This description.
#[utoipa::path(get, path = "/openapi.json", tag = "operations", operation_id = "openapi", security(("key" = [])),
    responses((status = 200, description = "OpenAPI", body = Value)))]
pub(crate) async fn serve() -> Response {
    json(openapi().into())
}
