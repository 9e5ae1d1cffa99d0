//! A document, with the cited passage marked.

use askama::Template;
use axum::{
    Extension,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use surefoot_types::{Range, document::Document, ids::DocumentId};

use super::page::{Frame, fault_page, moment, problem, render};
use crate::{access::Who, state::App};

#[derive(Template)]
#[template(path = "document.html")]
struct Page {
    frame: Frame,
    title: String,
    path: String,
    read: String,
    heading_path: Vec<String>,
    page: Option<u32>,
    before: String,
    marked: String,
    after: String,
}

/// Which place to mark.
#[derive(Deserialize)]
pub(crate) struct Place {
    start: Option<usize>,
    end: Option<usize>,
}

/// Shows the document.
pub(crate) async fn show(
    State(app): State<App>,
    Extension(who): Extension<Who>,
    Path(id): Path<String>,
    place: Result<Query<Place>, QueryRejection>,
) -> Response {
    let Query(place) = match place {
        Ok(place) => place,
        Err(error) => return problem(error.status(), &error.body_text()),
    };
    let Ok(id) = id.parse::<DocumentId>() else {
        return problem(StatusCode::NOT_FOUND, "This is not the address of a document.");
    };
    match app.store.document_get(id).await {
        Err(error) => fault_page(&error.into()),
        Ok(Some(document)) if who.may_search(&document.knowledge) => {
            let around = app.store.passage_list(id).await.unwrap_or_default();
            let range = Range { start: place.start.unwrap_or(0), end: place.end.unwrap_or(0) };
            let passage = around.into_iter().map(|stored| stored.passage).find(|passage| passage.range.overlaps(range));
            let (heading_path, page) = passage.map(|passage| (passage.heading_path, passage.page)).unwrap_or_default();
            let [before, marked, after] = cut(&document, range);
            let Document { title, path, at, .. } = document;
            render(&Page {
                frame: Frame::new(&app, &who, "/ask"),
                title,
                path,
                read: moment(&at),
                heading_path,
                page,
                before,
                marked,
                after,
            })
        }
        // One of a knowledge that the key may not search is not even told to be there.
        Ok(_) => {
            problem(StatusCode::NOT_FOUND, "This version of the document was replaced or removed since it was cited.")
        }
    }
}

/// The text before, in and after the place; all of it before when there is no such place.
fn cut(document: &Document, range: Range) -> [String; 3] {
    let text = document.text.as_str();
    let parts = text.get(..range.start).zip(range.of(text)).zip(text.get(range.end..));
    match parts {
        Some(((before, marked), after)) => [before, marked, after].map(str::to_owned),
        None => [text.to_owned(), String::new(), String::new()],
    }
}
