//! The playground: variants and models side by side over one question, prompts that are edited and tried before they
//! are files, and what an edit changes.

pub(crate) mod run;
pub(crate) mod save;

use askama::Template;
use axum::{
    Extension,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use surefoot_types::{Code, Fault};

use super::page::{Frame, fault_page, problem, render};
use crate::{access::Who, doors::trace_find, fault, state::App};

#[derive(Template)]
#[template(path = "playground.html")]
pub(super) struct Page {
    pub(super) frame: Frame,
    pub(super) question: String,
    /// Functions' variants, as `function@variant`, those that serve first.
    pub(super) variants: Vec<String>,
    pub(super) models: Vec<String>,
    pub(super) lanes: Vec<Lane>,
    /// Whether prompts can be edited: this process holds the project's files.
    pub(super) files: bool,
}

/// One that answers.
pub(super) struct Lane {
    /// What is chosen.
    pub(super) model: String,
    /// Its prompt's file, where it is a variant.
    pub(super) text: String,
}

/// What the page begins with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Begin {
    /// A trace whose question is asked again.
    trace: String,
    /// What answers in the first lane.
    model: String,
    question: String,
}

/// The page.
pub(crate) async fn show(
    State(app): State<App>,
    Extension(who): Extension<Who>,
    begin: Result<Query<Begin>, QueryRejection>,
) -> Response {
    let Query(begin) = match begin {
        Ok(begin) => begin,
        Err(error) => return problem(error.status(), &error.body_text()),
    };
    match page(&app, &who, begin).await {
        Ok(page) => render(&page),
        Err(told) => fault_page(&told),
    }
}

async fn page(app: &App, who: &Who, mut begin: Begin) -> Result<Page, Fault> {
    if !begin.trace.is_empty() {
        let trace = trace_find(app, who, "trace", &begin.trace).await?;
        let variant = trace.variant.map(|variant| format!("@{variant}")).unwrap_or_default();
        begin.model = format!("{}{variant}", trace.asked.split('@').next().unwrap_or_default());
        begin.question = trace.question;
    }
    let project = app.gateway.project();
    let (mut variants, mut models) = (Vec::new(), Vec::new());
    for name in app.gateway.models(who.admitted()) {
        let Some(function) = project.functions.get(&name) else {
            models.push(name);
            continue;
        };
        let mut all: Vec<&String> = function.variants.keys().collect();
        all.sort_by_key(|variant| **variant != function.variant);
        variants.extend(all.into_iter().map(|variant| format!("{name}@{variant}")));
    }
    models.retain(|name| name != "local/static");
    let all = || variants.iter().chain(&models);
    let first = all().find(|name| **name == begin.model).or_else(|| all().next()).cloned().unwrap_or_default();
    let second = all().find(|name| **name != first).cloned().unwrap_or_else(|| first.clone());
    let lane = |model: String| Lane { text: prompt(app, &model).unwrap_or_default(), model };
    Ok(Page {
        frame: Frame::new(app, who, "/playground"),
        question: begin.question,
        lanes: if first.is_empty() { Vec::new() } else { vec![lane(first), lane(second)] },
        variants,
        models,
        files: app.workshop.is_some(),
    })
}

/// Which prompt is asked for.
#[derive(Debug, Deserialize)]
pub(crate) struct Which {
    model: String,
}

/// The file of a variant's prompt; nothing for a model.
pub(crate) async fn text(State(app): State<App>, which: Result<Query<Which>, QueryRejection>) -> Response {
    let Query(which) = match which {
        Ok(which) => which,
        Err(error) => return problem(error.status(), &error.body_text()),
    };
    match prompt(&app, &which.model) {
        Ok(text) => {
            let plain = HeaderValue::from_static("text/plain; charset=utf-8");
            ([(header::CONTENT_TYPE, plain), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], text)
                .into_response()
        }
        Err(told) => fault::plain(&told),
    }
}

/// The file of `function@variant`; nothing for what is no variant.
fn prompt(app: &App, model: &str) -> Result<String, Fault> {
    match variant(app, model) {
        Some((function, variant)) => app.files()?.variant_text(&function, &variant),
        None => Ok(String::new()),
    }
}

/// The function and the variant that a name is of.
fn variant(app: &App, model: &str) -> Option<(String, String)> {
    let (function, variant) = model.split_once('@')?;
    let project = app.gateway.project();
    project.functions.get(function)?.variants.get(variant)?;
    Some((function.to_owned(), variant.to_owned()))
}

/// The function and the variant that an edit is of.
fn edited(app: &App, model: &str) -> Result<(String, String), Fault> {
    variant(app, model).ok_or_else(|| Fault::new(Code::NotFound, format!("there is no variant '{model}'")))
}
