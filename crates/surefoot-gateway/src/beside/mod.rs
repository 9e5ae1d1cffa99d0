//! What is asked for beside conversations: vectors for texts, an order of documents, verdicts on texts. The same steps
//! as an answer, without a prompt.

mod embed;
mod moderate;
mod rerank;

use std::{panic::AssertUnwindSafe, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt;
use serde_json::{Map, Value};
use surefoot_dialect::{embeddings::EmbeddingsRequest, moderations::ModerationsRequest, rerank::RerankRequest};
use surefoot_types::{
    Code, Fault, Retry, Usage,
    conversation::Event,
    ids::{AttemptId, TraceId},
};
use tokio::time::timeout;

use crate::{
    accounts::{Counted, Hold},
    api::Credential,
    attempt::{
        Sent, Tries, pause,
        presets::{self, Preset, Side},
        trace_headers,
    },
    call::{Added, Caller, Context, Failed, Standing},
    gateway::Gateway,
    identify::{identify, limit, may_use},
    outside::Resident,
    project::{Model, Project, Reach, Target},
    record::Tale,
    reserve::Reserve,
    resolve, screen,
    under_way::Walker,
};

/// A request beside conversations, as a door read it.
#[derive(Debug, Clone)]
pub struct BesideCall<W> {
    /// Its trace's id.
    pub trace_id: TraceId,
    /// The door's name on the trace.
    pub door: &'static str,
    /// The request.
    pub request: W,
    /// Who calls.
    pub caller: Caller,
    /// What the caller tells about the request.
    pub context: Context,
}

/// A request for vectors.
pub type EmbedCall = BesideCall<EmbeddingsRequest>;
/// A request for an order of documents.
pub type RerankCall = BesideCall<RerankRequest>;
/// A request for verdicts.
pub type ModerateCall = BesideCall<ModerationsRequest>;

/// What was asked for, with what Surefoot adds.
#[derive(Debug)]
pub struct Beside<A> {
    /// What was asked for.
    pub answer: A,
    /// How the caller stands with the limits.
    pub standing: Standing,
    /// What Surefoot adds.
    pub added: Added,
}

/// A kind of request beside conversations.
#[async_trait]
pub trait Work: Clone + Send + Sync + 'static {
    /// What is asked for, as faults name it.
    const WHAT: &'static str;
    /// What comes back.
    type Answer: Send + Sync + 'static;

    /// The model, or alias, that the caller names.
    fn model(&self) -> &str;
    /// Fields that are not this version's.
    fn extra(&self) -> &Map<String, Value>;
    /// Every text that leaves, to put another in its place.
    fn texts(&mut self) -> Vec<&mut String>;
    /// What the provider counts, as long as it counts at most.
    fn counted(&self) -> Vec<&str>;
    /// Whether it stays in this process and is to be seen there as it is.
    fn stays(&self, model: &Model) -> bool;
    /// Where a provider takes it, if it does.
    fn side(preset: &Preset) -> Option<Side>;
    /// The body for a provider that calls its model `model`.
    fn body(&self, model: &str) -> Bytes;
    /// What the provider says. A fault where it is not what was asked for.
    fn read(&self, body: &[u8]) -> Result<Self::Answer, Fault>;
    /// The same of a provider inside this process.
    async fn of_resident(&self, resident: &dyn Resident, model: &str) -> Result<Self::Answer, Fault>;
    /// What it used, as far as the provider says.
    fn usage(answer: &Self::Answer) -> Usage;
    /// What the trace tells of it, in a few words.
    fn told(answer: &Self::Answer) -> String;
}

impl Gateway {
    /// Does what a call beside conversations asks for.
    ///
    /// # Errors
    /// The fault that the caller is to be told, with its trace.
    pub async fn beside<W: Work>(&self, call: BesideCall<W>) -> Result<Beside<W::Answer>, Box<Failed>> {
        let trace_id = call.trace_id;
        // In a task of its own, so that a caller who hangs up leaves nothing unsettled or unrecorded.
        tokio::spawn(self.clone().beside_run(call, Walker::new(self))).await.unwrap_or_else(|_| {
            let fault = Fault::internal("a step of the request panicked");
            Err(Box::new(Failed { fault, standing: Standing::default(), added: Added::new(trace_id) }))
        })
    }

    async fn beside_run<W: Work>(self, call: BesideCall<W>, _walker: Walker) -> Result<Beside<W::Answer>, Box<Failed>> {
        let clock = self.inner.parts.clock.as_ref();
        let project = self.project();
        let mut tale = Tale::beside(&call, project.records, clock);
        let mut hold = Hold::default();
        let walked = tokio::select! {
            biased;
            stopped = self.inner.under_way.stopped() => Err(stopped),
            walked = AssertUnwindSafe(self.beside_walk(&project, call, &mut tale, &mut hold)).catch_unwind() => {
                walked.unwrap_or_else(|_| Err(Fault::internal("a step of the request panicked")))
            }
        };
        let charges = hold.settle(tale.settle());
        let (record, added) = tale.record(walked.as_ref().err(), charges, &self.inner.detector);
        let recorded = self.store(&project, record).await;
        let standing = hold.standing();
        match walked.and_then(|answer| recorded.map(|()| answer)) {
            Ok(answer) => Ok(Beside { answer, standing, added }),
            Err(fault) => Err(Box::new(Failed { fault, standing, added })),
        }
    }

    async fn beside_walk<W: Work>(
        &self,
        project: &Project,
        mut call: BesideCall<W>,
        tale: &mut Tale,
        hold: &mut Hold,
    ) -> Result<W::Answer, Fault> {
        let inner = &*self.inner;
        tale.enter("identify");
        let now = inner.parts.clock.now();
        let admitted = identify(project, &inner.parts.minted_keys.load(), &call.caller, now)?;
        tale.admitted(admitted.as_ref());
        let counted = Counted::of(project, admitted.as_ref(), tale.trace(), now);
        limit(&inner.accounts, &counted, hold).await?;
        let _place = inner.upstream.lines.enter(&project.load).await?;
        tale.enter("resolve");
        may_use(admitted.as_ref(), None, call.request.model())?;
        let model = resolve::model(project, &inner.upstream, call.request.model())?;
        if !call.request.stays(&model) {
            tale.enter("screen");
            let mut texts = call.request.texts();
            let mut said: Vec<String> = texts.iter_mut().map(|text| std::mem::take(*text)).collect();
            tale.judged(screen::texts(&project.guards, &mut said)?);
            texts.into_iter().zip(said).for_each(|(text, said)| *text = said);
        }
        tale.enter("reserve");
        let reserve = Reserve { accounts: &inner.accounts, counted: &counted, project, model: &model };
        reserve.texts(&call.request.counted(), hold).await?;
        tale.enter("attempt");
        let answer = self.beside_try_all(&call, &reserve, tale, hold).await?;
        tale.note_also(&W::told(&answer));
        Ok(answer)
    }

    async fn beside_try_all<W: Work>(
        &self,
        call: &BesideCall<W>,
        reserve: &Reserve<'_>,
        tale: &mut Tale,
        hold: &mut Hold,
    ) -> Result<W::Answer, Fault> {
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
            let _place = upstream.lines.enter_provider(&project.load, &target.provider.name).await?;
            let key = upstream.health.key(target, None);
            let beat = upstream.health.begin(target, key, false);
            let id = AttemptId::mint(parts.clock.as_ref(), parts.chance.as_ref());
            tale.attempt_open(id, target, turn.wait, &[], &project.prices);
            tale.attempt_key(beat.key());
            let ended = self.beside_one(call, target, key, model.policy.whole, &tale.traceparent()).await;
            beat.ended(ended.as_ref().err());
            if let Ok(answer) = &ended {
                let usage = told_or_estimated(W::usage(answer), &call.request.counted());
                tale.take(&Event::Usage { usage });
            }
            tale.attempt_close(ended.as_ref().err().cloned());
            match ended {
                Ok(answer) => return Ok(answer),
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

    async fn beside_one<W: Work>(
        &self,
        call: &BesideCall<W>,
        target: &Target,
        key: Option<&Credential>,
        limit: Duration,
        traceparent: &str,
    ) -> Result<W::Answer, Fault> {
        let upstream = &self.inner.upstream;
        let work = async {
            match &target.provider.reach {
                Reach::Resident => match upstream.resident(&target.provider.name) {
                    Some(resident) => call.request.of_resident(resident.as_ref(), &target.model).await,
                    None => Err(Fault::internal("the provider is not part of this program")),
                },
                Reach::Http(api) => {
                    let side = W::side(api.preset).ok_or_else(|| lacking::<W>(&target.provider.name))?;
                    let response = upstream.send(Sent {
                        api,
                        key,
                        url: presets::side(api, side, &target.model),
                        bearer: side.bearer,
                        headers: trace_headers(traceparent, call.context.trace.as_ref()),
                        body: call.request.body(&target.model),
                    });
                    let response = response.await?;
                    let body = response.bytes().await.map_err(|_| crate::attempt::cut())?;
                    call.request.read(&body)
                }
            }
        };
        timeout(limit, work).await.unwrap_or_else(|_| {
            Err(Fault::new(Code::UpstreamTimeout, "the provider did not answer in time").retry(Retry::Later(None)))
        })
    }
}

/// Another target of the alias may have what this provider does not.
fn lacking<W: Work>(provider: &str) -> Fault {
    Fault::bad_request("model", format!("the provider '{provider}' has no {}", W::WHAT)).retry(Retry::Elsewhere)
}

/// What a provider counted, or an estimate where it counted nothing.
fn told_or_estimated(usage: Usage, counted: &[&str]) -> Usage {
    if usage.total() > 0 || usage.reported.is_some() {
        return usage;
    }
    Usage { input: counted.iter().map(|text| Usage::estimate(text)).sum(), estimated: true, ..usage }
}
