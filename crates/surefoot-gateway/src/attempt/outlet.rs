//! The way back to the caller.

use surefoot_dialect::Frame;
use surefoot_types::{
    Code, Fault, Usage,
    conversation::{Answer, Event, Finish},
};
use tokio::sync::mpsc;

use crate::{
    call::{Delivery, Head, Standing, Whole},
    recall::Kept,
    record::Tale,
    screen::{AnswerGuard, Screened},
    tools::Filter,
    verify::{Shape, ShapedStream},
};

/// Sends what a target answers on to the caller.
pub(crate) struct Outlet {
    /// `None` for an answer that is held back: what becomes of it is decided later.
    sender: Option<mpsc::Sender<Delivery>>,
    streamed: bool,
    begun: bool,
    /// Held back with it.
    head: Option<Head>,
    shaped: Option<ShapedStream>,
    guard: Option<AnswerGuard>,
    /// Makes one answer of several turns, where tools are run here.
    filter: Option<Filter>,
    /// Whether the caller was told who answers.
    headed: bool,
}

impl Outlet {
    /// An outlet to a caller who wants the answer streamed, or whole.
    pub(crate) fn new(sender: mpsc::Sender<Delivery>, streamed: bool) -> Self {
        Self { sender: Some(sender), streamed, ..Self::held() }
    }

    /// An outlet that holds back a whole answer.
    pub(crate) fn held() -> Self {
        Self {
            sender: None,
            streamed: false,
            begun: false,
            head: None,
            shaped: None,
            guard: None,
            filter: None,
            headed: false,
        }
    }

    /// From here on only what fits the shape is let through.
    pub(crate) fn shape(&mut self, shape: Shape) {
        self.shaped = Some(ShapedStream::new(shape));
    }

    /// The head that was held back.
    pub(crate) fn into_head(self) -> Head {
        self.head.unwrap_or_default()
    }

    /// From now on everything that is sent passes this guard.
    pub(crate) fn guard(&mut self, guard: Option<AnswerGuard>) {
        self.guard = guard;
    }

    /// An answer, as its caller may see it; what the guard did stands on the tale.
    ///
    /// # Errors
    /// `Blocked` where it may not see it.
    pub(crate) fn guarded(&mut self, whole: Option<Whole>, tale: &mut Tale) -> Result<Option<Whole>, Fault> {
        let Some(guard) = &mut self.guard else { return Ok(whole) };
        let whole = whole.map(|whole| guard.whole(whole)).transpose();
        tale.judged(guard.verdicts());
        whole
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
        if self.sender.is_none() {
            self.head = Some(head);
            return Ok(());
        }
        self.send(Delivery::Head(head)).await
    }

    /// A piece of a streamed answer.
    pub(crate) async fn frame(&mut self, frame: Frame) -> Result<(), Fault> {
        let frame = match &mut self.filter {
            Some(filter) => filter.pass(frame),
            None => frame,
        };
        let Some(shaped) = &mut self.shaped else { return self.pass(frame).await };
        for frame in shaped.take(frame)? {
            self.pass(frame).await?;
        }
        Ok(())
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
        self.pass(frame).await
    }

    /// The prompt went on: what comes back of it is put back from now on too.
    pub(crate) async fn guard_renew(&mut self, prompt: &Screened) -> Result<(), Fault> {
        let Some(guard) = &mut self.guard else {
            self.guard = AnswerGuard::of(prompt);
            return Ok(());
        };
        let rest = guard.renew(prompt);
        if !self.streamed || rest.is_empty() {
            return Ok(());
        }
        self.send(Delivery::Frame(Frame::made(rest))).await
    }

    /// Sends an answer that was held back, the way that the caller wants it.
    pub(crate) async fn deliver(&mut self, head: Head, whole: Whole) -> Result<Option<Whole>, Fault> {
        self.head(head).await?;
        if !self.streamed {
            return Ok(Some(whole));
        }
        self.pass(Frame::made(whole.answer.into_events())).await?;
        Ok(None)
    }

    /// Sends a frame as the guard lets it.
    async fn pass(&mut self, frame: Frame) -> Result<(), Fault> {
        let frame = match &mut self.guard {
            Some(guard) => guard.frame(frame)?,
            None => frame,
        };
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
        let head = Head { target: kept.target.clone(), cached: true, standing, ..Head::default() };
        // It used nothing this time.
        let answer = Answer { usage: Some(Usage::default()), ..kept.answer };
        let whole = self.deliver(head, Whole { answer, raw: None }).await?;
        self.guarded(whole, tale)
    }

    async fn send(&self, delivery: Delivery) -> Result<(), Fault> {
        let Some(sender) = &self.sender else { return Ok(()) };
        sender.send(delivery).await.map_err(|_| Fault::new(Code::Cancelled, "the caller hung up"))
    }
}
