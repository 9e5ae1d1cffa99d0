//! Ask a question. The script streams the answer in; without it the form gives a whole page.

use askama::Template;
use axum::{
    Form,
    extract::State,
    http::HeaderMap,
    response::Response,
};
use serde::Deserialize;
use surefoot_gateway::{Call, Context};
use surefoot_types::{
    Citation,
    conversation::{ChatRequest, words},
};

use super::page::{Frame, fault_page, render};
use crate::{caller::caller, state::App};

#[derive(Template)]
#[template(path = "ask.html")]
struct Ask {
    frame: Frame,
    models: Vec<String>,
    chosen: String,
    question: String,
    /// What was answered, when the form was sent without the script.
    answered: Option<Answered>,
}

struct Answered {
    text: String,
    trace: String,
    citations: Vec<Citation>,
}

/// The form.
#[derive(Deserialize)]
pub(crate) struct Question {
    model: String,
    question: String,
}

/// The empty page.
pub(crate) async fn show(State(app): State<App>) -> Response {
    let models = models(&app);
    let chosen = models.first().cloned().unwrap_or_default();
    render(&Ask { frame: Frame::new(&app, "ask"), models, chosen, question: String::new(), answered: None })
}

/// The page with the whole answer.
pub(crate) async fn answer(State(app): State<App>, headers: HeaderMap, Form(form): Form<Question>) -> Response {
    let call = Call {
        trace_id: app.gateway.mint_trace(),
        door: "console",
        chat: ChatRequest::ask(form.model.as_str(), form.question.as_str()),
        body: None,
        caller: caller(&app, &headers),
        context: Context::default(),
    };
    match app.gateway.answer(call).collect().await {
        Err(failed) => fault_page(&failed.fault),
        Ok(collected) => {
            let answered = Answered {
                text: words(&collected.whole.answer.parts),
                trace: collected.added.trace_id.to_string(),
                citations: collected.added.citations.unwrap_or_default(),
            };
            let frame = Frame::new(&app, "ask");
            let (chosen, question) = (form.model, form.question);
            render(&Ask { frame, models: models(&app), chosen, question, answered: Some(answered) })
        }
    }
}

/// What can be asked: functions that search documents first, then the rest.
fn models(app: &App) -> Vec<String> {
    let project = app.gateway.project();
    let searches = |name: &String| project.functions.get(name).is_some_and(|function| function.knowledge.is_some());
    let mut names = app.gateway.models();
    names.retain(|name| name != "local/static");
    names.sort_by_key(|name| !searches(name));
    names
}
