//! What of each turn reaches a caller who is answered piece by piece: everything but the calls of tools that are run
//! here, and the ends of turns that are not the last.

use std::collections::BTreeSet;

use surefoot_dialect::Frame;
use surefoot_types::conversation::Event;

/// Makes one answer of several turns.
#[derive(Debug)]
pub(crate) struct Filter {
    ours: BTreeSet<String>,
    /// What was done before the model was asked: told when the answer begins.
    begun: Vec<Event>,
    started: bool,
    /// This turn's calls in their order: the number under which the caller knows each, if it is its own.
    calls: Vec<Option<usize>>,
    /// The number of the caller's next call.
    next: usize,
}

impl Filter {
    pub(super) fn new(ours: impl Iterator<Item = String>, begun: Vec<Event>) -> Self {
        Self { ours: ours.collect(), begun, started: false, calls: Vec::new(), next: 0 }
    }

    /// The next turn begins.
    pub(crate) fn round(&mut self) {
        self.calls.clear();
    }

    /// What of a frame is passed on; written from its events, since what follows is another turn's.
    pub(crate) fn pass(&mut self, frame: Frame) -> Frame {
        let mut events = Vec::with_capacity(frame.events.len());
        for event in frame.events {
            events.extend(self.event(event));
            if self.started {
                events.append(&mut self.begun);
            }
        }
        Frame::made(events)
    }

    fn event(&mut self, event: Event) -> Option<Event> {
        match event {
            Event::Start { .. } => (!std::mem::replace(&mut self.started, true)).then_some(event),
            Event::ToolCall { index, id, name } => {
                let theirs = !self.ours.contains(&name);
                if index >= self.calls.len() {
                    self.calls.resize(index + 1, None);
                    self.calls[index] = theirs.then_some(self.next);
                    self.next += usize::from(theirs);
                }
                Some(Event::ToolCall { index: self.calls[index]?, id, name })
            }
            Event::ToolArguments { index, arguments } => {
                Some(Event::ToolArguments { index: self.calls.get(index).copied().flatten()?, arguments })
            }
            Event::Finish { .. } | Event::Usage { .. } | Event::End => None,
            other => Some(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use surefoot_types::conversation::{Dialect, Finish};

    use super::*;

    fn call(index: usize, name: &str) -> Event {
        Event::ToolCall { index, id: format!("{name}_{index}"), name: name.into() }
    }

    fn arguments(index: usize) -> Event {
        Event::ToolArguments { index, arguments: "{}".into() }
    }

    #[test]
    fn several_turns_are_one_answer() {
        let start = Event::Start { id: "a".into(), model: "m".into(), usage: None };
        let text = Event::Text { text: "x".into() };
        let end = [Event::Finish { finish: Finish::ToolCalls }, Event::End];
        let before = Event::Other { dialect: Dialect::OpenaiResponses, value: "before".into() };
        let mut filter = Filter::new(["ours".to_owned()].into_iter(), vec![before.clone()]);
        let mut told = Vec::new();
        for turn in [
            vec![start.clone(), text.clone(), call(0, "ours"), arguments(0), call(1, "theirs"), arguments(1)],
            vec![start.clone(), call(0, "theirs"), arguments(0), text.clone()],
        ] {
            filter.round();
            told.extend(filter.pass(Frame::made(turn)).events);
            told.extend(filter.pass(Frame::made(end.to_vec())).events);
        }
        let theirs = |index, was: usize| Event::ToolCall { index, id: format!("theirs_{was}"), name: "theirs".into() };
        let expected = [start, before, text.clone(), theirs(0, 1), arguments(0), theirs(1, 0), arguments(1), text];
        assert_eq!(told, expected);
    }
}
