//! The way back to the caller.

use surefoot_dialect::Frame;
use surefoot_types::{Code, Fault, Usage, conversation::Answer};
use tokio::sync::mpsc;

use crate::{
    call::{Delivery, Head, Standing, Whole},
    recall::Kept,
    record::Tale,
    screen::AnswerGuard,
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
}

impl Outlet {
    /// An outlet to a caller who wants the answer streamed, or whole.
    pub(crate) fn new(sender: mpsc::Sender<Delivery>, streamed: bool) -> Self {
        Self { sender: Some(sender), streamed, begun: false, head: None, shaped: None, guard: None }
    }

    /// An outlet that holds back a whole answer.
    pub(crate) fn held() -> Self {
        Self { sender: None, streamed: false, begun: false, head: None, shaped: None, guard: None }
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
        if self.sender.is_none() {
            self.head = Some(head);
            return Ok(());
        }
        self.send(Delivery::Head(head)).await
    }

    /// A piece of a streamed answer.
    pub(crate) async fn frame(&mut self, frame: Frame) -> Result<(), Fault> {
        let Some(shaped) = &mut self.shaped else { return self.pass(frame).await };
        for frame in shaped.take(frame)? {
            self.pass(frame).await?;
        }
        Ok(())
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
