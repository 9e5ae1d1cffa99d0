//! Vectors for texts.

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Map, Value};
use surefoot_dialect::embeddings::{self, Embeddings, EmbeddingsRequest};
use surefoot_types::{Code, Fault, Retry, Usage};

use super::Work;
use crate::{
    attempt::presets::{Preset, Side},
    outside::Resident,
    project::Model,
};

#[async_trait]
impl Work for EmbeddingsRequest {
    const WHAT: &'static str = "embeddings";
    type Answer = Embeddings;

    fn model(&self) -> &str {
        &self.model
    }

    fn extra(&self) -> &Map<String, Value> {
        &self.extra
    }

    fn texts(&mut self) -> Vec<&mut String> {
        self.inputs.iter_mut().collect()
    }

    fn counted(&self) -> Vec<&str> {
        self.inputs.iter().map(String::as_str).collect()
    }

    /// Vectors are kept and compared: they are of the same words whoever made them.
    fn stays(&self, _: &Model) -> bool {
        false
    }

    fn side(preset: &Preset) -> Option<Side> {
        preset.embeddings
    }

    fn body(&self, model: &str) -> Bytes {
        embeddings::request_write(self, model)
    }

    fn read(&self, body: &[u8]) -> Result<Embeddings, Fault> {
        embeddings::answer_read(body).and_then(|embeddings| fitting(embeddings, self))
    }

    async fn of_resident(&self, resident: &dyn Resident, model: &str) -> Result<Embeddings, Fault> {
        resident.embed(model, &self.inputs).await.and_then(|embeddings| fitting(embeddings, self))
    }

    fn usage(answer: &Embeddings) -> Usage {
        answer.usage
    }

    fn told(answer: &Embeddings) -> String {
        format!("{} vectors", answer.vectors.len())
    }
}

/// The vectors, if they are one for each text and of the size that was asked for.
fn fitting(embeddings: Embeddings, request: &EmbeddingsRequest) -> Result<Embeddings, Fault> {
    let (got, asked) = (embeddings.vectors.len(), request.inputs.len());
    if got != asked {
        let told = format!("the provider answered {asked} texts with {got} vectors");
        return Err(Fault::new(Code::Upstream, told).retry(Retry::Later(None)));
    }
    let size = embeddings.vectors.first().map_or(0, Vec::len) as u64;
    match request.dimensions {
        Some(wanted) if wanted != size && got > 0 => {
            let told = format!("the model '{}' makes vectors of {size} dimensions, not of {wanted}", request.model);
            Err(Fault::bad_request("dimensions", told).hint("Leave `dimensions` out, or name another model."))
        }
        _ => Ok(embeddings),
    }
}
