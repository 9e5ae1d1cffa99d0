//! What is evaluated, seen from here: something that can be asked.

use std::time::Duration;

use async_trait::async_trait;
use surefoot_types::{Citation, Fault, Money, ids::TraceId};

use super::dataset::CaseInput;

/// Answers the cases of an eval. Several are asked at once.
#[async_trait]
pub trait Subject: Send + Sync {
    /// Asks one case.
    ///
    /// # Errors
    /// Why there is no answer; the case is then an error, neither passed nor failed.
    async fn ask(&self, ask: Ask) -> Result<Asked, Fault>;
}

/// One question.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// Who is asked: a function, `function@variant` or a model.
    pub subject: String,
    /// What is asked.
    pub input: CaseInput,
}

/// One answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Its words.
    pub text: String,
    /// Its checked citations.
    pub citations: Vec<Citation>,
    /// The request's trace.
    pub trace_id: TraceId,
    /// What it cost; absent when a price is unknown.
    pub cost: Option<Money>,
    /// How long it took.
    pub took: Duration,
    /// Whether it says that it does not know; absent where that has to be read from its words.
    pub abstained: Option<bool>,
}
