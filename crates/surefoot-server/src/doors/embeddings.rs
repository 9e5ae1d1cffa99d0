//! `POST /v1/embeddings`.

use axum::{body::Body, extract::State, http::HeaderMap, response::Response};
use surefoot_dialect::{Dialect, embeddings};
use surefoot_gateway::{EmbedCall, Head};
use surefoot_types::Fault;

use super::intake::{Intake, take_in};
use crate::{
    caller::context,
    fault,
    reply::{json, with_headers},
    standing,
    state::App,
};

const DOOR: &str = "embeddings";
const DIALECT: Dialect = Dialect::OpenaiChat;

/// Vectors for texts, in the shape of OpenAI's embeddings.
#[utoipa::path(post, path = "/v1/embeddings", tag = "models", operation_id = "embeddings", security(("key" = [])),
    request_body = Value, responses((status = 200, description = "The vectors", body = Value)))]
pub(crate) async fn create(State(app): State<App>, headers: HeaderMap, body: Body) -> Response {
    let call = match take_in(&app, DOOR, &headers, body, |taken| read(&headers, taken)).await {
        Ok(call) => call,
        Err(refused) => return fault::response(DIALECT, &refused.fault, refused.trace_id),
    };
    let (trace_id, base64) = (call.trace_id, call.request.base64);
    match app.gateway.beside(call).await {
        Ok(embedded) => {
            let body = embeddings::answer_write(&embedded.answer, base64, &embedded.added.to_value());
            let head = Head { standing: embedded.standing, ..Head::default() };
            with_headers(json(body), trace_id, &head, DIALECT, app.clock.now())
        }
        Err(failed) => {
            let response = fault::response(DIALECT, &failed.fault, trace_id);
            standing::told(response, DIALECT, &failed.standing, app.clock.now())
        }
    }
}

fn read(headers: &HeaderMap, taken: Intake) -> Result<EmbedCall, Fault> {
    let mut request = embeddings::request_read(&taken.body)?;
    let context = context(headers, request.extra.remove("surefoot"))?;
    Ok(EmbedCall { trace_id: taken.trace_id, door: DOOR, caller: taken.caller, context, request })
}
