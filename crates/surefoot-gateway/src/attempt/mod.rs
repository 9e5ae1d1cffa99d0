//! Asks the targets: sends, streams, tries again, falls back, within the deadline.
//!
//! Nothing reaches the caller before a target has begun to answer in earnest; until then another
//! may take over. After that the answer is this target's, and if it breaks off the caller is told.

mod asks;
mod authorise;
mod http;
mod outlet;
pub mod presets;
pub mod sim;
mod tries;

use std::time::Duration;

use futures_util::{StreamExt, stream::BoxStream};
use surefoot_dialect::Frame;
use surefoot_types::{Code, Fault, Retry, conversation::Event, ids::AttemptId};
use tokio::time::{Instant, sleep, timeout, timeout_at};

pub use self::http::Upstream;
pub(crate) use self::{
    http::{Begun, Sent, cut, trace_headers},
    outlet::Outlet,
    tries::{Tries, Turn},
};
use crate::{
    accounts::Hold,
    call::{Call, Head, Standing, Whole},
    events,
    gateway::Parts,
    project::{Project, Target},
    record::Tale,
    reserve::Reserve,
    resolve::Plan,
    screen::Screened,
};

/// Everything that an attempt needs to know.
#[derive(Clone, Copy)]
pub(crate) struct Attempting<'a> {
    pub(crate) upstream: &'a Upstream,
    pub(crate) plan: &'a Plan,
    pub(crate) prompt: &'a Screened,
    pub(crate) call: &'a Call,
    pub(crate) parts: &'a Parts,
    pub(crate) project: &'a Project,
    pub(crate) reserve: &'a Reserve<'a>,
}

impl Attempting<'_> {
    /// Tries targets until one answers, nothing is left to try, or time is up.
    pub(crate) async fn run(
        &self,
        tale: &mut Tale,
        hold: &mut Hold,
        outlet: &mut Outlet,
    ) -> Result<Option<Whole>, Fault> {
        let policy = self.plan.model.policy;
        let deadline = tale.started() + policy.total;
        let within = timeout_at(deadline, self.try_all(tale, hold, outlet)).await;
        within.unwrap_or_else(|_| {
            let fault = late("the request did not end", policy.total);
            tale.attempt_close(Some(fault.clone()));
            Err(fault)
        })
    }

    async fn try_all(&self, tale: &mut Tale, hold: &mut Hold, outlet: &mut Outlet) -> Result<Option<Whole>, Fault> {
        let targets = &self.plan.model.targets;
        let mut tries = Tries::new(targets.len(), self.plan.model.policy);
        let mut last = Fault::internal("there is no target to try");
        while let Some(turn) = tries.next(tale.started().elapsed()) {
            let target = &targets[turn.target];
            match self.try_one(target, turn, hold.standing(), tale, outlet).await {
                Ok(whole) => return Ok(whole),
                Err(fault) if outlet.begun() || fault.code == Code::Cancelled => return Err(fault),
                // What is wrong with the request itself is wrong everywhere.
                Err(fault) if fault.retry == Retry::Never => return Err(fault),
                Err(fault) => {
                    tries.failed(turn.target, fault.retry, tale.started().elapsed(), self.parts.chance.unit());
                    last = fault;
                    if self.reserve.again(tale.last_cost(), hold).await.is_err() {
                        return Err(last);
                    }
                }
            }
        }
        Err(last)
    }

    async fn try_one(
        &self,
        target: &Target,
        turn: Turn,
        standing: Standing,
        tale: &mut Tale,
        outlet: &mut Outlet,
    ) -> Result<Option<Whole>, Fault> {
        pause(turn.wait).await;
        asks::check(&self.prompt.grounded.request, target)?;
        let outgoing = self.upstream.outgoing(self, target)?;
        let id = AttemptId::mint(self.parts.clock.as_ref(), self.parts.chance.as_ref());
        tale.attempt_open(id, target, turn.wait, &outgoing.dropped, &self.project.prices);
        let head = Head { dropped: outgoing.dropped, target: target.name(), cached: false, standing };
        let ended = self.exchange(target, outgoing.body, head, tale, outlet).await;
        tale.attempt_close(ended.as_ref().err().cloned());
        ended
    }

    async fn exchange(
        &self,
        target: &Target,
        body: bytes::Bytes,
        head: Head,
        tale: &mut Tale,
        outlet: &mut Outlet,
    ) -> Result<Option<Whole>, Fault> {
        let policy = self.plan.model.policy;
        let limit = if self.call.chat.stream { policy.first_token } else { policy.whole };
        let sent = Instant::now();
        let key = target.provider.key();
        let begun = timeout(limit, self.upstream.begin(self, target, key, body, &tale.traceparent()))
            .await
            .unwrap_or_else(|_| Err(late("the provider did not begin to answer", limit)))?;
        match begun {
            Begun::Whole(whole) => {
                tale.take_whole(&whole);
                outlet.head(head).await?;
                Ok(Some(*whole))
            }
            Begun::Stream(frames) if !self.call.chat.stream => {
                let left = limit.saturating_sub(sent.elapsed());
                let gathered = timeout(left, gather(frames, tale)).await;
                let whole = gathered.unwrap_or_else(|_| Err(late("the provider did not answer", limit)))?;
                outlet.head(head).await?;
                Ok(Some(whole))
            }
            Begun::Stream(frames) => {
                let first = limit.saturating_sub(sent.elapsed());
                self.relay(frames, first, head, tale, outlet).await.map(|()| None)
            }
        }
    }

    /// Passes a stream on. Frames are held back until the first that says something, so that a
    /// target that fails before it leaves no mark.
    async fn relay(
        &self,
        mut frames: BoxStream<'static, Result<Frame, Fault>>,
        first: Duration,
        head: Head,
        tale: &mut Tale,
        outlet: &mut Outlet,
    ) -> Result<(), Fault> {
        let policy = self.plan.model.policy;
        let mut held = Vec::new();
        let mut head = Some(head);
        // Signs of life do not put off the moment by which something must be said.
        let first = Instant::now() + first;
        loop {
            let (by, told) = match head {
                Some(_) => (first, policy.first_token),
                None => (Instant::now() + policy.between_tokens, policy.between_tokens),
            };
            let mut frame = match timeout_at(by, frames.next()).await {
                Err(_) => return Err(late("the provider fell silent", told)),
                Ok(None) => break,
                Ok(Some(frame)) => frame?,
            };
            let speaks = take(&frame, tale)?;
            estimated(&mut frame, tale);
            held.push(frame);
            if speaks && let Some(head) = head.take() {
                outlet.head(head).await?;
            }
            if head.is_none() {
                for frame in held.drain(..) {
                    outlet.frame(frame).await?;
                }
            }
        }
        // Some servers close without their dialect's last word: a finish reason is enough.
        match tale.gathered() {
            Some(gathered) if gathered.finish.is_some() && head.is_none() => Ok(()),
            _ => Err(cut()),
        }
    }
}

/// The whole of a stream, for a caller who wants it so. What came of one that breaks off is on the tale: it cost.
async fn gather(mut frames: BoxStream<'static, Result<Frame, Fault>>, tale: &mut Tale) -> Result<Whole, Fault> {
    while let Some(frame) = frames.next().await {
        take(&frame?, tale)?;
    }
    let gathered = tale.gathered().filter(|gathered| gathered.ended).cloned().ok_or_else(cut)?;
    Ok(Whole { answer: gathered.into_answer(), raw: None })
}

/// Some dialects tell the prompt's tokens at the start (Anthropic), some at the end (OpenAI). Where a
/// caller of the former is answered by the latter, the start tells an estimate; the end corrects it.
fn estimated(frame: &mut Frame, tale: &Tale) {
    for event in &mut frame.events {
        if let Event::Start { usage: usage @ None, .. } = event {
            *usage = Some(tale.estimate_prompt());
        }
    }
}

/// Puts a frame's events on the tale. True if one of them says something to the caller.
fn take(frame: &Frame, tale: &mut Tale) -> Result<bool, Fault> {
    let mut speaks = false;
    for event in &frame.events {
        if let Event::Fault { fault } = event {
            return Err(fault.clone());
        }
        tale.take(event);
        speaks |= !matches!(event, Event::Start { .. } | Event::Usage { .. } | Event::End);
    }
    Ok(speaks)
}

/// Waits before a try. No wait at all is not given to the timer, which counts in whole milliseconds.
pub(crate) async fn pause(wait: Duration) {
    if !wait.is_zero() {
        events::attempt_waits(wait);
        sleep(wait).await;
    }
}

fn late(what: &str, limit: Duration) -> Fault {
    let limit = limit.as_secs_f64();
    Fault::new(Code::UpstreamTimeout, format!("{what} within {limit} s"))
        .hint("Raise the timeout of this model, or give it another target to fall back to.")
        .retry(Retry::Later(None))
}
