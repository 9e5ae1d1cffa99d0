//! Asks for a search, under names that the same search finds again, and counts what that costs.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use surefoot_types::{Fault, Money};

use crate::evals::{Ask, Asked, Subject, Vectors};

/// What a search has asked so far.
pub(super) struct Till<'a> {
    subject: &'a dyn Subject,
    kept: Mutex<HashMap<String, Asked>>,
    spent: Mutex<Option<Money>>,
}

impl<'a> Till<'a> {
    pub(super) fn new(subject: &'a dyn Subject) -> Self {
        Self { subject, kept: Mutex::default(), spent: Mutex::new(Some(Money::ZERO)) }
    }

    /// What it cost; absent once a price was unknown.
    pub(super) fn spent(&self) -> Option<Money> {
        *self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same subject, whose questions begin with `prefix`.
    pub(super) fn under(&self, prefix: String) -> Named<'_> {
        Named { till: self, prefix }
    }

    /// Asks what has this name, or tells what was answered to it before.
    pub(super) async fn ask(&self, ask: Ask) -> Result<Asked, Fault> {
        let mark = ask.mark.clone().unwrap_or_default();
        if let Some(known) = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&mark) {
            return Ok(known.clone());
        }
        let asked = self.subject.ask(ask).await?;
        self.pay(asked.cost);
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(mark, asked.clone());
        Ok(asked)
    }

    fn pay(&self, cost: Option<Money>) {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        *spent = spent.zip(cost).map(|(spent, cost)| spent + cost);
    }
}

/// What a run asks: its own id in a question's name gives way to one that the next search has too.
pub(super) struct Named<'a> {
    till: &'a Till<'a>,
    prefix: String,
}

#[async_trait]
impl Subject for Named<'_> {
    async fn ask(&self, ask: Ask) -> Result<Asked, Fault> {
        let rest = ask.mark.as_deref().and_then(|mark| mark.split_once('/')).map_or("", |(_, rest)| rest);
        let mark = Some(format!("{}/{rest}", self.prefix));
        self.till.ask(Ask { mark, ..ask }).await
    }

    async fn embed(&self, model: &str, texts: &[String]) -> Result<Vectors, Fault> {
        let vectors = self.till.subject.embed(model, texts).await?;
        self.till.pay(vectors.cost);
        Ok(vectors)
    }
}
