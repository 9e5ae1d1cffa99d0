//! Texts to vectors. The built-in embedder is [`StaticEmbedder`]; others plug in behind [`Embedder`].

mod pieces;
mod static_table;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use surefoot_types::{Fault, document::Vectors};

pub use static_table::StaticEmbedder;

/// What a text is, for embedders that treat the two differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Something to be found.
    Passage,
    /// Something to find with.
    Query,
}

/// Turns texts into vectors whose cosine says how alike they are.
#[async_trait]
pub trait Embedder: Send + Sync + 'static {
    /// Its name with a version: vectors of different names are never compared, and a new name re-embeds.
    fn name(&self) -> &str;

    /// Components of each vector.
    fn dimensions(&self) -> usize;

    /// The lexical leg's share of the fused score, 0 to 1; the vector leg has the rest.
    /// It belongs to the embedder because a better embedder has earned a larger share.
    fn lexical_weight(&self) -> f32;

    /// One vector a text, in order.
    async fn embed(&self, texts: &[String], kind: Kind) -> Result<Vec<Vec<f32>>, Fault>;
}

/// Vectors as they are stored: one signed byte a component, the largest component of each at 127.
/// A vector of another length than `dimensions` is a mistake of the embedder.
pub fn quantise(embedder: &dyn Embedder, vectors: &[Vec<f32>]) -> Result<Vectors, Fault> {
    let dimensions = embedder.dimensions();
    let mut data = Vec::with_capacity(vectors.len() * dimensions);
    for vector in vectors {
        if vector.len() != dimensions {
            let (name, found) = (embedder.name(), vector.len());
            return Err(Fault::internal(format!("{name} gave a vector of {found} components, not {dimensions}")));
        }
        data.extend(bytes(vector));
    }
    Ok(Vectors { embedder: embedder.name().to_owned(), dimensions, data })
}

/// One vector as signed bytes.
pub(crate) fn bytes(vector: &[f32]) -> impl Iterator<Item = i8> {
    let largest = vector.iter().fold(0f32, |largest, x| largest.max(x.abs()));
    let scale = if largest > 0.0 && largest.is_finite() { 127.0 / largest } else { 0.0 };
    // `as` saturates and turns NaN into 0, which is what a broken component should count.
    vector.iter().map(move |x| (x * scale).round() as i8)
}
