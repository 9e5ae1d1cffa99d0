//! An order of documents, by how well they answer a query.

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Map, Value};
use surefoot_dialect::rerank::{self, Ranked, Rerank, RerankRequest};
use surefoot_types::{Fault, Usage};

use super::Work;
use crate::{
    attempt::presets::{Preset, Side},
    outside::Resident,
    project::Model,
};

#[async_trait]
impl Work for RerankRequest {
    const WHAT: &'static str = "ranking of documents";
    type Answer = Rerank;

    fn model(&self) -> &str {
        &self.model
    }

    fn extra(&self) -> &Map<String, Value> {
        &self.extra
    }

    fn texts(&mut self) -> Vec<&mut String> {
        std::iter::once(&mut self.query).chain(&mut self.documents).collect()
    }

    /// The query is read again with each document.
    fn counted(&self) -> Vec<&str> {
        self.documents.iter().flat_map(|document| [self.query.as_str(), document]).collect()
    }

    fn stays(&self, _: &Model) -> bool {
        false
    }

    fn side(preset: &Preset) -> Option<Side> {
        preset.rerank
    }

    fn body(&self, model: &str) -> Bytes {
        rerank::request_write(self, model)
    }

    fn read(&self, body: &[u8]) -> Result<Rerank, Fault> {
        rerank::answer_read(body, self.documents.len()).map(|order| fitting(order, self))
    }

    async fn of_resident(&self, resident: &dyn Resident, model: &str) -> Result<Rerank, Fault> {
        let scores = resident.rerank(model, &self.query, &self.documents).await?;
        let results = scores.into_iter().enumerate().map(|(index, score)| Ranked { index, score }).collect();
        let usage = Usage { estimated: true, ..Usage::default() };
        let order = Rerank { id: String::new(), model: String::new(), results, usage };
        Ok(fitting(order, self))
    }

    fn usage(answer: &Rerank) -> Usage {
        answer.usage
    }

    fn told(answer: &Rerank) -> String {
        format!("{} documents ranked", answer.results.len())
    }
}

/// The order, best first, as long as was asked for: some providers give all, whatever is asked.
fn fitting(mut order: Rerank, request: &RerankRequest) -> Rerank {
    order.results.sort_by(|a, b| b.score.total_cmp(&a.score));
    let most = request.top_n.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
    order.results.truncate(most);
    if order.model.is_empty() {
        order.model.clone_from(&request.model);
    }
    order
}
