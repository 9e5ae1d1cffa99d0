//! A call, and where it is slow another beside it, until one of them says something. The other is given up; both
//! are on the trace, and both are paid for.

use std::future::pending;

use futures_util::FutureExt;
use surefoot_dialect::Frame;
use surefoot_types::{Code, Fault, conversation::Event};
use tokio::time::{Instant, sleep_until};

use super::{
    Attempting, cut,
    leg::{Leg, Step},
    time::Time,
};
use crate::{accounts::Hold, call::Whole, events, project::HedgeAfter, record::Tale};

/// Faults of calls, each with its target's place.
pub(super) type Failures = Vec<(usize, Fault)>;

/// Which of two calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    First,
    Second,
}

/// A call that began to answer.
pub(super) struct Begun<'a> {
    pub(super) leg: Leg<'a>,
    /// The answer, if it came whole.
    pub(super) whole: Option<Box<Whole>>,
}

impl Attempting<'_> {
    /// Waits until `first`, or a call to the target at `other` beside it, says something.
    pub(super) async fn race<'s>(
        &'s self,
        mut first: Leg<'s>,
        other: usize,
        time: &Time,
        tale: &mut Tale,
        hold: &mut Hold,
    ) -> Result<Begun<'s>, Failures> {
        let mut second: Option<Leg<'s>> = None;
        let mut hedge_at = self.hedge_at(first.at);
        let mut failures = Failures::new();
        loop {
            let (side, step) = tokio::select! {
                biased;
                step = first.step() => (Side::First, step),
                step = next(&mut second) => (Side::Second, step),
                () = moment(hedge_at) => {
                    hedge_at = None;
                    second = self.beside(first.at, other, time, tale, hold);
                    continue;
                }
            };
            let leg = match (side, &mut second) {
                (Side::Second, Some(second)) => second,
                _ => &mut first,
            };
            match taken(side, step, leg, tale) {
                Ok(None) => {}
                Ok(Some(whole)) => return Ok(won(side, first, second, whole, tale)),
                Err(fault) => {
                    failures.push((leg.at, fault.clone()));
                    if second.is_none() {
                        tale.attempt_close(Some(fault.clone()));
                        first.ended(Some(&fault));
                        return Err(failures);
                    }
                    close(side, &mut first, &mut second, &fault, tale);
                    hedge_at = None;
                }
            }
        }
    }

    fn hedge_at(&self, at: usize) -> Option<Instant> {
        let model = &self.plan.model;
        let after = match model.routing.hedge?.after {
            HedgeAfter::Time(time) => time,
            HedgeAfter::P95 => self.upstream.health.usual(&model.targets[at], self.call.chat.stream)?,
        };
        Some(Instant::now() + after)
    }

    /// A call beside a slow one, if there is room for it: in its share of the requests, in every budget, and at the
    /// provider, all of it without waiting.
    fn beside<'s>(
        &'s self,
        slow: usize,
        other: usize,
        time: &Time,
        tale: &mut Tale,
        hold: &mut Hold,
    ) -> Option<Leg<'s>> {
        let targets = &self.plan.model.targets;
        if !self.upstream.health.may_hedge(&targets[slow]) {
            return None;
        }
        let held = self.reserve.beside(self.prompt, hold).now_or_never().is_some_and(|held| held.is_ok());
        if !held {
            return None;
        }
        let leg = self.leg(other, time, None, hold.standing(), tale).now_or_never()?.ok()?;
        events::hedged(&targets[slow].name());
        tale.beside_open(leg.id, &targets[other], leg.beat.key(), &self.project.prices);
        Some(leg)
    }
}

/// What a step says: `Some` once the call says something to the caller.
fn taken(
    side: Side,
    step: Result<Step, Fault>,
    leg: &mut Leg<'_>,
    tale: &mut Tale,
) -> Result<Option<Option<Box<Whole>>>, Fault> {
    if side == Side::Second {
        tale.legs_swap();
    }
    let taken = match step {
        Ok(Step::Frame(frame)) => take(&frame, tale).map(|speaks| {
            leg.held.push(frame);
            speaks.then_some(None)
        }),
        Ok(Step::Whole(whole)) => {
            tale.take_whole(&whole);
            Ok(Some(Some(whole)))
        }
        Ok(Step::End) => Err(cut()),
        Err(fault) => Err(fault),
    };
    if side == Side::Second {
        tale.legs_swap();
    }
    taken
}

/// One of two says something: the other is given up.
fn won<'a>(
    side: Side,
    first: Leg<'a>,
    second: Option<Leg<'a>>,
    whole: Option<Box<Whole>>,
    tale: &mut Tale,
) -> Begun<'a> {
    let (leg, other) = match (side, second) {
        (Side::Second, Some(second)) => {
            tale.legs_swap();
            (second, Some(first))
        }
        (_, second) => (first, second),
    };
    if let Some(other) = other {
        tale.beside_close(Fault::new(Code::Cancelled, "another call for the same answer was faster"));
        other.beat.left();
    }
    Begun { leg, whole }
}

/// One of two failed: the other goes on as the first.
fn close<'a>(side: Side, first: &mut Leg<'a>, second: &mut Option<Leg<'a>>, fault: &Fault, tale: &mut Tale) {
    let Some(mut failed) = second.take() else { return };
    if side == Side::First {
        tale.legs_swap();
        std::mem::swap(first, &mut failed);
    }
    tale.beside_close(fault.clone());
    failed.ended(Some(fault));
}

/// Puts a frame's events on the tale. True if one of them says something to the caller.
pub(super) fn take(frame: &Frame, tale: &mut Tale) -> Result<bool, Fault> {
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

async fn next(leg: &mut Option<Leg<'_>>) -> Result<Step, Fault> {
    match leg {
        Some(leg) => leg.step().await,
        None => pending().await,
    }
}

async fn moment(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => pending().await,
    }
}
