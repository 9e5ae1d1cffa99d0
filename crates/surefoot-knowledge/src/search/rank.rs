//! An order of documents that stand in no index: the two legs of a search, each on a scale of its own, so that the
//! scores of different requests can be compared.

use std::collections::BTreeMap;

use surefoot_types::Fault;

use crate::{
    embed::{Embedder, Kind},
    words::{QUERY_TERMS, terms},
};

/// How soon a term that comes again counts no more, and how much a document's length counts (BM25).
const K1: f64 = 1.2;
const B: f64 = 0.75;

/// How well each document answers the query, 0 to 1, in the documents' order.
///
/// # Errors
/// The embedder's.
pub async fn rank(query: &str, documents: &[String], embedder: &dyn Embedder) -> Result<Vec<f64>, Fault> {
    let asked = embedder.embed(&[query.to_owned()], Kind::Query).await?.pop().unwrap_or_default();
    let vectors = embedder.embed(documents, Kind::Passage).await?;
    let weight = f64::from(embedder.lexical_weight());
    let alike = |vector: &Vec<f32>| vector.iter().zip(&asked).map(|(a, b)| f64::from(a * b)).sum::<f64>();
    let score = |(held, vector)| weight * held + (1.0 - weight) * alike(vector).clamp(0.0, 1.0);
    Ok(shares(query, documents).into_iter().zip(&vectors).map(score).collect())
}

/// How much of the most that BM25 can give to the query each document has, 0 to 1.
fn shares(query: &str, documents: &[String]) -> Vec<f64> {
    let mut asked: Vec<String> = terms(query).into_iter().take(QUERY_TERMS).map(|term| term.text).collect();
    asked.sort_unstable();
    asked.dedup();
    let read: Vec<(BTreeMap<String, f64>, f64)> = documents.iter().map(|document| counts(document)).collect();
    let many = read.len() as f64;
    let usual = (read.iter().map(|(_, length)| length).sum::<f64>() / many).max(1.0);
    let rarity = |term: &String| {
        let with = read.iter().filter(|(counts, _)| counts.contains_key(term)).count() as f64;
        (1.0 + (many - with + 0.5) / (with + 0.5)).ln()
    };
    let weighed: Vec<(String, f64)> = asked.into_iter().map(|term| (term.clone(), rarity(&term))).collect();
    let most: f64 = weighed.iter().map(|(_, rarity)| rarity * (K1 + 1.0)).sum();
    let of = |(counts, length): &(BTreeMap<String, f64>, f64)| {
        let norm = K1 * (1.0 - B + B * length / usual);
        let held = |(term, rarity): &(String, f64)| {
            counts.get(term).map_or(0.0, |count| rarity * count * (K1 + 1.0) / (count + norm))
        };
        let held: f64 = weighed.iter().map(held).sum();
        if most > 0.0 { held / most } else { 0.0 }
    };
    read.iter().map(of).collect()
}

/// How often each term stands in a text, and how many there are.
fn counts(text: &str) -> (BTreeMap<String, f64>, f64) {
    let mut counts = BTreeMap::new();
    let terms = terms(text);
    let length = terms.len() as f64;
    for term in terms {
        *counts.entry(term.text).or_default() += 1.0;
    }
    (counts, length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::StaticEmbedder;

    async fn ranked(query: &str, documents: &[&str]) -> Vec<f64> {
        let documents: Vec<String> = documents.iter().map(|&text| text.to_owned()).collect();
        rank(query, &documents, &StaticEmbedder).await.unwrap()
    }

    fn best(scores: &[f64]) -> usize {
        (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap()
    }

    #[tokio::test]
    async fn what_answers_stands_before_what_does_not() {
        let documents = [
            "Bicycles are hired out at the harbour office from May to September.",
            "The ferry to Skagen leaves at 7.30 every morning and carries 120 cars.",
            "Dogs must be kept on a lead on the beach.",
        ];
        for (query, expected) in [
            ("When does the ferry leave?", 1),
            ("Where can I rent a bike?", 0),
            ("May my puppy run free at the seaside?", 2),
        ] {
            let scores = ranked(query, &documents).await;
            assert_eq!(best(&scores), expected, "{query}: {scores:?}");
            assert!(scores.iter().all(|score| (0.0..=1.0).contains(score)), "{scores:?}");
        }
    }

    #[tokio::test]
    async fn a_score_does_not_depend_on_how_good_the_others_are() {
        let alone = ranked("ferry times", &["Dogs must be kept on a lead."]).await;
        assert!(alone[0] < 0.2, "the best of a bad lot is still bad: {alone:?}");
        assert_eq!(ranked("", &["a", ""]).await.len(), 2);
    }
}
