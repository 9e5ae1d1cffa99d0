//! Test collections in BEIR's form, run through the whole path: ingest, both legs, fusion.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use surefoot_types::{
    Chance, Clock, Fault,
    document::{Document, Hit},
    ids::DocumentId,
    ports::Library,
};
use tokio::time::Instant;

use super::{Judged, mean, ndcg, percentile, recall, reciprocal_rank};
use crate::{
    embed::Embedder,
    ingest::{self, parse},
    passages::{Sizes, cut},
    search::Knowledge,
};

/// Passages asked for: enough that a hundred documents are among them.
const DEEP: usize = 400;
/// Passages asked for where the fused ranking is measured: as deep as searches look anyway.
const SERVED: usize = 200;

/// A document of a collection.
#[derive(Debug, Clone, Deserialize)]
pub struct Entry {
    /// Its id.
    #[serde(rename = "_id")]
    pub id: String,
    /// Its title, if it has one.
    #[serde(default)]
    pub title: String,
    /// What it says; a question, for queries.
    pub text: String,
    /// False for a question that no document answers.
    #[serde(default = "yes")]
    pub answerable: bool,
    /// What supports its answer, where annotators marked it.
    #[serde(default, alias = "spans")]
    pub support: Vec<Support>,
}

fn yes() -> bool {
    true
}

/// Words of a document that support an answer.
#[derive(Debug, Clone, Deserialize)]
pub struct Support {
    /// The document's id.
    pub doc: String,
    /// The words.
    pub text: String,
}

/// Documents, queries and which documents answer which query.
#[derive(Debug, Clone)]
pub struct Collection {
    /// The documents.
    pub documents: Vec<Entry>,
    /// The queries that have a relevant document.
    pub queries: Vec<Entry>,
    /// The queries that no document answers.
    pub unanswerable: Vec<Entry>,
    /// Judgements by query id.
    pub judged: HashMap<String, Judged>,
}

impl Collection {
    /// Reads `corpus.jsonl`, `queries.jsonl` and `qrels.tsv` of a folder.
    pub fn read(folder: &Path) -> Result<Self, Fault> {
        let judged = judgements(&text(&folder.join("qrels.tsv"))?);
        let (mut queries, unanswerable): (Vec<Entry>, Vec<Entry>) =
            lines::<Entry>(&folder.join("queries.jsonl"))?.into_iter().partition(|query| query.answerable);
        queries.retain(|query| judged.get(&query.id).is_some_and(|judged| judged.values().any(|gain| *gain > 0)));
        Ok(Self { documents: lines(&folder.join("corpus.jsonl"))?, queries, unanswerable, judged })
    }
}

pub(super) fn text(path: &Path) -> Result<String, Fault> {
    fs::read_to_string(path).map_err(|error| Fault::bad_request("", format!("{}: {error}", path.display())))
}

pub(super) fn lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, Fault> {
    let parsed = text(path)?.lines().map(serde_json::from_str).collect::<Result<_, _>>();
    parsed.map_err(|error| Fault::bad_request("", format!("{}: {error}", path.display())))
}

fn judgements(table: &str) -> HashMap<String, Judged> {
    let mut judged: HashMap<String, Judged> = HashMap::new();
    for line in table.lines() {
        let mut columns = line.split('\t');
        if let (Some(query), Some(document), Some(Ok(gain))) =
            (columns.next(), columns.next(), columns.next().map(|gain| gain.trim().parse::<i64>()))
        {
            let gain = u32::try_from(gain).unwrap_or(0);
            judged.entry(query.to_owned()).or_default().insert(document.to_owned(), gain);
        }
    }
    judged
}

/// How good one ranking is, over all queries; each 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Quality {
    /// nDCG of the first ten.
    pub ndcg_10: f64,
    /// Recall of the first ten.
    pub recall_10: f64,
    /// Recall of the first hundred.
    pub recall_100: f64,
    /// One over the place of the first relevant document.
    pub mrr: f64,
}

/// What a collection measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Documents kept.
    pub documents: usize,
    /// Queries asked.
    pub queries: usize,
    /// Documents cut, embedded and kept in a second.
    pub documents_per_second: f64,
    /// Time to build the index of all of them.
    pub indexed_in: Duration,
    /// The lexical leg alone.
    pub lexical: Quality,
    /// The vector leg alone.
    pub vector: Quality,
    /// Both, fused as served.
    pub fused: Quality,
    /// Half of the searches for ten passages took less than this many milliseconds.
    pub search_p50_ms: f64,
    /// 99 in 100 took less.
    pub search_p99_ms: f64,
}

/// Keeps a collection in a library under a knowledge's name, as ingest would.
pub async fn kept(
    collection: &Collection,
    knowledge: &str,
    library: &dyn Library,
    embedder: &dyn Embedder,
    clock: &dyn Clock,
    chance: &dyn Chance,
) -> Result<(), Fault> {
    for entry in &collection.documents {
        let parsed = parse::parse(parse::Format::Prose, entry.text.clone().into_bytes());
        let parsed = parsed.map_err(|reason| Fault::bad_request("", format!("{}: {reason}", entry.id)))?;
        let passages = cut(&parsed.text, &parsed.blocks, Sizes::default());
        let document = Document {
            id: DocumentId::mint(clock, chance),
            knowledge: knowledge.to_owned(),
            path: entry.id.clone(),
            title: entry.title.clone(),
            format: parsed.format.to_owned(),
            metadata: parsed.metadata,
            attributes: BTreeMap::new(),
            etag: None,
            reader: parse::READER,
            hash: blake3::hash(entry.text.as_bytes()).to_hex().to_string(),
            owner: None,
            bytes: entry.text.len() as u64,
            at: clock.now(),
            text: parsed.text,
        };
        ingest::keep(library, embedder, &document, &passages).await?;
    }
    Ok(())
}

/// Measures a collection from its documents to its answers. The library gets a knowledge of this name.
pub async fn measured(
    collection: &Collection,
    knowledge: &str,
    library: Arc<dyn Library>,
    embedder: Arc<dyn Embedder>,
    clock: &dyn Clock,
    chance: &dyn Chance,
) -> Result<Figures, Fault> {
    let started = Instant::now();
    kept(collection, knowledge, &*library, &*embedder, clock, chance).await?;
    let ingested = started.elapsed();
    let searcher = Knowledge::open(library, embedder, None);
    let started = Instant::now();
    searcher.refresh(knowledge).await?;
    let indexed_in = started.elapsed();

    let (mut legs, mut times) = ([Vec::new(), Vec::new(), Vec::new()], Vec::new());
    for query in &collection.queries {
        let started = Instant::now();
        searcher.search(knowledge, &query.text, 10).await?;
        times.push(started.elapsed().as_secs_f64() * 1000.0);
        let hits = searcher.search(knowledge, &query.text, DEEP).await?;
        let judged = &collection.judged[&query.id];
        let served = searcher.search(knowledge, &query.text, SERVED).await?;
        let rankings =
            [by_leg(&hits, |hit| hit.lexical), by_leg(&hits, |hit| hit.vector), by_leg(&served, |hit| Some(hit.score))];
        for (leg, ranking) in legs.iter_mut().zip(rankings) {
            leg.push(Quality {
                ndcg_10: ndcg(&ranking, judged, 10),
                recall_10: recall(&ranking, judged, 10),
                recall_100: recall(&ranking, judged, 100),
                mrr: reciprocal_rank(&ranking, judged),
            });
        }
    }
    let [lexical, vector, fused] = legs.map(|leg| averaged(&leg));
    Ok(Figures {
        documents: collection.documents.len(),
        queries: collection.queries.len(),
        documents_per_second: collection.documents.len() as f64 / ingested.as_secs_f64().max(1e-9),
        indexed_in,
        lexical,
        vector,
        fused,
        search_p50_ms: percentile(&times, 0.5),
        search_p99_ms: percentile(&times, 0.99),
    })
}

/// Documents in the order of their best passage.
fn by_leg(hits: &[Hit], score: impl Fn(&Hit) -> Option<f32>) -> Vec<&str> {
    let mut scored: Vec<(&Hit, f32)> = hits.iter().filter_map(|hit| Some((hit, score(hit)?))).collect();
    scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.found.key.cmp(&b.0.found.key)));
    let mut ranked: Vec<&str> = Vec::new();
    let mut met = std::collections::HashSet::new();
    ranked.extend(scored.iter().map(|(hit, _)| hit.found.path.as_str()).filter(|path| met.insert(*path)));
    ranked
}

fn averaged(all: &[Quality]) -> Quality {
    let of = |part: fn(&Quality) -> f64| mean(&all.iter().map(part).collect::<Vec<f64>>());
    Quality {
        ndcg_10: of(|q| q.ndcg_10),
        recall_10: of(|q| q.recall_10),
        recall_100: of(|q| q.recall_100),
        mrr: of(|q| q.mrr),
    }
}
