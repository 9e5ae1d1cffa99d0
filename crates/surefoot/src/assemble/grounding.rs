//! Knowledge, as the path of a request asks for it.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use surefoot_gateway::Grounding;
use surefoot_knowledge::{cite, search::Knowledge};
use surefoot_types::{Citation, Code, Fault, Retry, document::Hit};

/// How models say that the documents do not answer, whatever else they say.
const ABSTENTIONS: [&str; 4] =
    ["documents do not answer", "documents don't answer", "passages do not answer", "passages don't answer"];

/// How soon it is worth asking again while documents are read for the first time.
const SOON: Duration = Duration::from_secs(1);

/// Knowledge whose documents are being read for the first time in this process: what is there of it may be
/// half of it, and half of the documents do not answer a question.
#[derive(Debug, Default)]
pub(crate) struct Unread(Mutex<BTreeSet<String>>);

impl Unread {
    /// A knowledge is about to be read for the first time.
    pub(crate) fn begin(&self, knowledge: &str) {
        self.lock().insert(knowledge.to_owned());
    }

    /// It was read, as far as it could be.
    pub(crate) fn end(&self, knowledge: &str) {
        self.lock().remove(knowledge);
    }

    fn check(&self, knowledge: &str) -> Result<(), Fault> {
        if !self.lock().contains(knowledge) {
            return Ok(());
        }
        Err(Fault::new(Code::Unavailable, format!("the documents of '{knowledge}' are being read."))
            .hint("Ask again in a moment; /readyz says when all are read.")
            .retry(Retry::Later(Some(SOON))))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Searches, and checks citations.
pub(super) struct KnowledgeGrounding {
    knowledge: Arc<Knowledge>,
    unread: Arc<Unread>,
}

impl KnowledgeGrounding {
    pub(super) fn new(knowledge: Arc<Knowledge>, unread: Arc<Unread>) -> Self {
        Self { knowledge, unread }
    }
}

#[async_trait]
impl Grounding for KnowledgeGrounding {
    async fn known(&self, knowledge: &str) -> Result<(), Fault> {
        self.unread.check(knowledge)?;
        self.knowledge.known(knowledge).await
    }

    async fn search(&self, knowledge: &str, query: &str, limit: usize) -> Result<Vec<Hit>, Fault> {
        self.unread.check(knowledge)?;
        self.knowledge.search(knowledge, query, limit).await
    }

    fn passages_block(&self, hits: &[Hit], first: usize) -> String {
        cite::passages_block(hits, first)
    }

    fn verify(&self, answer: &str, hits: &[Hit]) -> Vec<Citation> {
        cite::verify(answer, hits)
    }

    fn abstains(&self, answer: &str) -> bool {
        let answer = answer.to_lowercase().replace('’', "'");
        ABSTENTIONS.iter().any(|words| answer.contains(words))
    }
}
