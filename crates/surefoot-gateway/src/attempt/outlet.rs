//! The way back to the caller.

use surefoot_dialect::Frame;
use surefoot_types::{
    Code, Fault, Usage,
    conversation::{Event, Finish},
};
use tokio::sync::mpsc;

use crate::{
    call::{Delivery, Head, Standing, Whole},
    recall::Kept,
    record::Tale,
    tools::Filter,
};

/// Sends what a target answers on to the caller.
pub(crate) struct Outlet {
    sender: mpsc::Sender<Delivery>,
    streamed: bool,
    begun: bool,
    /// Makes one answer of several turns, where tools are run here.
    filter: Option<Filter>,
    headed: bool,
}

impl Outlet {
    /// An outlet to a caller who wants the answer streamed, or whole.
    pub(crate) fn new(sender: mpsc::Sender<Delivery>, streamed: bool) -> Self {
        Self { sender, streamed, begun: false, filter: None, headed: false }
    }

    /// Whether something was sent already: from then on no other target can take over.
    pub(crate) fn begun(&self) -> bool {
        self.begun
    }

    /// A target answers.
    pub(crate) async fn head(&mut self, head: Head) -> Result<(), Fault> {
        self.begun = true;
        if std::mem::replace(&mut self.headed, true) {
            return Ok(());
        }
        self.send(Delivery::Head(head)).await
    }

    /// A piece of a streamed answer.
    pub(crate) async fn frame(&mut self, frame: Frame) -> Result<(), Fault> {
        let frame = match &mut self.filter {
            Some(filter) => filter.pass(frame),
            None => return self.send(Delivery::Frame(frame)).await,
        };
        self.aside(frame).await
    }

    /// The answer is made of several turns from now on, each of which this filters.
    pub(crate) fn filtered(&mut self, filter: Filter) {
        self.filter = Some(filter);
    }

    /// The next turn begins: until something of it is sent, another target can take over.
    pub(crate) fn round(&mut self) {
        self.begun = false;
        self.filter.iter_mut().for_each(Filter::round);
    }

    /// Something beside what a target says, in a stream.
    pub(crate) async fn aside(&mut self, frame: Frame) -> Result<(), Fault> {
        if !self.streamed || frame.events.is_empty() {
            return Ok(());
        }
        self.send(Delivery::Frame(frame)).await
    }

    /// The end of an answer of several turns.
    pub(crate) async fn close(&mut self, finish: Finish, usage: Option<Usage>) -> Result<(), Fault> {
        let usage = usage.map(|usage| Event::Usage { usage });
        let events = std::iter::once(Event::Finish { finish }).chain(usage).chain([Event::End]);
        self.aside(Frame::made(events.collect())).await
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
            return Ok(Some(Whole { answer: kept.answer, raw: None }));
        }
        self.frame(Frame::made(kept.answer.into_events())).await?;
        Ok(None)
    }

    async fn send(&self, delivery: Delivery) -> Result<(), Fault> {
        self.sender.send(delivery).await.map_err(|_| Fault::new(Code::Cancelled, "the caller hung up"))
    }
}
