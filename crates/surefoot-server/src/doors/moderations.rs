//! `POST /v1/moderations`.

use axum::{body::Body, extract::State, http::HeaderMap, response::Response};
use surefoot_dialect::{Dialect, moderations};
use surefoot_gateway::{Head, ModerateCall};
use surefoot_types::Fault;

use super::intake::{Intake, take_in};
use crate::{
    caller::context,
    fault,
    reply::{json, with_headers},
    standing,
    state::App,
};

const DOOR: &str = "moderations";
const DIALECT: Dialect = Dialect::OpenaiChat;

/// Verdicts on texts, in the shape of OpenAI's moderations; by the guards where no model is named.
#[utoipa::path(post, path = "/v1/moderations", tag = "models", operation_id = "moderations", security(("key" = [])),
    request_body = Value, responses((status = 200, description = "A verdict for each input", body = Value)))]
pub(crate) async fn create(State(app): State<App>, headers: HeaderMap, body: Body) -> Response {
    let call = match take_in(&app, DOOR, &headers, body, |taken| read(&headers, taken)).await {
        Ok(call) => call,
        Err(refused) => return fault::response(DIALECT, &refused.fault, refused.trace_id),
    };
    let trace_id = call.trace_id;
    match app.gateway.beside(call).await {
        Ok(mut judged) => {
            if judged.answer.id.is_empty() {
                judged.answer.id = trace_id.to_string();
            }
            let body = moderations::answer_write(&judged.answer, &judged.added.to_value());
            let head = Head { standing: judged.standing, ..Head::default() };
            with_headers(json(body), trace_id, &head, DIALECT, app.clock.now())
        }
        Err(failed) => {
            let response = fault::response(DIALECT, &failed.fault, trace_id);
            standing::told(response, DIALECT, &failed.standing, app.clock.now())
        }
    }
}

fn read(headers: &HeaderMap, taken: Intake) -> Result<ModerateCall, Fault> {
    let mut request = moderations::request_read(&taken.body)?;
    let context = context(headers, request.extra.remove("surefoot"))?;
    Ok(ModerateCall { trace_id: taken.trace_id, door: DOOR, caller: taken.caller, context, request })
}
