//! What comes back, on its way to the caller: personal data put back, links that carry data out taken away.

use std::{collections::BTreeMap, sync::Arc};

use surefoot_dialect::Frame;
use surefoot_guard::{
    links,
    pseudonyms::{Form, Restorer, Vault},
};
use surefoot_types::{
    conversation::{Event, Part},
    trace::GuardVerdict,
};

use super::{LINKS, Screened, verdict};
use crate::{call::Whole, guards::LinkGuard};

/// Stands between an answer and its caller. What the trace and the cache hold is the answer as it came.
pub(crate) struct AnswerGuard {
    vault: Option<Arc<Vault>>,
    links: Option<Arc<LinkGuard>>,
    /// What its words are: JSON where the caller asked for that.
    form: Form,
    /// What is being told, in pieces.
    open: Option<(Telling, Piecewise)>,
    /// The arguments of tool calls, by number.
    calls: BTreeMap<usize, Restorer>,
    /// Hosts of links that were found.
    hosts: Vec<String>,
}

/// What kind of words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Telling {
    Text,
    Thinking,
    Refusal,
}

impl Telling {
    fn event(self, text: String) -> Option<Event> {
        let event = match self {
            Self::Text => Event::Text { text },
            Self::Thinking => Event::Thinking { text },
            Self::Refusal => Event::Refusal { text },
        };
        let (Event::Text { text } | Event::Thinking { text } | Event::Refusal { text }) = &event else { return None };
        (!text.is_empty()).then_some(event)
    }
}

/// One run of words, wherever its pieces begin and end.
struct Piecewise {
    restorer: Option<Restorer>,
    links: Option<links::Filter>,
}

impl Piecewise {
    fn push(&mut self, text: &str) -> String {
        let restored = self.restorer.as_mut().map(|restorer| restorer.push(text));
        let text = restored.as_deref().unwrap_or(text);
        self.links.as_mut().map_or_else(|| text.to_owned(), |links| links.push(text))
    }

    /// What was held back, and the hosts that were linked to.
    fn finish(self) -> (String, Vec<String>) {
        let rest = self.restorer.map(Restorer::finish).unwrap_or_default();
        match self.links {
            None => (rest, Vec::new()),
            Some(mut links) => {
                let mut told = links.push(&rest);
                let (last, hosts) = links.finish();
                told.push_str(&last);
                (told, hosts)
            }
        }
    }
}

impl AnswerGuard {
    /// The guard of the answer to a prompt; `None` where nothing is to be done.
    pub(crate) fn of(prompt: &Screened) -> Option<Self> {
        let (vault, links) = (prompt.vault.clone(), prompt.links.clone());
        let needed = vault.is_some() || links.is_some();
        let form = if prompt.grounded.request.response_format.is_some() { Form::Json } else { Form::Text };
        needed.then(|| Self { vault, links, form, open: None, calls: BTreeMap::new(), hosts: Vec::new() })
    }

    /// From now on these pseudonyms stand in what comes back. Gives what was held back of the words before.
    pub(crate) fn renew(&mut self, vault: Option<Arc<Vault>>) -> Vec<Event> {
        let mut events = Vec::new();
        self.close(&mut events);
        self.vault = vault;
        events
    }

    /// A frame of a stream, as the caller may see it.
    pub(crate) fn frame(&mut self, frame: Frame) -> Frame {
        let mut events = Vec::with_capacity(frame.events.len());
        frame.events.into_iter().for_each(|event| self.event(event, &mut events));
        Frame::made(events)
    }

    /// A whole answer, as the caller may see it.
    pub(crate) fn whole(&mut self, whole: Whole) -> Whole {
        let before = whole.answer.parts.clone();
        let mut answer = whole.answer;
        for part in &mut answer.parts {
            match part {
                Part::Text { text } => *text = self.words(Telling::Text, text),
                Part::Thinking { text, .. } => *text = self.words(Telling::Thinking, text),
                Part::Refusal { text } => *text = self.words(Telling::Refusal, text),
                Part::ToolCall { arguments, .. } => {
                    if let Some(vault) = &self.vault {
                        *arguments = vault.restore(arguments, Form::Json);
                    }
                }
                Part::Image { .. } | Part::File { .. } | Part::ToolResult { .. } | Part::Other { .. } => {}
            }
        }
        let raw = whole.raw.filter(|_| before == answer.parts);
        Whole { answer, raw }
    }

    /// What was done about links.
    pub(crate) fn verdict(&mut self) -> Option<GuardVerdict> {
        self.hosts.sort_unstable();
        self.hosts.dedup();
        let action = if self.links.as_ref()?.neutralise { "neutralise" } else { "flag" };
        let hosts = std::mem::take(&mut self.hosts);
        (!hosts.is_empty()).then(|| verdict(LINKS, action, hosts.join(", ")))
    }

    fn words(&mut self, telling: Telling, text: &str) -> String {
        let mut piecewise = self.piecewise(telling);
        let mut told = piecewise.push(text);
        let (rest, hosts) = piecewise.finish();
        self.hosts.extend(hosts);
        told.push_str(&rest);
        told
    }

    fn piecewise(&self, telling: Telling) -> Piecewise {
        let form = if telling == Telling::Text { self.form } else { Form::Text };
        let restorer = self.vault.as_ref().map(|vault| Restorer::new(Arc::clone(vault), form));
        // Reasoning is seldom shown as a page, and signed as it is.
        let links = self.links.as_ref().filter(|_| telling == Telling::Text);
        let links = links.map(|guard| links::Filter::new(guard.allowed.clone(), guard.neutralise));
        Piecewise { restorer, links }
    }

    fn event(&mut self, event: Event, events: &mut Vec<Event>) {
        match event {
            Event::Text { text } => self.tell(Telling::Text, &text, events),
            Event::Thinking { text } => self.tell(Telling::Thinking, &text, events),
            Event::Refusal { text } => self.tell(Telling::Refusal, &text, events),
            Event::ToolArguments { index, arguments } => {
                let arguments = match self.calls.get_mut(&index) {
                    Some(restorer) => restorer.push(&arguments),
                    None => arguments,
                };
                events.push(Event::ToolArguments { index, arguments });
            }
            Event::Start { .. } | Event::Usage { .. } | Event::Logprobs { .. } => events.push(event),
            Event::ToolCall { index, .. } => {
                self.close(events);
                if let Some(vault) = &self.vault {
                    self.calls.insert(index, Restorer::new(Arc::clone(vault), Form::Json));
                }
                events.push(event);
            }
            Event::Finish { .. } | Event::End | Event::Fault { .. } => {
                self.close(events);
                for (index, restorer) in std::mem::take(&mut self.calls) {
                    let arguments = restorer.finish();
                    events.extend((!arguments.is_empty()).then_some(Event::ToolArguments { index, arguments }));
                }
                events.push(event);
            }
            Event::ThinkingSignature { .. } | Event::ThinkingRedacted { .. } | Event::Other { .. } => {
                self.close(events);
                events.push(event);
            }
        }
    }

    fn tell(&mut self, telling: Telling, text: &str, events: &mut Vec<Event>) {
        if self.open.as_ref().is_none_or(|(open, _)| *open != telling) {
            self.close(events);
            self.open = Some((telling, self.piecewise(telling)));
        }
        if let Some((_, piecewise)) = &mut self.open {
            events.extend(telling.event(piecewise.push(text)));
        }
    }

    /// Tells what was held back.
    fn close(&mut self, events: &mut Vec<Event>) {
        if let Some((telling, piecewise)) = self.open.take() {
            let (rest, hosts) = piecewise.finish();
            self.hosts.extend(hosts);
            events.extend(telling.event(rest));
        }
    }
}
