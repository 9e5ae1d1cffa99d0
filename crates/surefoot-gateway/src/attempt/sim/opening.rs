//! The beginning of a plan: over HTTP it happens before the response's head.

use std::collections::VecDeque;

use futures_util::future::pending;
use tokio::time::sleep;

use super::{failure::Failure, plan::Step};

/// How a plan begins, once its first waits are over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    /// With an answer: the steps that are left.
    Answers,
    /// With a failure.
    Fails(Failure),
    /// With a failure that is taken for a success.
    Mislabels(Failure),
    /// With an answer that has nothing in it.
    Empty,
    /// With a closed connection.
    Closes,
}

/// Acts out the beginning of a plan. Never returns for one that never answers.
pub async fn open(steps: &mut VecDeque<Step>) -> Opening {
    loop {
        match steps.front() {
            Some(Step::Wait(wait)) => sleep(*wait).await,
            Some(Step::Fail(failure)) => return Opening::Fails(failure.clone()),
            Some(Step::Mislabelled(failure)) => return Opening::Mislabels(failure.clone()),
            Some(Step::Empty) => return Opening::Empty,
            Some(Step::Cut) => return Opening::Closes,
            Some(Step::Stall) => return pending().await,
            Some(Step::Event(_) | Step::BadJson) | None => return Opening::Answers,
        }
        steps.pop_front();
    }
}
