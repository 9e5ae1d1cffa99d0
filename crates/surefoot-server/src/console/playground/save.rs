//! `POST /playground/save`: first what would be written and what it changes, then, when that is confirmed, the file.

use askama::Template;
use axum::{
    Extension, Form,
    extract::{State, rejection::FormRejection},
    http::HeaderMap,
    response::Response,
};
use serde::Deserialize;
use serde_json::json;
use similar::{ChangeTag, TextDiff};
use surefoot_types::Fault;

use super::edited;
use crate::{
    access::Who,
    console::page::{Frame, fault_page, noted, of_own_page, problem, render},
    state::App,
    workshop::Draft,
};

#[derive(Template)]
#[template(path = "variant.html")]
pub(in crate::console) struct Page {
    pub(in crate::console) frame: Frame,
    /// The variant that was edited, as `function@variant`.
    pub(in crate::console) of: String,
    pub(in crate::console) draft: Draft,
    pub(in crate::console) lines: Vec<Line>,
    /// What keeps the file from being written.
    pub(in crate::console) wrong: Option<String>,
    /// Whether it was written.
    pub(in crate::console) written: bool,
    /// The evals that would tell whether it is better.
    pub(in crate::console) evals: Vec<String>,
}

/// A line of what changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::console) struct Line {
    /// `added`, `removed` or `same`.
    pub(in crate::console) kind: &'static str,
    pub(in crate::console) sign: &'static str,
    pub(in crate::console) text: String,
}

/// The form.
#[derive(Debug, Deserialize)]
pub(crate) struct Edit {
    model: String,
    text: String,
    /// The new variant's name.
    #[serde(default)]
    name: String,
    /// The box that must be ticked.
    #[serde(default)]
    confirmed: String,
}

/// Shows the edit, or writes it.
pub(crate) async fn serve(
    State(app): State<App>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    form: Result<Form<Edit>, FormRejection>,
) -> Response {
    let Form(edit) = match form {
        Ok(form) => form,
        Err(error) => return problem(error.status(), &error.body_text()),
    };
    let told = async {
        of_own_page(&headers)?;
        page(&app, &who, &edit).await
    };
    match told.await {
        Ok(page) => render(&page),
        Err(told) => fault_page(&told),
    }
}

async fn page(app: &App, who: &Who, edit: &Edit) -> Result<Page, Fault> {
    let (function, variant) = edited(app, &edit.model)?;
    let files = app.files()?;
    let before = files.variant_text(&function, &variant)?;
    let name = if edit.name.is_empty() { format!("{variant}-2") } else { edit.name.clone() };
    let draft = Draft::new(&function, &name, &edit.text)?;
    let (written, wrong) = match edit.confirmed.as_str() {
        "yes" => {
            let (path, detail) = (draft.path(), json!({"of": edit.model}));
            noted(app, who, ("variant.add", path.as_str(), detail), files.variant_add(&draft)).await
        }
        _ => (false, files.variant_fits(&draft).err().map(|told| told.told())),
    };
    Ok(Page {
        frame: Frame::new(app, who, "/playground"),
        of: edit.model.clone(),
        lines: difference(&before, &draft.text),
        wrong,
        written,
        evals: files.evals(&function),
        draft,
    })
}

/// What changes, line by line.
fn difference(before: &str, after: &str) -> Vec<Line> {
    let difference = TextDiff::from_lines(before, after);
    let line = |change: similar::Change<&str>| {
        let (kind, sign) = match change.tag() {
            ChangeTag::Equal => ("same", " "),
            ChangeTag::Delete => ("removed", "-"),
            ChangeTag::Insert => ("added", "+"),
        };
        Line { kind, sign, text: change.value().trim_end_matches('\n').to_owned() }
    };
    difference.iter_all_changes().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_is_told_line_by_line() {
        let told = |before, after| -> Vec<String> {
            difference(before, after).into_iter().map(|line| format!("{}{}", line.sign, line.text)).collect()
        };
        assert_eq!(told("a\nb\nc\n", "a\nB\nc\n"), [" a", "-b", "+B", " c"]);
        assert_eq!(told("a\n", "a\n"), [" a"]);
        assert_eq!(told("", "new"), ["+new"]);
    }
}
