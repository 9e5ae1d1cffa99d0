//! Reads a request for a response, and puts before it what it goes on from.

use axum::http::HeaderMap;
use serde_json::{Map, Value};
use surefoot_dialect::{request_read, responses};
use surefoot_gateway::{Admitted, Call};
use surefoot_types::{
    Code, Fault,
    conversation::{ChatRequest, Message, Part},
    ids::ResponseId,
    key::Admin,
    response::Response,
};

use super::{super::intake::Intake, DIALECT, DOOR, Keeping};
use crate::{caller::context, state::App};

/// How many responses a conversation may go back.
const LONGEST: usize = 1_000;
/// Items of tools that were run here: nothing for a provider.
const RUN_HERE: [&str; 2] = ["file_search_call", "mcp_call"];

/// A request that can be answered.
pub(super) struct Asked {
    pub(super) call: Call,
    pub(super) keeping: Keeping,
}

pub(super) async fn read(app: &App, headers: &HeaderMap, taken: Intake) -> Result<Asked, Fault> {
    let Intake { trace_id, caller, body } = taken;
    let admitted = app.gateway.admit(&caller, Admin::None)?;
    let mut request = object(&body)?;
    unserved(&request)?;
    references(app, admitted.as_ref(), &mut request).await?;
    let mut chat = request_read(DIALECT, request_text(&request).as_bytes())?;
    let told = chat.extra.remove("surefoot");
    let id = ResponseId::from_bits(trace_id.to_bits());
    let previous = chat.previous_response_id.take();
    let previous = previous.map(|text| id_of(&text, "previous_response_id")).transpose()?;
    let instructions = usize::from(request.get("instructions").is_some_and(Value::is_string));
    forget_run_here(&mut chat.messages);
    let asked = chat.messages.get(instructions..).unwrap_or_default().to_vec();
    if let Some(previous) = previous {
        let before = chain(app, admitted.as_ref(), previous).await?;
        let before = before.into_iter().flat_map(|one| one.asked.into_iter().chain(one.said));
        chat.messages.splice(instructions..instructions, before);
    }
    let store = request.get("store").and_then(Value::as_bool).unwrap_or(true);
    stateless(&mut chat);
    let response = Response {
        id,
        at: app.clock.now(),
        key: admitted.as_ref().map(|admitted| admitted.key.clone()),
        tenant: admitted.as_ref().and_then(|admitted| admitted.tenant.clone()),
        user: chat.user.clone(),
        previous,
        items: responses::input_items(request.get("input"), &id.to_string()),
        asked,
        said: Vec::new(),
        body: Value::Null,
    };
    let keeping = Keeping::new(app, response, store, responses::repeated(&Value::Object(request)));
    let context = context(headers, told)?;
    Ok(Asked { call: Call { trace_id, door: DOOR, body: None, caller, context, chat }, keeping })
}

/// The conversation that is gone on from, oldest first.
async fn chain(app: &App, admitted: Option<&Admitted>, id: ResponseId) -> Result<Vec<Response>, Fault> {
    let chain = app.store.response_chain(id, LONGEST).await?;
    let is_theirs = chain.iter().all(|one| is_of(one, admitted));
    let gone = |id: ResponseId, why: &str| {
        Err(Fault::new(Code::NotFound, format!("the response {id} {why}"))
            .hint("Send the conversation as `input`, or go on from a response that is kept (`store`)."))
    };
    match chain.first() {
        Some(_) if !is_theirs => gone(id, "is not there"),
        None => gone(id, "is not there"),
        Some(first) => match first.previous {
            Some(before) if chain.len() < LONGEST => gone(before, "that this conversation goes back to is not kept"),
            Some(_) => gone(id, &format!("goes back more than {LONGEST} responses")),
            None => Ok(chain),
        },
    }
    .map_err(|mut fault: Fault| {
        fault.param = Some("previous_response_id".into());
        fault
    })
}

/// Whether a response is the caller's to have. Whoever needs no key may have those that came without one.
pub(super) fn is_of(response: &Response, admitted: Option<&Admitted>) -> bool {
    let key = admitted.map(|admitted| admitted.key.as_str());
    response.is_of(key, admitted.and_then(|admitted| admitted.tenant.as_deref()))
}

/// The response that a text names.
pub(super) fn id_of(text: &str, param: &str) -> Result<ResponseId, Fault> {
    text.parse().map_err(|_| {
        let mut fault = Fault::new(Code::NotFound, format!("there is no response '{text}'"))
            .hint("Surefoot keeps its own responses; their ids look like resp_01jd8n6y4vq0t2x5w9zk3m7c1f.");
        fault.param = Some(param.to_owned());
        fault
    })
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Fault> {
    let read = serde_json::from_slice(body);
    read.map_err(|error| Fault::bad_request("", format!("the body is not a JSON object: {error}")))
}

fn request_text(request: &Map<String, Value>) -> String {
    serde_json::to_string(request).unwrap_or_default()
}

/// What asks for state that is not kept here is refused: to be without it would be another answer.
fn unserved(request: &Map<String, Value>) -> Result<(), Fault> {
    let set = |name: &str| request.get(name).is_some_and(|value| !value.is_null() && *value != Value::Bool(false));
    for (name, hint) in [
        ("background", "Ask without it: the answer comes with the request, as a stream if you like."),
        ("conversation", "Go on with `previous_response_id`, or send the conversation as `input`."),
        ("prompt", "Write the prompt as a function of the project, and name it as the model."),
    ] {
        if set(name) {
            return Err(Fault::bad_request(name, format!("`{name}` is not served here")).hint(hint));
        }
    }
    Ok(())
}

/// Puts the items themselves in the place of references to them. An item's id names its response.
async fn references(app: &App, admitted: Option<&Admitted>, request: &mut Map<String, Value>) -> Result<(), Fault> {
    let Some(Value::Array(items)) = request.get_mut("input") else { return Ok(()) };
    let mut found: Vec<Response> = Vec::new();
    for item in items.iter_mut().filter(|item| item["type"] == "item_reference") {
        let id = item["id"].as_str().unwrap_or_default().to_owned();
        let unknown = || {
            Fault::new(Code::NotFound, format!("there is no item '{id}'"))
                .hint("Send the item itself: only items of kept responses can be referred to.")
        };
        let named = id.split_once("resp_").and_then(|(_, rest)| rest.split('_').next());
        let response: ResponseId = named.and_then(|text| format!("resp_{text}").parse().ok()).ok_or_else(unknown)?;
        if !found.iter().any(|one| one.id == response) {
            let kept = app.store.response_get(response).await?.filter(|one| is_of(one, admitted));
            found.push(kept.ok_or_else(unknown)?);
        }
        let mut output = found.iter().filter_map(|one| one.body.get("output")?.as_array()).flatten();
        *item = output.rfind(|one| one["id"] == *id).cloned().ok_or_else(unknown)?;
    }
    Ok(())
}

/// Leaves out what tells of tools that were run here: their answers are in the text, and no provider knows their ids.
fn forget_run_here(messages: &mut Vec<Message>) {
    let ours = |part: &Part| match part {
        Part::Other { value, .. } => {
            let is_kind = RUN_HERE.iter().any(|kind| value["type"] == **kind);
            is_kind && value["id"].as_str().is_some_and(|id| id.contains("_resp_"))
        }
        _ => false,
    };
    messages.retain_mut(|message| {
        let had = message.parts.len();
        message.parts.retain(|part| !ours(part));
        had == message.parts.len() || !message.parts.is_empty()
    });
}

/// Nothing is left with the provider: whoever keeps the conversation is here. Reasoning comes back sealed then, so
/// that it can be sent again.
fn stateless(chat: &mut ChatRequest) {
    chat.store = Some(false);
    if chat.reasoning != surefoot_types::conversation::Reasoning::default() {
        const SEALED: &str = "reasoning.encrypted_content";
        let include = chat.extra.entry("include").or_insert_with(|| Value::Array(Vec::new()));
        match include {
            Value::Array(all) if !all.iter().any(|one| one == SEALED) => all.push(SEALED.into()),
            Value::Null => *include = Value::from(vec![SEALED]),
            _ => {}
        }
    }
}
