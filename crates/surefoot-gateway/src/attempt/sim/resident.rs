//! The simulator as a provider inside this process.

use std::{collections::VecDeque, sync::Arc};

use async_trait::async_trait;
use futures_util::{
    StreamExt,
    future::pending,
    stream::{self, BoxStream},
};
use surefoot_dialect::{embeddings::Embeddings, moderations::Verdict};
use surefoot_types::{
    Code, Fault, Retry, Usage,
    conversation::{ChatRequest, Event},
    document::Hit,
};
use tokio::time::sleep;

use super::{
    draw::{DIMENSIONS, ranked, vector, verdict},
    opening::{Opening, open},
    plan::{Plan, Step},
    running::{LISTED, Sim},
};
use crate::outside::Resident;

/// Acts plans out as a stream of events.
#[derive(Debug, Clone, Default)]
pub struct SimResident {
    sim: Arc<Sim>,
}

impl SimResident {
    /// A provider that acts out what `sim` plans.
    pub fn new(sim: Arc<Sim>) -> Self {
        Self { sim }
    }
}

#[async_trait]
impl Resident for SimResident {
    fn models(&self) -> Vec<String> {
        LISTED.map(String::from).into()
    }

    fn knows(&self, model: &str) -> bool {
        self.sim.knows(model)
    }

    async fn chat(
        &self,
        model: &str,
        request: &ChatRequest,
        _question: &str,
        _hits: &[Hit],
    ) -> Result<BoxStream<'static, Result<Event, Fault>>, Fault> {
        let steps = answering(self.sim.plan(model, request)?).await?;
        Ok(act(steps).boxed())
    }

    async fn embed(&self, model: &str, texts: &[String]) -> Result<Embeddings, Fault> {
        self.acted(model, texts.join("\n")).await?;
        let input = texts.iter().map(|text| Usage::estimate(text)).sum();
        Ok(Embeddings {
            model: model.into(),
            vectors: texts.iter().map(|text| vector(text, DIMENSIONS)).collect(),
            usage: Usage { input, ..Usage::default() },
        })
    }

    async fn rerank(&self, model: &str, query: &str, documents: &[String]) -> Result<Vec<f64>, Fault> {
        self.acted(model, query.to_owned()).await?;
        Ok(ranked(query, documents))
    }

    async fn moderate(&self, model: &str, text: &str) -> Result<Verdict, Fault> {
        self.acted(model, text.to_owned()).await?;
        Ok(verdict(model))
    }
}

impl SimResident {
    /// Acts a plan out to its end: what it says is of no interest, that it says it is.
    async fn acted(&self, model: &str, text: String) -> Result<(), Fault> {
        let request = ChatRequest::ask(model, text);
        let steps = answering(self.sim.plan(model, &request)?).await?;
        let mut events = act(steps).boxed();
        let mut ended = false;
        while let Some(event) = events.next().await {
            match event? {
                Event::Fault { fault } => return Err(fault),
                event => ended = event == Event::End,
            }
        }
        if ended { Ok(()) } else { Err(dropped()) }
    }
}

/// The steps of an answer, or the fault of a request that gets none.
async fn answering(plan: Plan) -> Result<VecDeque<Step>, Fault> {
    let mut steps = VecDeque::from(plan.steps);
    match open(&mut steps).await {
        Opening::Answers => Ok(steps),
        Opening::Fails(failure) | Opening::Mislabels(failure) => Err(failure.fault()),
        Opening::Empty => Err(empty()),
        Opening::Closes => Err(dropped()),
    }
}

fn act(steps: VecDeque<Step>) -> impl stream::Stream<Item = Result<Event, Fault>> + Send {
    stream::unfold(steps, |mut steps| async move {
        loop {
            let told = match steps.pop_front()? {
                Step::Event(event) => Ok(event),
                Step::Wait(wait) => {
                    sleep(wait).await;
                    continue;
                }
                Step::Stall => pending().await,
                Step::Cut => return None,
                Step::Fail(failure) | Step::Mislabelled(failure) => Err(failure.fault()),
                Step::Empty => Err(empty()),
                Step::BadJson => Err(unreadable()),
            };
            if told.is_err() {
                steps.clear();
            }
            return Some((told, steps));
        }
    })
}

fn dropped() -> Fault {
    Fault::new(Code::Upstream, "the connection to the provider broke").retry(Retry::Later(None))
}

fn empty() -> Fault {
    Fault::new(Code::Upstream, "The provider's answer has nothing in it.").retry(Retry::Later(None))
}

fn unreadable() -> Fault {
    Fault::new(Code::Upstream, "The provider's answer cannot be read: it is not JSON.").retry(Retry::Later(None))
}
