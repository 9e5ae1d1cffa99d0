//! `/v1/responses`: a conversation as OpenAI's responses tell it, kept here whoever answers.

mod ask;
mod keeping;
pub(crate) mod kept;

use axum::{body::Body, extract::State, http::HeaderMap, response::Response};
use surefoot_dialect::Dialect;
use surefoot_types::key::Admin;

pub(crate) use self::{
    keeping::Keeping,
    kept::{delete, get, input_items},
};
use super::intake::take_in;
use crate::{
    fault,
    reply::{self, Wanted},
    state::App,
};

/// The door's name on the trace.
const DOOR: &str = "openai_responses";
const DIALECT: Dialect = Dialect::OpenaiResponses;

/// Answers a conversation, in the shape of OpenAI's responses; goes on from a kept one where asked to.
#[utoipa::path(post, path = "/v1/responses", tag = "models", operation_id = "responses_create",
    security(("key" = [])), request_body = Value,
    responses((status = 200, description = "The response, with a `surefoot` object; a stream if asked for", body = Value)))]
pub(crate) async fn create(State(app): State<App>, headers: HeaderMap, body: Body) -> Response {
    let taken = match take_in(&app, DOOR, &headers, body, Ok).await {
        Ok(taken) => taken,
        Err(refused) => return fault::response(DIALECT, &refused.fault, refused.trace_id),
    };
    let (trace_id, caller) = (taken.trace_id, taken.caller.clone());
    let asked = match ask::read(&app, &headers, taken).await {
        Ok(asked) => asked,
        Err(told) => {
            let admitted = app.gateway.admit(&caller, Admin::None).ok().flatten();
            app.gateway.refuse(trace_id, DOOR, admitted.as_ref(), &told).await;
            return fault::response(DIALECT, &told, trace_id);
        }
    };
    let mut wanted = Wanted::new(&app, DIALECT);
    wanted.stream = asked.call.chat.stream;
    wanted.keeping = Some(asked.keeping.into());
    reply::response(app.gateway.answer(asked.call), wanted).await
}
