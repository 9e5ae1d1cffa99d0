//! A trace as a case of a dataset: what would be written and where is shown, and written when that is confirmed.

use askama::Template;
use axum::{
    Extension, Form,
    extract::{Path, State, rejection::FormRejection},
    http::HeaderMap,
    response::Response,
};
use serde::Deserialize;
use serde_json::json;
use surefoot_types::{
    Fault,
    feedback::{Feedback, FeedbackValue, standing},
    ids::TraceId,
    trace::Trace,
};

use super::{
    page::{Frame, fault_page, noted, of_own_page, problem, render},
    trace::said,
};
use crate::{access::Who, doors::trace_find, state::App};

#[derive(Template)]
#[template(path = "case.html")]
pub(super) struct Page {
    pub(super) frame: Frame,
    pub(super) trace: TraceId,
    pub(super) datasets: Vec<String>,
    pub(super) form: CaseForm,
    /// The line that was, or would be, written.
    pub(super) line: String,
    pub(super) wrong: Option<String>,
    pub(super) written: bool,
}

/// The form.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CaseForm {
    pub(super) dataset: String,
    pub(super) id: String,
    pub(super) input: String,
    pub(super) expect: String,
    /// The box that must be ticked.
    pub(super) confirmed: String,
}

/// The form, filled from the trace.
pub(crate) async fn show(State(app): State<App>, Extension(who): Extension<Who>, Path(id): Path<String>) -> Response {
    let filled = async {
        let trace = trace_find(&app, &who, "id", &id).await?;
        let said = app.store.feedback_list(trace.id).await?;
        let files = app.files()?;
        // The file is for git, where no erasure reaches.
        let form = CaseForm {
            id: short(&trace),
            expect: files.scrub(&expected(&trace, &standing(&said))),
            input: files.scrub(&trace.question),
            ..CaseForm::default()
        };
        page(&app, &who, trace.id, form)
    };
    match filled.await {
        Ok(page) => render(&page),
        Err(told) => fault_page(&told),
    }
}

/// Writes it.
pub(crate) async fn add(
    State(app): State<App>,
    Extension(who): Extension<Who>,
    Path(id): Path<String>,
    headers: HeaderMap,
    form: Result<Form<CaseForm>, FormRejection>,
) -> Response {
    let Form(form) = match form {
        Ok(form) => form,
        Err(error) => return problem(error.status(), &error.body_text()),
    };
    let added = async {
        of_own_page(&headers)?;
        let trace = trace_find(&app, &who, "id", &id).await?;
        let page = page(&app, &who, trace.id, form)?;
        let added = match page.form.confirmed.as_str() {
            "yes" => app.files()?.case_add(&page.form.dataset, &page.line),
            _ => Err(Fault::bad_request("confirmed", "Tick the box to write the line.")),
        };
        let event = ("case.add", page.form.dataset.as_str(), json!({"trace": trace.id.to_string()}));
        let (written, wrong) = noted(&app, &who, event, added).await;
        Ok::<_, Fault>(Page { written, wrong, ..page })
    };
    match added.await {
        Ok(page) => render(&page),
        Err(told) => fault_page(&told),
    }
}

fn page(app: &App, who: &Who, trace: TraceId, form: CaseForm) -> Result<Page, Fault> {
    let line = line(&form);
    let datasets = app.files()?.datasets();
    Ok(Page { frame: Frame::new(app, who, "/traces"), trace, datasets, form, line, wrong: None, written: false })
}

/// The case, as a line of JSON.
fn line(form: &CaseForm) -> String {
    // Browsers send lines as CR LF.
    let plain = |text: &str| text.trim().replace("\r\n", "\n");
    let mut case = json!({"id": plain(&form.id), "input": plain(&form.input)});
    if !form.expect.trim().is_empty() {
        case["expect"] = json!(plain(&form.expect));
    }
    case.to_string()
}

/// A name for the case: the end of the trace's id.
fn short(trace: &Trace) -> String {
    let id = trace.id.to_string();
    format!("trace-{}", &id[id.len().saturating_sub(8)..])
}

/// What should have been answered: as feedback corrected it, or as it was.
fn expected(trace: &Trace, feedback: &[&Feedback]) -> String {
    let corrected = feedback.iter().rev().find_map(|feedback| match &feedback.value {
        FeedbackValue::Text(text) if feedback.metric == "correction" => Some(text.clone()),
        _ => None,
    });
    corrected.unwrap_or_else(|| said(&trace.answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_one_line() {
        let form = |input: &str, expect: &str| {
            line(&CaseForm { id: "a".into(), input: input.into(), expect: expect.into(), ..CaseForm::default() })
        };
        assert_eq!(form("Which\r\nport? ", ""), r#"{"id":"a","input":"Which\nport?"}"#);
        assert_eq!(form("Which port?", "4141"), r#"{"id":"a","input":"Which port?","expect":"4141"}"#);
    }
}
