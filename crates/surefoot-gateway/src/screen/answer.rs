//! What comes back, on its way to the caller: personal data put back, links that carry data out taken away.

use std::{collections::BTreeMap, sync::Arc};

use surefoot_dialect::Frame;
use surefoot_guard::{
    leak::{Instructions, Leak, Watch},
    links,
    pseudonyms::{Form, Restorer, Vault},
};
use surefoot_types::{
    Code, Fault,
    conversation::{Answer, Event, Part},
    trace::GuardVerdict,
};

use super::{LINKS, Screened, calls::Calls, verdict};
use crate::{
    call::Whole,
    guards::{AnswerAction, LinkGuard},
};

/// Stands between an answer and its caller. What the trace and the cache hold is the answer as it came.
pub(crate) struct AnswerGuard {
    vault: Option<Arc<Vault>>,
    links: Option<Arc<LinkGuard>>,
    /// What its words are: JSON where the caller asked for that.
    form: Form,
    /// What is being told, in pieces.
    open: Option<(Telling, Piecewise)>,
    /// The arguments of tool calls, by number.
    arguments: BTreeMap<usize, Restorer>,
    /// Calls that may have to be held back.
    calls: Option<Calls>,
    /// Whether it tells what it was instructed.
    untold: Option<Untold>,
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
        let Screened { vault, links, gate, untold, .. } = prompt;
        let needed = vault.is_some() || links.is_some() || gate.is_some() || untold.is_some();
        let form = if prompt.grounded.request.response_format.is_some() { Form::Json } else { Form::Text };
        needed.then(|| Self {
            vault: vault.clone(),
            links: links.clone(),
            form,
            open: None,
            arguments: BTreeMap::new(),
            calls: gate.clone().map(Calls::new),
            untold: untold.clone().map(|(instructions, action)| Untold::new(instructions, action)),
            hosts: Vec::new(),
        })
    }

    /// From now on these pseudonyms stand in what comes back. Gives what was held back of the words before.
    pub(crate) fn renew(&mut self, prompt: &Screened) -> Vec<Event> {
        let mut events = Vec::new();
        self.close(&mut events);
        self.vault.clone_from(&prompt.vault);
        if self.calls.is_none() {
            self.calls = prompt.gate.clone().map(Calls::new);
        }
        events
    }

    /// A frame of a stream, as the caller may see it.
    ///
    /// # Errors
    /// `Blocked` where it may not, nor anything after it.
    pub(crate) fn frame(&mut self, frame: Frame) -> Result<Frame, Fault> {
        let mut events = Vec::with_capacity(frame.events.len());
        for event in frame.events {
            self.event(event, &mut events)?;
        }
        Ok(Frame::made(events))
    }

    /// A whole answer, as the caller may see it.
    ///
    /// # Errors
    /// `Blocked` where it may not.
    pub(crate) fn whole(&mut self, whole: Whole) -> Result<Whole, Fault> {
        let before = whole.answer.parts.clone();
        let mut answer = whole.answer;
        if let Some(untold) = &mut self.untold {
            untold.whole(&answer)?;
        }
        self.restore(&mut answer);
        if let Some(calls) = &mut self.calls {
            answer.parts = answer.parts.into_iter().map(|part| calls.part(part)).collect::<Result<_, _>>()?;
            answer.finish = calls.finish(answer.finish);
        }
        let raw = whole.raw.filter(|_| before == answer.parts);
        Ok(Whole { answer, raw })
    }

    fn restore(&mut self, answer: &mut Answer) {
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
    }

    /// What was done about the answer.
    pub(crate) fn verdicts(&mut self) -> Vec<GuardVerdict> {
        let calls = self.calls.as_mut().and_then(Calls::verdict);
        let untold = self.untold.as_mut().and_then(Untold::verdict);
        [self.linked(), calls, untold].into_iter().flatten().collect()
    }

    fn linked(&mut self) -> Option<GuardVerdict> {
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

    fn event(&mut self, event: Event, events: &mut Vec<Event>) -> Result<(), Fault> {
        if let Some(untold) = &mut self.untold {
            untold.event(&event)?;
        }
        match event {
            Event::Text { text } => self.tell(Telling::Text, &text, events),
            Event::Thinking { text } => self.tell(Telling::Thinking, &text, events),
            Event::Refusal { text } => self.tell(Telling::Refusal, &text, events),
            Event::ToolArguments { index, arguments } => {
                let arguments = match self.arguments.get_mut(&index) {
                    Some(restorer) => restorer.push(&arguments),
                    None => arguments,
                };
                self.called_with(index, arguments, events);
            }
            Event::Start { .. } | Event::Usage { .. } | Event::Logprobs { .. } => events.push(event),
            Event::ToolCall { index, ref id, ref name } => {
                self.close(events);
                if let Some(vault) = &self.vault {
                    self.arguments.insert(index, Restorer::new(Arc::clone(vault), Form::Json));
                }
                let held = self.calls.as_mut().is_some_and(|calls| calls.begin(index, id, name));
                events.extend((!held).then_some(event));
            }
            Event::Finish { .. } | Event::End | Event::Fault { .. } => {
                self.close(events);
                for (index, restorer) in std::mem::take(&mut self.arguments) {
                    self.called_with(index, restorer.finish(), events);
                }
                let end = self.ended(event, events)?;
                events.push(end);
            }
            Event::ThinkingSignature { .. } | Event::ThinkingRedacted { .. } | Event::Other { .. } => {
                self.close(events);
                events.push(event);
            }
        }
        Ok(())
    }

    /// More of what a tool is called with, as its caller means it.
    fn called_with(&mut self, index: usize, arguments: String, events: &mut Vec<Event>) {
        let held = self.calls.as_mut().is_some_and(|calls| calls.more(index, &arguments));
        events.extend((!held && !arguments.is_empty()).then_some(Event::ToolArguments { index, arguments }));
    }

    /// The end of an answer, after the calls that were held back.
    fn ended(&mut self, event: Event, events: &mut Vec<Event>) -> Result<Event, Fault> {
        let Some(calls) = self.calls.as_mut().filter(|_| !matches!(event, Event::Fault { .. })) else {
            return Ok(event);
        };
        calls.release(events)?;
        Ok(match event {
            Event::Finish { finish } => Event::Finish { finish: calls.finish(finish) },
            other => other,
        })
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

/// Looks for the instructions in what is told, and in what tools are called with.
struct Untold {
    instructions: Arc<Instructions>,
    action: AnswerAction,
    words: Watch,
    arguments: Watch,
    found: Option<Leak>,
}

impl Untold {
    fn new(instructions: Arc<Instructions>, action: AnswerAction) -> Self {
        let watch = || Watch::new(Arc::clone(&instructions));
        Self { action, words: watch(), arguments: watch(), found: None, instructions }
    }

    fn event(&mut self, event: &Event) -> Result<(), Fault> {
        let leak = match event {
            Event::Text { text } | Event::Refusal { text } => self.words.push(text),
            Event::ToolArguments { arguments, .. } => self.arguments.push(arguments),
            Event::Finish { .. } | Event::End => self.words.finish().or_else(|| self.arguments.finish()),
            _ => None,
        };
        self.saw(leak)
    }

    fn whole(&mut self, answer: &Answer) -> Result<(), Fault> {
        for part in &answer.parts {
            let (Part::Text { text } | Part::Refusal { text } | Part::ToolCall { arguments: text, .. }) = part else {
                continue;
            };
            let mut watch = Watch::new(Arc::clone(&self.instructions));
            watch.push(text);
            self.saw(watch.finish())?;
        }
        Ok(())
    }

    fn saw(&mut self, leak: Option<Leak>) -> Result<(), Fault> {
        self.found = self.found.or(leak);
        match leak {
            Some(_) if self.action == AnswerAction::Block => Err(Fault::new(
                Code::Blocked,
                "the answer told its instructions, and was ended",
            )
            .hint(
                "What may be told stands in quotation marks in the prompt; or set `action` under [guards.instructions] \
                     to \"flag\".",
            )),
            _ => Ok(()),
        }
    }

    fn verdict(&mut self) -> Option<GuardVerdict> {
        let told = match self.found.take()? {
            Leak::Canary => "the canary stands in the answer",
            Leak::Words => "a run of their words stands in the answer",
        };
        Some(verdict("instructions", "flag", told.into()))
    }
}
