//! `POST /v1/chat/completions` and `POST /v1/messages`: the same door in two dialects.

use axum::{body::Body, extract::State, http::HeaderMap, response::Response};
use bytes::Bytes;
use surefoot_dialect::{Dialect, request_read};
use surefoot_gateway::Call;
use surefoot_types::{Fault, ids::TraceId};

use crate::{
    body,
    caller::{caller, context},
    fault,
    reply::{self, Wanted},
    state::App,
};

/// OpenAI's chat completions.
pub(crate) async fn openai(State(app): State<App>, headers: HeaderMap, body: Body) -> Response {
    answer(app, Dialect::OpenaiChat, headers, body).await
}

/// Anthropic's messages.
pub(crate) async fn anthropic(State(app): State<App>, headers: HeaderMap, body: Body) -> Response {
    answer(app, Dialect::Anthropic, headers, body).await
}

async fn answer(app: App, dialect: Dialect, headers: HeaderMap, body: Body) -> Response {
    let trace_id = app.gateway.mint_trace();
    let read = match body::read(body, app.body_limit).await {
        Ok(body) => read(&app, trace_id, dialect, &headers, body),
        Err(fault) => Err(fault),
    };
    let call = match read {
        Ok(call) => call,
        Err(told) => {
            app.gateway.refuse(trace_id, dialect.name(), &told).await;
            return fault::response(dialect, &told, trace_id);
        }
    };
    let wanted = Wanted {
        dialect,
        stream: call.chat.stream,
        include_usage: call.chat.include_usage,
        created: app.clock.now().as_second(),
    };
    reply::response(app.gateway.answer(call), wanted).await
}

fn read(app: &App, trace_id: TraceId, dialect: Dialect, headers: &HeaderMap, body: Bytes) -> Result<Call, Fault> {
    let mut chat = request_read(dialect, &body)?;
    let told = chat.extra.remove("surefoot");
    Ok(Call {
        trace_id,
        door: dialect.name(),
        // With Surefoot's own object in them the caller's bytes are not for a provider.
        body: told.is_none().then_some(body),
        caller: caller(app, headers),
        context: context(headers, told)?,
        chat,
    })
}
