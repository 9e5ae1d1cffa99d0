//! Knowledge, as the path of a request asks for it.

use std::sync::Arc;

use async_trait::async_trait;
use surefoot_gateway::Grounding;
use surefoot_knowledge::{cite, search::Knowledge};
use surefoot_types::{Citation, Fault, document::Hit};

/// How models say that the documents do not answer, whatever else they say.
const ABSTENTIONS: [&str; 4] =
    ["documents do not answer", "documents don't answer", "passages do not answer", "passages don't answer"];

/// Searches, and checks citations.
pub(super) struct KnowledgeGrounding {
    knowledge: Arc<Knowledge>,
}

impl KnowledgeGrounding {
    pub(super) fn new(knowledge: Arc<Knowledge>) -> Self {
        Self { knowledge }
    }
}

#[async_trait]
impl Grounding for KnowledgeGrounding {
    async fn search(&self, knowledge: &str, query: &str, limit: usize) -> Result<Vec<Hit>, Fault> {
        self.knowledge.search(knowledge, query, limit).await
    }

    fn passages_block(&self, hits: &[Hit]) -> String {
        cite::passages_block(hits)
    }

    fn verify(&self, answer: &str, hits: &[Hit]) -> Vec<Citation> {
        cite::verify(answer, hits)
    }

    fn abstains(&self, answer: &str) -> bool {
        let answer = answer.to_lowercase().replace('’', "'");
        ABSTENTIONS.iter().any(|words| answer.contains(words))
    }
}
