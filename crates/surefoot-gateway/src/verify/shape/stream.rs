//! An answer of a shape, while it streams.

use std::sync::Arc;

use surefoot_dialect::Frame;
use surefoot_guard::pseudonyms::Vault;
use surefoot_types::{
    Fault,
    conversation::{Event, Finish},
};

use super::{Misfit, Prefix, Shape};

/// Lets through what belongs to the document, and holds the whole against its schema before the end is told.
#[derive(Debug)]
pub(crate) struct ShapedStream {
    shape: Shape,
    /// The pseudonyms that stand in it.
    vault: Option<Arc<Vault>>,
    prefix: Prefix,
    text: String,
    calls: bool,
    /// Frames from before the first word: they go as they came only if the first words do.
    held: Vec<Frame>,
    begun: bool,
    anew: bool,
}

impl ShapedStream {
    /// Before the first frame.
    pub(crate) fn new(shape: Shape, vault: Option<Arc<Vault>>) -> Self {
        let prefix = Prefix::new(shape.begins());
        Self { shape, vault, prefix, text: String::new(), calls: false, held: Vec::new(), begun: false, anew: false }
    }

    /// Takes a frame and gives what may be sent of those that came.
    ///
    /// # Errors
    /// `upstream` where the answer is no JSON any more, or is done and does not fit.
    pub(crate) fn take(&mut self, frame: Frame) -> Result<Vec<Frame>, Fault> {
        let mut events = Vec::with_capacity(frame.events.len());
        let mut changed = false;
        let mut ends = false;
        for event in &frame.events {
            match event {
                Event::Text { text } if !self.calls => {
                    let kept = self.prefix.push(text).map_err(|_| not_json().fault())?;
                    changed |= kept.len() != text.len();
                    self.text.push_str(kept);
                    if !kept.is_empty() {
                        events.push(Event::Text { text: kept.to_owned() });
                    }
                }
                Event::ToolCall { .. } => {
                    self.calls = true;
                    events.push(event.clone());
                }
                Event::Finish { finish } => {
                    self.done(finish)?;
                    ends = true;
                    events.push(event.clone());
                }
                other => events.push(other.clone()),
            }
        }
        Ok(self.passed(frame, events, changed, ends))
    }

    fn done(&self, finish: &Finish) -> Result<(), Fault> {
        // Calls of tools are no answer yet; an answer that ended otherwise tells so itself.
        if self.calls || *finish != Finish::Stop {
            return Ok(());
        }
        if !self.prefix.complete() {
            return Err(not_json().fault());
        }
        match serde_json::from_str(&self.text) {
            Ok(value) if self.shape.holds(&value, self.vault.as_deref()) => Ok(()),
            Ok(value) => Err(self.shape.misfit(&value, self.vault.as_deref()).fault()),
            Err(_) => Err(not_json().fault()),
        }
    }

    /// A provider's own frames go on while they are what is to be said; from the first that is not, frames are made.
    fn passed(&mut self, mut frame: Frame, events: Vec<Event>, changed: bool, ends: bool) -> Vec<Frame> {
        let speaks = events.iter().any(|event| !matches!(event, Event::Start { .. } | Event::Usage { .. }));
        self.anew |= changed && !self.begun;
        if changed || self.anew {
            frame = Frame::made(events);
        }
        self.held.push(frame);
        if !(self.begun || speaks || ends) {
            return Vec::new();
        }
        self.begun = true;
        let mut piece = std::mem::take(&mut self.held);
        if self.anew {
            piece = piece.into_iter().map(|frame| Frame::made(frame.events)).collect();
        }
        piece.retain(|frame| frame.dialect.is_some() || !frame.events.is_empty());
        piece
    }
}

fn not_json() -> Misfit {
    Misfit::of("it is not the JSON document that was asked for")
}
