//! `POST /v1/messages/count_tokens`.

use axum::{body::Body, extract::State, http::HeaderMap, response::Response};
use serde_json::{Map, Value, json};
use surefoot_dialect::{Dialect, request_read};
use surefoot_gateway::{Call, Head, Tokens};
use surefoot_types::{Fault, ids::TraceId, key::Admin};

use super::intake::{Intake, Refused, take_in};
use crate::{
    caller::context,
    fault,
    reply::{json, with_headers},
    state::App,
};

const DIALECT: Dialect = Dialect::Anthropic;

/// How many tokens a conversation would put into a model: as its provider counts, or an estimate that says so.
#[utoipa::path(post, path = "/v1/messages/count_tokens", tag = "models", operation_id = "count_tokens",
    security(("key" = [])), request_body = Value,
    responses((status = 200, description = "The count; `surefoot.estimated` says whether it is an estimate", body = Value)))]
pub(crate) async fn anthropic(State(app): State<App>, headers: HeaderMap, body: Body) -> Response {
    match counted(&app, DIALECT, &headers, body, |taken| read(&headers, taken)).await {
        Ok((tokens, trace_id)) => {
            let body = json!({"input_tokens": tokens.count, "surefoot": {"estimated": tokens.estimated}});
            with_headers(json(body.to_string().into()), trace_id, &Head::default(), DIALECT, app.clock.now())
        }
        Err(refused) => fault::response(DIALECT, &refused.fault, refused.trace_id),
    }
}

/// What a request would put into a model, and the id under which a refusal is recorded. A count is no answer: it is
/// not recorded.
pub(super) async fn counted(
    app: &App,
    dialect: Dialect,
    headers: &HeaderMap,
    body: Body,
    read: impl FnOnce(Intake) -> Result<Call, Fault>,
) -> Result<(Tokens, TraceId), Refused> {
    let call = take_in(app, dialect.name(), headers, body, read).await?;
    let trace_id = call.trace_id;
    match app.gateway.count(&call).await {
        Ok(tokens) => Ok((tokens, trace_id)),
        Err(fault) => {
            let admitted = app.gateway.admit(&call.caller, Admin::None).ok().flatten();
            app.gateway.refuse(trace_id, dialect.name(), admitted.as_ref(), &fault).await;
            Err(Refused { trace_id, fault })
        }
    }
}

/// The request that would be sent. How long its answer may be does not matter, and need not be said.
fn read(headers: &HeaderMap, taken: Intake) -> Result<Call, Fault> {
    let Intake { trace_id, caller, body } = taken;
    let read = serde_json::from_slice::<Map<String, Value>>(&body);
    let mut asked = read.map_err(|error| Fault::bad_request("", format!("the body is not a JSON object: {error}")))?;
    asked.entry("max_tokens").or_insert(1.into());
    let mut chat = request_read(DIALECT, Value::Object(asked).to_string().as_bytes())?;
    let told = chat.extra.remove("surefoot");
    let context = context(headers, told)?;
    Ok(Call { trace_id, door: DIALECT.name(), body: None, caller, context, chat })
}
