//! Checks every citation of an answer against the passage that it names.
//!
//! For each sentence that carries marks, the shortest run of sentences of the passage is sought that holds most of
//! its content words. The sentence is *supported* if that run (with the passage's title and headings) holds at
//! least [`ENOUGH`] of the words, every number and every name, and denies what the sentence denies; *quoted* if its
//! very words stand in the passage; *partial* if at least [`SOME`] of the words are there; else *unsupported*.
//! It compares words, not meanings: it catches made-up sources, altered numbers and swapped names, and it cannot
//! see a paraphrase without common words.

use surefoot_types::{Citation, Range, Support, document::Hit};

use super::{
    claim::Claim,
    marks::{self, marks},
    quote::{Flat, bare},
};
use crate::passages::sentences;

/// Share of content words that a supported sentence finds in its source.
const ENOUGH: f32 = 0.7;
/// Share of content words below which nothing is supported.
const SOME: f32 = 0.35;
/// Sentences that together may carry one sentence of an answer.
const RUN: usize = 3;
/// Longer answers are checked up to here, so that a hostile one costs no more than this many citations.
const MOST: usize = 1000;

/// The citations of an answer, in order; passage n is `passages[n - 1]`.
pub fn verify(answer: &str, passages: &[Hit]) -> Vec<Citation> {
    let mut read: Vec<Option<Source<'_>>> = passages.iter().map(|_| None).collect();
    let mut citations = Vec::new();
    for (sentence, mark) in cited(answer).into_iter().take(MOST) {
        let index = (mark as usize).wrapping_sub(1);
        citations.push(match (passages.get(index), read.get_mut(index)) {
            (Some(hit), Some(source)) => checked(mark, &sentence, source.get_or_insert_with(|| Source::of(hit))),
            _ => missing(mark, &sentence),
        });
    }
    citations
}

/// Each sentence that cites, without its marks, with one number that it cites. The marks are taken out
/// before the text is cut into sentences, so that they cannot disturb the cut.
fn cited(answer: &str) -> Vec<(String, u32)> {
    let marks = marks(answer);
    let plain = marks::without(answer, &marks);
    let sentences = sentences(&plain.text);
    let mut found: Vec<(String, u32)> = Vec::new();
    for (mark, place) in marks.iter().zip(&plain.places) {
        let sentence = sentence(&plain.text, &sentences, *place).unwrap_or_default();
        for number in &mark.numbers {
            let one = (sentence.to_owned(), *number);
            if found.last() != Some(&one) {
                found.push(one);
            }
        }
    }
    found
}

/// The sentence that a mark at `place` belongs to: the one that it stands in or ends. A mark that begins a
/// line with words belongs to what follows it.
fn sentence<'a>(plain: &'a str, sentences: &[Range], place: usize) -> Option<&'a str> {
    let says = |text: &str| text.chars().any(char::is_alphanumeric);
    let (before, after) = (&plain[..place], &plain[place..]);
    let begins =
        !says(before.rsplit('\n').next().unwrap_or_default()) && says(after.split('\n').next().unwrap_or_default());
    let of = |range: &Range| range.of(plain).map(bare).filter(|text| says(text));
    if begins {
        return sentences.iter().filter(|range| range.end > place).find_map(of);
    }
    let said = before.trim_end().len();
    sentences.iter().rev().filter(|range| range.start < said).find_map(of)
}

/// A passage, read once.
struct Source<'a> {
    hit: &'a Hit,
    flat: Flat,
    sentences: Vec<(Range, Claim)>,
    /// What title and headings say: part of the source, but not of the quote.
    header: Claim,
}

impl<'a> Source<'a> {
    fn of(hit: &'a Hit) -> Self {
        let text = &hit.found.passage.text;
        let read = sentences(text).into_iter().filter_map(|range| Some((range, Claim::of(range.of(text)?))));
        let header = format!("{}\n{}", hit.found.title, hit.found.passage.heading_path.join("\n"));
        Self { hit, flat: Flat::of(text), sentences: read.collect(), header: Claim::of(&header) }
    }

    /// The shortest run of sentences that covers the most, and what it and the header say together.
    fn best(&self, claim: &Claim) -> (Range, Claim, f32) {
        let mut best = (Range { start: 0, end: 0 }, Claim::default(), 0.0);
        for length in 1..=RUN.min(self.sentences.len()) {
            for run in self.sentences.windows(length) {
                let mut said = self.header.clone();
                said.negated = false;
                for (_, sentence) in run {
                    said.words.extend(sentence.words.iter().cloned());
                    said.numbers.extend(sentence.numbers.iter().cloned());
                    said.negated |= sentence.negated;
                }
                let mut covered = claim.covered(&said);
                // A run that lacks a number is worth less than one that has it.
                covered -= 0.2 * claim.numbers.difference(&said.numbers).count() as f32;
                if covered > best.2 + 1e-6 {
                    best = (Range { start: run[0].0.start, end: run[length - 1].0.end }, said, covered);
                }
            }
        }
        let score = claim.covered(&best.1);
        (best.0, best.1, score)
    }
}

fn checked(mark: u32, sentence: &str, source: &Source<'_>) -> Citation {
    let claim = Claim::of(sentence);
    let says = !claim.words.is_empty() || !claim.numbers.is_empty();
    let find = |words: &str| source.flat.find(&Flat::of(words)).filter(|_| says);
    if let Some(range) = find(sentence).or_else(|| find(sentence.trim_end_matches('.'))) {
        return citation(mark, sentence, source.hit, range, Support::Quoted, 1.0);
    }
    let (range, said, score) = source.best(&claim);
    citation(mark, sentence, source.hit, range, judged(&claim, &said, score), score)
}

fn judged(claim: &Claim, said: &Claim, score: f32) -> Support {
    if score < SOME {
        return Support::Unsupported;
    }
    let numbers = claim.numbers.is_subset(&said.numbers);
    let names = claim.names.is_subset(&said.words);
    // A denial in the source that the sentence lacks counts where the two say the same otherwise.
    let alike = said.covered(claim) >= ENOUGH;
    let denies = claim.negated == said.negated || (said.negated && !alike);
    if score >= ENOUGH && numbers && names && denies { Support::Supported } else { Support::Partial }
}

fn citation(mark: u32, sentence: &str, hit: &Hit, place: Range, support: Support, score: f32) -> Citation {
    let found = &hit.found;
    let quote = place.of(&found.passage.text).unwrap_or_default().to_owned();
    let from = found.passage.range.start;
    Citation {
        mark,
        document: found.path.clone(),
        document_id: Some(found.document_id),
        title: found.title.clone(),
        heading_path: found.passage.heading_path.clone(),
        start: from + place.start,
        end: from + place.end,
        page: found.passage.page,
        quote,
        sentence: sentence.to_owned(),
        support,
        score,
    }
}

fn missing(mark: u32, sentence: &str) -> Citation {
    Citation {
        mark,
        document: String::new(),
        document_id: None,
        title: String::new(),
        heading_path: Vec::new(),
        start: 0,
        end: 0,
        page: None,
        quote: String::new(),
        sentence: sentence.to_owned(),
        support: Support::Unsupported,
        score: 0.0,
    }
}
