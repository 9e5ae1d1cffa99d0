//! Knowledge: the collections, one of them with its documents and a bench to search it, and what it could not answer.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    Extension,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::HeaderMap,
    response::Response,
};
use serde::Deserialize;
use surefoot_gateway::Caller;
use surefoot_types::{
    Code, Fault,
    document::{Hit, Stamp},
    ports::TraceFilter,
    trace::{Outcome, TraceSummary},
};

use super::page::{Frame, address, count, fault_page, moment, problem, render};
use crate::{access::Who, caller::caller, state::App};

/// Documents on a page.
const DOCUMENTS: usize = 200;
/// Passages that the bench finds.
const PASSAGES: usize = 10;
/// Newest traces of a function that are looked through for what it could not answer.
const LOOKED_AT: usize = 1_000;
/// Most gaps that are shown.
const GAPS: usize = 20;

#[derive(Template)]
#[template(path = "knowledge.html")]
pub(super) struct List {
    pub(super) frame: Frame,
    pub(super) collections: Vec<Collection>,
    /// What is being read now, or else keeps from serving.
    pub(super) busy: Vec<String>,
}

/// A knowledge in the list.
pub(super) struct Collection {
    pub(super) name: String,
    pub(super) documents: u64,
    /// Documents of each format.
    pub(super) formats: BTreeMap<String, u64>,
    /// The functions that it grounds.
    pub(super) functions: Vec<String>,
}

#[derive(Template)]
#[template(path = "collection.html")]
pub(super) struct One {
    pub(super) frame: Frame,
    pub(super) collection: Collection,
    pub(super) documents: Vec<Stamp>,
    /// How many documents fit beyond those that are shown.
    pub(super) more: usize,
    pub(super) asked: Asked,
    /// What the bench found; absent where nothing was looked for.
    pub(super) hits: Option<Result<Vec<Hit>, String>>,
    pub(super) gaps: Vec<TraceSummary>,
}

/// What is asked of a knowledge's page.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    /// What the bench looks for.
    pub(super) q: String,
    /// Part of a document's path.
    pub(super) path: String,
}

/// The list.
pub(crate) async fn list(State(app): State<App>, Extension(who): Extension<Who>) -> Response {
    let listed = async {
        let mut collections = Vec::new();
        for name in names(&app, &who).await? {
            let stamps = app.store.document_stamps(&name).await?;
            collections.push(collection(&app, name, &stamps));
        }
        Ok::<_, Fault>(collections)
    };
    match listed.await {
        Err(told) => fault_page(&told),
        Ok(collections) => {
            render(&List { frame: Frame::new(&app, &who, "/knowledge"), collections, busy: (app.not_ready)() })
        }
    }
}

/// One of them.
pub(crate) async fn show(
    State(app): State<App>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    Path(name): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Query(asked) = match asked {
        Ok(asked) => asked,
        Err(error) => return problem(error.status(), &error.body_text()),
    };
    match one(&app, &who, &caller(&app, &headers), name, asked).await {
        Err(told) => fault_page(&told),
        Ok(page) => render(&page),
    }
}

async fn one(app: &App, who: &Who, caller: &Caller, name: String, asked: Asked) -> Result<One, Fault> {
    if !names(app, who).await?.contains(&name) {
        return Err(Fault::new(Code::NotFound, format!("there is no knowledge named '{name}'")));
    }
    let stamps = app.store.document_stamps(&name).await?;
    let hits = match asked.q.trim() {
        "" => None,
        query => Some(app.gateway.search(caller, &name, query, PASSAGES).await.map_err(|fault| fault.told())),
    };
    let collection = collection(app, name, &stamps);
    let gaps = gaps(app, who, &collection.functions).await?;
    let mut documents: Vec<Stamp> = stamps.into_iter().filter(|stamp| stamp.path.contains(&asked.path)).collect();
    let more = documents.len().saturating_sub(DOCUMENTS);
    documents.truncate(DOCUMENTS);
    Ok(One { frame: Frame::new(app, who, "/knowledge"), collection, documents, more, asked, hits, gaps })
}

/// What `who` may be shown: what has documents, and what a function names.
async fn names(app: &App, who: &Who) -> Result<Vec<String>, Fault> {
    let mut names = app.store.knowledge_list().await?;
    names.extend(app.gateway.project().functions.values().filter_map(|function| function.knowledge.clone()));
    names.sort();
    names.dedup();
    names.retain(|name| who.may_search(name));
    Ok(names)
}

fn collection(app: &App, name: String, stamps: &[Stamp]) -> Collection {
    let mut formats = BTreeMap::new();
    for stamp in stamps {
        *formats.entry(stamp.format.clone()).or_default() += 1;
    }
    let project = app.gateway.project();
    let grounded = project.functions.values().filter(|function| function.knowledge.as_ref() == Some(&name));
    let functions = grounded.map(|function| function.name.clone()).collect();
    Collection { documents: stamps.len() as u64, formats, functions, name }
}

/// The newest questions whose answer rests on no document, though documents were searched.
async fn gaps(app: &App, who: &Who, functions: &[String]) -> Result<Vec<TraceSummary>, Fault> {
    let mut gaps = Vec::new();
    for function in functions {
        let filter = TraceFilter {
            asked: Some(function.clone()),
            tenant: who.sees_only().map(str::to_owned),
            ..TraceFilter::default()
        };
        let found = app.store.trace_list(&filter, LOOKED_AT).await?;
        gaps.extend(found.into_iter().filter(is_gap));
    }
    gaps.sort_by_key(|trace| std::cmp::Reverse(trace.id));
    let mut seen = std::collections::BTreeSet::new();
    gaps.retain(|trace| seen.insert(trace.question.to_lowercase()));
    gaps.truncate(GAPS);
    Ok(gaps)
}

fn is_gap(trace: &TraceSummary) -> bool {
    trace.outcome == Outcome::Answered && trace.citations == 0 && !trace.question.is_empty()
}

/// A score's place on a bar of a hundred.
fn bar(score: &f32) -> u64 {
    (f64::from(*score).clamp(0.0, 1.0) * 100.0).round() as u64
}

/// What brought a passage up, in words.
fn why(hit: &Hit) -> &'static str {
    match (hit.lexical, hit.vector) {
        (Some(_), Some(_)) => "by its words and by its meaning",
        (Some(_), None) => "by its words",
        (None, Some(_)) => "by its meaning",
        (None, None) => "by its place",
    }
}

/// A score with two decimals, or a dash where the leg did not find it.
fn score(score: &Option<f32>) -> String {
    score.map_or_else(|| "–".into(), |score| format!("{score:.2}"))
}

/// A passage in pieces: words of the query, and what is between them.
fn pieces<'t>(text: &'t str, query: &str) -> Vec<(bool, &'t str)> {
    let wanted: Vec<String> = words(query).map(str::to_lowercase).filter(|word| word.chars().count() > 2).collect();
    let mut pieces = Vec::new();
    let mut from = 0;
    for word in words(text) {
        let at = word.as_ptr() as usize - text.as_ptr() as usize;
        if wanted.contains(&word.to_lowercase()) {
            pieces.extend((at > from).then(|| (false, &text[from..at])));
            pieces.push((true, word));
            from = at + word.len();
        }
    }
    pieces.extend((from < text.len()).then(|| (false, &text[from..])));
    pieces
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

impl Collection {
    /// The address of its page.
    fn href(&self) -> String {
        let name: String = self.name.bytes().map(|byte| format!("%{byte:02X}")).collect();
        format!("/knowledge/{name}")
    }

    /// Its page, looking for a question.
    fn search(&self, question: &str) -> String {
        address(&self.href(), &[("q", Some(question))])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_query_are_marked_in_a_passage() {
        let told = |text, query| -> String {
            let marked = pieces(text, query).into_iter();
            marked.map(|(is, piece)| if is { format!("<{piece}>") } else { piece.to_owned() }).collect()
        };
        for (text, query, expected) in [
            ("Ports are open. The port!", "which port", "Ports are open. The <port>!"),
            ("Öl, öl und Wasser", "öl Wasser", "Öl, öl und <Wasser>"),
            ("Größe zählt", "größe", "<Größe> zählt"),
            ("", "a", ""),
            ("nothing", "", "nothing"),
        ] {
            assert_eq!(told(text, query), expected);
        }
    }
}
