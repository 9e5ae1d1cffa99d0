//! Ask a question. The script streams the answer in; without it the form gives a whole page.

use askama::Template;
use axum::{
    Extension, Form,
    extract::{State, rejection::FormRejection},
    http::HeaderMap,
    response::Response,
};
use serde::Deserialize;
use surefoot_gateway::{Added, Call, Context};
use surefoot_types::{
    Citation,
    conversation::{ChatRequest, words},
};

use super::{
    marks::{Piece, pieces},
    page::{Frame, is_first, problem, render, sdk_address},
};
use crate::{access::Who, caller::caller, fault, state::App};

#[derive(Template)]
#[template(path = "ask.html")]
pub(super) struct Ask {
    pub(super) frame: Frame,
    pub(super) choices: Vec<Choices>,
    pub(super) chosen: String,
    pub(super) question: String,
    /// What came back, when the form was sent without the script.
    pub(super) end: Option<End>,
    /// Where SDKs are pointed.
    pub(super) address: String,
}

/// Names of one kind in the list of what can be asked.
pub(crate) struct Choices {
    pub(crate) label: &'static str,
    pub(crate) names: Vec<String>,
}

/// How the question ended.
pub(super) struct End {
    pub(super) answer: Vec<Piece>,
    pub(super) citations: Vec<Citation>,
    /// What is to be known of the answer as a whole.
    pub(super) verdict: Option<&'static str>,
    /// Why there is no answer.
    pub(super) fault: Option<String>,
    pub(super) trace: String,
}

/// The form.
#[derive(Deserialize)]
pub(crate) struct Question {
    model: String,
    question: String,
}

/// The empty page.
pub(crate) async fn show(State(app): State<App>, Extension(who): Extension<Who>, headers: HeaderMap) -> Response {
    let chosen = String::new();
    render(&page(&app, &who, &headers, Question { model: chosen, question: String::new() }, None))
}

/// The page with the whole answer.
pub(crate) async fn answer(
    State(app): State<App>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    form: Result<Form<Question>, FormRejection>,
) -> Response {
    let Form(form) = match form {
        Ok(form) => form,
        Err(error) => return problem(error.status(), &error.body_text()),
    };
    let call = Call {
        trace_id: app.gateway.mint_trace(),
        door: "console",
        chat: ChatRequest::ask(form.model.as_str(), form.question.as_str()),
        body: None,
        caller: caller(&app, &headers),
        context: Context::default(),
    };
    match app.gateway.answer(call).collect().await {
        Ok(collected) => {
            let end = answered(&words(&collected.whole.answer.parts), collected.added);
            render(&page(&app, &who, &headers, form, Some(end)))
        }
        Err(failed) => {
            let fault = Some(failed.fault.told());
            let end = End { fault, ..answered("", Added::new(failed.added.trace_id)) };
            let mut response = render(&page(&app, &who, &headers, form, Some(end)));
            *response.status_mut() = fault::status(failed.fault.code);
            response
        }
    }
}

fn answered(text: &str, added: Added) -> End {
    let verdict = verdict(&added);
    let citations = added.citations.unwrap_or_default();
    let answer = pieces(text, &citations);
    End { answer, citations, verdict, fault: None, trace: added.trace_id.to_string() }
}

/// What the citations do not say themselves. The script says the same in the same words.
pub(super) fn verdict(added: &Added) -> Option<&'static str> {
    match (added.abstained, &added.citations) {
        (Some(true), _) => Some("The documents do not answer this."),
        (_, Some(citations)) if citations.is_empty() => Some("This answer cites no document."),
        _ => None,
    }
}

fn page(app: &App, who: &Who, headers: &HeaderMap, form: Question, end: Option<End>) -> Ask {
    let choices = choices(app, who);
    Ask {
        frame: Frame::new(app, who, "/ask"),
        choices,
        chosen: form.model,
        question: form.question,
        end,
        address: sdk_address(headers),
    }
}

/// What can be asked: functions that search documents first, then the rest.
pub(super) fn choices(app: &App, who: &Who) -> Vec<Choices> {
    let project = app.gateway.project();
    let (mut grounded, mut functions, mut models) = (Vec::new(), Vec::new(), Vec::new());
    for name in app.gateway.models(who.admitted()) {
        match project.functions.get(&name) {
            // It makes vectors, not answers.
            None if name == "local/static" => {}
            None => models.push(name),
            Some(function) if function.knowledge.is_some() => grounded.push(name),
            Some(_) => functions.push(name),
        }
    }
    let choices = |label, names| Choices { label, names };
    [choices("From your documents", grounded), choices("Functions", functions), choices("Models", models)]
        .into_iter()
        .filter(|some| !some.names.is_empty())
        .collect()
}

impl Ask {
    fn fault(&self) -> Option<&str> {
        self.end.as_ref()?.fault.as_deref()
    }

    fn told(&self) -> Option<&'static str> {
        self.end.as_ref().filter(|end| end.fault.is_none())?.verdict
    }
}
