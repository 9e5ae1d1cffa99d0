//! Likeness of meaning, by embeddings.

use super::Asking;
use crate::evals::grader::{Finding, Found, Given, text};

/// The model that embeds where nobody names one: built in, without a key.
const EMBEDDER: &str = "local/static";

/// How two vectors are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::evals::grader) enum Likeness {
    /// The cosine of their angle: 1 is the same direction.
    Cosine,
    /// Their inner product.
    Dot,
    /// Their distance, which the threshold limits.
    Euclidean,
}

/// The likeness of the answer and the nearest of the reference texts.
pub(super) async fn find(likeness: Likeness, given: Given<'_>, asking: &Asking<'_>) -> Found {
    let mut texts = vec![given.said().to_owned()];
    texts.extend(text::list(given.expected)?);
    let vectors = asking.embed(model(given), &texts).await?;
    let (said, references) = vectors.split_first().ok_or("a vector is missing")?;
    let each = references.iter().map(|reference| measured(likeness, said, reference));
    let threshold = given.options.threshold.unwrap_or(0.75);
    if likeness == Likeness::Euclidean {
        let distance = each.fold(f64::INFINITY, f64::min);
        let fact = format!("the distance is {distance:.3}, and {threshold} is the limit");
        return Ok(Finding { score: Some(distance), ..Finding::of(distance <= threshold + 1e-9, fact) });
    }
    Ok(Finding::scored(each.fold(f64::NEG_INFINITY, f64::max), threshold, "the likeness"))
}

/// The model that embeds.
pub(super) fn model<'a>(given: Given<'a>) -> &'a str {
    given.options.embedder.as_deref().unwrap_or(EMBEDDER)
}

fn measured(likeness: Likeness, a: &[f64], b: &[f64]) -> f64 {
    match likeness {
        Likeness::Cosine => cosine(a, b),
        Likeness::Dot => dot(a, b),
        Likeness::Euclidean => a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt(),
    }
}

/// The cosine of the angle between two vectors; 0 where one has no direction.
pub(super) fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let scale = (dot(a, a) * dot(b, b)).sqrt();
    if scale == 0.0 { 0.0 } else { dot(a, b) / scale }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
