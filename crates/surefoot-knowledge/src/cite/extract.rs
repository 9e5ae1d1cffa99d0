//! Answers by quoting: picks the sentences of the found passages that best answer a question, or abstains.
//!
//! Every sentence of the first [`PASSAGES`] passages is a candidate with [`SIGNALS`] signals, each about 0 to 1.
//! A logistic score over them ranks the candidates; a second one over the best candidates' signals is the
//! confidence that the passages answer at all. The weights stand in [`calibration`].

use std::collections::{BTreeMap, BTreeSet};

use surefoot_types::{Range, document::Hit};

use super::{calibration, cue::Asked, quote::bare_start};
use crate::{
    embed::StaticEmbedder,
    ingest::headed,
    passages::sentences,
    words::{QUERY_TERMS, terms},
};

/// Passages that are read for sentences.
const PASSAGES: usize = 8;
/// Longer passages (of another cut) are read up to here, so that a question costs no more than this.
const SENTENCES: usize = 40;
/// Sentences quoted at most.
const QUOTED: usize = 3;

/// What is known of a candidate: see [`Candidate::signals`].
pub const SIGNALS: usize = 7;

/// What the confidence looks at: see [`summary`].
pub const SUMMARY: usize = 6;

/// A sentence that may answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The hit that it is from.
    pub hit: usize,
    /// Its place in the passage's text.
    pub place: Range,
    /// Share of the question's terms in it, weighed by their rarity; the same of it with the sentences beside it,
    /// the title and the headings; the cosine of question and sentence; whether it holds the kind of thing that is
    /// asked for; the passage's fused score over that of the best; the cosine of question and passage; share of the
    /// question's terms in the passage.
    pub signals: [f32; SIGNALS],
}

/// A quoted sentence.
#[derive(Debug, Clone, PartialEq)]
pub struct Quoted {
    /// The hit that it is from, from 0.
    pub hit: usize,
    /// Its place in the document's text.
    pub range: Range,
    /// Its words: exactly the bytes of `range`.
    pub text: String,
    /// How well it answers, 0 to 1.
    pub score: f32,
}

/// An answer in the documents' own words.
#[derive(Debug, Clone, PartialEq)]
pub struct Extract {
    /// The sentences that answer, best first; empty when there is nothing to quote at all.
    pub sentences: Vec<Quoted>,
    /// How sure it is that the passages answer the question, 0 to 1.
    pub confidence: f32,
    /// True when it is not sure enough.
    pub abstained: bool,
}

impl Extract {
    /// The answer as text: each sentence in quotation marks with its passage's mark, or [`super::ABSTAIN`].
    pub fn text(&self) -> String {
        if self.abstained {
            return super::ABSTAIN.to_owned();
        }
        let shown = self.sentences.iter().map(|quoted| {
            let words: Vec<&str> = quoted.text.split_whitespace().collect();
            format!("\"{}\" [{}]", words.join(" "), quoted.hit + 1)
        });
        // A blank line, so that the next quote begins a sentence of its own, whatever its first letter.
        shown.collect::<Vec<_>>().join("\n\n")
    }
}

/// True for text with the signs of a program in it: more than one character in sixteen is one of them.
fn looks_like_code(text: &str) -> bool {
    let signs = text.chars().filter(|c| "{}[]()=<>;_$\\\"".contains(*c)).count();
    signs * 16 > text.chars().count()
}

/// Picks the sentences that best answer a question.
pub fn extract(question: &str, hits: &[Hit]) -> Extract {
    let candidates = candidates(question, hits);
    let code_asked = looks_like_code(question);
    let scored = |candidate: &'_ Candidate| -> f32 {
        let score = calibration::sentence_score(&candidate.signals);
        // Prose answers a question in prose better than the code beside it.
        let code =
            !code_asked && candidate.place.of(&hits[candidate.hit].found.passage.text).is_some_and(looks_like_code);
        if code { score * calibration::CODE } else { score }
    };
    let mut ranked: Vec<(f32, &Candidate)> =
        candidates.iter().map(|candidate| (scored(candidate), candidate)).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let confidence = confidence(&candidates);
    let bar = ranked.first().map_or(0.0, |(best, _)| best * calibration::CLOSE);
    let mut sentences: Vec<Quoted> = Vec::new();
    for (score, candidate) in ranked.iter().take_while(|(score, _)| *score >= bar) {
        let quoted = quoted(candidate, hits, *score);
        // The same words from two documents say nothing twice.
        if sentences.len() < QUOTED && sentences.iter().all(|other| other.text != quoted.text) {
            sentences.push(quoted);
        }
    }
    let abstained = sentences.is_empty() || confidence < calibration::THRESHOLD;
    Extract { sentences, confidence, abstained }
}

fn quoted(candidate: &Candidate, hits: &[Hit], score: f32) -> Quoted {
    let (hit, place) = (candidate.hit, candidate.place);
    let passage = &hits[hit].found.passage;
    let range = Range { start: passage.range.start + place.start, end: passage.range.start + place.end };
    Quoted { hit, range, text: place.of(&passage.text).unwrap_or_default().to_owned(), score }
}

/// How sure the signals are that one of the candidates answers, 0 to 1.
pub fn confidence(candidates: &[Candidate]) -> f32 {
    calibration::confidence(&summary(candidates))
}

/// What the confidence looks at. Of the best candidate: the share of the question's terms in it, its cosine, its
/// passage's cosine, and the share of the terms in its passage. Over all: the greatest share of terms in a sentence
/// with those beside it, and the greatest cosine.
pub fn summary(candidates: &[Candidate]) -> [f32; SUMMARY] {
    let score = |candidate: &&Candidate| calibration::sentence_score(&candidate.signals);
    let Some(best) = candidates.iter().max_by(|a, b| score(a).total_cmp(&score(b))) else { return [0.0; SUMMARY] };
    let most = |signal: usize| candidates.iter().map(|candidate| candidate.signals[signal]).fold(0.0, f32::max);
    let [covered, _, cosine, _, _, passage_cosine, passage_covered] = best.signals;
    [covered, cosine, passage_cosine, passage_covered, most(1), most(2)]
}

/// Every sentence that may answer, with its signals, in the order of the passages.
pub fn candidates(question: &str, hits: &[Hit]) -> Vec<Candidate> {
    let hits = &hits[..hits.len().min(PASSAGES)];
    let read: Vec<Passage<'_>> = hits.iter().map(Passage::of).collect();
    let rarity = Rarity::of(question, &read);
    let asked: BTreeSet<String> = question.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect();
    let kind = Asked::of(question);
    let mut cosines = cosines(question, &read).into_iter();
    let top = hits.iter().map(|hit| hit.score).fold(f32::MIN_POSITIVE, f32::max);
    let mut found = Vec::new();
    for (index, (passage, hit)) in read.iter().zip(hits).enumerate() {
        let whole = rarity.covered(passage.sentences.iter().flat_map(|s| &s.terms).chain(&passage.header));
        let alike = cosines.next().unwrap_or_default();
        for (at, sentence) in passage.sentences.iter().enumerate() {
            let around = &passage.sentences[at.saturating_sub(1)..(at + 2).min(passage.sentences.len())];
            let signals = [
                rarity.covered(&sentence.terms),
                rarity.covered(around.iter().flat_map(|s| &s.terms).chain(&passage.header)),
                cosines.next().unwrap_or_default(),
                kind.held_by(sentence.text, &asked),
                hit.score / top,
                alike,
                whole,
            ];
            found.push(Candidate { hit: index, place: sentence.place, signals });
        }
    }
    found
}

/// The cosine of the question with each passage, followed by those with its sentences. Always of the built-in
/// embedder: the calibration knows its scale.
fn cosines(question: &str, passages: &[Passage<'_>]) -> Vec<f32> {
    let mut texts = vec![question];
    for passage in passages {
        texts.push(&passage.whole);
        texts.extend(passage.sentences.iter().map(|sentence| sentence.text));
    }
    let vectors = StaticEmbedder.vectors(&texts);
    let dot = |vector: &Vec<f32>| vector.iter().zip(&vectors[0]).map(|(a, b)| a * b).sum();
    vectors[1..].iter().map(dot).collect()
}

/// A passage, read for candidates.
struct Passage<'a> {
    /// With its title and headings.
    whole: String,
    sentences: Vec<Sentence<'a>>,
    /// Terms of its title and headings.
    header: BTreeSet<String>,
}

struct Sentence<'a> {
    place: Range,
    text: &'a str,
    terms: BTreeSet<String>,
}

impl<'a> Passage<'a> {
    fn of(hit: &'a Hit) -> Self {
        let passage = &hit.found.passage;
        let read = sentences(&passage.text).into_iter().filter_map(|range| Sentence::of(&passage.text, range));
        let header = terms(&format!("{}\n{}", hit.found.title, passage.heading_path.join("\n")));
        let whole = headed(&hit.found.title, passage);
        Self {
            whole,
            sentences: read.take(SENTENCES).collect(),
            header: header.into_iter().map(|term| term.text).collect(),
        }
    }
}

impl<'a> Sentence<'a> {
    /// A sentence worth quoting, without list marks; none for headings, fences, questions and what only
    /// leads up to something.
    fn of(passage: &'a str, range: Range) -> Option<Self> {
        let whole = range.of(passage)?;
        if whole.starts_with('#') || whole.starts_with("```") || whole.ends_with(['?', '\u{ff1f}', ':']) {
            return None;
        }
        let text = bare_start(whole);
        let terms: BTreeSet<String> = terms(text).into_iter().map(|term| term.text).collect();
        let place = Range { start: range.end - text.len(), end: range.end };
        (!terms.is_empty()).then_some(Self { place, text, terms })
    }
}

/// The question's terms with their weights: rare ones among the sentences found count more.
struct Rarity {
    weights: BTreeMap<String, f32>,
    total: f32,
}

impl Rarity {
    fn of(question: &str, passages: &[Passage<'_>]) -> Self {
        let sentences = || passages.iter().flat_map(|passage| &passage.sentences);
        let count = sentences().count() as f32;
        let mut asked: Vec<String> = terms(question).into_iter().map(|term| term.text).collect();
        asked.retain(|term| !calibration::ASKING.contains(&term.as_str()));
        asked.truncate(QUERY_TERMS);
        let weight = |term: &String| {
            let with = sentences().filter(|sentence| sentence.terms.contains(term)).count() as f32;
            (1.0 + (count - with + 0.5) / (with + 0.5)).ln()
        };
        let weights: BTreeMap<String, f32> = asked.into_iter().map(|term| (term.clone(), weight(&term))).collect();
        let total = weights.values().sum();
        Self { weights, total }
    }

    /// Share of the weight that a text's terms hold, 0 to 1.
    fn covered<'t>(&self, terms: impl IntoIterator<Item = &'t String>) -> f32 {
        if self.total <= 0.0 {
            return 0.0;
        }
        let held: BTreeSet<&String> = terms.into_iter().filter(|term| self.weights.contains_key(*term)).collect();
        held.into_iter().map(|term| self.weights[term]).sum::<f32>() / self.total
    }
}
