//! Vectors for texts: the same steps as an answer, without a prompt.

use std::{sync::Arc, time::Duration};

use surefoot_dialect::embeddings::{self, Embeddings, EmbeddingsRequest};
use surefoot_types::{
    Code, Fault, Retry, Usage,
    conversation::{Dialect, Event},
    ids::{AttemptId, TraceId},
};
use tokio::time::timeout;

use crate::{
    attempt::{EMBEDDINGS, Tries, pause},
    call::{Added, Caller, Context, Failed},
    events,
    identify::identify,
    path::Gateway,
    project::{Model, Project, Reach, Target},
    record::Tale,
    reserve::Hold,
    resolve,
};

/// A request for vectors, as a door read it.
#[derive(Debug, Clone)]
pub struct EmbedCall {
    /// Its trace's id.
    pub trace_id: TraceId,
    /// The door's name on the trace.
    pub door: &'static str,
    /// The request.
    pub request: EmbeddingsRequest,
    /// Who calls.
    pub caller: Caller,
    /// What the caller tells about the request.
    pub context: Context,
}

/// The vectors, with what Surefoot adds.
#[derive(Debug)]
pub struct Embedded {
    /// The vectors.
    pub embeddings: Embeddings,
    /// What Surefoot adds.
    pub added: Added,
}

impl Gateway {
    /// Embeds texts with the model that the call names.
    ///
    /// # Errors
    /// The fault that the caller is to be told, with its trace.
    pub async fn embed(&self, call: EmbedCall) -> Result<Embedded, Box<Failed>> {
        let trace_id = call.trace_id;
        // In a task of its own, so that a caller who hangs up leaves nothing unsettled or unrecorded.
        tokio::spawn(self.clone().embed_run(call)).await.unwrap_or_else(|_| {
            let fault = Fault::internal("a step of the request panicked");
            Err(Box::new(Failed { fault, added: Added::new(trace_id) }))
        })
    }

    async fn embed_run(self, call: EmbedCall) -> Result<Embedded, Box<Failed>> {
        let clock = self.inner.parts.clock.as_ref();
        let mut tale = Tale::embedding(call.trace_id, call.door, &call.request.model, clock);
        let mut hold = Hold::default();
        let walked = self.embed_walk(&call, &mut tale, &mut hold).await;
        self.inner.purse.settle(hold, tale.settle(&self.project()), clock);
        let (trace, added) = tale.record(walked.as_ref().err());
        let recorded = self.inner.parts.journal.trace_add(Arc::clone(&trace)).await.map_err(Fault::from);
        events::request_ended(&trace);
        match walked.and_then(|embeddings| recorded.map(|()| embeddings)) {
            Ok(embeddings) => Ok(Embedded { embeddings, added }),
            Err(fault) => Err(Box::new(Failed { fault, added })),
        }
    }

    async fn embed_walk(&self, call: &EmbedCall, tale: &mut Tale, hold: &mut Hold) -> Result<Embeddings, Fault> {
        let inner = &*self.inner;
        let project = self.project();
        tale.enter("identify");
        tale.admitted(identify(&project, &inner.parts.minted_keys.load(), &call.caller)?);
        tale.enter("resolve");
        let model = resolve::model(&project, &inner.upstream, &call.request.model)?;
        tale.enter("reserve");
        let usage =
            Usage { input: call.request.inputs.iter().map(|text| Usage::estimate(text)).sum(), ..Usage::default() };
        let prices = model.targets.iter().filter_map(|target| project.prices.get(&target.name()));
        let worst = prices.map(|price| price.cost(&usage)).max().unwrap_or_default();
        *hold = inner.purse.hold(project.daily_budget, worst, inner.parts.clock.as_ref())?;
        tale.enter("attempt");
        self.embed_try_all(call, &model, &project, tale).await
    }

    async fn embed_try_all(
        &self,
        call: &EmbedCall,
        model: &Model,
        project: &Project,
        tale: &mut Tale,
    ) -> Result<Embeddings, Fault> {
        let parts = &self.inner.parts;
        let mut tries = Tries::new(model.targets.len(), model.policy);
        let mut last = Fault::internal("there is no target to try");
        while let Some(turn) = tries.next(tale.started().elapsed()) {
            pause(turn.wait).await;
            let target = &model.targets[turn.target];
            let id = AttemptId::mint(parts.clock.as_ref(), parts.chance.as_ref());
            let waited = u64::try_from(turn.wait.as_micros()).unwrap_or(u64::MAX);
            tale.attempt_open(id, target.name(), waited, &[]);
            let ended = self.embed_one(call, target, model.policy.whole).await;
            if let Ok(embeddings) = &ended {
                tale.take(&Event::Usage { usage: embeddings.usage });
            }
            tale.attempt_close(project, ended.as_ref().err().cloned());
            match ended {
                Ok(embeddings) => return Ok(embeddings),
                Err(fault) if fault.retry == Retry::Never => return Err(fault),
                Err(fault) => {
                    tries.failed(turn.target, fault.retry, tale.started().elapsed(), parts.chance.unit());
                    last = fault;
                }
            }
        }
        Err(last)
    }

    async fn embed_one(&self, call: &EmbedCall, target: &Target, limit: Duration) -> Result<Embeddings, Fault> {
        let upstream = &self.inner.upstream;
        let work = async {
            match &target.provider.reach {
                Reach::Resident => match upstream.resident(&target.provider.name) {
                    Some(resident) => resident.embed(&target.model, &call.request.inputs).await,
                    None => Err(Fault::internal("the provider is not part of this program")),
                },
                Reach::Http { dialect: Dialect::Anthropic | Dialect::Gemini | Dialect::Bedrock, .. } => Err(
                    Fault::bad_request("model", format!("the provider '{}' has no embeddings", target.provider.name)),
                ),
                Reach::Http { dialect, base_url, .. } => {
                    let body = embeddings::request_write(&call.request, &target.model);
                    let request = upstream.post(&target.provider, base_url, EMBEDDINGS);
                    let response = upstream.send(request, body, *dialect).await?;
                    let body = response.bytes().await.map_err(|_| crate::attempt::cut())?;
                    embeddings::answer_read(&body)
                }
            }
        };
        timeout(limit, work).await.unwrap_or_else(|_| {
            Err(Fault::new(Code::UpstreamTimeout, "the provider did not answer in time").retry(Retry::Later(None)))
        })
    }
}
