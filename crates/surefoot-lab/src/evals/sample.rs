//! Answers and judges for tests.

use std::{
    collections::VecDeque,
    future::Future,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use surefoot_types::{Code, Fault, Money, ids::TraceId};

use super::{Ask, Asked, Subject, Vectors};

/// An answer of these words, without anything else.
pub(crate) fn asked(text: &str) -> Asked {
    Asked { trace_id: TraceId::from_bits(1), took: Duration::from_millis(3), cached: false, ..Asked::said(text) }
}

/// Carries out something that waits for nobody.
pub(crate) fn now<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// Replies from a list, at a price of 5 nano-dollars each, and remembers what it was asked. With nothing
/// left to say it is a provider that is down.
pub(crate) struct Judge {
    replies: Mutex<VecDeque<String>>,
    asks: Mutex<Vec<Ask>>,
}

impl Judge {
    pub(crate) fn new(replies: &[&str]) -> Self {
        let replies = replies.iter().map(|reply| (*reply).to_owned()).collect();
        Self { replies: Mutex::new(replies), asks: Mutex::default() }
    }

    /// What it was asked, in order.
    pub(crate) fn asks(&self) -> Vec<Ask> {
        self.asks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Subject for Judge {
    async fn ask(&self, ask: Ask) -> Result<Asked, Fault> {
        let mut asks = self.asks.lock().unwrap_or_else(PoisonError::into_inner);
        asks.push(ask);
        let reply = self.replies.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let reply = reply.ok_or_else(|| Fault::new(Code::Upstream, "away"))?;
        let trace_id = TraceId::from_bits(asks.len() as u128);
        Ok(Asked { cost: Some(Money::nanos(5)), trace_id, ..asked(&reply) })
    }

    /// Texts that begin with one letter lie in one direction.
    async fn embed(&self, _: &str, texts: &[String]) -> Result<Vectors, Fault> {
        let vector = |text: &String| {
            let first = text.bytes().next().unwrap_or_default();
            (0..=u8::MAX).map(|letter| if letter == first { 2.0 } else { 0.0 }).collect()
        };
        let vectors = texts.iter().map(vector).collect();
        Ok(Vectors { vectors, trace_id: TraceId::from_bits(99), cost: Some(Money::nanos(1)) })
    }
}
