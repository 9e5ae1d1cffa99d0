//! Answers by quoting, over a collection: what they cite, and when they abstain.

use std::{collections::HashSet, sync::Arc};

use serde::Serialize;
use surefoot_types::{Fault, document::Hit, ports::Library};

use super::{Collection, collection::Entry};
use crate::{
    cite::{Extract, extract},
    embed::Embedder,
    search::Knowledge,
};

/// Passages that an answer is made from.
const PASSAGES: usize = 8;

/// How answers by quoting did; shares from 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Answers {
    /// Questions that the documents answer.
    pub answerable: usize,
    /// Questions that they do not.
    pub unanswerable: usize,
    /// Of the answerable ones, those it answered.
    pub answered: f64,
    /// Of the unanswerable ones, those it rightly did not answer.
    pub abstained: f64,
    /// Of the quotes, those from a relevant document.
    pub quotes_right: f64,
    /// Of the relevant documents of answered questions, those it quoted from.
    pub documents_cited: f64,
    /// Of the answered questions with marked support, those with a quote that shares a sentence's worth of words with
    /// it. None without marks.
    pub supported: Option<f64>,
}

/// Answers every question of a collection that was kept under this name.
pub async fn answered(
    collection: &Collection,
    knowledge: &str,
    library: Arc<dyn Library>,
    embedder: Arc<dyn Embedder>,
) -> Result<Answers, Fault> {
    let searcher = Knowledge::open(library, embedder, None);
    let mut tally = Tally::default();
    for query in &collection.queries {
        let hits = searcher.search(knowledge, &query.text, PASSAGES).await?;
        tally.answerable(collection, query, &hits, &extract(&query.text, &hits));
    }
    let mut abstained = 0usize;
    for query in &collection.unanswerable {
        let hits = searcher.search(knowledge, &query.text, PASSAGES).await?;
        abstained += usize::from(extract(&query.text, &hits).abstained);
    }
    let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
    Ok(Answers {
        answerable: collection.queries.len(),
        unanswerable: collection.unanswerable.len(),
        answered: share(tally.answered, collection.queries.len()),
        abstained: share(abstained, collection.unanswerable.len()),
        quotes_right: share(tally.right, tally.quotes),
        documents_cited: share(tally.cited, tally.relevant),
        supported: (tally.marked > 0).then(|| share(tally.supported, tally.marked)),
    })
}

#[derive(Default)]
struct Tally {
    answered: usize,
    quotes: usize,
    right: usize,
    relevant: usize,
    cited: usize,
    marked: usize,
    supported: usize,
}

impl Tally {
    fn answerable(&mut self, collection: &Collection, query: &Entry, hits: &[Hit], answer: &Extract) {
        if answer.abstained {
            return;
        }
        self.answered += 1;
        let judged = &collection.judged[&query.id];
        let is_relevant = |path: &str| judged.get(path).is_some_and(|gain| *gain > 0);
        let cited: Vec<&str> = answer.sentences.iter().map(|quoted| hits[quoted.hit].found.path.as_str()).collect();
        self.quotes += cited.len();
        self.right += cited.iter().filter(|path| is_relevant(path)).count();
        self.relevant += judged.values().filter(|gain| **gain > 0).count();
        self.cited += cited.iter().filter(|path| is_relevant(path)).collect::<HashSet<_>>().len();
        let marked: Vec<&str> =
            query.support.iter().map(|support| support.text.trim()).filter(|t| !t.is_empty()).collect();
        if !marked.is_empty() {
            self.marked += 1;
            let meets = |quote: &str| marked.iter().any(|text| quote.contains(text) || text.contains(quote));
            self.supported += usize::from(answer.sentences.iter().any(|quoted| meets(quoted.text.trim())));
        }
    }
}
