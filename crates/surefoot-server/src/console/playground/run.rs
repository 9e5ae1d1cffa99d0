//! `POST /playground/run`: one lane's answer, streamed, with its prompt as it was edited.

use std::sync::Arc;

use axum::{body::Body, extract::State, http::HeaderMap, response::Response};
use serde::Deserialize;
use surefoot_dialect::Dialect;
use surefoot_gateway::{Call, Context, Project};
use surefoot_types::{Fault, conversation::ChatRequest};

use super::{edited, prompt};
use crate::{
    doors::{Intake, take_in},
    fault,
    reply::{self, Wanted},
    state::App,
    workshop::Draft,
};

/// What a lane asks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ask {
    /// `function@variant`, or a model.
    model: String,
    question: String,
    /// The variant's file as it was edited.
    #[serde(default)]
    text: Option<String>,
}

/// Answers it.
pub(crate) async fn serve(State(app): State<App>, headers: HeaderMap, body: Body) -> Response {
    let dialect = Dialect::OpenaiChat;
    match take_in(&app, "playground", &headers, body, |taken| read(&app, taken)).await {
        Err(refused) => fault::response(dialect, &refused.fault, refused.trace_id),
        Ok((call, project)) => {
            let mut wanted = Wanted::new(&app, dialect);
            (wanted.stream, wanted.include_usage) = (true, true);
            reply::response(app.gateway.answer_over(call, project), wanted).await
        }
    }
}

/// The call, and the project that answers it: with the edited prompt in it, where it was edited.
fn read(app: &App, taken: Intake) -> Result<(Call, Arc<Project>), Fault> {
    let Intake { trace_id, caller, body } = taken;
    let ask: Ask = serde_json::from_slice(&body).map_err(|error| Fault::bad_request("", error.to_string()))?;
    let edit = match ask.text {
        Some(text) if text != prompt(app, &ask.model)? => Some(text),
        _ => None,
    };
    let (model, project) = match edit {
        None => (ask.model, app.gateway.project()),
        Some(text) => {
            let (function, variant) = edited(app, &ask.model)?;
            let draft = Draft::new(&function, &format!("{variant}-draft"), &text)?;
            (format!("{function}@{}", draft.variant), app.files()?.drafted(&draft)?)
        }
    };
    let mut chat = ChatRequest::ask(model, ask.question);
    (chat.stream, chat.include_usage) = (true, true);
    // What is tried is asked anew, whatever is kept of it.
    let context = Context { fresh: true, ..Context::default() };
    Ok((Call { trace_id, door: "playground", chat, body: None, caller, context }, project))
}
