//! Vectors for texts: the same steps as an answer, without a prompt.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;

use surefoot_dialect::embeddings::{self, Embeddings, EmbeddingsRequest};
use surefoot_types::{
    Code, Fault, Retry, Usage,
    conversation::Event,
    ids::{AttemptId, TraceId},
};
use tokio::time::timeout;

use crate::{
    accounts::{Counted, Hold},
    api::Credential,
    attempt::{Sent, Tries, pause, presets, trace_headers},
    call::{Added, Caller, Context, Failed, Standing},
    gateway::Gateway,
    identify::{identify, limit, may_use},
    project::{Project, Reach, Target},
    record::Tale,
    reserve::Reserve,
    resolve, screen,
    under_way::Walker,
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
    /// How the caller stands with the limits.
    pub standing: Standing,
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
        tokio::spawn(self.clone().embed_run(call, Walker::new(self))).await.unwrap_or_else(|_| {
            let fault = Fault::internal("a step of the request panicked");
            Err(Box::new(Failed { fault, standing: Standing::default(), added: Added::new(trace_id) }))
        })
    }

    async fn embed_run(self, call: EmbedCall, _walker: Walker) -> Result<Embedded, Box<Failed>> {
        let clock = self.inner.parts.clock.as_ref();
        let project = self.project();
        let mut tale = Tale::embedding(&call, project.records, clock);
        let mut hold = Hold::default();
        let walked = tokio::select! {
            biased;
            stopped = self.inner.under_way.stopped() => Err(stopped),
            walked = AssertUnwindSafe(self.embed_walk(&project, &call, &mut tale, &mut hold)).catch_unwind() => {
                walked.unwrap_or_else(|_| Err(Fault::internal("a step of the request panicked")))
            }
        };
        let charges = hold.settle(tale.settle());
        let (record, added) = tale.record(walked.as_ref().err(), charges, &self.inner.detector);
        let recorded = self.store(&project, record).await;
        let standing = hold.standing();
        match walked.and_then(|embeddings| recorded.map(|()| embeddings)) {
            Ok(embeddings) => Ok(Embedded { embeddings, standing, added }),
            Err(fault) => Err(Box::new(Failed { fault, standing, added })),
        }
    }

    async fn embed_walk(
        &self,
        project: &Project,
        call: &EmbedCall,
        tale: &mut Tale,
        hold: &mut Hold,
    ) -> Result<Embeddings, Fault> {
        let inner = &*self.inner;
        tale.enter("identify");
        let now = inner.parts.clock.now();
        let admitted = identify(project, &inner.parts.minted_keys.load(), &call.caller, now)?;
        tale.admitted(admitted.as_ref());
        let counted = Counted::of(project, admitted.as_ref(), tale.trace(), now);
        limit(&inner.accounts, &counted, hold).await?;
        tale.enter("resolve");
        may_use(admitted.as_ref(), None, &call.request.model)?;
        let model = resolve::model(project, &inner.upstream, &call.request.model)?;
        tale.enter("screen");
        let mut call = call.clone();
        tale.judged(screen::texts(&project.guards, &mut call.request.inputs)?);
        tale.enter("reserve");
        let reserve = Reserve { accounts: &inner.accounts, counted: &counted, project, model: &model };
        reserve.texts(&call.request.inputs, hold).await?;
        tale.enter("attempt");
        self.embed_try_all(&call, &reserve, tale, hold).await
    }

    async fn embed_try_all(
        &self,
        call: &EmbedCall,
        reserve: &Reserve<'_>,
        tale: &mut Tale,
        hold: &mut Hold,
    ) -> Result<Embeddings, Fault> {
        let parts = &self.inner.parts;
        let Reserve { model, project, .. } = reserve;
        let upstream = &self.inner.upstream;
        let mut tries = Tries::new((0..model.targets.len()).collect(), model.policy);
        let mut last = None;
        model.targets.first().into_iter().for_each(|first| upstream.health.earn(first, 0.0));
        let rests = |at: usize| upstream.rests(&model.targets[at], false);
        while let Some(turn) = tries.next(tale.started().elapsed(), &rests) {
            let target = &model.targets[turn.target];
            if turn.again && !upstream.health.may_retry(target) {
                tries.give_up(turn.target);
                continue;
            }
            pause(turn.wait).await;
            let key = upstream.health.key(target, None);
            let beat = upstream.health.begin(target, key, false);
            let id = AttemptId::mint(parts.clock.as_ref(), parts.chance.as_ref());
            tale.attempt_open(id, target, turn.wait, &[], &project.prices);
            tale.attempt_key(beat.key());
            let ended = self.embed_one(call, target, key, model.policy.whole, &tale.traceparent()).await;
            beat.ended(ended.as_ref().err());
            if let Ok(embeddings) = &ended {
                tale.take(&Event::Usage { usage: told_or_estimated(embeddings.usage, &call.request.inputs) });
            }
            tale.attempt_close(ended.as_ref().err().cloned());
            match ended {
                Ok(embeddings) => return Ok(embeddings),
                Err(fault) if fault.retry == Retry::Never => return Err(fault),
                Err(fault) => {
                    tries.failed(turn.target, fault.retry, tale.started().elapsed(), parts.chance.unit());
                    last = Some(fault);
                    if reserve.again(tale.last_cost(), hold).await.is_err() {
                        break;
                    }
                }
            }
        }
        let untried = || model.targets.iter().find_map(|target| upstream.health.why(target));
        Err(last.or_else(untried).unwrap_or_else(|| Fault::internal("there is no target to try")))
    }

    async fn embed_one(
        &self,
        call: &EmbedCall,
        target: &Target,
        key: Option<&Credential>,
        limit: Duration,
        traceparent: &str,
    ) -> Result<Embeddings, Fault> {
        let upstream = &self.inner.upstream;
        let work = async {
            match &target.provider.reach {
                Reach::Resident => match upstream.resident(&target.provider.name) {
                    Some(resident) => resident.embed(&target.model, &call.request.inputs).await,
                    None => Err(Fault::internal("the provider is not part of this program")),
                },
                Reach::Http(api) => {
                    let Some(side) = api.preset.embeddings else {
                        let told = format!("the provider '{}' has no embeddings", target.provider.name);
                        return Err(Fault::bad_request("model", told));
                    };
                    let response = upstream.send(Sent {
                        api,
                        key,
                        url: presets::side(api, side, &target.model),
                        bearer: side.bearer,
                        headers: trace_headers(traceparent, call.context.trace.as_ref()),
                        body: embeddings::request_write(&call.request, &target.model),
                    });
                    let response = response.await?;
                    let body = response.bytes().await.map_err(|_| crate::attempt::cut())?;
                    embeddings::answer_read(&body)
                }
            }
        };
        let answered = timeout(limit, work).await.unwrap_or_else(|_| {
            Err(Fault::new(Code::UpstreamTimeout, "the provider did not answer in time").retry(Retry::Later(None)))
        });
        answered.and_then(|embeddings| fitting(embeddings, &call.request))
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

/// What a provider counted, or an estimate where it counted nothing.
fn told_or_estimated(usage: Usage, texts: &[String]) -> Usage {
    if usage.total() > 0 || usage.reported.is_some() {
        return usage;
    }
    Usage { input: texts.iter().map(|text| Usage::estimate(text)).sum(), estimated: true, ..usage }
}
