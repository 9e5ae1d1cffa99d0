//! Gemini's API: `POST /v1beta/models/{model}:{method}`, also below `/v1`, and the list of models. The model stands in the address, and
//! so does whether the answer is streamed.

use axum::{
    body::Body,
    extract::{OriginalUri, Path, State},
    http::{HeaderMap, Uri},
    response::Response,
};
use serde_json::json;
use surefoot_dialect::{Dialect, gemini, passthrough, request_read};
use surefoot_gateway::{Call, EmbedCall, Head};
use surefoot_types::{Code, Fault, key::Admin};

use super::{
    count,
    intake::{Intake, Refused, take_in},
    models, refused,
};
use crate::{
    caller::{caller, context},
    fault,
    reply::{self, Wanted, json, with_headers},
    standing,
    state::App,
};

const DIALECT: Dialect = Dialect::Gemini;
/// Answers, embeds or counts, in the shape of Gemini's API.
#[utoipa::path(post, path = "/v1beta/models/{model}:{method}", tag = "models", operation_id = "gemini",
    security(("key" = [])), request_body = Value,
    params(("model" = String, Path, description = "A model, alias or function"),
        ("method" = String, Path, description = "`generateContent`, `streamGenerateContent`, `countTokens`, \
         `embedContent` or `batchEmbedContents`")),
    responses((status = 200, description = "The answer, with a `surefoot` object; a stream if asked for", body = Value)))]
pub(crate) async fn serve(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    Path(rest): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Some((model, method)) = rest.rsplit_once(':') else { return unknown(&app, &uri, &headers).await };
    match method {
        "generateContent" => generate(&app, &headers, model, None, body).await,
        "streamGenerateContent" => generate(&app, &headers, model, Some(has(&uri, "alt=sse")), body).await,
        "countTokens" => tokens(&app, &headers, model, body).await,
        "embedContent" => embed(&app, &headers, model, false, body).await,
        "batchEmbedContents" => embed(&app, &headers, model, true, body).await,
        _ => unknown(&app, &uri, &headers).await,
    }
}

/// Everything that the caller may name.
#[utoipa::path(get, path = "/v1beta/models", tag = "models", operation_id = "gemini_models", security(("key" = [])),
    responses((status = 200, description = "The list", body = Value)))]
pub(crate) async fn list(State(app): State<App>, OriginalUri(uri): OriginalUri, headers: HeaderMap) -> Response {
    models::list_in(&app, DIALECT, &uri, &headers).await
}

/// One of them.
#[utoipa::path(get, path = "/v1beta/models/{model}", tag = "models", operation_id = "gemini_model",
    security(("key" = [])), params(("model" = String, Path, description = "Its name")), responses(
    (status = 200, description = "The model", body = Value), (status = 404, description = "There is none")))]
pub(crate) async fn get(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    models::one_in(&app, DIALECT, &uri, &id, &headers).await
}

fn has(uri: &Uri, wanted: &str) -> bool {
    uri.query().is_some_and(|query| query.split('&').any(|pair| pair == wanted))
}

async fn unknown(app: &App, uri: &Uri, headers: &HeaderMap) -> Response {
    if let Err(told) = app.gateway.admit(&caller(app, headers), Admin::None) {
        return refused(app, uri.path(), headers, &told).await;
    }
    let told = Fault::new(Code::NotFound, format!("there is nothing at {}", uri.path())).hint(
        "The methods are generateContent, streamGenerateContent, countTokens, embedContent and batchEmbedContents.",
    );
    refused(app, uri.path(), headers, &told).await
}

/// `stream`: whether it is wanted as server-sent events rather than as one JSON array.
async fn generate(app: &App, headers: &HeaderMap, model: &str, stream: Option<bool>, body: Body) -> Response {
    let read = |taken| read(headers, model, stream.is_some(), taken);
    let call = match take_in(app, DIALECT.name(), headers, body, read).await {
        Ok(call) => call,
        Err(refused) => return told(&refused),
    };
    let mut wanted = Wanted::new(app, DIALECT);
    (wanted.stream, wanted.include_usage) = (stream.is_some(), true);
    wanted.json_array = stream == Some(false);
    reply::response(app.gateway.answer(call), wanted).await
}

fn read(headers: &HeaderMap, model: &str, stream: bool, taken: Intake) -> Result<Call, Fault> {
    let Intake { trace_id, caller, body } = taken;
    let mut chat = request_read(DIALECT, &body)?;
    model.clone_into(&mut chat.model);
    chat.stream = stream;
    let told = chat.extra.remove("surefoot");
    let body = if told.is_some() { passthrough::request_without(&body, "surefoot")? } else { body };
    let context = context(headers, told)?;
    Ok(Call { trace_id, door: DIALECT.name(), body: Some(body), caller, context, chat })
}

async fn tokens(app: &App, headers: &HeaderMap, model: &str, body: Body) -> Response {
    let read = |taken: Intake| {
        let body = gemini::count_read(&taken.body)?;
        read(headers, model, false, Intake { body, ..taken })
    };
    match count::counted(app, DIALECT, headers, body, read).await {
        Ok((tokens, trace_id)) => {
            let body = json!({"totalTokens": tokens.count, "surefoot": {"estimated": tokens.estimated}});
            let head = Head::default();
            with_headers(json(body.to_string().into()), trace_id, &head, DIALECT, app.clock.now())
        }
        Err(refused) => told(&refused),
    }
}

async fn embed(app: &App, headers: &HeaderMap, model: &str, batch: bool, body: Body) -> Response {
    let read = |taken: Intake| {
        let mut request = gemini::embed_read(&taken.body, model, batch)?;
        let context = context(headers, request.extra.remove("surefoot"))?;
        Ok(EmbedCall { trace_id: taken.trace_id, door: DIALECT.name(), caller: taken.caller, context, request })
    };
    let call = match take_in(app, DIALECT.name(), headers, body, read).await {
        Ok(call) => call,
        Err(refused) => return told(&refused),
    };
    let trace_id = call.trace_id;
    match app.gateway.embed(call).await {
        Ok(embedded) => {
            let body = gemini::embed_write(&embedded.embeddings, batch, &embedded.added.to_value());
            let head = Head { standing: embedded.standing, ..Head::default() };
            with_headers(json(body), trace_id, &head, DIALECT, app.clock.now())
        }
        Err(failed) => {
            let response = fault::response(DIALECT, &failed.fault, trace_id);
            standing::told(response, DIALECT, &failed.standing, app.clock.now())
        }
    }
}

fn told(refused: &Refused) -> Response {
    fault::response(DIALECT, &refused.fault, refused.trace_id)
}
