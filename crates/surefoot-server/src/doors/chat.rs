//! `POST /v1/chat/completions` and `POST /v1/messages`: the same door in two dialects.

use axum::{body::Body, extract::State, http::HeaderMap, response::Response};
use surefoot_dialect::{Dialect, passthrough, request_read};
use surefoot_gateway::Call;
use surefoot_types::Fault;

use super::intake::{Intake, take_in};
use crate::{
    caller::context,
    fault,
    reply::{self, Wanted},
    state::App,
};

/// Answers a conversation, in the shape of OpenAI's chat completions.
#[utoipa::path(post, path = "/v1/chat/completions", tag = "models", operation_id = "chat_completions",
    security(("key" = [])), request_body = Value,
    responses((status = 200, description = "The answer, with a `surefoot` object; a stream if asked for", body = Value)))]
pub(crate) async fn openai(State(app): State<App>, headers: HeaderMap, body: Body) -> Response {
    answer(app, Dialect::OpenaiChat, headers, body).await
}

/// Answers a conversation, in the shape of Anthropic's messages.
#[utoipa::path(post, path = "/v1/messages", tag = "models", operation_id = "messages",
    security(("key" = [])), request_body = Value,
    responses((status = 200, description = "The answer, with a `surefoot` object; a stream if asked for", body = Value)))]
pub(crate) async fn anthropic(State(app): State<App>, headers: HeaderMap, body: Body) -> Response {
    answer(app, Dialect::Anthropic, headers, body).await
}

async fn answer(app: App, dialect: Dialect, headers: HeaderMap, body: Body) -> Response {
    let taken = take_in(&app, dialect.name(), &headers, body, |taken| read(dialect, &headers, taken)).await;
    let call = match taken {
        Ok(call) => call,
        Err(refused) => return fault::response(dialect, &refused.fault, refused.trace_id),
    };
    let mut wanted = Wanted::new(&app, dialect);
    (wanted.stream, wanted.include_usage) = (call.chat.stream, call.chat.include_usage);
    reply::response(app.gateway.answer(call), wanted).await
}

fn read(dialect: Dialect, headers: &HeaderMap, taken: Intake) -> Result<Call, Fault> {
    let Intake { trace_id, caller, body } = taken;
    let mut chat = request_read(dialect, &body)?;
    let told = chat.extra.remove("surefoot");
    // What is told to Surefoot is not for a provider; all else reaches it as it came.
    let body = if told.is_some() { passthrough::request_without(&body, "surefoot")? } else { body };
    let context = context(headers, told)?;
    Ok(Call { trace_id, door: dialect.name(), body: Some(body), caller, context, chat })
}
