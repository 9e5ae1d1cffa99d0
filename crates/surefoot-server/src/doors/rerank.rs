//! `POST /v1/rerank`.

use axum::{body::Body, extract::State, http::HeaderMap, response::Response};
use surefoot_dialect::{Dialect, rerank};
use surefoot_gateway::{Head, RerankCall};
use surefoot_types::Fault;

use super::intake::{Intake, take_in};
use crate::{
    caller::context,
    fault,
    reply::{json, with_headers},
    standing,
    state::App,
};

const DOOR: &str = "rerank";
const DIALECT: Dialect = Dialect::OpenaiChat;

/// Documents in the order in which they answer a query, in the shape that Cohere and Jina share.
#[utoipa::path(post, path = "/v1/rerank", tag = "models", operation_id = "rerank", security(("key" = [])),
    request_body = Value, responses((status = 200, description = "The documents' numbers and scores", body = Value)))]
pub(crate) async fn create(State(app): State<App>, headers: HeaderMap, body: Body) -> Response {
    let call = match take_in(&app, DOOR, &headers, body, |taken| read(&headers, taken)).await {
        Ok(call) => call,
        Err(refused) => return fault::response(DIALECT, &refused.fault, refused.trace_id),
    };
    let trace_id = call.trace_id;
    // Told as they came: what was masked on the way out is the caller's own.
    let documents = call.request.return_documents.then(|| call.request.documents.clone());
    match app.gateway.beside(call).await {
        Ok(mut ranked) => {
            if ranked.answer.id.is_empty() {
                ranked.answer.id = trace_id.to_string();
            }
            let body = rerank::answer_write(&ranked.answer, documents.as_deref(), &ranked.added.to_value());
            let head = Head { standing: ranked.standing, ..Head::default() };
            with_headers(json(body), trace_id, &head, DIALECT, app.clock.now())
        }
        Err(failed) => {
            let response = fault::response(DIALECT, &failed.fault, trace_id);
            standing::told(response, DIALECT, &failed.standing, app.clock.now())
        }
    }
}

fn read(headers: &HeaderMap, taken: Intake) -> Result<RerankCall, Fault> {
    let mut request = rerank::request_read(&taken.body)?;
    let context = context(headers, request.extra.remove("surefoot"))?;
    Ok(RerankCall { trace_id: taken.trace_id, door: DOOR, caller: taken.caller, context, request })
}
