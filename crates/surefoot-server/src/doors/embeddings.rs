//! `POST /v1/embeddings`.

use axum::{body::Body, extract::State, http::HeaderMap, response::Response};
use bytes::Bytes;
use surefoot_dialect::{Dialect, embeddings};
use surefoot_gateway::{EmbedCall, Head};
use surefoot_types::{Fault, ids::TraceId};

use crate::{
    body,
    caller::{caller, context},
    fault,
    reply::{json, with_headers},
    state::App,
};

const DOOR: &str = "embeddings";

/// Vectors for texts.
pub(crate) async fn create(State(app): State<App>, headers: HeaderMap, body: Body) -> Response {
    let trace_id = app.gateway.mint_trace();
    let read = match body::read(body, app.body_limit).await {
        Ok(body) => read(&app, trace_id, &headers, &body),
        Err(fault) => Err(fault),
    };
    let call = match read {
        Ok(call) => call,
        Err(told) => {
            app.gateway.refuse(trace_id, DOOR, &told).await;
            return fault::response(Dialect::OpenaiChat, &told, trace_id);
        }
    };
    let base64 = call.request.base64;
    match app.gateway.embed(call).await {
        Ok(embedded) => {
            let body = embeddings::answer_write(&embedded.embeddings, base64, &embedded.added.to_value());
            with_headers(json(body), trace_id, &Head::default())
        }
        Err(failed) => fault::response(Dialect::OpenaiChat, &failed.fault, trace_id),
    }
}

fn read(app: &App, trace_id: TraceId, headers: &HeaderMap, body: &Bytes) -> Result<EmbedCall, Fault> {
    let mut request = embeddings::request_read(body)?;
    let told = request.extra.remove("surefoot");
    Ok(EmbedCall { trace_id, door: DOOR, caller: caller(app, headers), context: context(headers, told)?, request })
}
