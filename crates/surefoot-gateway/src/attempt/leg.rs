//! One call to one target, step by step. Waiting for a step can be given up without losing anything, so that two
//! calls can run side by side.

use futures_util::{StreamExt, future::BoxFuture, stream::BoxStream};
use surefoot_dialect::Frame;
use surefoot_types::{Code, Fault, conversation::Event, ids::AttemptId};
use tokio::time::{Instant, timeout_at};

use super::{http::Begun, time::Limit};
use crate::{
    call::{Head, Whole},
    health::Beat,
    load::Place,
};

/// One call to one target.
pub(super) struct Leg<'a> {
    /// The target's place in the alias.
    pub(super) at: usize,
    pub(super) id: AttemptId,
    /// The model's id in the provider's words.
    pub(super) model: &'a str,
    /// What the caller is told when it begins to answer.
    pub(super) head: Head,
    /// Pieces that came before the caller was told of any.
    pub(super) held: Vec<Frame>,
    pub(super) state: State<'a>,
    /// By when the next step must come, and why by then.
    pub(super) by: (Instant, Limit),
    pub(super) beat: Beat,
    /// Among the calls that its provider is sent at once.
    pub(super) _place: Place,
}

/// How far a call is.
pub(super) enum State<'a> {
    /// It was sent.
    Sent(BoxFuture<'a, Result<Begun, Fault>>),
    /// It is being answered.
    Answered(BoxStream<'static, Result<Frame, Fault>>),
    /// There is nothing more to come.
    Over,
}

/// What comes next of a call.
pub(super) enum Step {
    /// A piece of a stream.
    Frame(Frame),
    /// The whole answer.
    Whole(Box<Whole>),
    /// The stream's end.
    End,
}

impl Leg<'_> {
    /// The next step, within the limit. An answer whose dialect names neither itself nor its model (Bedrock) is named
    /// by the attempt and by what was asked for: clients take empty names for mistakes.
    pub(super) async fn step(&mut self) -> Result<Step, Fault> {
        let mut step = self.next().await?;
        let named = |id: &mut String, model: &mut String| {
            if id.is_empty() {
                *id = self.id.to_string();
            }
            if model.is_empty() {
                self.model.clone_into(model);
            }
        };
        match &mut step {
            Step::Frame(frame) => frame.events.iter_mut().for_each(|event| {
                if let Event::Start { id, model, .. } = event {
                    named(id, model);
                }
            }),
            Step::Whole(whole) => named(&mut whole.answer.id, &mut whole.answer.model),
            Step::End => {}
        }
        Ok(step)
    }

    async fn next(&mut self) -> Result<Step, Fault> {
        let (by, limit) = self.by;
        loop {
            match &mut self.state {
                State::Sent(begun) => {
                    let begun = timeout_at(by, begun.as_mut()).await;
                    self.state = State::Over;
                    match begun.unwrap_or_else(|_| Err(limit.fault()))? {
                        Begun::Whole(whole) => return Ok(Step::Whole(whole)),
                        Begun::Stream(frames) => self.state = State::Answered(frames),
                    }
                }
                State::Answered(frames) => {
                    let Ok(frame) = timeout_at(by, frames.next()).await else {
                        self.state = State::Over;
                        return Err(limit.fault());
                    };
                    return frame.map_or(Ok(Step::End), |frame| frame.map(Step::Frame));
                }
                State::Over => return Ok(Step::End),
            }
        }
    }

    /// The call ended, with a fault or an answer: what that says of the target is noted.
    pub(super) fn ended(self, fault: Option<&Fault>) {
        let by_time = fault.is_some_and(|fault| fault.code == Code::UpstreamTimeout && Instant::now() >= self.by.0);
        if by_time && !self.by.1.is_targets() {
            self.beat.left();
        } else {
            self.beat.ended(fault);
        }
    }
}
