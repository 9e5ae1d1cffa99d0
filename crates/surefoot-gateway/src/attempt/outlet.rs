//! The way back to the caller.

use surefoot_dialect::Frame;
use surefoot_types::{Code, Fault};
use tokio::sync::mpsc;

use crate::{
    call::{Delivery, Head, Standing, Whole},
    recall::Kept,
    record::Tale,
    screen::AnswerGuard,
};

/// Sends what a target answers on to the caller.
pub(crate) struct Outlet {
    sender: mpsc::Sender<Delivery>,
    streamed: bool,
    begun: bool,
    guard: Option<AnswerGuard>,
}

impl Outlet {
    /// An outlet to a caller who wants the answer streamed, or whole.
    pub(crate) fn new(sender: mpsc::Sender<Delivery>, streamed: bool) -> Self {
        Self { sender, streamed, begun: false, guard: None }
    }

    /// From now on everything that is sent passes this guard.
    pub(crate) fn guard(&mut self, guard: Option<AnswerGuard>) {
        self.guard = guard;
    }

    /// An answer, as its caller may see it; what the guard did stands on the tale.
    pub(crate) fn guarded(&mut self, whole: Option<Whole>, tale: &mut Tale) -> Option<Whole> {
        let Some(guard) = &mut self.guard else { return whole };
        let whole = whole.map(|whole| guard.whole(whole));
        tale.judged(guard.verdict());
        whole
    }

    /// Whether something was sent already: from then on no other target can take over.
    pub(crate) fn begun(&self) -> bool {
        self.begun
    }

    /// A target answers.
    pub(crate) async fn head(&mut self, head: Head) -> Result<(), Fault> {
        self.begun = true;
        self.send(Delivery::Head(head)).await
    }

    /// A piece of a streamed answer.
    pub(crate) async fn frame(&mut self, frame: Frame) -> Result<(), Fault> {
        let frame = match &mut self.guard {
            Some(guard) => guard.frame(frame),
            None => frame,
        };
        self.send(Delivery::Frame(frame)).await
    }

    /// Sends an answer from the cache, the way that the caller wants it.
    pub(crate) async fn replay(
        &mut self,
        kept: Kept,
        standing: Standing,
        tale: &mut Tale,
    ) -> Result<Option<Whole>, Fault> {
        tale.recalled(&kept);
        self.head(Head { target: kept.target.clone(), cached: true, standing, ..Head::default() }).await?;
        if !self.streamed {
            return Ok(self.guarded(Some(Whole { answer: kept.answer, raw: None }), tale));
        }
        self.frame(Frame::made(kept.answer.into_events())).await?;
        Ok(self.guarded(None, tale))
    }

    async fn send(&self, delivery: Delivery) -> Result<(), Fault> {
        self.sender.send(delivery).await.map_err(|_| Fault::new(Code::Cancelled, "the caller hung up"))
    }
}
