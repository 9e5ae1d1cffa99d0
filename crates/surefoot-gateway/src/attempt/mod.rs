//! Asks the targets: sends, streams, tries again, falls back, within the deadline.
//!
//! Nothing reaches the caller before a target has begun to answer in earnest; until then another
//! may take over. After that the answer is this target's, and if it breaks off the caller is told.

mod asks;
mod authorise;
mod http;
mod impossible;
mod leg;
mod outlet;
pub mod presets;
mod race;
mod routed;
pub mod sim;
mod time;
mod tries;

use std::time::Duration;

use futures_util::FutureExt;
use surefoot_types::{Code, Fault, Retry, conversation::Event, ids::AttemptId};
use tokio::time::{Instant, sleep, timeout_at};

pub use self::http::Upstream;
pub(crate) use self::{
    http::{Sent, anthropic_headers, cut, trace_headers},
    outlet::Outlet,
    tries::{Tries, Turn},
};
use self::{
    leg::{Leg, State, Step},
    race::{Begun as Started, Failures, take},
    routed::Routed,
    time::Time,
};
use crate::{
    accounts::Hold,
    call::{Call, Head, Standing, Whole},
    events,
    gateway::Parts,
    health::Circuit,
    project::{Project, Target},
    record::Tale,
    reserve::Reserve,
    resolve::Plan,
    screen::Screened,
    trace_context,
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
        let (policy, patience) = (self.plan.model.policy, self.call.context.patience);
        let time = Time { started: tale.started(), policy, patience, streamed: self.call.chat.stream };
        let (deadline, limit) = time.end_by();
        let within = timeout_at(deadline, self.try_all(&time, tale, hold, outlet)).await;
        within.unwrap_or_else(|_| {
            let fault = limit.fault();
            tale.beside_close(fault.clone());
            tale.attempt_close(Some(fault.clone()));
            Err(fault)
        })
    }

    async fn try_all(
        &self,
        time: &Time,
        tale: &mut Tale,
        hold: &mut Hold,
        outlet: &mut Outlet,
    ) -> Result<Option<Whole>, Fault> {
        let (targets, health) = (&self.plan.model.targets, &self.upstream.health);
        let routed = self.routed(tale);
        tale.note_also(&routed.why);
        let hedge_share = self.plan.model.routing.hedge.map_or(0.0, |hedge| hedge.share);
        routed.order.first().into_iter().for_each(|&first| health.earn(&targets[first], hedge_share));
        let mut tries = Tries::new(routed.order.clone(), time.policy);
        let mut last = None;
        let rests = |at: usize| self.upstream.rests(&targets[at], time.streamed);
        while let Some(turn) = tries.next(tale.started().elapsed(), &rests) {
            if turn.again && !health.may_retry(&targets[turn.target]) {
                events::retry_withheld(&targets[turn.target].name());
                tale.note_also(&format!("{} was not sent more retries", targets[turn.target].name()));
                tries.give_up(turn.target);
                continue;
            }
            let other = tries.other(turn.target, &rests);
            let failures = match self.try_one(turn, other, time, &routed, tale, hold, outlet).await {
                Ok(whole) => return Ok(whole),
                Err(failures) => failures,
            };
            for (at, fault) in failures {
                // What is wrong with the request itself is wrong everywhere.
                if outlet.begun() || fault.code == Code::Cancelled || fault.retry == Retry::Never {
                    return Err(fault);
                }
                tries.failed(at, fault.retry, tale.started().elapsed(), self.parts.chance.unit());
                last = Some(fault);
            }
            if self.reserve.again(tale.last_cost(), hold).await.is_err() {
                break;
            }
        }
        let untried = || targets.iter().find_map(|target| health.why(target));
        Err(last.or_else(untried).unwrap_or_else(|| Fault::internal("there is no target to try")))
    }

    /// One try: a call to a target, and perhaps another beside it.
    #[expect(clippy::too_many_arguments, reason = "what a try reads, and the three that it writes")]
    async fn try_one(
        &self,
        turn: Turn,
        other: usize,
        time: &Time,
        routed: &Routed,
        tale: &mut Tale,
        hold: &mut Hold,
        outlet: &mut Outlet,
    ) -> Result<Option<Whole>, Failures> {
        let targets = &self.plan.model.targets;
        let target = &targets[turn.target];
        pause(turn.wait).await;
        let leg = self.leg(turn.target, time, routed.warm_key(target), hold.standing(), tale).await;
        let leg = leg.map_err(|fault| vec![(turn.target, fault)])?;
        tale.attempt_open(leg.id, target, turn.wait, &leg.head.dropped, &self.project.prices);
        tale.attempt_key(leg.beat.key());
        let Started { mut leg, whole } = self.race(leg, other, time, tale, hold).await?;
        tale.dropped(&leg.head.dropped);
        self.served(routed, &targets[leg.at], leg.beat.key());
        let ended = self.finish(&mut leg, whole, time, tale, outlet).await;
        tale.attempt_close(ended.as_ref().err().cloned());
        let at = leg.at;
        leg.ended(ended.as_ref().err());
        ended.map_err(|fault| vec![(at, fault)])
    }

    /// A call to the target at `at`, made but not yet waited for. Waits for a place at its provider.
    async fn leg<'s>(
        &'s self,
        at: usize,
        time: &Time,
        prefer: Option<&str>,
        standing: Standing,
        tale: &Tale,
    ) -> Result<Leg<'s>, Fault> {
        let Upstream { health, lines, .. } = self.upstream;
        let target = &self.plan.model.targets[at];
        asks::check(&self.prompt.grounded.request, target)?;
        let place = lines.enter_provider(&self.project.load, &target.provider.name).await?;
        let outgoing = self.upstream.outgoing(self, target)?;
        let id = AttemptId::mint(self.parts.clock.as_ref(), self.parts.chance.as_ref());
        let parent = trace_context::told_onwards(tale.trace(), id);
        let key = health.key(target, prefer);
        let beat = health.begin(target, key, time.streamed);
        let sent = async move { self.upstream.begin(self, target, key, outgoing.body, &parent).await };
        let head = Head { dropped: outgoing.dropped, target: target.name(), cached: false, standing };
        let (held, state, by) = (Vec::new(), State::Sent(sent.boxed()), time.begin_by(Instant::now()));
        Ok(Leg { at, id, model: &target.model, head, held, state, by, beat, _place: place })
    }

    /// Brings an answer that has begun to its end.
    async fn finish(
        &self,
        leg: &mut Leg<'_>,
        whole: Option<Box<Whole>>,
        time: &Time,
        tale: &mut Tale,
        outlet: &mut Outlet,
    ) -> Result<Option<Whole>, Fault> {
        if time.streamed && whole.is_none() {
            leg.beat.spoke();
            return self.relay(leg, time, tale, outlet).await.map(|()| None);
        }
        let whole = match whole {
            Some(whole) => *whole,
            None => gather(leg, tale).await?,
        };
        leg.beat.spoke();
        outlet.head(std::mem::take(&mut leg.head)).await?;
        Ok(Some(whole))
    }

    /// Passes a stream on. Frames were held back until the first that says something, so that a
    /// target that fails before it leaves no mark.
    async fn relay(&self, leg: &mut Leg<'_>, time: &Time, tale: &mut Tale, outlet: &mut Outlet) -> Result<(), Fault> {
        outlet.head(std::mem::take(&mut leg.head)).await?;
        for mut frame in std::mem::take(&mut leg.held) {
            estimated(&mut frame, tale);
            outlet.frame(frame).await?;
        }
        loop {
            leg.by = time.next_by(Instant::now());
            let Step::Frame(mut frame) = leg.step().await? else { break };
            take(&frame, tale)?;
            estimated(&mut frame, tale);
            outlet.frame(frame).await?;
        }
        // Some servers close without their dialect's last word: a finish reason is enough.
        match tale.gathered() {
            Some(gathered) if gathered.finish.is_some() => Ok(()),
            _ => Err(cut()),
        }
    }
}

impl Upstream {
    /// For how long a target must be left alone. While its breaker lets nothing through, that is longer than any
    /// request waits: its callers are told at once.
    pub(crate) fn rests(&self, target: &Target, streamed: bool) -> Duration {
        let pulse = self.health.pulse(target, streamed);
        if pulse.circuit != Circuit::Closed && !pulse.rests.is_zero() { Duration::MAX } else { pulse.rests }
    }
}

/// The whole of a stream, for a caller who wants it so. What came of one that breaks off is on the tale: it cost.
async fn gather(leg: &mut Leg<'_>, tale: &mut Tale) -> Result<Whole, Fault> {
    while let Step::Frame(frame) = leg.step().await? {
        take(&frame, tale)?;
    }
    let gathered = tale.gathered().filter(|gathered| gathered.ended).cloned().ok_or_else(cut)?;
    Ok(Whole { answer: gathered.into_answer(), raw: None })
}

/// Some dialects tell the prompt's tokens at the start (Anthropic), some at the end (OpenAI). Where a
/// caller of the former is answered by the latter, the start tells an estimate; the end corrects it.
fn estimated(frame: &mut surefoot_dialect::Frame, tale: &Tale) {
    for event in &mut frame.events {
        if let Event::Start { usage: usage @ None, .. } = event {
            *usage = Some(tale.estimate_prompt());
        }
    }
}

/// Waits before a try. No wait at all is not given to the timer, which counts in whole milliseconds.
pub(crate) async fn pause(wait: Duration) {
    if !wait.is_zero() {
        events::attempt_waits(wait);
        sleep(wait).await;
    }
}
